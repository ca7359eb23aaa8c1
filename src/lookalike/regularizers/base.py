"""What every regularizer promises."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lookalike.comparison import Comparison
from lookalike.shapes import Scalar


class Regularizer(nn.Module, ABC):
    """What else is wanted of prototypes or activations, as a penalty; its weight lives where it is composed.

    Attributes
    ----------
    taps : sequence of float
        Depths of the backbone, from 0 to 1, whose activations it reads from the comparison.
    """

    taps: Sequence[float] = ()

    @abstractmethod
    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """The penalty of one pass.

        Parameters
        ----------
        comparison : Comparison
            A pass with targets.
        progress : float
            Share of the training done, from 0 to 1.

        Returns
        -------
        Tensor
            A scalar; smaller is better.
        """


def for_prototypes_alone(penalty: Tensor, prototypes: Tensor) -> Tensor:
    """The same value, whose gradient reaches the prototypes and nothing else.

    Activations depend on prototypes and on the network. What is wanted of prototypes alone a network would otherwise
    grant by seeing no differences.

    Parameters
    ----------
    penalty : Tensor
        A scalar.
    prototypes : Tensor
        Those of the comparison it was computed from.

    Examples
    --------
    >>> weight, prototypes = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    >>> for_prototypes_alone((weight * prototypes).sum(), prototypes).backward()
    >>> weight.grad, prototypes.grad
    (None, tensor([1.]))
    """
    if not (penalty.requires_grad and prototypes.requires_grad):
        return penalty.detach()
    (gradient,) = torch.autograd.grad(penalty, prototypes, retain_graph=True, allow_unused=True)
    if gradient is None:
        return penalty.detach()
    return penalty.detach() + ((prototypes - prototypes.detach()) * gradient).sum()


class NoRegularizer(Regularizer):
    """Nothing else is wanted.

    Examples
    --------
    >>> NoRegularizer()
    NoRegularizer()
    """

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """Zero."""
        return comparison.logits.new_zeros(())
