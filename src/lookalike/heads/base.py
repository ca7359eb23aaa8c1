"""What every head promises, and the table of prototypes by class that most of them need."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from lookalike.errors import ParameterError, describe
from lookalike.shapes import Bias, Contributions, Logits, PrototypeLabels, Scores


class Head(nn.Module, ABC):
    """From scores to logits, with the exact part that every prototype has in every logit.

    The law of the house: ``bias() + contributions(scores).sum(1) == forward(scores)``.

    Attributes
    ----------
    retires : bool
        Of the class: whether it can do without some of its prototypes later on.
    """

    retires: ClassVar[bool] = False

    @abstractmethod
    def forward(self, scores: Scores) -> Logits:
        """Logits of scores.

        Parameters
        ----------
        scores : Tensor
            Shape ``(n, p)``.

        Returns
        -------
        Tensor
            Shape ``(n, k)``.
        """

    @abstractmethod
    def contributions(self, scores: Scores) -> Contributions:
        """What each prototype adds to each logit.

        Parameters
        ----------
        scores : Tensor
            Shape ``(n, p)``.

        Returns
        -------
        Tensor
            Shape ``(n, p, k)``.
        """

    @abstractmethod
    def bias(self) -> Bias:
        """What each logit starts from, shape ``(k,)``."""

    def retire(self, prototypes: Tensor) -> None:
        """From now on, leave the scores of some prototypes out.

        Parameters
        ----------
        prototypes : Tensor
            Integers, shape ``(m,)``.

        Raises
        ------
        ParameterError
            If this head has no way to.
        """
        raise ParameterError(
            describe(
                "a head that can do without some prototypes, to merge them",
                type(self).__name__,
                "head='log_sum_exp', or a phase without merge",
            )
        )


def slots_of_classes(labels: PrototypeLabels, n_classes: int) -> Tensor:
    """Indices of the prototypes of every class, padded with -1.

    Parameters
    ----------
    labels : Tensor
        Shape ``(p,)``.
    n_classes : int

    Returns
    -------
    Tensor
        Shape ``(k, m)``, m the largest number of prototypes in a class.

    Examples
    --------
    >>> import torch
    >>> slots_of_classes(torch.tensor([0, 1, 1]), 2).tolist()
    [[0, -1], [1, 2]]
    """
    rows = [(labels == label).nonzero()[:, 0] for label in range(n_classes)]
    return nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=-1)


def by_class(scores: Scores, slots: Tensor) -> Tensor:
    """Scores of every class's prototypes side by side, minus infinity where a class has fewer.

    Parameters
    ----------
    scores : Tensor
        Shape ``(n, p)``.
    slots : Tensor
        Shape ``(k, m)``, from `slots_of_classes`.

    Returns
    -------
    Tensor
        Shape ``(n, k, m)``.
    """
    gathered = scores[:, slots.clamp_min(0)]
    return gathered.masked_fill(slots < 0, float("-inf"))


def one_hot(labels: PrototypeLabels, n_classes: int, like: Tensor) -> Tensor:
    """Which class every prototype has, shape ``(p, k)``, in the type and on the device of another tensor."""
    return nn.functional.one_hot(labels, n_classes).to(like)
