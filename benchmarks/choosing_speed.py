"""How long choosing takes: ``python -m benchmarks.choosing_speed``.

Points of 64 dimensions around 40 centres, all of one class, 100 to be chosen: seconds and peak memory for 60,000 of
them, each method in a process of its own; how seconds grow with the number of points; and at 10,000 the ratio to a
straightforward implementation of the same paper with a matrix of all pairs in double precision, and to its objective.
"""

import argparse
import json
import multiprocessing
import resource
import time

import numpy as np
import torch

from benchmarks.pairs import RESULTS
from lookalike.registry import build
from lookalike.selection import k_medoids

METHODS = ("mmd_critic", "proto_dash", "facility_location", "medoids", "density_peaks")
SIZES = (10_000, 20_000, 40_000, 60_000)
COUNT, DIMENSIONS, CENTERS = 100, 64, 40
WIDTH = 16.0


def points_of(n):
    """The same for everybody."""
    generator = torch.Generator().manual_seed(0)
    centers = 2 * torch.randn(CENTERS, DIMENSIONS, generator=generator)
    own = torch.randint(CENTERS, (n,), generator=generator)
    return centers[own] + torch.randn(n, DIMENSIONS, generator=generator)


def selection_of(method):
    """With one width for all who need one."""
    options = {"bandwidth": WIDTH} if method in METHODS[:3] else {}
    return build("selection", method, options, {})


def chosen_by(method, n):
    """Seconds, the process's peak memory in megabytes, and what was chosen."""
    points = points_of(n)
    began = time.perf_counter()
    found = selection_of(method)(points, None, COUNT)
    seconds = time.perf_counter() - began
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, found.indices, found.weights


def plainly_by(method, n):
    """The same by a straightforward implementation; seconds, and what was chosen."""
    points = points_of(n).double()
    began = time.perf_counter()
    distances = torch.cdist(points, points).numpy()
    if method == "medoids":
        found = k_medoids(torch.from_numpy(distances), COUNT).numpy()
    elif method == "density_peaks":
        cutoff = np.quantile(distances, 0.02)
        density = np.exp(-((distances / cutoff) ** 2)).mean(1)
        gaps = np.where(density[None] > density[:, None], distances, np.inf).min(1)
        gaps[density.argmax()] = distances[density.argmax()].max()
        found = (-density * gaps).argsort()[:COUNT]
    else:
        kernel = np.exp(-(distances**2) / (2 * WIDTH**2))
        found = {"facility_location": plain_location, "mmd_critic": plain_critic, "proto_dash": plain_dash}[method](
            kernel
        )
    return time.perf_counter() - began, torch.from_numpy(np.asarray(found))


def plain_location(kernel):
    """Every point's gain at every step."""
    reached, chosen = np.zeros(len(kernel)), []
    for _ in range(COUNT):
        gains = np.maximum(kernel - reached[:, None], 0).sum(0)
        chosen.append(int(gains.argmax()))
        reached = np.maximum(reached, kernel[:, chosen[-1]])
    return chosen


def plain_critic(kernel):
    """The objective of every enlarged set from its sums."""
    means, chosen = kernel.mean(0), []
    for size in range(1, COUNT + 1):
        within = kernel[np.ix_(chosen, chosen)].sum()
        crowd = kernel[:, chosen].sum(1)
        values = 2 / size * (means[chosen].sum() + means) - (within + 2 * crowd + kernel.diagonal()) / size**2
        values[chosen] = -np.inf
        chosen.append(int(values.argmax()))
    return chosen


def plain_dash(kernel):
    """Weights anew at every step, by projected steps."""
    from scipy.optimize import nnls

    means, chosen, weights = kernel.mean(0), [], np.zeros(0)
    for _ in range(COUNT):
        slopes = means - kernel[:, chosen] @ weights
        slopes[chosen] = -np.inf
        chosen.append(int(slopes.argmax()))
        factor = np.linalg.cholesky(kernel[np.ix_(chosen, chosen)] + 1e-8 * np.eye(len(chosen)))
        weights = nnls(factor.T, np.linalg.solve(factor, means[chosen]))[0]
    return chosen


def objective(method, n, indices):
    """What the method wants to be large."""
    points = points_of(n).double()
    own = points[indices]
    distances = torch.cdist(points, own)
    if method == "medoids":
        return -float(distances.amin(1).sum())
    kernel = (-distances.square() / (2 * WIDTH**2)).exp()
    if method == "facility_location":
        return float(kernel.amax(1).sum())
    means, among = kernel.mean(0), kernel[indices]
    if method == "mmd_critic":
        return float(2 * means.mean() - among.mean())
    weights = torch.linalg.lstsq(among, means[:, None]).solution[:, 0]
    return float(weights @ means - weights @ among @ weights / 2)


def alone(function, *arguments):
    """In a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def main():
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=METHODS, choices=METHODS)
    asked = parser.parse_args()
    rows = []
    for method in asked.only:
        # The middle of three, since the smallest sizes take no longer than a hiccup of a shared machine.
        seconds = {n: sorted((alone(chosen_by, method, n) for _ in range(3)), key=lambda run: run[0])[1] for n in SIZES}
        exponent = np.polyfit(np.log(SIZES), np.log([seconds[n][0] for n in SIZES]), 1)[0]
        plain, plainly = sorted((alone(plainly_by, method, SIZES[0]) for _ in range(3)), key=lambda run: run[0])[1]
        row = {
            "method": method,
            "seconds": {n: round(values[0], 2) for n, values in seconds.items()},
            "megabytes": round(seconds[SIZES[-1]][1]),
            "exponent": round(float(exponent), 2),
            "straightforward_seconds": round(plain, 1),
            "ratio": round(plain / seconds[SIZES[0]][0], 1),
        }
        if method != "density_peaks":
            values = [objective(method, SIZES[0], each) for each in (seconds[SIZES[0]][2], plainly)]
            row["objective"] = round(values[0] / values[1], 4)
        else:
            row["the same points"] = len(set(seconds[SIZES[0]][2].tolist()) & set(plainly.tolist()))
        rows.append(row)
        print(row, flush=True)
    file = RESULTS / "choosing_speed.json"
    known = json.loads(file.read_text())["rows"] if file.exists() else []
    found = {row["method"]: row for row in [*known, *rows]}
    document = {
        "benchmark": "choosing_speed",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "rows": [found[method] for method in METHODS if method in found],
    }
    file.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
