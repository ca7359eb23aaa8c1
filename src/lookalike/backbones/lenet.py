"""The two convolutional networks of the original system."""

from torch import nn

from lookalike.backbones.base import Backbone, require_picture
from lookalike.shapes import Activations, Inputs, Shape


class LenetBackbone(Backbone):
    """The original system's network for digits: 20 filters 5x5, pool, 50 filters 5x5, pool.

    Parameters
    ----------
    input_shape : tuple of int
        ``(channels, height, width)``.
    last_pool : bool
        Keep the second pooling; without it a prototype of 14x14 pixels still has one position.

    Notes
    -----
    Shape: ``(n, 1, 28, 28)`` to ``(n, 50, 4, 4)``. Any size from 16 pixels up passes.

    Examples
    --------
    >>> import torch
    >>> LenetBackbone((1, 28, 28))(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 50, 4, 4])
    """

    def __init__(self, input_shape: Shape, *, last_pool: bool = True) -> None:
        nn.Module.__init__(self)
        self.input_shape = tuple(input_shape)
        self.out_channels = 50
        channels = require_picture(input_shape, "lenet")[0]
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 20, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(20, 50, 5),
            nn.ReLU(),
            nn.MaxPool2d(2) if last_pool else nn.Identity(),
        )

    def forward(self, inputs: Inputs) -> Activations:
        """Shape ``(n, c, H, W)`` to ``(n, 50, h, w)``."""
        return self.layers(inputs)


class CifarBackbone(Backbone):
    """The original system's network for small colour pictures: 6 filters 5x5, pool, 16 filters 5x5, pool.

    Parameters
    ----------
    input_shape : tuple of int
        ``(channels, height, width)``.

    Notes
    -----
    Shape: ``(n, 3, 32, 32)`` to ``(n, 16, 5, 5)``.

    Examples
    --------
    >>> import torch
    >>> CifarBackbone((3, 32, 32))(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 16, 5, 5])
    """

    def __init__(self, input_shape: Shape) -> None:
        nn.Module.__init__(self)
        self.input_shape = tuple(input_shape)
        self.out_channels = 16
        channels = require_picture(input_shape, "cifar")[0]
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 6, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )

    def forward(self, inputs: Inputs) -> Activations:
        """Shape ``(n, c, H, W)`` to ``(n, 16, h, w)``."""
        return self.layers(inputs)
