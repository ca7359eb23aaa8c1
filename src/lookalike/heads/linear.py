"""A linear layer over scores."""

import torch
from torch import nn

from lookalike.heads.base import Head, one_hot
from lookalike.shapes import Bias, Contributions, Logits, PrototypeLabels, Scores


class LinearHead(Head):
    """ProtoPNet's last layer: every prototype may speak for, or against, every class.

    Parameters
    ----------
    prototype_labels : Tensor
        The class of every prototype, shape ``(p,)``.
    n_classes : int
    own_weight, other_weight : float
        First weights of a prototype for its own class and for every other class.

    Notes
    -----
    As in the paper there is no bias; the contribution of a prototype is weight times score.

    References
    ----------
    [chen2019protopnet]

    Examples
    --------
    >>> import torch
    >>> LinearHead(torch.tensor([0, 1]), 2)(torch.tensor([[1.0, 3.0]])).tolist()
    [[-0.5, 2.5]]
    """

    def __init__(
        self,
        prototype_labels: PrototypeLabels,
        n_classes: int,
        *,
        own_weight: float = 1.0,
        other_weight: float = -0.5,
    ) -> None:
        nn.Module.__init__(self)
        own = one_hot(prototype_labels, n_classes, like=torch.zeros(())).T
        self.weights = nn.Parameter(own_weight * own + other_weight * (1 - own))

    def forward(self, scores: Scores) -> Logits:
        """Shape ``(n, p)`` to ``(n, k)``."""
        return scores @ self.weights.T

    def contributions(self, scores: Scores) -> Contributions:
        """Weight times score, shape ``(n, p, k)``."""
        return scores[:, :, None] * self.weights.T[None]

    def bias(self) -> Bias:
        """Zero for every class, shape ``(k,)``."""
        return self.weights.new_zeros(len(self.weights))
