"""How to train, as data: the budget, the optimizer, the schedule, the machine."""

import os
from dataclasses import dataclass, replace
from typing import Any, get_type_hints

from lookalike.errors import ParameterError, describe, suggest
from lookalike.registry import require_type

OPTIMIZERS = ("adamw", "adam", "sgd")
SCHEDULES = ("one_cycle", "cosine", "constant")
CHOICES = ("best", "last")

_PICTURE_EPOCHS = 12
_TABLE_STEPS = 600
_LARGEST_BATCH = 128
_SMALLEST_BATCH = 16
# Each is a process of its own.
_MOST_DEVICES = 16


@dataclass(frozen=True)
class TrainingSettings:
    """Everything about training that is not a component; each field is an option ``training__NAME``.

    Attributes
    ----------
    epochs : int or "auto"
        Passes over the training examples, shared out among the phases; 0 trains nothing. ``"auto"``: 12 for pictures,
        as many as make 600 steps for tables.
    batch_size : int or "auto"
        Inputs in a step; ``"auto"``: a twentieth of the examples, from 16 to 128.
    optimizer : str
        ``"adamw"``, ``"adam"`` or ``"sgd"`` (Nesterov momentum .9).
    learning_rate : float
        Peak rate of everything but the prototypes.
    prototype_learning_rate : float or None
        Peak rate of the prototypes; ``None``: the same.
    weight_decay : float
        Of weight matrices and filters; never of prototypes, scales, biases or normalisation.
    schedule : str
        ``"one_cycle"`` (up for ``warmup``, then down a half cosine), ``"cosine"`` (down only) or ``"constant"``.
    warmup : float
        Share of a phase in which ``one_cycle`` rises, from 0 to 1.
    averaging : float
        Decay per step of a moving average of all weights, which is what is kept in the end; 0 keeps the weights.
    patience : int or None
        Stop a phase after so many epochs without a better validation loss; ``None`` never does.
    keep : str
        ``"best"`` epoch on the validation part, or the ``"last"``.
    gradient_clip : float or None
        Largest norm of the gradient of a step.
    stop_on_collapse : bool
        Refuse to go on when what was learned is lost; see `lookalike.training.health`.
    accelerator, strategy, precision : str
        As Lightning Fabric takes them.
    devices : int
        How many, at least 1.
    tensorboard : bool
        Also log to TensorBoard, into ``tensorboard`` in the run's folder; from Python, ``fit(..., folder=...)``.

    Examples
    --------
    >>> TrainingSettings(epochs=3).resolve(n_examples=1000, is_picture=True).batch_size
    50
    """

    epochs: int | str = "auto"
    batch_size: int | str = "auto"
    optimizer: str = "adamw"
    learning_rate: float = 2e-3
    prototype_learning_rate: float | None = None
    weight_decay: float = 1e-2
    schedule: str = "one_cycle"
    warmup: float = 0.2
    averaging: float = 0.0
    patience: int | None = None
    keep: str = "best"
    gradient_clip: float | None = None
    stop_on_collapse: bool = True
    accelerator: str = "auto"
    devices: int = 1
    strategy: str = "auto"
    precision: str = "32-true"
    tensorboard: bool = False

    def resolve(self, n_examples: int, is_picture: bool) -> "TrainingSettings":
        """The same settings with ``"auto"`` replaced by numbers, and every value checked.

        Parameters
        ----------
        n_examples : int
            Number of training examples.
        is_picture : bool

        Raises
        ------
        ParameterError
        """
        self._check()
        batch_size = self.batch_size
        if batch_size == "auto":
            batch_size = max(_SMALLEST_BATCH, min(_LARGEST_BATCH, n_examples // 20))
        epochs = self.epochs
        if epochs == "auto":
            steps_per_epoch = max(1, n_examples // int(batch_size))
            epochs = _PICTURE_EPOCHS if is_picture else max(_PICTURE_EPOCHS, -(-_TABLE_STEPS // steps_per_epoch))
        return replace(self, epochs=epochs, batch_size=batch_size)

    def _check(self) -> None:
        most = max(_MOST_DEVICES, os.cpu_count() or 1)
        rules: list[tuple[str, bool, str]] = [
            ("epochs", self.epochs == "auto" or _is_whole(self.epochs, 0), "a whole number of at least 0, or 'auto'"),
            (
                "batch_size",
                self.batch_size == "auto" or _is_whole(self.batch_size, 1),
                "a whole number of at least 1, or 'auto'",
            ),
            ("devices", _is_whole(self.devices, 1) and self.devices <= most, f"a whole number from 1 to {most}"),
            ("learning_rate", self.learning_rate > 0, "a number above 0"),
            ("prototype_learning_rate", (self.prototype_learning_rate or 0) >= 0, "a number of at least 0, or None"),
            ("weight_decay", self.weight_decay >= 0, "a number of at least 0"),
            ("warmup", 0 <= self.warmup <= 1, "a share from 0 to 1"),
            ("averaging", 0 <= self.averaging < 1, "a decay from 0 to below 1"),
            ("patience", self.patience is None or _is_whole(self.patience, 1), "a whole number of at least 1, or None"),
            ("optimizer", self.optimizer in OPTIMIZERS, f"one of {OPTIMIZERS}"),
            ("schedule", self.schedule in SCHEDULES, f"one of {SCHEDULES}"),
            ("keep", self.keep in CHOICES, f"one of {CHOICES}"),
        ]
        for name, holds, expected in rules:
            if not holds:
                raise ParameterError(describe(f"training__{name} as {expected}", repr(getattr(self, name))))


def _is_whole(value: object, at_least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= at_least


def is_training_option(name: str) -> bool:
    """Whether it is an option of training, without its prefix.

    Examples
    --------
    >>> is_training_option("epochs"), is_training_option("training__epochs")
    (True, False)
    """
    return name in get_type_hints(TrainingSettings)


def settings_from(options: dict[str, Any]) -> TrainingSettings:
    """Settings from options as a user gives them.

    Parameters
    ----------
    options : dict
        Names of fields without their prefix.

    Raises
    ------
    ParameterError
        For an unknown name or a value of the wrong type.
    """
    known = get_type_hints(TrainingSettings)
    for name, value in options.items():
        if name not in known:
            raise ParameterError(describe("an option of training", f"training__{name}", suggest(name, known)))
        require_type(f"training__{name}", value, known[name])
    return TrainingSettings(**options)
