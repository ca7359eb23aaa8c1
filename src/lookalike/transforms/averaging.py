"""Pictures of one kind that lie a little apart, averaged where they meet."""

import torch
from torch import Tensor

from lookalike.errors import DataError, describe
from lookalike.transforms.shift import align, view_at

_ROUNDS = 20


def aligned_means(pictures: Tensor, starts: Tensor, pixels: int) -> Tensor:
    """Means of pictures, each moved by a few pixels to where it meets the mean it belongs to.

    Parameters
    ----------
    pictures : Tensor
        Floats, shape ``(n, c, h, w)``, at least one.
    starts : Tensor
        What means begin as, shape ``(p, c, h, w)``.
    pixels : int
        Largest shift in either direction.

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
    before = torch.full((len(pictures),), -1)
    for _ in range(_ROUNDS):
        found = align(pictures, means, pixels)
        own = found.correlation.argmax(1)
        down, right = (each.gather(1, own[:, None])[:, 0] for each in (found.down, found.right))
        places = ((own * side) + down + pixels) * side + right + pixels
        if bool((places == before).all()):
            break
        before = places
        back = (torch.arange(len(pictures)) * side + pixels - down) * side + pixels - right
        met = view_at(pictures, back, pixels)
        for place in own.unique().tolist():
            means[place] = met[own == place].mean(0)
    return means
