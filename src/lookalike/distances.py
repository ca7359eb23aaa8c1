"""Squared distances between many points: by one matrix product where that is exact, else by differences."""

import torch
from torch import Tensor

# Below this share of the squared lengths, what is left of their difference has lost too many digits.
_CANCELLED = 1e-8
_NUMBERS = 2**24


def finest(values: Tensor) -> Tensor:
    """The same numbers in double precision, or single where the device has no other.

    Parameters
    ----------
    values : Tensor
        Of any shape.

    Examples
    --------
    >>> finest(torch.ones(2)).dtype
    torch.float64
    """
    return values.to(torch.float32 if values.device.type == "mps" else torch.float64)


def squared_distances(rows: Tensor, points: Tensor) -> Tensor:
    r"""Squared Euclidean distances in double precision, never below 0, shape ``(n, m)``; to be asked for in blocks.

    Parameters
    ----------
    rows, points : Tensor
        Shapes ``(n, d)`` and ``(m, d)``, in any precision, anywhere.

    Notes
    -----
    Computed as :math:`|x|^2 - 2 x \cdot y + |y|^2`. Where this cancels, of near points far from the origin, the
    difference is taken before it is squared.

    Examples
    --------
    >>> squared_distances(torch.tensor([[0.0], [1.0]]), torch.tensor([[3.0]])).tolist()
    [[9.0], [4.0]]
    >>> far = torch.tensor([[1e12], [1e12 + 0.25]], dtype=torch.float64)
    >>> squared_distances(far, far).tolist()
    [[0.0, 0.0625], [0.0625, 0.0]]
    """
    rows, points = finest(rows), finest(points)
    lengths, sizes = rows.square().sum(1, keepdim=True), points.square().sum(1)
    found = torch.addmm(sizes[None], rows, points.T, alpha=-2) + lengths
    near = (found <= _CANCELLED * torch.maximum(lengths, sizes)).nonzero()
    if not len(near):
        return found
    exact = [
        (rows[pairs[:, 0]] - points[pairs[:, 1]]).square().sum(1)
        for pairs in near.split(max(1, _NUMBERS // rows.shape[1]))
    ]
    return found.index_put((near[:, 0], near[:, 1]), torch.cat(exact)).clamp_min(0)
