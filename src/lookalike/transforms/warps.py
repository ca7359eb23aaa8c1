"""Families that bend the frame: rotation and scale, affine maps, and low-order elastic fields."""

import math
from collections.abc import Mapping, Sequence
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional

from lookalike.errors import require_option
from lookalike.precision import at_least_single, uncast
from lookalike.transforms.base import Transform
from lookalike.transforms.grid import every_combination, ratios, require_odd, symmetric


class RotationScaleTransform(Transform):
    """A prototype meets an input turned and enlarged as makes them most alike.

    Parameters
    ----------
    degrees : float
        Largest angle either way, from 0 to 180.
    angles : int
        How many angles, odd, 0 degrees among them.
    scale : float
        Largest enlargement, from 1 to 10; its inverse is the smallest.
    scales : int
        How many, odd, 1 among them.

    Raises
    ------
    ParameterError
        If an option is out of range.

    Notes
    -----
    Reported are ``degrees``, counted to the right (clockwise as one sees the picture), and ``scale``. Each member, of
    which there are 15 by default, costs one pass of every prototype through the backbone.

    Examples
    --------
    >>> import torch
    >>> transform = RotationScaleTransform(degrees=90.0, angles=3, scales=1)
    >>> picture = torch.zeros(1, 1, 3, 3)
    >>> picture[..., 0, 1] = 1
    >>> transform.views(picture)[2, 0].round().tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """

    def __init__(self, *, degrees: float = 15.0, angles: int = 5, scale: float = 1.15, scales: int = 3) -> None:
        require_option("degrees", degrees, 0 <= degrees <= 180, "from 0 to 180")
        require_option("scale", scale, 1 <= scale <= 10, "from 1 to 10")
        require_odd(angles=angles, scales=scales)
        super().__init__()
        self.degrees, self.angles, self.scale, self.scales = degrees, angles, scale, scales

    @property
    def members(self) -> Mapping[str, Sequence[float]]:
        """``degrees`` and ``scale``."""
        return every_combination(
            degrees=symmetric(self.degrees, self.angles),
            scale=ratios(self.scale, self.scales),
        )

    def deformed(self, prototypes: Tensor) -> Tensor:
        """Turned and enlarged about the center, shape ``(p, v, c, h, w)``."""
        degrees, scale = map(_numbers, self.members.values())
        with uncast(prototypes):
            return _warped(prototypes, _sent_back(_rotations(degrees) * scale[:, None, None], prototypes))


class AffineTransform(Transform):
    """A prototype meets an input turned, enlarged, stretched and slanted as makes them most alike.

    Parameters
    ----------
    degrees : float
        Largest angle either way, from 0 to 180.
    scale : float
        Largest enlargement, from 1 to 10.
    stretch : float
        Largest ratio of width to height, from 1 to 10, at the same area.
    slant : float
        Largest shift to the right, in pixels, for each pixel upwards, from 0 to 10.
    steps : int
        Values of each of the four, odd, the undeformed among them.

    Raises
    ------
    ParameterError
        If an option is out of range.

    Notes
    -----
    First slanted, then stretched, enlarged and turned; together these are all linear maps of the plane near the
    identity. There are ``steps ** 4`` members, each of which costs one pass of every prototype through the backbone.

    Examples
    --------
    >>> import torch
    >>> AffineTransform().views(torch.rand(2, 1, 8, 8)).shape
    torch.Size([162, 1, 8, 8])
    """

    def __init__(
        self,
        *,
        degrees: float = 10.0,
        scale: float = 1.1,
        stretch: float = 1.1,
        slant: float = 0.1,
        steps: int = 3,
    ) -> None:
        require_option("degrees", degrees, 0 <= degrees <= 180, "from 0 to 180")
        require_option("scale", scale, 1 <= scale <= 10, "from 1 to 10")
        require_option("stretch", stretch, 1 <= stretch <= 10, "from 1 to 10")
        require_option("slant", slant, 0 <= slant <= 10, "from 0 to 10")
        require_odd(steps=steps)
        super().__init__()
        self.degrees, self.scale, self.stretch, self.slant, self.steps = degrees, scale, stretch, slant, steps

    @property
    def members(self) -> Mapping[str, Sequence[float]]:
        """``degrees``, ``scale``, ``stretch`` and ``slant``."""
        return every_combination(
            degrees=symmetric(self.degrees, self.steps),
            scale=ratios(self.scale, self.steps),
            stretch=ratios(self.stretch, self.steps),
            slant=symmetric(self.slant, self.steps),
        )

    def deformed(self, prototypes: Tensor) -> Tensor:
        """Slanted, stretched, enlarged and turned about the center, shape ``(p, v, c, h, w)``."""
        degrees, scale, stretch, slant = map(_numbers, self.members.values())
        one, none, root = torch.ones_like(scale), torch.zeros_like(scale), stretch.sqrt()
        slants, stretches = _matrices(one, -slant, none, one), _matrices(root, none, none, 1 / root)
        with uncast(prototypes):
            maps = (_rotations(degrees) * scale[:, None, None]) @ stretches @ slants
            return _warped(prototypes, _sent_back(maps, prototypes))


class ElasticTransform(Transform):
    r"""A prototype meets an input bent, by one smooth wave at a time, as makes them most alike.

    Parameters
    ----------
    pixels : float
        How far a wave moves what it moves farthest, from 0 to 1000.
    order : int
        Half waves over the side, at most, 1 or above.

    Raises
    ------
    ParameterError
        If an option is out of range.

    Notes
    -----
    A wave moves the pixel at y down and x right, both from 0 to 1, by :math:`\pm p \cos(\pi i y) \cos(\pi j x)`
    pixels, down or to the right, for all i and j up to ``order`` but 0 and 0, which would be a shift. Reported are
    ``down_ij`` and ``right_ij``, in pixels: of all of these at most one is not 0. By default there are 13 members, each
    of which costs one pass of every prototype through the backbone.

    Examples
    --------
    >>> import torch
    >>> transform = ElasticTransform(pixels=1.0, order=1)
    >>> transform.views(torch.rand(2, 1, 8, 8)).shape, list(transform.members)[:2]
    (torch.Size([26, 1, 8, 8]), ['down_01', 'right_01'])
    """

    def __init__(self, *, pixels: float = 1.5, order: int = 1) -> None:
        require_option("pixels", pixels, 0 <= pixels <= 1000, "from 0 to 1000")
        require_option("order", order, 1 <= order <= 9, "from 1 to 9")
        super().__init__()
        self.pixels, self.order = pixels, order

    @property
    def members(self) -> Mapping[str, Sequence[float]]:
        """``down_ij`` and ``right_ij`` of every wave, in pixels."""
        names = [f"{direction}_{i}{j}" for i, j in self._waves() for direction in ("down", "right")]
        found = {name: [0.0] * (2 * len(names) + 1) for name in names}
        for place, name in enumerate(names):
            found[name][2 * place + 1 : 2 * place + 3] = [-float(self.pixels), float(self.pixels)]
        return found

    def deformed(self, prototypes: Tensor) -> Tensor:
        """Bent by one wave each, shape ``(p, v, c, h, w)``."""
        height, width = prototypes.shape[2:]
        down, right = (_numbers(range(side)) / max(side - 1, 1) for side in (height, width))
        found = self.members
        moved = down.new_zeros(2 * len(found) + 1, height, width, 2)
        for i, j in self._waves():
            wave = torch.cos(math.pi * i * down)[:, None] * torch.cos(math.pi * j * right)
            far = torch.stack([_numbers(found[f"right_{i}{j}"]), _numbers(found[f"down_{i}{j}"])], 1)
            moved += wave[None, :, :, None] * far[:, None, None, :]
        with uncast(prototypes):
            return _warped(prototypes, _places(height, width) - moved)

    def _waves(self) -> list[tuple[int, int]]:
        return [(i, j) for i, j in product(range(self.order + 1), repeat=2) if i or j]


def _warped(prototypes: Tensor, sources: Tensor) -> Tensor:
    """Every pixel of a view read where `sources` says, between pixels if need be; edges repeat."""
    n, channels, height, width = prototypes.shape
    # grid_sample counts from -1 to 1, from edge to edge of the outer pixels.
    fine = at_least_single(prototypes)
    places = (sources * 2 / sources.new_tensor([width, height])).to(fine)
    n_views = len(places)
    every = fine[:, None].expand(-1, n_views, -1, -1, -1).reshape(-1, channels, height, width)
    grids = places[None].expand(n, -1, -1, -1, -1).reshape(-1, height, width, 2)
    views = functional.grid_sample(every, grids, padding_mode="border", align_corners=False)
    return views.view(n, n_views, channels, height, width).to(prototypes.dtype)


def _sent_back(maps: Tensor, pictures: Tensor) -> Tensor:
    """Where the pixels of views come from, of which the maps say where they go: shape ``(v, h, w, 2)``."""
    return torch.einsum("vij,hwj->vhwi", torch.linalg.inv(maps), _places(*pictures.shape[2:]))


def _numbers(values: Sequence[float]) -> Tensor:
    """In single precision or better, also where the network computes in half: maps are inverted."""
    return torch.tensor(values, dtype=torch.promote_types(torch.get_default_dtype(), torch.float32))


def _places(height: int, width: int) -> Tensor:
    """Pixels from the center, ``(h, w, 2)``, right before down."""
    rows, columns = _numbers(range(height)), _numbers(range(width))
    down, right = torch.meshgrid(rows - (height - 1) / 2, columns - (width - 1) / 2, indexing="ij")
    return torch.stack([right, down], 2)


def _rotations(degrees: Tensor) -> Tensor:
    """To the right as one sees the picture, whose second axis points down."""
    angles = torch.deg2rad(degrees)
    return _matrices(angles.cos(), -angles.sin(), angles.sin(), angles.cos())


def _matrices(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
    return torch.stack([a, b, c, d], 1).view(-1, 2, 2)
