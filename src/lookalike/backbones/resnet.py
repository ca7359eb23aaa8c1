"""A small residual network for 28x28 and 32x32 pictures."""

from collections.abc import Sequence

from torch import Tensor, nn

from lookalike.backbones.base import Backbone, require_picture, require_widths
from lookalike.errors import require_option
from lookalike.shapes import Activations, Inputs, Shape


class ResnetBackbone(Backbone):
    """Residual blocks in stages of halved size and doubled width, after He et al.

    Parameters
    ----------
    input_shape : tuple of int
        ``(channels, height, width)``.
    widths : sequence of int
        Channels of each stage; every stage after the first halves height and width.
    blocks : int
        Residual blocks per stage, from 1 to 100.
    pool : bool
        Average over positions at the end, so that a picture has one activation vector.

    Notes
    -----
    Shape: ``(n, c, H, W)`` to ``(n, widths[-1], H/2^s, W/2^s)`` with s = stages - 1, or ``(n, widths[-1], 1, 1)``.
    The strided shortcut is a 1x1 convolution (option B of the paper).

    References
    ----------
    [he2016resnet]

    Examples
    --------
    >>> import torch
    >>> ResnetBackbone((3, 32, 32), widths=(8, 16), blocks=1)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 16, 16, 16])
    """

    def __init__(
        self,
        input_shape: Shape,
        *,
        widths: Sequence[int] = (32, 64, 128),
        blocks: int = 2,
        pool: bool = False,
    ) -> None:
        nn.Module.__init__(self)
        require_option("blocks", blocks, 1 <= blocks <= 100, "from 1 to 100")
        require_widths(widths)
        self.input_shape = tuple(input_shape)
        self.out_channels = widths[-1]
        channels = require_picture(input_shape, "resnet")[0]
        layers: list[nn.Module] = [
            nn.Conv2d(channels, widths[0], 3, padding=1, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        ]
        previous = widths[0]
        for stage, width in enumerate(widths):
            for block in range(blocks):
                layers.append(_ResidualBlock(previous, width, stride=2 if stage and not block else 1))
                previous = width
        self.layers = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1) if pool else nn.Identity()

    def forward(self, inputs: Inputs) -> Activations:
        """Shape ``(n, c, H, W)`` to ``(n, d, h, w)``."""
        return self.pool(self.layers(inputs))


class _ResidualBlock(nn.Module):
    """Two 3x3 convolutions whose result is added to what came in."""

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(),
            nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(n_out),
        )
        same = stride == 1 and n_in == n_out
        self.shortcut = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))
        )
        self.rectifier = nn.ReLU()

    def forward(self, inputs: Tensor) -> Tensor:
        return self.rectifier(self.shortcut(inputs) + self.change(inputs))
