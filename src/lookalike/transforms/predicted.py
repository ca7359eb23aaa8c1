"""Alignment that a small net predicts, in place of trying every one."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from lookalike.errors import require_option
from lookalike.transforms.shift import sums_over_shifts

PARAMETERS = ("degrees", "scale", "right", "down")
_BENT = ("right_01", "down_01", "right_10", "down_10", "right_11", "down_11")
_FACTORS = ("scale", "stretch")
_SIDE = 12
_TRIED = 2
_LEAST = 1e-6


class AlignmentPredictor(nn.Module):
    """How a prototype should be turned, enlarged, moved and bent to meet an input, predicted from both.

    Parameters
    ----------
    degrees : float
        Largest angle either way, from 0 to 180.
    scale : float
        Largest enlargement, from 1 to 10; its inverse is the smallest.
    pixels : float
        Largest shift in either direction, from 0 to 1000.
    width : int
        Hidden units, 1 or above.
    stretch : float
        Largest ratio of width to height at the same area, from 1 to 10; its inverse is the smallest.
    slant : float
        Largest shift to the right, in pixels, for each pixel upwards, from 0 to 10.
    bend : float
        How far each of six smooth waves moves what it moves farthest, in pixels, from 0 to 1000.

    Attributes
    ----------
    names : tuple of str
        What is predicted: `PARAMETERS`, ``stretch`` and ``slant`` where either may be, and with `bend` the waves that
        `ElasticTransform` has, ``right_ij`` and ``down_ij``.

    Raises
    ------
    ParameterError
        For an option out of its range.

    Notes
    -----
    Both pictures are averaged to 12 by 12 and over channels, and made standard. The net, one hidden layer, sees them
    and their products at coarse shifts; it begins with no deformation. In one pass it predicts what a grid would have
    to try: finer than any grid, and affine and elastic maps, whose grids grow as powers, at the same price; but only as
    good as it has learned. Gains and offsets need no net: where pictures are compared by correlation, or fitted by
    least squares, the best ones are exact.

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

    def __init__(
        self,
        *,
        degrees: float = 15.0,
        scale: float = 1.15,
        pixels: float = 2.0,
        width: int = 64,
        stretch: float = 1.0,
        slant: float = 0.0,
        bend: float = 0.0,
    ) -> None:
        super().__init__()
        require_option("degrees", degrees, 0 <= degrees <= 180, "from 0 to 180")
        require_option("scale", scale, 1 <= scale <= 10, "from 1 to 10")
        require_option("pixels", pixels, 0 <= pixels <= 1000, "from 0 to 1000")
        require_option("width", width, width >= 1, "1 or above")
        require_option("stretch", stretch, 1 <= stretch <= 10, "from 1 to 10")
        require_option("slant", slant, 0 <= slant <= 10, "from 0 to 10")
        require_option("bend", bend, 0 <= bend <= 1000, "from 0 to 1000")
        reach = dict(zip(PARAMETERS, (degrees, math.log(scale), pixels, pixels), strict=True))
        if stretch > 1 or slant > 0:
            reach |= {"stretch": math.log(stretch), "slant": slant}
        if bend > 0:
            reach |= dict.fromkeys(_BENT, bend)
        self.names = tuple(reach)
        self.register_buffer("reach", torch.tensor(list(reach.values())))
        self.hidden = nn.Linear(2 * _SIDE**2 + (2 * _TRIED + 1) ** 2, width)
        self.predicted = nn.Linear(width, len(self.names))
        nn.init.zeros_(self.predicted.weight)
        nn.init.zeros_(self.predicted.bias)

    def forward(self, inputs: Tensor, prototypes: Tensor) -> Tensor:
        """Degrees to the right, scale, pixels right and down, and whatever else `names` says, for every pair.

        Parameters
        ----------
        inputs : Tensor
            Shape ``(n, c, h, w)``.
        prototypes : Tensor
            Shape ``(p, c, h, w)``.

        Returns
        -------
        Tensor
            Shape ``(n, p, k)``, k being the number of `names`.
        """
        small, others = _small(inputs), _small(prototypes)
        alike = sums_over_shifts(small, others, _TRIED) / _SIDE**2
        n, p, _ = alike.shape
        seen = [small.flatten(1)[:, None].expand(n, p, -1), others.flatten(1)[None].expand(n, p, -1), alike]
        found = self.reach * torch.tanh(self.predicted(torch.relu(self.hidden(torch.cat(seen, 2)))))
        return torch.stack(
            [one.exp() if name in _FACTORS else one for name, one in zip(self.names, found.unbind(2), strict=True)], 2
        )


def warped(prototypes: Tensor, parameters: Tensor, names: Sequence[str] = PARAMETERS) -> Tensor:
    """Every prototype as it meets every input, differentiable in prototypes and parameters.

    Parameters
    ----------
    prototypes : Tensor
        Shape ``(p, c, h, w)``.
    parameters : Tensor
        Of the prototype's way to the input, shape ``(n, p, k)``.
    names : sequence of str
        What the k parameters are: `PARAMETERS`, degrees to the right, scale, pixels right and down, at least; further
        ones of `AlignmentPredictor.names`.

    Returns
    -------
    Tensor
        Shape ``(n, p, c, h, w)``: bent, slanted, stretched, enlarged and turned about the center, then moved; linear
        between pixels, edges repeat.
    """
    n, p, _ = parameters.shape
    channels, height, width = prototypes.shape[1:]
    values = dict(zip(names, parameters.flatten(0, 1).unbind(1), strict=True))
    # Where a view's pixel comes from, in units of half the sides, as affine_grid counts.
    across, along = 2 * values["right"] / width, 2 * values["down"] / height
    rows = _inverse(values, height / width)
    first, second = (torch.stack([a, b, -(a * across + b * along)], 1) for a, b in rows)
    grids = functional.affine_grid(torch.stack([first, second], 1), [n * p, channels, height, width], False)
    if _BENT[0] in values:
        grids = grids - _bent(grids, values)
    every = prototypes[None].expand(n, -1, -1, -1, -1).flatten(0, 1)
    views = functional.grid_sample(every, grids.to(every), padding_mode="border", align_corners=False)
    return views.view(n, p, channels, height, width)


def _inverse(values: Mapping[str, Tensor], tall: float) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """The rows of the linear map from a view back to the prototype, in units of half the sides."""
    angle = torch.deg2rad(values["degrees"])
    cosine, sine = angle.cos() / values["scale"], angle.sin() / values["scale"]
    first, second = (cosine, sine), (-sine, cosine)
    if "slant" in values:
        root, slant = values["stretch"].sqrt(), values["slant"]
        first, second = (first[0] / root, first[1] / root), (second[0] * root, second[1] * root)
        first = (first[0] + slant * second[0], first[1] + slant * second[1])
    return (first[0], first[1] * tall), (second[0] / tall, second[1])


def _bent(grids: Tensor, values: Mapping[str, Tensor]) -> Tensor:
    """How far waves have moved what is at `grids`, in the same units: shape ``(n * p, h, w, 2)``."""
    _, height, width, _ = grids.shape
    # From 0 to 1 between the outer pixels' centers.
    right = ((grids[..., 0] + 1) * width - 1) / 2 / max(width - 1, 1)
    down = ((grids[..., 1] + 1) * height - 1) / 2 / max(height - 1, 1)
    level, upright = torch.cos(math.pi * right), torch.cos(math.pi * down)
    moved = []
    for direction, side in (("right", width), ("down", height)):
        far = {ij: values[f"{direction}_{ij}"][:, None, None] * 2 / side for ij in ("01", "10", "11")}
        moved.append(far["01"] * level + far["10"] * upright + far["11"] * upright * level)
    return torch.stack(moved, 3)


def _small(pictures: Tensor) -> Tensor:
    """Averaged to a fixed size and over channels, mean 0 and deviation 1, shape ``(n, 1, 12, 12)``; no gradient."""
    small = functional.adaptive_avg_pool2d(pictures.detach().mean(1, keepdim=True), _SIDE)
    small = small - small.mean((2, 3), keepdim=True)
    return small / small.square().mean((2, 3), keepdim=True).sqrt().clamp_min(_LEAST)
