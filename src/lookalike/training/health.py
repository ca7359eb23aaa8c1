"""When training should stop because nothing good can come of it."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lookalike.errors import TrainingError, describe
from lookalike.training.history import Epoch

_LOST = 0.3
_FEW = 200


def require_finite(loss: float, epoch: int, learning_rate: float, name: str = "loss") -> None:
    """Refuse to go on with a loss that is not a number.

    Parameters
    ----------
    loss : float
    epoch : int
    learning_rate : float
        The rate at which it happened, for the message.
    name : str
        Which loss.

    Raises
    ------
    TrainingError
    """
    if not math.isfinite(loss):
        raise TrainingError(
            describe(
                f"a finite {name}",
                f"{loss} in epoch {epoch} at learning rate {learning_rate:.2g}",
                "a smaller training__learning_rate, training__gradient_clip=1, or precision='32-true'",
            )
        )


def not_finite(tensors: Mapping[str, Tensor]) -> str:
    """The first of some named tensors that holds NaN or infinity; empty where there is none.

    Parameters
    ----------
    tensors : mapping of str to Tensor

    Examples
    --------
    >>> not_finite({"weight": torch.ones(2), "bias": torch.tensor([float("nan")])})
    'bias'
    """
    return next((name for name, values in tensors.items() if not bool(torch.isfinite(values).all())), "")


def require_finite_weights(tensors: Mapping[str, Tensor]) -> None:
    """Refuse what was learned if any of it is not a number.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        Weights and statistics by name.

    Raises
    ------
    TrainingError
    """
    broken = not_finite(tensors)
    if broken:
        raise TrainingError(
            describe(
                "finite weights and statistics after training",
                f"NaN or infinity in {broken}",
                "a smaller training__learning_rate, training__batch_size=2 or more, or inputs of a smaller range",
            )
        )


def require_no_collapse(history: Sequence[Epoch], n_examples: int) -> None:
    """Refuse to go on when the training accuracy has lost .3 of its best for two epochs of one phase.

    Parameters
    ----------
    history : sequence of Epoch
        All epochs so far.
    n_examples : int
        Training examples; below 200 an accuracy swings too much to judge by.

    Notes
    -----
    The way the original system's dot product went at a learning rate of .01: activations die, accuracy falls from .93
    to about .4 and does not come back.

    Raises
    ------
    TrainingError
    """
    same_phase = [epoch for epoch in history if epoch.phase == history[-1].phase]
    if n_examples < _FEW or len(same_phase) < 3:
        return
    best = max(epoch.accuracy for epoch in same_phase[:-2])
    if all(epoch.accuracy < best - _LOST for epoch in same_phase[-2:]):
        raise TrainingError(
            describe(
                f"a training accuracy that stays near its best, {best:.3f}",
                f"{same_phase[-1].accuracy:.3f} in epoch {same_phase[-1].number}: the network collapsed",
                "a smaller training__learning_rate, similarity='cosine', or training__stop_on_collapse=False "
                "to watch it",
            )
        )
