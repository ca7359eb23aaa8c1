"""Metrics and selection, one example at a time."""

import itertools
import math

import numpy as np
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score


def accuracy(predicted, true):
    return sum(p == t for p, t in zip(predicted, true, strict=True)) / len(true)


def confusion_matrix(predicted, true, n_classes):
    return [
        [sum(p == column and t == row for p, t in zip(predicted, true, strict=True)) for column in range(n_classes)]
        for row in range(n_classes)
    ]


def class_figures(predicted, true, n_classes):
    """Scikit-learn's; not a number where it would warn."""
    return precision_recall_fscore_support(true, predicted, labels=range(n_classes), zero_division=np.nan)


def areas_one_against_rest(probabilities, labels):
    """Scikit-learn's, for classes of which there are some inputs and not all."""
    kept = [label for label in range(probabilities.shape[1]) if 0 < sum(labels == label) < len(labels)]
    return {label: roc_auc_score(labels == label, probabilities[:, label]) for label in kept}


def expected_calibration_error(probabilities, labels, n_bins):
    bins = [[] for _ in range(n_bins)]
    for row, label in zip(probabilities, labels, strict=True):
        confidence = max(row)
        place = min(int(confidence * n_bins), n_bins - 1)
        bins[place].append((confidence, list(row).index(confidence) == label))
    total = 0.0
    for members in bins:
        if members:
            confidence = sum(c for c, _ in members) / len(members)
            right = sum(r for _, r in members) / len(members)
            total += len(members) / len(labels) * abs(confidence - right)
    return total


def negative_log_likelihood(logits, labels, temperature):
    total = 0.0
    for row, label in zip(logits, labels, strict=True):
        odds = [math.exp(value / temperature) for value in row]
        total -= math.log(odds[label] / sum(odds))
    return total / len(labels)


def best_temperature(logits, labels):
    """The best of a fine grid."""
    grid = np.exp(np.linspace(math.log(0.02), math.log(50), 4001))
    return min(grid, key=lambda temperature: negative_log_likelihood(logits, labels, temperature))


def nearest_of_class(queries, query_labels, points, labels, distinct):
    chosen = []
    for query, label in zip(queries, query_labels, strict=True):
        free = [i for i in range(len(points)) if labels[i] == label and not (distinct and i in chosen)]
        chosen.append(min(free, key=lambda i: (math.sqrt(((query - points[i]) ** 2).sum()), i)))
    return chosen


def aligned(picture, prototype, pixels):
    """Every shift, one after the other, the prototype read pixel by pixel."""
    channels, height, width = picture.shape
    best = {"correlation": -2.0}
    for down in range(-pixels, pixels + 1):
        for right in range(-pixels, pixels + 1):
            view = np.array(
                [
                    prototype[c, min(max(y - down, 0), height - 1), min(max(x - right, 0), width - 1)]
                    for c in range(channels)
                    for y in range(height)
                    for x in range(width)
                ]
            )
            flat = picture.ravel()
            constant = view.std() < 1e-9 or flat.std() < 1e-9
            correlation = 0.0 if constant else float(np.corrcoef(flat, view)[0, 1])
            gain = 0.0 if constant else max(0.0, correlation * flat.std() / view.std())
            if correlation > best["correlation"]:
                offset = flat.mean() - gain * view.mean()
                best = {"correlation": correlation, "gain": gain, "offset": offset, "down": down, "right": right}
    return best


def medoid_loss(distances, chosen):
    return sum(min(row[index] for index in chosen) for row in distances)


def shifted_similarity(prototypes, templates, pixels=3):
    return [[aligned(p[None], t[None], pixels)["correlation"] for t in templates] for p in prototypes]


def template_recovery(prototypes, labels, templates, template_labels):
    """TR by trying every matching within a class."""
    alike = shifted_similarity(prototypes, templates)
    classes = sorted(set(template_labels))

    def recovered(given):
        total = 0.0
        for label in classes:
            own = [p for p, other in enumerate(given) if other == label]
            true = [m for m, other in enumerate(template_labels) if other == label]
            padded = [*own, *[None] * len(true)]
            total += max(
                sum(max(0.0, alike[p][m]) for p, m in zip(order, true, strict=False) if p is not None)
                for order in itertools.permutations(padded, len(true))
            )
        return total / len(templates)

    tr = recovered(labels)
    wrong = [
        recovered([classes[(classes.index(label) + step) % len(classes)] for label in labels])
        for step in range(1, len(classes))
    ]
    tr0 = sum(wrong) / len(wrong)
    own = [[labels[p] == template_labels[m] for m in range(len(templates))] for p in range(len(prototypes))]
    best = [row.index(max(row)) for row in alike]
    return {
        "recovered": tr,
        "deranged": tr0,
        "corrected": (tr - tr0) / (1 - tr0),
        "mode_recall": np.mean(
            [any(own[p][m] and alike[p][m] >= 0.7 for p in range(len(prototypes))) for m in range(len(templates))]
        ),
        "precision": np.mean(
            [any(o and a >= 0.7 for o, a in zip(*pair, strict=True)) for pair in zip(own, alike, strict=True)]
        ),
        "class_identity": np.mean([template_labels[m] == label for m, label in zip(best, labels, strict=True)]),
    }


def energy_shares(prototypes, spans):
    """Shares by least squares: what each further component adds to the energy explained."""
    shares = []
    for index, prototype in enumerate(prototypes):
        target = prototype.ravel() - prototype.mean()
        columns, explained, found = np.ones((target.size, 1)), 0.0, {}
        for name, pictures in spans.items():
            columns = np.hstack([columns, pictures[index].reshape(len(pictures[index]), -1).T])
            fitted = columns @ np.linalg.lstsq(columns, target, rcond=1e-10)[0]
            now = float(fitted @ fitted) / float(target @ target)
            found[name], explained = now - explained, now
        shares.append({**found, "rest": 1 - explained})
    return {name: float(np.mean([share[name] for share in shares])) for name in shares[0]}


def choice_stability(chosen, n_points, alike=None, alike_at_random=0.0):
    """With the whole covariance of which of all points are chosen."""
    is_chosen = np.array([[float(point in set(each.tolist())) for point in range(n_points)] for each in chosen])
    union = sorted({point for each in chosen for point in each.tolist()})
    same = np.eye(n_points)
    for i, one in enumerate(union):
        for j, other in enumerate(union):
            same[one, other] = (one == other) if alike is None else alike[i][j]
    found = np.trace(same @ np.cov(is_chosen.T, ddof=1))
    sizes = is_chosen.sum(1)
    share = sizes.mean() / n_points
    together = np.mean(sizes * (sizes - 1)) / (n_points * (n_points - 1)) - share**2
    by_chance = sum(
        share * (1 - share) if one == other else alike_at_random * together
        for one in range(n_points)
        for other in range(n_points)
    )
    return 1 - found / by_chance
