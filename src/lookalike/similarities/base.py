"""What every similarity promises, and the two window operations they are made of."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from lookalike.errors import DataError, describe, require_option
from lookalike.shapes import Activations, Maps, PrototypeActivations


class Similarity(nn.Module, ABC):
    """How much alike activations and prototype activations are, everywhere a prototype fits; larger is more alike."""

    @abstractmethod
    def forward(self, activations: Activations, prototypes: PrototypeActivations) -> Maps:
        """Similarity maps.

        Parameters
        ----------
        activations : Tensor
            Shape ``(n, d, h, w)``.
        prototypes : Tensor
            Shape ``(p, d, ph, pw)`` with ``ph <= h`` and ``pw <= w``.

        Returns
        -------
        Tensor
            Shape ``(n, p, h - ph + 1, w - pw + 1)``.
        """


def correlate(activations: Activations, prototypes: PrototypeActivations) -> Maps:
    """Inner product of every prototype with every window of its size.

    Parameters
    ----------
    activations : Tensor
        Shape ``(n, d, h, w)``.
    prototypes : Tensor
        Shape ``(p, d, ph, pw)``.

    Returns
    -------
    Tensor
        Shape ``(n, p, h - ph + 1, w - pw + 1)``.

    Raises
    ------
    DataError
        If a prototype is larger than the activations.

    Examples
    --------
    >>> import torch
    >>> correlate(torch.ones(2, 3, 4, 4), torch.ones(5, 3, 2, 2)).shape
    torch.Size([2, 5, 3, 3])
    """
    _require_fit(activations, (prototypes.shape[2], prototypes.shape[3]))
    if prototypes.shape[2:] == activations.shape[2:]:
        return (activations.flatten(1) @ prototypes.flatten(1).T)[:, :, None, None]
    return functional.conv2d(activations, prototypes)


def window_sums(activations: Activations, window: tuple[int, int]) -> Tensor:
    """Sum over channels and over every window of a size.

    Parameters
    ----------
    activations : Tensor
        Shape ``(n, d, h, w)``.
    window : tuple of int
        ``(ph, pw)``.

    Returns
    -------
    Tensor
        Shape ``(n, 1, h - ph + 1, w - pw + 1)``.

    Raises
    ------
    DataError
        If a window is larger than the activations.

    Examples
    --------
    >>> import torch
    >>> window_sums(torch.ones(1, 3, 4, 4), (2, 2)).unique().tolist()
    [12.0]
    """
    _require_fit(activations, window)
    sums = activations.sum(1, keepdim=True)
    if tuple(window) == (1, 1):
        return sums
    if tuple(window) == tuple(sums.shape[2:]):
        return sums.sum((2, 3), keepdim=True)
    return functional.conv2d(sums, sums.new_ones(1, 1, *window))


def window_rows(activations: Activations, window: tuple[int, int]) -> Tensor:
    """Every window of a size as a row of numbers.

    Parameters
    ----------
    activations : Tensor
        Shape ``(n, d, h, w)``.
    window : tuple of int
        ``(ph, pw)``.

    Returns
    -------
    Tensor
        Shape ``(n, positions, d * ph * pw)``, positions row by row.

    Examples
    --------
    >>> import torch
    >>> window_rows(torch.ones(2, 3, 4, 4), (2, 2)).shape
    torch.Size([2, 9, 12])
    """
    _require_fit(activations, window)
    if tuple(window) == tuple(activations.shape[2:]):
        return activations.flatten(1)[:, None]
    return functional.unfold(activations, window).transpose(1, 2)


def _require_fit(activations: Activations, window: tuple[int, int]) -> None:
    """Refuse a prototype that is larger than the activations it should be found in."""
    height, width = activations.shape[2:]
    if window[0] > height or window[1] > width:
        raise DataError(
            describe(
                f"prototypes that fit into activations of {height}x{width} positions",
                f"prototypes of {window[0]}x{window[1]}",
                "a smaller prototypes__size",
            )
        )


def scale_of(similarity: Similarity) -> float:
    """The factor by which a similarity, or its kernel, multiplies last; 1 where it has no `LearnableScale` ``scale``.

    Parameters
    ----------
    similarity : Similarity

    Examples
    --------
    >>> from lookalike.similarities import CosineSimilarity, DotSimilarity
    >>> round(scale_of(CosineSimilarity(scale=5)), 4), scale_of(DotSimilarity())
    (5.0, 1.0)
    """
    named = dict(similarity.named_modules())
    scale = named.get("scale", named.get("kernel.scale"))
    return float(scale().detach()) if isinstance(scale, LearnableScale) else 1.0


class LearnableScale(nn.Module):
    """A positive factor, learned through its logarithm or fixed.

    Parameters
    ----------
    scale : float
        First value, above 0.
    learn : bool

    Examples
    --------
    >>> round(LearnableScale(10.0, learn=False)().item(), 4)
    10.0
    """

    def __init__(self, scale: float, learn: bool) -> None:
        super().__init__()
        require_option("scale", scale, scale > 0, "above 0")
        logarithm = torch.tensor(float(scale)).log()
        if learn:
            self.logarithm = nn.Parameter(logarithm)
        else:
            self.register_buffer("logarithm", logarithm)

    def forward(self) -> Tensor:
        """The factor, a scalar tensor."""
        return self.logarithm.exp()
