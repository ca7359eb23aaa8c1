"""What every objective promises."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from lookalike.comparison import Comparison
from lookalike.shapes import Scalar


class Objective(nn.Module, ABC):
    """How wrong the decisions of one pass are."""

    @abstractmethod
    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """Mean loss over the inputs, taken by ``comparison.mean``, which weighs them where they have weights.

        Parameters
        ----------
        comparison : Comparison
            A pass with targets.
        progress : float
            Share of the training done, from 0 to 1.

        Returns
        -------
        Tensor
            A scalar.
        """


def own_and_best_other(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The logit of the target, and the largest of any other class.

    Parameters
    ----------
    logits : Tensor
        Shape ``(n, k)``, k at least 2.
    targets : Tensor
        Shape ``(n,)``.

    Returns
    -------
    tuple of Tensor
        Each of shape ``(n,)``.
    """
    own = logits.gather(1, targets[:, None])[:, 0]
    others = logits.scatter(1, targets[:, None], float("-inf"))
    return own, others.amax(1)
