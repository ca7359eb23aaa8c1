"""Prediction against the twin on 10,000 pictures: ``python -m benchmarks.prediction``.

The library's way is ``decision_scores`` of a fitted classifier, checks of the input included. The twin is the same
backbone with a linear layer in plain PyTorch, in evaluation mode, in batches of the same size.
"""

import numpy as np
import torch

from benchmarks.pairs import in_turn, ratio, report
from lookalike import PrototypeClassifier
from lookalike.evaluation import TwinNetwork

PICTURES, BATCH = 10_000, 500


def ways():
    """The same pictures through both."""
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (PICTURES, 28, 28), dtype=np.uint8)
    classifier = PrototypeClassifier(random_state=0, training="none", prototypes__n_per_class=4)
    classifier.fit(pictures[:1000], np.arange(1000) % 10)
    twin = TwinNetwork(classifier.network_.backbone, 10).eval()
    preprocessing = classifier.preprocessing_

    def library():
        return classifier.decision_scores(pictures)

    @torch.no_grad()
    def bare():
        inputs = torch.from_numpy(pictures)[:, None]
        batches = inputs.split(BATCH)
        return torch.cat([twin(preprocessing.standardize(batch)).logits for batch in batches]).numpy()

    return {"library": library, "twin": bare}


def main():
    """Measure and report."""
    seconds = in_turn(ways(), rounds=15, warmup=1)
    name = "prediction against the twin, 10,000 pictures"
    report("prediction", {name: ratio(seconds, "library", "twin")}, {name: 1.05})


if __name__ == "__main__":
    main()
