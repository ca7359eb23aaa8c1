"""How much of a prototype is a training example: ``python -m benchmarks.nearest_examples RUN [RUN ...]``.

Free pixels that start at training images may stay where they are, or learn. For every prototype the training image of
its class that correlates most with it, each color less its mean; the same for test images, which no training moved. The
runs of the results: ``lookalike fit cifar10 --set data__judge_share=0.1667 --set prototypes__n_per_class=5 --set
random_state=0`` with ``training=none`` (starts) or ``recipe=photographs`` (chosen), or with ``counterfactuals=none``
(unbound) and beside it ``training__prototype_learning_rate`` of ``null`` (still) or
``regularizers__critic=1.0`` (critic).
"""

import argparse
import json
from pathlib import Path

import numpy as np

from benchmarks.pairs import RESULTS
from lookalike.experiments import data_of, open_run

SAMPLE = 500


def standardized(pictures):
    """Each a vector of length one, every color, the last axis, less its mean."""
    pictures = np.asarray(pictures, dtype=np.float64)
    pictures = pictures - pictures.mean(axis=(1, 2), keepdims=True)
    vectors = pictures.reshape(len(pictures), -1)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def nearest(pictures, labels, examples, names):
    """The largest correlation of every picture with an example of its class."""
    examples, pictures = standardized(examples), standardized(pictures)
    return np.array(
        [(examples[names == label] @ picture).max() for picture, label in zip(pictures, labels, strict=True)]
    )


def row_of(run):
    """Quartiles over a model's prototypes, and over test images of the same data."""
    data, classifier = data_of(run), run.classifier
    train, test = data.train, data.test
    ways = {
        "prototypes": (np.moveaxis(classifier.prototypes_, 1, -1), classifier.prototype_labels_),
        "test images": (test.inputs[:SAMPLE], test.labels[:SAMPLE]),
    }
    return {
        name: [
            round(float(value), 4)
            for value in np.quantile(nearest(*way, train.inputs, train.labels), (0.25, 0.5, 0.75))
        ]
        for name, way in ways.items()
    }


def main():
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    found = {}
    for folder in parser.parse_args().runs:
        found[folder.name] = row_of(open_run(folder))
        for name, (low, median, high) in found[folder.name].items():
            print(
                f"{folder.name}, {name}: correlation with the nearest example {median:.3f} ({low:.3f} to {high:.3f})",
                flush=True,
            )
    file = RESULTS / "nearest_examples.json"
    known = json.loads(file.read_text())["quartiles"] if file.exists() else {}
    document = {"benchmark": "nearest_examples", "quartiles": {**known, **found}}
    file.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
