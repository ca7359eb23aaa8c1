"""Selections one class at a time, with all pairs at hand: from rows to the indices that are to be chosen.

Where chance decides, what is chosen is given too, and the oracle says what must hold of it.
"""

import math
from itertools import combinations

import numpy as np
import torch

from lookalike.selection.kernels import median_distance
from lookalike.selection.modes import near_distance


def distances_of(rows):
    return np.array([[math.dist(one, other) for other in rows] for one in rows])


def kernel_of(selection, rows, seed):
    if selection.affinity == "precomputed":
        return rows
    if selection.affinity == "linear":
        return np.array([[float(one @ other) for other in rows] for one in rows])
    width = selection.bandwidth or median_distance(torch.from_numpy(rows).float(), torch.Generator().manual_seed(seed))
    return np.exp(-(distances_of(rows) ** 2) / (2 * width**2))


def best_next(n, chosen, value):
    """The point that is not chosen yet and makes the value of all that are largest."""
    left = [point for point in range(n) if point not in chosen]
    return max(left, key=lambda point: value([*chosen, point]))


def greedy(n, count, value):
    chosen = []
    for _ in range(count):
        chosen.append(best_next(n, chosen, value))
    return chosen


def facility_value(kernel, chosen):
    return sum(max(0.0, *(row[point] for point in chosen)) for row in kernel)


def facility_location(selection, rows, count, seed, found):
    kernel = kernel_of(selection, rows, seed)
    if selection.epsilon is None:
        return greedy(len(rows), count, lambda chosen: facility_value(kernel, chosen))
    by_greed = greedy(len(rows), count, lambda chosen: facility_value(kernel, chosen))
    assert facility_value(kernel, found) >= (1 - 1 / math.e - selection.epsilon) * facility_value(kernel, by_greed)
    return found


def critic_value(kernel, chosen):
    m, n = len(chosen), len(kernel)
    near = sum(kernel[i][j] for i in range(n) for j in chosen)
    return 2 * near / (n * m) - sum(kernel[i][j] for i in chosen for j in chosen) / m**2


def mmd_critic(selection, rows, count, seed, found):
    kernel = kernel_of(selection, rows, seed)
    return greedy(len(rows), count, lambda chosen: critic_value(kernel, chosen))


def criticisms(selection, rows, prototypes, seed):
    kernel = kernel_of(selection, rows, seed)
    gaps = [abs(np.mean(kernel[c]) - np.mean([kernel[c][j] for j in prototypes])) for c in range(len(rows))]

    def value(chosen):
        return sum(gaps[c] for c in chosen) + np.linalg.slogdet(kernel[np.ix_(chosen, chosen)])[1]

    chosen = []
    for _ in range(selection.criticisms):
        left = [point for point in range(len(rows)) if point not in (*chosen, *prototypes)]
        chosen.append(max(left, key=lambda point: value([*chosen, point])))
    return chosen


def best_weights(kernel, means):
    """Of every set of weights that may be above 0 the one that solves the equations; the best that is not negative."""
    m, best = len(means), (0.0, np.zeros(len(means)))
    for size in range(1, m + 1):
        for places in map(list, combinations(range(m), size)):
            some = np.linalg.lstsq(kernel[np.ix_(places, places)], means[places], rcond=None)[0]
            if (some >= 0).all():
                weights = np.zeros(m)
                weights[places] = some
                value = weights @ means - weights @ kernel @ weights / 2
                best = max(best, (value, weights), key=lambda pair: pair[0])
    return best[1]


def proto_dash_weights(selection, rows, chosen, seed):
    kernel = kernel_of(selection, rows, seed)
    return best_weights(kernel[np.ix_(chosen, chosen)], kernel.mean(0)[chosen])


def proto_dash(selection, rows, count, seed, found):
    kernel = kernel_of(selection, rows, seed)
    means, chosen, weights = kernel.mean(0), [], np.zeros(0)
    for _ in range(count):
        slopes = means - kernel[:, chosen] @ weights
        slopes[chosen] = -np.inf
        chosen.append(int(slopes.argmax()))
        weights = best_weights(kernel[np.ix_(chosen, chosen)], means[chosen])
    return chosen


def dpp(selection, rows, count, seed, found):
    if selection.sampled:
        assert len(set(found)) == count
        return found
    kernel = kernel_of(selection, rows, seed)
    return greedy(len(rows), count, lambda chosen: np.linalg.slogdet(kernel[np.ix_(chosen, chosen)])[1])


def farthest_first(selection, rows, count, seed, found):
    chosen = [min(range(len(rows)), key=lambda point: math.dist(rows[point], rows.mean(0)))]
    while len(chosen) < count:
        left = [point for point in range(len(rows)) if point not in chosen]
        chosen.append(max(left, key=lambda point: min(math.dist(rows[point], rows[other]) for other in chosen)))
    return chosen


def means(selection, rows, count, seed, found):
    return sorted(range(len(rows)), key=lambda point: math.dist(rows[point], rows.mean(0)))[:count]


def random(selection, rows, count, seed, found):
    assert len(set(found)) == count
    return found


def medoid_value(distances, chosen):
    return sum(min(row[point] for point in chosen) for row in distances)


def medoids(selection, rows, count, seed, found):
    """No single swap helps."""
    distances = distances_of(rows)
    value = medoid_value(distances, found)
    for leaving in range(count):
        for coming in range(len(rows)):
            other = [*found[:leaving], coming, *found[leaving + 1 :]]
            assert medoid_value(distances, other) >= value * (1 - 1e-6)
    return found


def kmeans(selection, rows, count, seed, found):
    """In clusters that lie apart, one of each: the nearest to its mean."""
    clusters = clusters_of(rows)
    assert len(clusters) == count
    nearest = [min(own, key=lambda point: math.dist(rows[point], rows[own].mean(0))) for own in clusters]
    assert sorted(found) == sorted(nearest)
    return found


def clusters_of(rows, reach=2.0):
    """What hangs together by steps no longer than the reach."""
    clusters = []
    for point in range(len(rows)):
        near = [own for own in clusters if any(math.dist(rows[point], rows[other]) <= reach for other in own)]
        joined = sorted({point, *(other for own in near for other in own)})
        clusters = [own for own in clusters if own not in near] + [joined]
    return clusters


def density_and_gap(selection, rows, seed):
    cutoff = near_distance(torch.from_numpy(rows).float(), selection.neighbors, torch.Generator().manual_seed(seed))
    distances = distances_of(rows)
    density = np.exp(-((distances / cutoff) ** 2)).mean(1)
    gaps = []
    for point in range(len(rows)):
        denser = [other for other in range(len(rows)) if density[other] > density[point]]
        gaps.append(distances[point][denser].min() if denser else distances[point].max())
    return density, np.array(gaps)


def density_peaks(selection, rows, count, seed, found):
    density, gaps = density_and_gap(selection, rows, seed)
    return sorted(range(len(rows)), key=lambda point: -density[point] * gaps[point])[:count]


def quick_shift(selection, rows, count, seed, found):
    return sorted(range(len(rows)), key=lambda point: -density_and_gap(selection, rows, seed)[1][point])[:count]


def climbed(rows, place, width):
    for _ in range(500):
        weights = [math.exp(-(math.dist(place, row) ** 2) / (2 * width**2)) for row in rows]
        place = sum(weight * row for weight, row in zip(weights, rows, strict=True)) / sum(weights)
    return place


def mean_shift(selection, rows, count, seed, found):
    """In clusters that lie apart, the point of each that is nearest to its mode, at a width that keeps them apart."""
    drawn = torch.Generator().manual_seed(seed)
    width = selection.bandwidth or near_distance(torch.from_numpy(rows).float(), 0.5, drawn) / 2
    clusters = clusters_of(rows)
    while True:
        places = [climbed(rows, rows[own].mean(0), width) for own in clusters]
        if all(math.dist(one, other) >= width for one, other in combinations(places, 2)):
            break
        width *= 0.8
    nearest = [min(own, key=lambda point: math.dist(rows[point], at)) for own, at in zip(clusters, places, strict=True)]
    assert sorted(found) == sorted(nearest)
    return found


def proto_select(selection, rows, others, count):
    """The class's own problem: points newly covered less points of other classes that are."""

    def covered(point, points):
        return {place for place, row in enumerate(points) if math.dist(rows[point], row) <= selection.radius}

    chosen, reached = [], set()
    for _ in range(count):
        left = [point for point in range(len(rows)) if point not in chosen]
        best = max(left, key=lambda point: len(covered(point, rows) - reached) - len(covered(point, others)))
        chosen.append(best)
        reached |= covered(best, rows)
    return chosen


def margin_loss(rows, targets, chosen, temperature):
    total = 0.0
    for row, target in zip(rows, targets, strict=True):
        near = [min(math.dist(row, rows[point]) ** 2 for point in own) for own in chosen]
        scores = [-value / temperature for value in near]
        total += math.log(sum(math.exp(score - max(scores)) for score in scores)) + max(scores) - scores[target]
    return total / len(rows)


def best_temperature(rows, targets, chosen):
    return min((2.0 ** (power / 8) for power in range(-64, 65)), key=lambda t: margin_loss(rows, targets, chosen, t))


ORACLES = {
    "DensityPeaksSelection": density_peaks,
    "DppSelection": dpp,
    "FacilityLocationSelection": facility_location,
    "FarthestFirstSelection": farthest_first,
    "KmeansSelection": kmeans,
    "MarginSelection": margin_loss,
    "MeanShiftSelection": mean_shift,
    "MeansSelection": means,
    "MedoidsSelection": medoids,
    "MmdCriticSelection": mmd_critic,
    "ProtoDashSelection": proto_dash,
    "ProtoSelectSelection": proto_select,
    "QuickShiftSelection": quick_shift,
    "RandomSelection": random,
}
