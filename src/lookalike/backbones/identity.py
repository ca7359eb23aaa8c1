"""No network at all: raw inputs are compared."""

import math

from torch import nn

from lookalike.backbones.base import Backbone
from lookalike.shapes import Activations, Inputs, Shape


class IdentityBackbone(Backbone):
    """Compare the inputs themselves, as learning vector quantisation does.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one input.

    Notes
    -----
    Shape: ``(n, c, h, w)`` stays as it is, ``(n, features)`` becomes ``(n, features, 1, 1)``. A picture prototype of
    the input's size is therefore compared as a whole, a smaller one slides over the picture.

    Examples
    --------
    >>> import torch
    >>> IdentityBackbone((4,))(torch.zeros(2, 4)).shape
    torch.Size([2, 4, 1, 1])
    """

    def __init__(self, input_shape: Shape) -> None:
        nn.Module.__init__(self)
        self.input_shape = tuple(input_shape)
        self.out_channels = input_shape[0] if len(input_shape) == 3 else math.prod(input_shape)

    def forward(self, inputs: Inputs) -> Activations:
        """Shape ``(n, *input_shape)`` to ``(n, d, h, w)``."""
        return inputs if inputs.ndim == 4 else inputs.flatten(1)[:, :, None, None]
