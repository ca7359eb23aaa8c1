"""What crosses to the processes of several devices, which import this and little else: each begins anew."""

import os

import numpy as np
import torch

from lookalike.errors import TrainingError
from lookalike.regularizers import Regularizer
from lookalike.training.checkpoints import Checkpoint
from lookalike.training.devices import agree

BREAK = "LOOKALIKE_TEST_BREAK"


class Breaking(Regularizer):
    """An error in the last fifth of the training, where the environment asks for it."""

    def forward(self, comparison, progress):
        if BREAK in os.environ and progress >= 0.8:
            raise TrainingError("broken")
        return comparison.logits.sum() * 0


class Diary:
    """Notes, for every process, the statistics that a backbone judges with; a hook."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, backbone, inputs):
        if not backbone.training:
            statistics = [float(buffer.double().sum()) for buffer in backbone.buffers()]
            with (self.folder / f"{torch.distributed.get_rank()}.txt").open("a") as file:
                file.write(f"{statistics}\n")


def with_gaps(fabric, folder):
    gaps = torch.full((4, 4), fabric.global_rank + 1.0)
    agree(fabric, [gaps[::2, ::2], gaps[:1, 1]])
    np.save(folder / f"{fabric.global_rank}.npy", gaps.numpy())
    return Checkpoint({"gaps": gaps}, {"rank": fabric.global_rank})
