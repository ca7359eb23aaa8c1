"""A picture as what a prototype explains of it, and what is left."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lookalike.transforms.shift import align, view_at


@dataclass(frozen=True)
class Decomposition:
    """Pictures as what a prototype of their class explains of them, and what is left.

    Attributes
    ----------
    explained : Tensor
        The best aligned prototype of the class with fitted gain and offset, shape ``(n, c, h, w)``.
    residuals : Tensor
        The same shape; both add up to the pictures.
    prototypes : Tensor
        Which prototype, shape ``(n,)``.
    """

    explained: Tensor
    residuals: Tensor
    prototypes: Tensor


def decompose(inputs: Tensor, labels: Tensor, pictures: Tensor, prototype_labels: Tensor, pixels: int) -> Decomposition:
    """Split every picture into the prototype of its class that fits best, moved by a few pixels, and the rest.

    Parameters
    ----------
    inputs : Tensor
        Floats, shape ``(n, c, h, w)``.
    labels : Tensor
        Shape ``(n,)``; every class has a prototype.
    pictures : Tensor
        Prototypes in the same units, shape ``(p, c, h, w)``.
    prototype_labels : Tensor
        Shape ``(p,)``.
    pixels : int
        Largest shift in either direction.

    Examples
    --------
    >>> import torch
    >>> picture = torch.arange(9.0).view(1, 1, 3, 3)
    >>> found = decompose(2 * picture + 1, torch.tensor([0]), picture, torch.tensor([0]), 0)
    >>> bool(found.residuals.abs().max() < 1e-5)
    True
    """
    best, explained = torch.zeros_like(labels), torch.zeros_like(inputs)
    for label in labels.unique():
        rows, own = (labels == label).nonzero()[:, 0], (prototype_labels == label).nonzero()[:, 0]
        found = align(inputs[rows], pictures[own], pixels)
        which = found.correlation.argmax(1, keepdim=True)
        down, right, gain, offset = (
            each.gather(1, which)[:, 0] for each in (found.down, found.right, found.gain, found.offset)
        )
        side = 2 * pixels + 1
        places = (which[:, 0] * side + down + pixels) * side + right + pixels
        explained[rows] = _wide(gain) * view_at(pictures[own], places, pixels) + _wide(offset)
        best[rows] = own[which[:, 0]]
    return Decomposition(explained, inputs - explained, best)


def _wide(values: Tensor) -> Tensor:
    return values[:, None, None, None]
