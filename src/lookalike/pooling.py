"""From similarity maps to one score per input and prototype."""

from abc import ABC, abstractmethod

import torch
from torch import nn

from lookalike.errors import require_option
from lookalike.shapes import Maps, Positions, Scores


class Pooling(nn.Module, ABC):
    """How the similarities at all positions become one score."""

    @abstractmethod
    def forward(self, maps: Maps) -> Scores:
        """Scores of similarity maps.

        Parameters
        ----------
        maps : Tensor
            Shape ``(n, p, h, w)``.

        Returns
        -------
        Tensor
            Shape ``(n, p)``.
        """

    @abstractmethod
    def where(self, maps: Maps) -> Positions:
        """Row and column of the position that counts most, shape ``(n, p, 2)``."""


def largest_position(maps: Maps) -> Positions:
    """Row and column of the largest value of every map, the first of them where several are equal.

    Parameters
    ----------
    maps : Tensor
        Shape ``(n, p, h, w)``.

    Returns
    -------
    Tensor
        Shape ``(n, p, 2)``.

    Examples
    --------
    >>> import torch
    >>> largest_position(torch.tensor([[[[0.0, 1.0, 0.0], [0.0, 0.0, 2.0]]]])).tolist()
    [[[1, 2]]]
    """
    flat = maps.flatten(2).argmax(2)
    return torch.stack([flat // maps.shape[3], flat % maps.shape[3]], dim=2)


class MaxPooling(Pooling):
    """The largest similarity anywhere, as in ProtoPNet and the original system.

    References
    ----------
    [chen2019protopnet]

    Examples
    --------
    >>> import torch
    >>> MaxPooling()(torch.arange(4.0).view(1, 1, 2, 2)).tolist()
    [[3.0]]
    """

    def forward(self, maps: Maps) -> Scores:
        """Shape ``(n, p, h, w)`` to ``(n, p)``."""
        return maps.amax((2, 3))

    def where(self, maps: Maps) -> Positions:
        """Where the largest similarity is, shape ``(n, p, 2)``."""
        return largest_position(maps)


class MeanPooling(Pooling):
    """The mean similarity over positions.

    Examples
    --------
    >>> import torch
    >>> MeanPooling()(torch.arange(4.0).view(1, 1, 2, 2)).tolist()
    [[1.5]]
    """

    def forward(self, maps: Maps) -> Scores:
        """Shape ``(n, p, h, w)`` to ``(n, p)``."""
        return maps.mean((2, 3))

    def where(self, maps: Maps) -> Positions:
        """Where the largest similarity is: no position counts more than another in a mean but by its size."""
        return largest_position(maps)


class LogSumExpPooling(Pooling):
    r"""A smooth maximum, :math:`t \log \frac{1}{hw} \sum \exp(m / t)`.

    Parameters
    ----------
    temperature : float
        t, above 0: towards 0 the maximum, towards infinity the mean.

    Examples
    --------
    >>> import torch
    >>> pooling = LogSumExpPooling(temperature=0.01)
    >>> [round(value, 2) for value in pooling(torch.arange(4.0).view(1, 1, 2, 2))[0].tolist()]
    [2.99]
    """

    def __init__(self, *, temperature: float = 1.0) -> None:
        nn.Module.__init__(self)
        require_option("temperature", temperature, temperature > 0, "above 0")
        self.temperature = temperature

    def forward(self, maps: Maps) -> Scores:
        """Shape ``(n, p, h, w)`` to ``(n, p)``."""
        n_positions = torch.tensor(float(maps.shape[2] * maps.shape[3]))
        scaled = torch.logsumexp(maps.flatten(2) / self.temperature, 2) - n_positions.log()
        return self.temperature * scaled

    def where(self, maps: Maps) -> Positions:
        """Where the largest similarity is, which has the largest share in the sum, shape ``(n, p, 2)``."""
        return largest_position(maps)
