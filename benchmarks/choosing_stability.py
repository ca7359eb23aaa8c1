"""Whether the same prototypes come again: ``python -m benchmarks.choosing_stability``.

Images that were chosen beside pictures that were learned. Fashion-MNIST, 8,000 images, five prototypes per class. Every
method runs once per repetition, each time on four fifths of every class drawn with the repetition's number. Two
figures. *Alike*: the mean correlation of matched prototypes of two repetitions at the best shift of up to two pixels,
beyond that of random images of the same classes (as SEED-R). *Same*: Nogueira's index of the training images,
near-duplicates counting as one; a learned prototype counts as the training image of its class that it is most like.
Intervals are over pairs of repetitions, which share runs.
"""

import argparse
import itertools
import json

import numpy as np
import torch

from benchmarks.pairs import RESULTS
from lookalike import PrototypeClassifier, load_dataset, recipes
from lookalike.evaluation.stability import SHIFT
from lookalike.experiments.choosing import most_of, stability_among
from lookalike.metrics import beyond_chance, matched_similarity, mean_interval
from lookalike.registry import build, members
from lookalike.transforms import align

EACH, LIMIT, EPOCHS, NULLS = 5, 8_000, 8, 5
LEARNED = {
    "learned from noise, matched (the defaults)": lambda seed: PrototypeClassifier(
        initializer="uniform", prototypes__n_per_class=EACH, training__epochs=EPOCHS, random_state=seed
    ),
    "learned from images, matched": lambda seed: PrototypeClassifier(
        initializer="points", prototypes__n_per_class=EACH, training__epochs=EPOCHS, random_state=seed
    ),
    "learned from noise, by decisions alone": lambda seed: recipes.siamese(
        initializer="uniform", prototypes__n_per_class=EACH, training__epochs=EPOCHS, random_state=seed
    ),
}


def alike(first, second):
    """Correlations at the best shift, of pictures one by one."""
    return align(torch.as_tensor(first).double(), torch.as_tensor(second).double(), SHIFT).correlation.numpy()


def null_of(images, labels):
    """What matched correlation random images of the classes have."""
    values = []
    for draw in range(NULLS):
        pairs = [random_of(labels, torch.Generator().manual_seed(1000 + 2 * draw + side)) for side in (0, 1)]
        values.append(matched_similarity(alike(*(images[rows] for rows in pairs)), *(labels[rows] for rows in pairs)))
    return float(np.mean(values))


def random_of(labels, generator):
    """As many images of every class as there are prototypes."""
    return build("selection", "random", {}, {})(
        torch.zeros(len(labels), 1), labels, EACH, generator=generator
    ).indices.numpy()


def chosen(name, points, labels, repetitions):
    """Which images a selection takes in every repetition."""
    selection = build("selection", name, {}, {})
    found = []
    for repetition in range(repetitions):
        generator = torch.Generator().manual_seed(repetition)
        rows = most_of(labels, generator)
        found.append(rows[selection(points[rows], labels[rows], EACH, generator=generator).indices].numpy())
    return found


def learned(make, images, names, labels, repetitions):
    """The pictures of every repetition and their classes, and the images of their class that these are most like."""
    pictures, classes, nearest = [], [], []
    for repetition in range(repetitions):
        rows = most_of(labels, torch.Generator().manual_seed(repetition)).numpy()
        fitted = make(repetition).fit(images[rows, 0], names[rows])
        found = np.asarray(fitted.prototypes_, dtype=np.float64).reshape(-1, *images.shape[1:])
        own = fitted.network_.prototypes.labels.numpy()
        pictures.append(found)
        classes.append(own)
        taken = []
        for picture, label in zip(found, own, strict=True):
            near = alike(images[rows[labels[rows] == label]], picture[None])[:, 0].argmax()
            taken.append(rows[labels[rows] == label][near])
        nearest.append(np.unique(taken))
    return pictures, classes, nearest


def row(name, kind, pictures, classes, indices, null, points):
    """The two figures."""
    pairs = list(itertools.combinations(range(len(pictures)), 2))
    values = [
        beyond_chance(matched_similarity(alike(pictures[a], pictures[b]), classes[a], classes[b]), null)
        for a, b in pairs
    ]
    low, high = mean_interval(np.array(values))
    return {
        "name": name,
        "kind": kind,
        "alike": round(float(np.mean(values)), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "same": round(stability_among(points, indices), 4),
        "prototypes": [len(each) for each in pictures],
    }


def main():
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=4)
    repetitions = parser.parse_args().repetitions
    dataset = load_dataset("fashion-mnist", limit=LIMIT)
    names, labels = dataset.train.labels, np.unique(dataset.train.labels, return_inverse=True)[1]
    images = np.asarray(dataset.train.inputs, dtype=np.float64).reshape(-1, 1, 28, 28)
    points = torch.from_numpy(images).flatten(1).float()
    points -= points.mean(0)
    null, rows = null_of(images, labels), []

    def keep(found):
        rows.append(found)
        print(found, flush=True)
        document = {"benchmark": "choosing_stability", "repetitions": repetitions, "null": round(null, 4), "rows": rows}
        (RESULTS / "choosing_stability.json").write_text(json.dumps(document, indent=1) + "\n")

    for name in members("selection"):
        indices = chosen(name, points, labels, repetitions)
        taken = [images[each] for each in indices], [labels[each] for each in indices]
        keep(row(name, "chosen", *taken, indices, null, points))
    for name, make in LEARNED.items():
        pictures, classes, nearest = learned(make, images, names, labels, repetitions)
        keep(row(name, "learned", pictures, classes, nearest, null, points))


if __name__ == "__main__":
    main()
