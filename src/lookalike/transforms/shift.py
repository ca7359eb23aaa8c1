"""Shifts by whole pixels, all of them tried."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from lookalike.errors import DataError, describe, require_option
from lookalike.transforms.base import Transform

_CHUNK = 2_000_000
# So many numbers of views at a time; a copy of them takes 200 MB.
_NUMBERS = 50_000_000
_FLAT = 1e-6
_LEAST = 1e-30


class ShiftTransform(Transform):
    """A prototype meets an input at the shift that makes them most alike; what leaves the frame is lost, edges repeat.

    Parameters
    ----------
    pixels : int
        Largest shift in either direction, from 0 to 100; every shift of a ``(2 pixels + 1)`` by ``(2 pixels + 1)`` grid
        is tried.

    Raises
    ------
    ParameterError
        If ``pixels`` is negative.

    Examples
    --------
    >>> import torch
    >>> transform = ShiftTransform(pixels=1)
    >>> maps, where = transform.reduce(torch.arange(18.0).view(1, 18, 1, 1))
    >>> maps.flatten().tolist(), where["down"].tolist(), where["right"].tolist()
    ([8.0, 17.0], [[1, 1]], [[1, 1]])
    """

    def __init__(self, *, pixels: int = 2) -> None:
        super().__init__()
        require_option("pixels", pixels, 0 <= pixels <= 100, "from 0 to 100")
        self.pixels = pixels

    @property
    def members(self) -> Mapping[str, Sequence[float]]:
        """Pixels ``down`` and ``right``."""
        down, right = directions(torch.arange((2 * self.pixels + 1) ** 2), self.pixels)
        return {"down": down.tolist(), "right": right.tolist()}

    def deformed(self, prototypes: Tensor) -> Tensor:
        """All shifts of all prototypes, shape ``(p, v, c, h, w)``, upward and leftward shifts first."""
        return shifted(prototypes, self.pixels)


@dataclass(frozen=True)
class Alignment:
    """How each picture of one list best meets each of another: ``gain * shifted + offset``.

    Attributes
    ----------
    correlation : Tensor
        Pearson's, at the best shift, shape ``(n, p)``; 0 where either picture is constant.
    down, right : Tensor
        The shift in pixels, shape ``(n, p)``.
    gain, offset : Tensor
        Least squares, the gain at least 0; shape ``(n, p)``.
    """

    correlation: Tensor
    down: Tensor
    right: Tensor
    gain: Tensor
    offset: Tensor


def align(inputs: Tensor, prototypes: Tensor, pixels: int) -> Alignment:
    """The shift of each prototype, and the gain and offset, with which it comes nearest to each input in squared error.

    Parameters
    ----------
    inputs : Tensor
        Shape ``(n, c, h, w)``; looked at in chunks.
    prototypes : Tensor
        Shape ``(p, c, h, w)``.
    pixels : int
        Largest shift in either direction.

    Raises
    ------
    DataError
        If these are not pictures of one shape.

    Examples
    --------
    >>> import torch
    >>> prototype = torch.zeros(1, 1, 7, 7)
    >>> prototype[..., 3, 3] = 1
    >>> found = align(2 * prototype.roll(1, dims=2) + 3, prototype, pixels=1)
    >>> [round(float(value), 4) for value in (found.correlation, found.down, found.right, found.gain, found.offset)]
    [1.0, 1.0, 0.0, 2.0, 3.0]
    """
    if inputs.shape[1:] != prototypes.shape[1:]:
        raise DataError(describe(f"prototypes of shape {tuple(inputs.shape[1:])}", f"{tuple(prototypes.shape[1:])}"))
    few = pictures_at_a_time(prototypes, pixels)
    if few < len(prototypes):
        parts = [align(inputs, several, pixels) for several in prototypes.split(few)]
        return Alignment(*(torch.cat(each, 1) for each in zip(*(vars(part).values() for part in parts), strict=True)))
    views = shifted(prototypes, pixels).flatten(2)
    n_prototypes, n_views, _ = views.shape
    means = views.mean(2)
    centered = views - means[..., None]
    spreads = _spread(centered, means)
    normed = centered / spreads.clamp_min(_LEAST)[..., None]
    chunk = max(1, _CHUNK // (n_prototypes * n_views))
    found = []
    for batch in inputs.flatten(1).split(chunk):
        levels = batch.mean(1, keepdim=True)
        rest = batch - levels
        sizes = _spread(rest, levels[:, 0])[:, None]
        covariances = (rest @ normed.flatten(0, 1).T).view(len(batch), n_prototypes, n_views)
        # A constant view explains nothing of anything, and nothing explains a constant input.
        told = (spreads > 0) & (sizes > 0)[..., None]
        most, best = torch.where(told, covariances, torch.zeros_like(covariances)).max(2)
        correlation = most / sizes.clamp_min(_LEAST)
        spread = spreads.gather(1, best.T).T
        gain = most.clamp_min(0) / spread.clamp_min(_LEAST)
        offset = levels - gain * means.gather(1, best.T).T
        found.append((correlation.clamp(-1, 1), *directions(best, pixels), gain, offset))
    return Alignment(*(torch.cat(parts) for parts in zip(*found, strict=True)))


def pictures_at_a_time(pictures: Tensor, pixels: int) -> int:
    """How many pictures have no more numbers in all their shifted views than should be held at once; at least 1.

    Parameters
    ----------
    pictures : Tensor
        Shape ``(p, c, h, w)``.
    pixels : int
        Largest shift in either direction.
    """
    return max(1, _NUMBERS // ((2 * pixels + 1) ** 2 * pictures.shape[1:].numel()))


def shifted(pictures: Tensor, pixels: int) -> Tensor:
    """Every shift of every picture, edges repeated: shape ``(p, v, c, h, w)``, upward and leftward shifts first.

    Parameters
    ----------
    pictures : Tensor
        Shape ``(p, c, h, w)``.
    pixels : int
        Largest shift in either direction.

    Raises
    ------
    DataError
        If these are not pictures.
    """
    if pictures.ndim != 4:
        raise DataError(
            describe("pictures (p, c, h, w) to shift", f"shape {tuple(pictures.shape)}", "transforms='identity'")
        )
    return torch.stack(list(shifts_in_turn(pictures, pixels)), dim=1)


def shifts_in_turn(pictures: Tensor, pixels: int) -> Iterator[Tensor]:
    """One shift of every picture after the other, as `shifted` orders them, shape ``(p, c, h, w)`` each; no copies.

    Parameters
    ----------
    pictures : Tensor
        Shape ``(p, c, h, w)``.
    pixels : int
        Largest shift in either direction.
    """
    height, width = pictures.shape[2:]
    padded = functional.pad(pictures, (pixels,) * 4, mode="replicate") if pixels else pictures
    steps = range(2 * pixels, -1, -1)
    yield from (padded[:, :, top : top + height, left : left + width] for top in steps for left in steps)


def sums_over_shifts(rows: Tensor, pictures: Tensor, pixels: int) -> Tensor:
    """What every row gives with every shift of every picture, summed over pixels: one convolution, no view is made.

    Parameters
    ----------
    rows : Tensor
        Shape ``(n, c, h, w)``.
    pictures : Tensor
        Shape ``(p, c, h, w)``.
    pixels : int
        Largest shift in either direction.

    Returns
    -------
    Tensor
        Shape ``(n, p, v)``, shifts as `shifted` orders them.

    Examples
    --------
    >>> import torch
    >>> row, picture = torch.rand(2, 1, 1, 4, 4)
    >>> found = sums_over_shifts(row, picture, 1)
    >>> bool(torch.allclose(found[0, 0], (row * shifted(picture, 1)[0]).sum((1, 2, 3)), atol=1e-6))
    True
    """
    padded = functional.pad(pictures, (pixels,) * 4, mode="replicate") if pixels else pictures
    return functional.conv2d(padded, rows).flatten(2).flip(2).transpose(0, 1)


def view_at(pictures: Tensor, places: Tensor, pixels: int) -> Tensor:
    """One shifted picture for every place, an index into pictures and shifts counted through, as `shifted` orders them.

    Parameters
    ----------
    pictures : Tensor
        Shape ``(p, c, h, w)``.
    places : Tensor
        Integers, shape ``(n,)``, from 0 to below ``p v``.
    pixels : int
        Largest shift in either direction.

    Returns
    -------
    Tensor
        Shape ``(n, c, h, w)``.

    Examples
    --------
    >>> import torch
    >>> pictures = torch.rand(2, 1, 4, 4)
    >>> bool(torch.equal(view_at(pictures, torch.tensor([13]), 1)[0], shifted(pictures, 1)[1, 4]))
    True
    """
    height, width = pictures.shape[2:]
    side = 2 * pixels + 1
    padded = functional.pad(pictures, (pixels,) * 4, mode="replicate") if pixels else pictures
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)
    which, shift = torch.div(places, side**2, rounding_mode="floor"), places % side**2
    top, left = side - 1 - torch.div(shift, side, rounding_mode="floor"), side - 1 - shift % side
    return windows[which, :, top, left]


def _spread(centered: Tensor, means: Tensor) -> Tensor:
    """Length of each centered picture; 0 for one that is constant but for rounding."""
    rounding = _FLAT * means.abs() * centered.shape[-1] ** 0.5
    length = centered.norm(dim=-1)
    return torch.where(length > rounding, length, torch.zeros_like(length))


def directions(best: Tensor, pixels: int) -> tuple[Tensor, Tensor]:
    """Pixels down and right, from an index into the shifts as `shifted` orders them.

    Examples
    --------
    >>> import torch
    >>> [each.tolist() for each in directions(torch.tensor([0, 4, 5]), 1)]
    [[-1, 0, 0], [-1, 0, 1]]
    """
    side = 2 * pixels + 1
    return torch.div(best, side, rounding_mode="floor") - pixels, best % side - pixels
