"""A small modern convolutional network, strong on 28x28 and 32x32 pictures."""

from collections.abc import Sequence

from torch import Tensor, nn

from lookalike.backbones.base import Backbone, require_picture, require_widths
from lookalike.shapes import Activations, Inputs, Shape


class ConvnetBackbone(Backbone):
    """Stages of a 3x3 convolution with 2x2 maximum and one residual block, all with batch normalisation.

    Parameters
    ----------
    input_shape : tuple of int
        ``(channels, height, width)``, at least ``2 ** stages`` pixels along each side.
    widths : sequence of int
        Channels of each stage; every stage halves height and width, rounded down.
    pool : bool
        Average over positions at the end, so that a picture has one activation vector. Without it (the default) a
        prototype of the input's size is compared position by position.

    Notes
    -----
    Shape: ``(n, c, 28, 28)`` to ``(n, 128, 3, 3)``, or ``(n, 128, 1, 1)`` with ``pool``. The maximum is taken before
    the normalisation: the same function but for negative gains, at a quarter of the memory traffic, which is what
    binds a small network.

    References
    ----------
    [he2016resnet]

    Examples
    --------
    >>> import torch
    >>> ConvnetBackbone((1, 28, 28))(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 128, 3, 3])
    """

    def __init__(
        self,
        input_shape: Shape,
        *,
        widths: Sequence[int] = (32, 64, 128),
        pool: bool = False,
    ) -> None:
        nn.Module.__init__(self)
        require_widths(widths)
        self.input_shape = tuple(input_shape)
        self.out_channels = widths[-1]
        channels = require_picture(input_shape, "convnet")[0]
        layers: list[nn.Module] = []
        for before, width in zip((channels, *widths), widths, strict=False):
            layers += [
                nn.Conv2d(before, width, 3, padding=1, bias=False),
                nn.MaxPool2d(2),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
                _Residual(width),
            ]
        self.layers = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1) if pool else nn.Identity()

    def forward(self, inputs: Inputs) -> Activations:
        """Shape ``(n, c, H, W)`` to ``(n, d, h, w)``."""
        return self.pool(self.layers(inputs))


class _Residual(nn.Module):
    """Two convolutions whose rectified result is added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs + self.change(inputs)
