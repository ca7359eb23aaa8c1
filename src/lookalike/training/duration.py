"""About how long a training is going to take, before it begins."""

import copy
import time

import torch

from lookalike.randomness import untouched
from lookalike.training.loop import Job
from lookalike.training.phases import epochs_of

# In the middle of training everything that costs time is done.
_PROGRESS = 0.5


def seconds_to_train(job: Job) -> float:
    """Time that training takes on this processor, from a step of a copy; nothing of the job changes.

    Parameters
    ----------
    job : Job
        About to be trained, on one device.
    """
    learner = copy.deepcopy(job.learner).train()
    size = min(int(job.settings.batch_size), len(job.training))
    indices = torch.arange(size)
    with untouched():
        learner.generator = torch.default_generator
        began = time.perf_counter()
        for step in range(2):
            # The first step also sets things up.
            began = time.perf_counter() if step else began
            originals, targets = job.training.batch(indices)
            inputs = job.augmentation(originals, torch.default_generator)
            terms = learner(inputs, targets, _PROGRESS, originals, job.training.weights_of(indices))
            if terms["loss"].requires_grad:
                terms["loss"].backward()
        seconds = time.perf_counter() - began
    steps = max(1, len(job.training) // size)
    return seconds * steps * sum(epochs_of(job.plan, int(job.settings.epochs)))
