"""A training step with aligned matching, and with residual swap too, against one without.

``python -m benchmarks.pictures_step``: the default convnet, 40 prototypes, batches of 128, shifts of up to three
pixels, late in training, when matching is at its dearest since pixels are weighted.
"""

import numpy as np
import torch
from lightning_fabric import Fabric

from benchmarks.pairs import in_turn, ratio, report
from lookalike import PrototypeClassifier
from lookalike.estimators.fitting import prepare
from lookalike.training import Phase
from lookalike.training.loop import _Run

BATCH, STEPS, PROGRESS = 128, 4, 0.9
MATCHING = {"regularizers": {"aligned_matching": 100.0}, "regularizers__aligned_matching__pixels": 3}
SWAP = {"counterfactuals": {"residual_swap": 1.0}, "counterfactuals__residual_swap__pixels": 3}


def steps(**options):
    """Steps of the library's own loop."""
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (2000, 28, 28), dtype=np.uint8)
    classifier = PrototypeClassifier(random_state=0, prototypes__n_per_class=4, training__batch_size=BATCH, **options)
    job = prepare(classifier.request(pictures, np.arange(2000) % 10)[0]).job
    run = _Run(Fabric(accelerator="cpu", devices=1), job, ())
    run._begin(Phase("joint"))
    job.learner.train()
    batches = torch.arange(STEPS * BATCH).remainder(len(job.training)).split(BATCH)

    def way():
        for indices in batches:
            terms = run._step(indices, 0.5, PROGRESS)
            terms["loss"].item(), terms["correct"].item()

    return way


def main():
    """Measure and report."""
    seconds = in_turn({"plain": steps(), "matching": steps(**MATCHING), "both": steps(**MATCHING, **SWAP)}, rounds=15)
    rows = {
        "step with aligned matching": ratio(seconds, "matching", "plain"),
        "step with residual swap, too": ratio(seconds, "both", "plain"),
    }
    report("pictures_step", rows, {"step with aligned matching": 1.5, "step with residual swap, too": 2.2})


if __name__ == "__main__":
    main()
