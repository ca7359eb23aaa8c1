"""Similarities, kernels and pooling, one window at a time."""

import math

import numpy as np


def _windows(activations, prototype):
    """Every window of the prototype's size of every input: (row, column, flat values)."""
    _, height, width = prototype.shape
    for row in range(activations.shape[1] - height + 1):
        for column in range(activations.shape[2] - width + 1):
            yield row, column, activations[:, row : row + height, column : column + width].ravel()


def _maps(activations, prototypes, compare):
    n, p = len(activations), len(prototypes)
    height = activations.shape[2] - prototypes.shape[2] + 1
    width = activations.shape[3] - prototypes.shape[3] + 1
    maps = np.empty((n, p, height, width))
    for i in range(n):
        for j in range(p):
            for row, column, window in _windows(activations[i], prototypes[j]):
                maps[i, j, row, column] = compare(window, prototypes[j].ravel())
    return maps


def cosine(similarity, activations, prototypes):
    scale, epsilon = math.exp(similarity.scale.logarithm.item()), similarity.epsilon

    def compare(x, p):
        return scale * sum(x * p) / math.sqrt(sum(x * x) + epsilon) / math.sqrt(sum(p * p) + epsilon)

    return _maps(activations, prototypes, compare)


def dot(similarity, activations, prototypes):
    def compare(x, p):
        return sum(x * p) / (math.sqrt(len(x)) if similarity.scaled else 1.0)

    return _maps(activations, prototypes, compare)


def l2(similarity, activations, prototypes):
    def compare(x, p):
        distance = sum((x - p) ** 2)
        return KERNELS[type(similarity.kernel).__name__](
            similarity.kernel, distance / len(x) if similarity.mean else distance
        )

    return _maps(activations, prototypes, compare)


def lk(similarity, activations, prototypes):
    k, epsilon = similarity.order, similarity.epsilon

    def compare(x, p):
        distance = sum(((a - b) ** 2 + epsilon**2) ** (k / 2) - epsilon**k for a, b in zip(x, p, strict=True))
        return KERNELS[type(similarity.kernel).__name__](
            similarity.kernel, distance / len(x) if similarity.mean else distance
        )

    return _maps(activations, prototypes, compare)


def negative(kernel, distance):
    return -math.exp(kernel.scale.logarithm.item()) * distance


def gaussian(kernel, distance):
    width = math.exp(kernel.width.logarithm.item())
    return math.exp(kernel.scale.logarithm.item()) * math.exp(-distance / (2 * width * width))


def log_ratio(kernel, distance):
    return math.log((distance + 1) / (distance + kernel.epsilon))


def max_pooling(pooling, maps):
    return np.array([[max(m.ravel().tolist()) for m in row] for row in maps])


def mean_pooling(pooling, maps):
    return np.array([[sum(m.ravel().tolist()) / m.size for m in row] for row in maps])


def log_sum_exp_pooling(pooling, maps):
    t = pooling.temperature
    return np.array(
        [[t * math.log(sum(math.exp(v / t) for v in m.ravel().tolist()) / m.size) for m in row] for row in maps]
    )


KERNELS = {"NegativeKernel": negative, "GaussianKernel": gaussian, "LogRatioKernel": log_ratio}

ORACLES = {
    "CosineSimilarity": cosine,
    "DotSimilarity": dot,
    "L2Similarity": l2,
    "LkSimilarity": lk,
    "MaxPooling": max_pooling,
    "MeanPooling": mean_pooling,
    "LogSumExpPooling": log_sum_exp_pooling,
    **KERNELS,
}
