"""What every selection picks of Fashion-MNIST, as one picture for the documentation.

``python -m benchmarks.choosing_pictures``: one of each class among 10,000, in the activations of a small network.
"""

from pathlib import Path

import numpy as np
import torch

from benchmarks.choosing import N_POINTS, numbered, small_network
from lookalike.data import load_dataset
from lookalike.registry import build, members
from lookalike.report import write_sheet

FILE = Path(__file__).parents[1] / "docs" / "images" / "choosing.png"


def main():
    """Choose, draw, keep."""
    dataset = load_dataset("fashion-mnist", limit=N_POINTS)
    points = small_network(dataset, 0)[1][0]
    labels = numbered(dataset.train.labels)
    rows = {}
    for name in members("selection"):
        found = build("selection", name, {}, {})(points, labels, 1, generator=torch.Generator().manual_seed(0))
        rows[name] = [dataset.train.inputs[index] for index in found.indices.tolist()]
    write_sheet(FILE, rows, np.unique(dataset.train.labels).tolist())
    print(FILE)


if __name__ == "__main__":
    main()
