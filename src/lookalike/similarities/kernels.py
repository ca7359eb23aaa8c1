"""From distances to similarities."""

from abc import ABC, abstractmethod

from torch import nn

from lookalike.shapes import Distances
from lookalike.similarities.base import LearnableScale


class Kernel(nn.Module, ABC):
    """A falling function of a distance."""

    @abstractmethod
    def forward(self, distances: Distances) -> Distances:
        """Similarities of distances.

        Parameters
        ----------
        distances : Tensor
            Any shape, values of at least 0.

        Returns
        -------
        Tensor
            The same shape; falls as the distance grows.
        """


class NegativeKernel(Kernel):
    r"""The negative distance times a scale, :math:`-s d`.

    Parameters
    ----------
    scale : float
        First value of the scale, above 0.
    learn_scale : bool

    Examples
    --------
    >>> import torch
    >>> NegativeKernel(scale=2, learn_scale=False)(torch.tensor([0.0, 3.0])).tolist()
    [-0.0, -6.0]
    """

    def __init__(self, *, scale: float = 10.0, learn_scale: bool = True) -> None:
        nn.Module.__init__(self)
        self.scale = LearnableScale(scale, learn_scale)

    def forward(self, distances: Distances) -> Distances:
        """At most 0."""
        return -self.scale() * distances


class GaussianKernel(Kernel):
    r"""A bell around each prototype, :math:`s \exp(-d / 2 w^2)` of an un-rooted distance.

    Parameters
    ----------
    width : float
        First value of w, learned, above 0.
    scale : float
        First value of s, the similarity at distance 0, above 0.
    learn_scale : bool
        Learn s; the width is always learned.

    Examples
    --------
    >>> import torch
    >>> round(GaussianKernel(scale=1)(torch.tensor(2.0)).item(), 4)
    0.3679
    """

    def __init__(self, *, width: float = 1.0, scale: float = 10.0, learn_scale: bool = True) -> None:
        nn.Module.__init__(self)
        self.width = LearnableScale(width, learn=True)
        self.scale = LearnableScale(scale, learn_scale)

    def forward(self, distances: Distances) -> Distances:
        """Above 0, at most the scale."""
        return self.scale() * (-distances / (2 * self.width().square())).exp()


class LogRatioKernel(Kernel):
    r"""ProtoPNet's kernel, :math:`\log((d + 1) / (d + \epsilon))`.

    Parameters
    ----------
    epsilon : float
        Above 0 and below 1; a distance of 0 has similarity :math:`\log(1 / \epsilon)`.

    References
    ----------
    [chen2019protopnet]

    Examples
    --------
    >>> import torch
    >>> round(LogRatioKernel()(torch.tensor(0.0)).item(), 2)
    9.21
    """

    def __init__(self, *, epsilon: float = 1e-4) -> None:
        nn.Module.__init__(self)
        self.epsilon = epsilon

    def forward(self, distances: Distances) -> Distances:
        """Above 0, at most ``log(1 / epsilon)``."""
        return ((distances + 1) / (distances + self.epsilon)).log()
