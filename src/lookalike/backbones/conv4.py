"""The network of the few-shot literature: four blocks of one convolution each."""

from torch import nn

from lookalike.backbones.base import Backbone, require_picture
from lookalike.errors import DataError, describe, require_option
from lookalike.shapes import Activations, Inputs, Shape

_BLOCKS = 4


class Conv4Backbone(Backbone):
    """Four blocks of a 3x3 convolution, 2x2 maximum, batch normalisation and rectifier: Conv-4.

    Parameters
    ----------
    input_shape : tuple of int
        ``(channels, height, width)``, at least 16 pixels along each side.
    width : int
        Filters of every block, at least 1; 64 as published.

    Notes
    -----
    Shape: ``(n, c, 28, 28)`` to ``(n, 64, 1, 1)``; every block halves height and width, rounded down. The published
    network normalises and rectifies before it takes the maximum. The maximum comes first here, as in `ConvnetBackbone`:
    a quarter of the memory traffic, and in evaluation mode the same family of functions but for negative gains; in
    training, the statistics are those of the maxima.

    Raises
    ------
    DataError
        If inputs are no pictures, or too small to be halved four times.

    References
    ----------
    [vinyals2016matching]

    [snell2017prototypical]

    Examples
    --------
    >>> import torch
    >>> Conv4Backbone((1, 28, 28))(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 64, 1, 1])
    """

    def __init__(self, input_shape: Shape, *, width: int = 64) -> None:
        nn.Module.__init__(self)
        require_option("width", width, width >= 1, "at least 1")
        channels, height, side = require_picture(input_shape, "conv4")
        if min(height, side) < 2**_BLOCKS:
            raise DataError(
                describe(
                    f"pictures of at least {2**_BLOCKS} pixels along each side for the conv4 backbone",
                    f"{height}x{side}",
                    "larger pictures, or backbone='lenet'",
                )
            )
        self.input_shape = tuple(input_shape)
        self.out_channels = width
        layers: list[nn.Module] = []
        for before in (channels, *(width,) * (_BLOCKS - 1)):
            layers += [
                nn.Conv2d(before, width, 3, padding=1, bias=False),
                nn.MaxPool2d(2),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            ]
        self.layers = nn.Sequential(*layers)

    def forward(self, inputs: Inputs) -> Activations:
        """Shape ``(n, c, H, W)`` to ``(n, width, H // 16, W // 16)``."""
        return self.layers(inputs)
