"""What happened in training, epoch by epoch, and the events that are told while it happens."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Epoch:
    """One epoch's figures.

    Attributes
    ----------
    number : int
        From 1.
    phase : str
    loss, accuracy : float
        Means over the training inputs as they were met.
    validation_loss, validation_accuracy : float or None
        At the end of the epoch, with the averaged weights where there are any; ``None`` without a validation part.
    learning_rate : float
        At the last step.
    seconds : float
    penalties : dict
        Mean of every regularizer, unweighted.
    """

    number: int
    phase: str
    loss: float
    accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    learning_rate: float
    seconds: float
    penalties: dict[str, float] = field(default_factory=dict)

    def score(self) -> tuple[float, float]:
        """What epochs are chosen by: validation accuracy, then validation loss; without a validation part, how late."""
        if self.validation_accuracy is None or self.validation_loss is None:
            return float(self.number), 0.0
        return self.validation_accuracy, -self.validation_loss

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Noted:
    """Something to be said before training begins."""

    note: str


@dataclass(frozen=True)
class Started:
    """Training begins, or goes on after ``first_epoch - 1`` epochs."""

    first_epoch: int
    n_epochs: int
    steps_per_epoch: int


@dataclass(frozen=True)
class Stepped:
    """A step of an epoch is done."""

    epoch: int
    step: int


@dataclass(frozen=True)
class EpochEnded:
    """An epoch is over; ``history`` holds it and all before it."""

    history: tuple[Epoch, ...]


@dataclass(frozen=True)
class Seen:
    """Prototypes that are pictures, after ``epoch`` epochs.

    Attributes
    ----------
    epoch : int
    pictures : ndarray
        8-bit integers, shape ``(p, h, w)`` or ``(p, h, w, c)``.
    labels : tuple of int
        -1 for a prototype that went.
    """

    epoch: int
    pictures: np.ndarray
    labels: tuple[int, ...]


@dataclass(frozen=True)
class Finished:
    """Training is over; ``kept`` is the number of the epoch whose weights are kept, 0 if none was trained."""

    kept: int


@dataclass(frozen=True)
class Stopped:
    """Training ends before its time, by an error or by the user; ``done`` epochs are whole."""

    done: int


Event = Noted | Started | Stepped | EpochEnded | Seen | Finished | Stopped
Callback = Callable[[Event], None]
