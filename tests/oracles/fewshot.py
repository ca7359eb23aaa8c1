"""Few-shot learning, one example and one pixel at a time."""

import numpy as np


def mean(gathering, support, labels, n_classes):
    rows = [[row for row, label in zip(support, labels, strict=True) if label == wanted] for wanted in range(n_classes)]
    return np.stack([sum(row) / len(row) for row in rows]), list(range(n_classes))


def shifted(picture, down, right):
    """A picture moved by whole pixels, edges repeated."""
    _, height, width = picture.shape
    moved = np.zeros_like(picture)
    for y in range(height):
        for x in range(width):
            moved[:, y, x] = picture[:, min(max(y - down, 0), height - 1), min(max(x - right, 0), width - 1)]
    return moved


def best_shift(picture, prototype, pixels):
    """How far the prototype has to go to correlate most with the picture."""
    steps = range(-pixels, pixels + 1)
    found = {
        (down, right): np.corrcoef(picture.ravel(), shifted(prototype, down, right).ravel())[0, 1]
        for down in steps
        for right in steps
    }
    return max(found, key=found.get)


def picture(gathering, support, labels, n_classes):
    means, _ = mean(gathering, support, labels, n_classes)
    for _ in range(gathering.rounds):
        moved = []
        for row, label in zip(support, labels, strict=True):
            down, right = best_shift(row, means[label], gathering.pixels)
            moved.append(shifted(row, -down, -right))
        means, _ = mean(gathering, moved, labels, n_classes)
    return means, list(range(n_classes))


def exemplar(gathering, support, labels, n_classes):
    pairs = [
        (label, row)
        for wanted in range(n_classes)
        for label, row in zip(labels, support, strict=True)
        if label == wanted
    ]
    return np.stack([row for _, row in pairs]), [label for label, _ in pairs]


def nearest_mean_logits(support, labels, queries, n_classes):
    """Minus the squared distance to every class's mean."""
    centers, _ = mean(None, support, labels, n_classes)
    return np.array([[-sum((query - center).ravel() ** 2) for center in centers] for query in queries])


def averaged_over_areas(picture, side):
    """Every old pixel is cut into side by side crumbs, and every new one the mean of old-side by old-side of them."""
    before = len(picture)
    crumbs = picture.repeat(side, axis=0).repeat(side, axis=1)
    return np.array(
        [
            [crumbs[y * before : (y + 1) * before, x * before : (x + 1) * before].mean() for x in range(side)]
            for y in range(side)
        ]
    )


ORACLES = {"MeanGathering": mean, "PictureGathering": picture, "ExemplarGathering": exemplar}
