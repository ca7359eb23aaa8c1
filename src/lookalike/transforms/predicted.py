"""Alignment that a small net predicts, in place of trying every one."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from lookalike.errors import require_option
from lookalike.transforms.shift import sums_over_shifts

PARAMETERS = ("degrees", "scale", "right", "down")
_SIDE = 12
_TRIED = 2
_LEAST = 1e-6


class AlignmentPredictor(nn.Module):
    """How a prototype should be turned, enlarged and moved to meet an input, predicted from both.

    Parameters
    ----------
    degrees : float
        Largest angle either way, from 0 to 180.
    scale : float
        Largest enlargement, 1 or above; its inverse is the smallest.
    pixels : float
        Largest shift in either direction, 0 or above.
    width : int
        Hidden units, 1 or above.

    Raises
    ------
    ParameterError
        For an option out of its range.

    Notes
    -----
    Both pictures are averaged to 12 by 12 and over channels, and made standard. The net, one hidden layer, sees them
    and their products at coarse shifts; it begins with no deformation. In one pass it predicts what a grid would have
    to try: finer than any grid, but only as good as it has learned.

    References
    ----------
    [jaderberg2015spatial]

    Examples
    --------
    >>> predictor = AlignmentPredictor()
    >>> pictures = torch.rand(3, 1, 8, 8)
    >>> found = predictor(pictures, pictures[:2])
    >>> found.shape, warped(pictures[:2], found).shape
    (torch.Size([3, 2, 4]), torch.Size([3, 2, 1, 8, 8]))
    """

    reach: Tensor

    def __init__(self, *, degrees: float = 15.0, scale: float = 1.15, pixels: float = 2.0, width: int = 64) -> None:
        super().__init__()
        require_option("degrees", degrees, 0 <= degrees <= 180, "from 0 to 180")
        require_option("scale", scale, scale >= 1, "1 or above")
        require_option("pixels", pixels, pixels >= 0, "0 or above")
        require_option("width", width, width >= 1, "1 or above")
        self.register_buffer("reach", torch.tensor([degrees, math.log(scale), pixels, pixels]))
        self.hidden = nn.Linear(2 * _SIDE**2 + (2 * _TRIED + 1) ** 2, width)
        self.predicted = nn.Linear(width, len(PARAMETERS))
        nn.init.zeros_(self.predicted.weight)
        nn.init.zeros_(self.predicted.bias)

    def forward(self, inputs: Tensor, prototypes: Tensor) -> Tensor:
        """Degrees to the right, scale, pixels right and down for every pair.

        Parameters
        ----------
        inputs : Tensor
            Shape ``(n, c, h, w)``.
        prototypes : Tensor
            Shape ``(p, c, h, w)``.

        Returns
        -------
        Tensor
            Shape ``(n, p, 4)``.
        """
        small, others = _small(inputs), _small(prototypes)
        alike = sums_over_shifts(small, others, _TRIED) / _SIDE**2
        n, p, _ = alike.shape
        seen = [small.flatten(1)[:, None].expand(n, p, -1), others.flatten(1)[None].expand(n, p, -1), alike]
        found = self.reach * torch.tanh(self.predicted(torch.relu(self.hidden(torch.cat(seen, 2)))))
        return torch.stack([found[..., 0], found[..., 1].exp(), found[..., 2], found[..., 3]], 2)


def warped(prototypes: Tensor, parameters: Tensor) -> Tensor:
    """Every prototype as it meets every input, differentiable in prototypes and parameters.

    Parameters
    ----------
    prototypes : Tensor
        Shape ``(p, c, h, w)``.
    parameters : Tensor
        Degrees to the right, scale, pixels right and down, shape ``(n, p, 4)``.

    Returns
    -------
    Tensor
        Shape ``(n, p, c, h, w)``: turned and enlarged about the center, then moved; linear between pixels, edges
        repeat.
    """
    n, p, _ = parameters.shape
    channels, height, width = prototypes.shape[1:]
    degrees, scale, right, down = parameters.flatten(0, 1).unbind(1)
    angle = torch.deg2rad(degrees)
    cosine, sine = angle.cos() / scale, angle.sin() / scale
    # Where a view's pixel comes from, in units of half the sides, as affine_grid counts.
    across, along = 2 * right / width, 2 * down / height
    tall = height / width
    first = torch.stack([cosine, sine * tall, -(cosine * across + sine * tall * along)], 1)
    second = torch.stack([-sine / tall, cosine, sine / tall * across - cosine * along], 1)
    grids = functional.affine_grid(torch.stack([first, second], 1), [n * p, channels, height, width], False)
    every = prototypes[None].expand(n, -1, -1, -1, -1).flatten(0, 1)
    views = functional.grid_sample(every, grids.to(every), padding_mode="border", align_corners=False)
    return views.view(n, p, channels, height, width)


def _small(pictures: Tensor) -> Tensor:
    """Averaged to a fixed size and over channels, mean 0 and deviation 1, shape ``(n, 1, 12, 12)``; no gradient."""
    small = functional.adaptive_avg_pool2d(pictures.detach().mean(1, keepdim=True), _SIDE)
    small = small - small.mean((2, 3), keepdim=True)
    return small / small.square().mean((2, 3), keepdim=True).sqrt().clamp_min(_LEAST)
