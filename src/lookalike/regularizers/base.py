"""What every regularizer promises."""

from abc import ABC, abstractmethod

from torch import nn

from lookalike.comparison import Comparison
from lookalike.shapes import Scalar


class Regularizer(nn.Module, ABC):
    """What else is wanted of prototypes or activations, as a penalty; its weight lives where it is composed."""

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
