"""What changes while training: weights, their average, the best so far, the optimizer, the history."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import torch
from torch import Tensor

from lookalike.training.checkpoints import Checkpoint, optimizer_tensors, restore_optimizer
from lookalike.training.freezing import frozen_parameters
from lookalike.training.history import Epoch
from lookalike.training.learner import Learner
from lookalike.training.optimization import WeightAverage, make_optimizer
from lookalike.training.phases import Phase
from lookalike.training.settings import TrainingSettings


@dataclass
class RunState:
    """The state of a run between two epochs.

    Attributes
    ----------
    learner : Learner
    history : list of Epoch
    optimizer : torch.optim.Optimizer or None
        Of the current phase.
    average : WeightAverage or None
    best : dict of Tensor
        The weights to keep of the current phase.
    best_number : int
        The epoch they are from, 0 before the first.
    frozen : frozenset of str
        The parameters that no phase trains.
    """

    learner: Learner
    history: list[Epoch] = field(default_factory=list)
    optimizer: torch.optim.Optimizer | None = None
    average: WeightAverage | None = None
    best: dict[str, Tensor] = field(default_factory=dict)
    best_number: int = 0
    frozen: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.frozen = frozen_parameters(self.learner)

    def begin_phase(self, phase: Phase, settings: TrainingSettings) -> torch.optim.Optimizer:
        """Start the phase's own optimizer, average and search for the best epoch; the optimizer is returned."""
        self.optimizer = make_optimizer(self.learner, phase, settings, self.frozen)
        self.average = WeightAverage(self.learner, settings.averaging) if settings.averaging else None
        self.best, self.best_number = {}, 0
        return self.optimizer

    def averaged(self) -> AbstractContextManager[None]:
        """A context in which the learner has its averaged weights, if an average is kept."""
        return self.average.applied() if self.average else nullcontext()

    def statistics(self) -> list[Tensor]:
        """What depends on the batches that a device saw: buffers, and the average in which they are."""
        return [*self.learner.buffers(), *(self.average.tensors.values() if self.average else ())]

    def keep_latest(self, settings: TrainingSettings) -> None:
        """Remember the latest epoch's weights if they are the best of the phase, or if the last are wanted."""
        latest = self.history[-1]
        held = next((epoch for epoch in self.history if epoch.number == self.best_number), None)
        if settings.keep == "best" and held is not None and latest.score() <= held.score():
            return
        with self.averaged():
            self.best = {name: tensor.detach().clone() for name, tensor in self.learner.state_dict().items()}
        self.best_number = latest.number

    def stalled(self, phase: Phase, patience: int | None) -> bool:
        """Whether the phase has gone ``patience`` epochs without a better validation loss."""
        epochs = [epoch for epoch in self.history if epoch.phase == phase.name]
        losses = [epoch.validation_loss for epoch in epochs if epoch.validation_loss is not None]
        if patience is None or not losses:
            return False
        return len(losses) - 1 - losses.index(min(losses)) >= patience

    def checkpoint(self, run: str) -> Checkpoint:
        """Everything of it, for the run of this fingerprint."""
        parts = {
            "weights": self.learner.state_dict(),
            "average": self.average.tensors if self.average else {},
            "best": self.best,
            "optimizer": optimizer_tensors(self.optimizer) if self.optimizer else {},
        }
        facts = {
            "run": run,
            "best_number": self.best_number,
            "average_steps": self.average.steps if self.average else 0,
            "history": [epoch.to_dict() for epoch in self.history],
        }
        tensors = {f"{part}/{name}": tensor for part, named in parts.items() for name, tensor in named.items()}
        return Checkpoint(tensors, facts)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint of the same phase, which has begun."""
        self.history[:] = [Epoch(**epoch) for epoch in checkpoint.facts["history"]]
        self.learner.load_state_dict(checkpoint.part("weights"))
        if self.optimizer:
            restore_optimizer(self.optimizer, checkpoint.part("optimizer"))
        if self.average:
            self.average.restore(checkpoint.part("average"), int(checkpoint.facts["average_steps"]))
        self.best, self.best_number = checkpoint.part("best"), int(checkpoint.facts["best_number"])

    @torch.no_grad()
    def end_phase(self) -> None:
        """Put the kept weights in place."""
        if self.best:
            self.learner.load_state_dict(self.best)
