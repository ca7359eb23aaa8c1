"""Prediction with prototypes that are shifted to meet each input, against prediction with prototypes as they are.

``python -m benchmarks.aligned_prediction``: 2,000 pictures, the default convnet, 40 prototypes, shifts of up to two
pixels. All 25 views of every prototype pass the backbone once, when the model is fitted or loaded, and are kept; the
second row is that pass against the one of the prototypes alone.
"""

import numpy as np
import torch

from benchmarks.pairs import in_turn, ratio, report
from lookalike import PrototypeClassifier

PICTURES = 2000


def main():
    """Measure and report."""
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (PICTURES, 28, 28), dtype=np.uint8)
    ways = {}
    for name in ("identity", "shift"):
        classifier = PrototypeClassifier(random_state=0, training="none", transforms=name, prototypes__n_per_class=4)
        classifier.fit(pictures[:1000], np.arange(1000) % 10)
        ways[f"predict, {name}"] = lambda classifier=classifier: classifier.decision_scores(pictures)
        ways[f"activate, {name}"] = torch.no_grad()(classifier.network_.activate_prototypes)
    seconds = in_turn(ways, rounds=10)
    rows = {
        "prediction with shifted prototypes": ratio(seconds, "predict, shift", "predict, identity"),
        "activations of shifted prototypes, once": ratio(seconds, "activate, shift", "activate, identity"),
    }
    report("aligned_prediction", rows, {})


if __name__ == "__main__":
    main()
