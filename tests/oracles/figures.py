"""Metrics and selection, one example at a time."""

import math

import numpy as np


def accuracy(predicted, true):
    return sum(p == t for p, t in zip(predicted, true, strict=True)) / len(true)


def confusion_matrix(predicted, true, n_classes):
    return [
        [sum(p == column and t == row for p, t in zip(predicted, true, strict=True)) for column in range(n_classes)]
        for row in range(n_classes)
    ]


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
