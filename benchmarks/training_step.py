"""A training step of the library against the bare loop of its twin: ``python -m benchmarks.training_step``.

The library's step is everything `lookalike.training` does between two steps: batch, augmentation, pass of inputs and
prototypes, objective, backward pass, optimizer, bookkeeping. The bare loop is the same backbone with a linear layer in
plain PyTorch with the same optimizer and the same batches. Prototypes make the batch (128 + 40) / 128 times as large.
"""

import numpy as np
import torch
from lightning_fabric import Fabric
from torch.nn import functional

from benchmarks.pairs import in_turn, ratio, report
from lookalike import PrototypeClassifier
from lookalike.data import ShiftAugmentation
from lookalike.estimators.fitting import prepare
from lookalike.evaluation import TwinNetwork
from lookalike.training import Phase
from lookalike.training.loop import _Run

BATCH, PROTOTYPES, STEPS = 128, 40, 4
# What makes prototypes pictures has a benchmark of its own.
DECISIONS_ALONE = {"regularizers": "none", "counterfactuals": "none", "training": "joint"}


def prepared(**options):
    """A run of the defaults, or of other options, on random pictures, ready to train."""
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (2000, 28, 28), dtype=np.uint8)
    usual = {"prototypes__n_per_class": PROTOTYPES // 10, "training__batch_size": BATCH}
    classifier = PrototypeClassifier(random_state=0, **{**usual, **options})
    return prepare(classifier.request(pictures, np.arange(2000) % 10)[0])


def library_steps(progress=0.5, precision="32-true", **options):
    """Steps of the library's own loop over ``STEPS * BATCH`` examples, at some share of the training."""
    job = prepared(**options).job
    run = _Run(Fabric(accelerator="cpu", devices=1, precision=precision), job, ())
    run._begin(Phase("joint"))
    job.learner.train()
    size = options.get("training__batch_size", BATCH)
    batches = torch.arange(STEPS * BATCH).remainder(len(job.training)).split(size)

    def way():
        for indices in batches:
            terms = run._step(indices, 0.5, progress)
            terms["loss"].item(), terms["correct"].item()

    return way


def bare_steps(augmentation: bool):
    """The same backbone and a linear layer, as one writes it by hand."""
    start = prepared()
    twin = TwinNetwork(start.network.backbone, 10)
    net = torch.nn.Sequential(twin.backbone, torch.nn.Flatten(), twin.head).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, fused=True)
    training, shift = start.job.training, ShiftAugmentation(pixels=2)
    batches = torch.arange(STEPS * BATCH).remainder(len(training)).split(BATCH)
    net.train()

    def way():
        for indices in batches:
            inputs, targets = training.batch(indices)
            if augmentation:
                inputs = shift(inputs, torch.default_generator)
            loss = functional.cross_entropy(net(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()

    return way


def main():
    """Measure and report."""
    ways = {
        "library": library_steps(**DECISIONS_ALONE),
        "bare": bare_steps(True),
        "bare, no augmentation": bare_steps(False),
    }
    seconds = in_turn(ways, rounds=40)
    limit = 1.15 * (BATCH + PROTOTYPES) / BATCH
    rows = {
        "step against the twin's bare loop": ratio(seconds, "library", "bare"),
        "step against the bare loop without augmentation": ratio(seconds, "library", "bare, no augmentation"),
    }
    report("training_step", rows, {"step against the twin's bare loop": limit})


if __name__ == "__main__":
    main()
