"""Pictures of one kind that lie a little apart, averaged where they meet."""

import torch
from torch import Tensor

from lookalike.errors import DataError, describe
from lookalike.transforms.shift import align, view_at


def aligned_means(
    pictures: Tensor, starts: Tensor, pixels: int, owners: Tensor | None = None, rounds: int = 20
) -> Tensor:
    """Means of pictures, each moved by a few pixels to where it meets the mean it belongs to.

    Parameters
    ----------
    pictures : Tensor
        Floats, shape ``(n, c, h, w)``, at least one.
    starts : Tensor
        What means begin as, shape ``(p, c, h, w)``.
    pixels : int
        Largest shift in either direction.
    owners : Tensor, optional
        The mean every picture belongs to, shape ``(n,)``, where that is known.
    rounds : int, default: 20
        How often every mean is taken anew, at most.

    Returns
    -------
    Tensor
        Shape ``(p, c, h, w)``; a start that no picture belongs to stays as it is.

    Raises
    ------
    DataError
        If there is no picture.

    Notes
    -----
    In turn every picture goes to the mean with which it correlates most in any shift, and every mean becomes that of
    its pictures, shifted back, until none changes place: aligned matching with hard assignment, in closed form, of few
    pictures. k-means where no shift is allowed, but for correlation in the place of distance.

    Examples
    --------
    >>> import torch
    >>> picture = torch.zeros(1, 1, 7, 7)
    >>> picture[..., 3, 3] = 1
    >>> moved = torch.cat([picture, picture.roll(1, dims=2), picture.roll(-1, dims=3)])
    >>> bool(torch.equal(aligned_means(moved, picture, pixels=1), picture))
    True
    """
    if not len(pictures):
        raise DataError(describe("at least one picture", "none"))
    means, side = starts.clone(), 2 * pixels + 1
    rows = torch.arange(len(pictures), device=pictures.device)
    before = torch.full_like(rows, -1)
    for _ in range(rounds):
        found = align(pictures, means, pixels)
        own = found.correlation.argmax(1) if owners is None else owners
        down, right = (each[rows, own] for each in (found.down, found.right))
        places = ((own * side) + down + pixels) * side + right + pixels
        if bool((places == before).all()):
            break
        before = places
        # The mean was shifted to meet the picture; the picture goes the way back.
        back = (rows * side + pixels - down) * side + pixels - right
        means = _means(view_at(pictures, back, pixels), own, means)
    return means


def _means(pictures: Tensor, own: Tensor, before: Tensor) -> Tensor:
    counts = torch.bincount(own, minlength=len(before)).to(before.dtype).view(-1, 1, 1, 1)
    sums = torch.zeros_like(before).index_add(0, own, pictures)
    return torch.where(counts > 0, sums / counts.clamp_min(1), before)
