"""Fully connected layers, for rows of a table and for flattened pictures."""

import math
from collections.abc import Sequence

from torch import nn

from lookalike.backbones.base import Backbone, require_widths
from lookalike.shapes import Activations, Inputs, Shape


class MlpBackbone(Backbone):
    """Fully connected layers, each followed by a rectifier.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one input; anything is flattened.
    widths : sequence of int
        Units of each layer, each at least 1. The original system's are ``(128, 128)``.
    normalize : bool
        Batch normalisation before every rectifier, with statistics from real inputs only.
    signed : bool
        Leave out the last rectifier, so that activations, and a cosine between them, can be negative.

    Notes
    -----
    Shape: ``(n, *input_shape)`` to ``(n, widths[-1], 1, 1)``.

    Examples
    --------
    >>> import torch
    >>> MlpBackbone((4,), widths=(8, 3))(torch.zeros(2, 4)).shape
    torch.Size([2, 3, 1, 1])
    """

    def __init__(
        self,
        input_shape: Shape,
        *,
        widths: Sequence[int] = (128, 128),
        normalize: bool = False,
        signed: bool = False,
    ) -> None:
        nn.Module.__init__(self)
        require_widths(widths)
        self.input_shape = tuple(input_shape)
        self.out_channels = widths[-1]
        layers: list[nn.Module] = [nn.Flatten()]
        units = math.prod(input_shape)
        for width in widths:
            layers.append(nn.Linear(units, width, bias=not normalize))
            layers += [nn.BatchNorm1d(width)] * normalize
            layers.append(nn.ReLU())
            units = width
        self.layers = nn.Sequential(*(layers[:-1] if signed else layers))

    def forward(self, inputs: Inputs) -> Activations:
        """Shape ``(n, *input_shape)`` to ``(n, d, 1, 1)``."""
        return self.layers(inputs)[:, :, None, None]
