"""Which real examples stand for a class: what a nearest-prototype classifier makes of them, method by method.

``python -m benchmarks.choosing``: 10, 50 and 200 of 10,000 Fashion-MNIST images, 1, 5 and 20 of each class, chosen in
pixels and in the 64 activations of a small convolutional network that learned from the same images; the share of the
10,000 test images whose nearest chosen example, in Euclidean distance, is of their class. Mean and range over seeds of
sample, network and choice. For growth and time see `benchmarks.choosing_speed`.
"""

import argparse
import itertools
import json
import statistics
import time
from dataclasses import replace

import numpy as np
import torch
from sklearn.cluster import KMeans
from torch import nn

from benchmarks.pairs import RESULTS
from lookalike.data import Preprocessing, load_dataset
from lookalike.registry import build, members
from lookalike.selection import nearest_label

SIZES = (1, 5, 20)
N_POINTS = 10_000
EPOCHS, BATCH, WIDTHS, DIMENSIONS = 5, 128, (16, 32), 64
CONTROL = "centroids of k-means, no examples"
EVERYTHING = "all 10,000"
# Other options than a method's own.
VARIANTS = {"density_peaks, wider": ("density_peaks", {"neighbors": 0.2})}


def numbered(labels):
    """Labels as numbers of their sorted classes."""
    return torch.from_numpy(np.unique(labels, return_inverse=True)[1]).long()


def centroids(points, labels, n, seed):
    """As many centroids of every class, and their labels."""
    found = [
        torch.from_numpy(KMeans(n, n_init=1, random_state=seed).fit(points[labels == label].numpy()).cluster_centers_)
        for label in range(10)
    ]
    return torch.cat(found).float(), torch.arange(10).repeat_interleave(n)


def small_network(dataset, seed):
    """An ordinary convolutional network that learned from the points; its accuracy, and everybody's activations.

    As many epochs as bring it to the accuracy, and the nearest of all points to that, that are printed in the table
    this one is held against.
    """
    torch.manual_seed(seed)
    channels = [1, *WIDTHS]
    blocks = [
        nn.Sequential(nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2))
        for before, after in itertools.pairwise(channels)
    ]
    backbone = nn.Sequential(*blocks, nn.Flatten(), nn.LazyLinear(DIMENSIONS), nn.ReLU())
    head = nn.Linear(DIMENSIONS, 10)
    (inputs, labels), (queries, truth) = (
        (torch.tensor(part.inputs)[:, None].float() / 255, numbered(part.labels))
        for part in (dataset.train, dataset.test)
    )
    backbone(inputs[:2])
    optimizer = torch.optim.Adam([*backbone.parameters(), *head.parameters()])
    for _ in range(EPOCHS):
        for own in torch.randperm(len(inputs)).split(BATCH):
            loss = nn.functional.cross_entropy(head(backbone(inputs[own])), labels[own])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    backbone.eval()
    with torch.no_grad():
        rows = [torch.cat([backbone(some) for some in part.split(1000)]) for part in (inputs, queries)]
        accuracy = float((head(rows[1]).argmax(1) == truth).float().mean())
    return accuracy, rows


def pixels(dataset):
    """Standardised pixels as rows."""
    preprocessing = Preprocessing.of(torch.tensor(dataset.train.inputs)[:, None])
    parts = (dataset.train, dataset.test)
    return [preprocessing.standardize(torch.tensor(part.inputs)[:, None]).flatten(1) for part in parts]


def table_of(points, queries, labels, truth, seed, only):
    """Accuracy of every method at every size, and seconds."""
    middle = points.mean(0)
    points, queries = points - middle, queries - middle

    def score(chosen, own):
        return float((nearest_label(chosen, own, queries) == truth).float().mean())

    found = {}
    for n in SIZES:
        for name in only or [*members("selection"), *VARIANTS]:
            method, options = VARIANTS.get(name, (name, {}))
            began = time.perf_counter()
            generator = torch.Generator().manual_seed(seed)
            chosen = build("selection", method, options, {})(points, labels, n, generator=generator)
            seconds = time.perf_counter() - began
            found[name, 10 * n] = score(points[chosen.indices], labels[chosen.indices]), seconds
        if not only:
            found[CONTROL, 10 * n] = score(*centroids(points, labels, n, seed)), 0.0
    if not only:
        found[EVERYTHING, N_POINTS] = score(points, labels), 0.0
    return found


def main():
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[])
    asked = parser.parse_args()
    whole = load_dataset("fashion-mnist")
    gathered, accuracies = {}, []
    for seed in range(asked.seeds):
        drawn = torch.randperm(len(whole.train), generator=torch.Generator().manual_seed(seed))[:N_POINTS]
        dataset = replace(whole, train=whole.train.select(drawn.numpy()))
        labels, truth = numbered(dataset.train.labels), numbered(dataset.test.labels)
        accuracy, activations = small_network(dataset, seed)
        accuracies.append(accuracy)
        for space, (points, queries) in {"activations": activations, "pixels": pixels(dataset)}.items():
            for (name, size), value in table_of(points, queries, labels, truth, seed, asked.only).items():
                gathered.setdefault((space, name, size), []).append(value)
    rows = [
        {
            "space": space,
            "method": name,
            "examples": size,
            "accuracy": round(statistics.mean(value for value, _ in values), 4),
            "least": round(min(value for value, _ in values), 4),
            "most": round(max(value for value, _ in values), 4),
            "seconds": round(statistics.mean(seconds for _, seconds in values), 2),
        }
        for (space, name, size), values in gathered.items()
    ]
    print(f"network: {statistics.mean(accuracies):.4f}, {asked.seeds} seeds")
    for row in sorted(rows, key=lambda row: (row["space"], row["examples"], -row["accuracy"])):
        spread = f"({row['least']:.3f} to {row['most']:.3f})"
        print(
            f"{row['space']:12} {row['examples']:6} {row['method']:36} {row['accuracy']:.4f} {spread} {row['seconds']}s"
        )
    if not asked.only:
        document = {"benchmark": "choosing", "seeds": asked.seeds, "network": round(statistics.mean(accuracies), 4)}
        (RESULTS / "choosing.json").write_text(json.dumps({**document, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
