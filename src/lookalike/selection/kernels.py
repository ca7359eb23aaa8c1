"""Kernels between many points, a block at a time: never a matrix of all pairs."""

import torch
from torch import Generator, Tensor

from lookalike.errors import DataError, describe, require_option

KERNELS = ("gaussian", "linear", "precomputed")
BLOCK = 1024
TILE = 512
_ROWS = 2048
_PAIRS = 2000
_ROUNDING = 1e-4


def median_distance(points: Tensor, generator: Generator) -> float:
    """The median distance of 2,000 random pairs of different points; 1 where all points are the same.

    Parameters
    ----------
    points : Tensor
        Shape ``(n, d)``.
    generator : torch.Generator

    References
    ----------
    [gretton2012mmd]

    Examples
    --------
    >>> median_distance(torch.tensor([[0.0], [2.0]]), torch.Generator().manual_seed(0))
    2.0
    """
    first, second = torch.randint(len(points), (2, _PAIRS), generator=generator)
    distances = (points[first] - points[second]).norm(dim=1)
    distances = distances[distances > 0]
    return float(distances.median()) if len(distances) else 1.0


class Affinity:
    """The values of one kernel between the points of one class.

    Parameters
    ----------
    points : Tensor
        Shape ``(n, d)``; the kernel's values ``(n, n)`` if they are precomputed.
    kernel : str
        ``"gaussian"``: ``exp(-|x - y|^2 / (2 h^2))``; ``"linear"``: the inner product; ``"precomputed"``.
    bandwidth : float or None
        The h; ``None``: the median distance of random pairs.
    generator : torch.Generator

    Examples
    --------
    >>> points = torch.tensor([[0.0], [1.0], [3.0]])
    >>> kernel = Affinity(points, "gaussian", 1.0, torch.Generator())
    >>> [round(value, 3) for value in kernel.columns(torch.tensor([0]))[:, 0].tolist()]
    [1.0, 0.607, 0.011]
    >>> [round(value, 3) for value in kernel.means().tolist()]
    [0.539, 0.581, 0.382]
    """

    def __init__(self, points: Tensor, kernel: str, bandwidth: float | None, generator: Generator) -> None:
        self.kernel = kernel
        self._left = self._right = points
        if kernel == "gaussian":
            # Around the middle of their own class: what is left of a difference of large squares would be rounding.
            points = points - points.mean(0)
            width = median_distance(points, generator) if bandwidth is None else bandwidth
            scaled = points / width
            if not bool(torch.isfinite(scaled.square().sum(1)).all()):
                raise DataError(describe("a bandwidth of the order of distances", f"{width:.3g}", "a larger one"))
            # One product is then the exponent: x y - |x|^2 / 2 - |y|^2 / 2.
            sizes, ones = scaled.square().sum(1, keepdim=True) / -2, torch.ones(len(points), 1)
            self._left = torch.cat([scaled, sizes, ones], 1)
            self._right = torch.cat([scaled, ones, sizes], 1)

    @classmethod
    def within(
        cls, points: Tensor, own: Tensor, kernel: str, bandwidth: float | None, generator: Generator
    ) -> "Affinity":
        """The kernel between some of the points, by their indices ``(m,)``; for a precomputed one, between them."""
        rows = points[own][:, own] if kernel == "precomputed" else points[own]
        return cls(rows, kernel, bandwidth, generator)

    def __len__(self) -> int:
        return len(self._left)

    def columns(self, indices: Tensor) -> Tensor:
        """The kernel between all points and some, shape ``(n, m)``."""
        if self.kernel == "precomputed":
            return self._left[:, indices]
        return self._finished(self._left @ self._right[indices].T)

    def gains(self, indices: Tensor, reached: Tensor) -> Tensor:
        """How far some points exceed what every point has reached, in sum over all points, shape ``(m,)``."""
        total = torch.zeros(len(indices))
        right = None if self.kernel == "precomputed" else self._right[indices].T.contiguous()
        for start in range(0, len(self), _ROWS):
            rows = slice(start, start + _ROWS)
            values = self._left[rows][:, indices] if right is None else self._finished(self._left[rows] @ right)
            total += values.sub_(reached[rows, None]).clamp_min_(0).sum(0)
        return total

    def diagonal(self) -> Tensor:
        """The kernel of every point with itself, shape ``(n,)``."""
        if self.kernel == "precomputed":
            return self._left.diagonal()
        return torch.ones(len(self)) if self.kernel == "gaussian" else self._left.square().sum(1)

    def means(self) -> Tensor:
        """The mean over all points of the kernel with each, shape ``(n,)``; every pair is computed once."""
        if self.kernel == "precomputed":
            return self._left.mean(0)
        sums = torch.zeros(len(self), dtype=torch.float64)
        right, room = self._right.T.contiguous(), torch.empty(TILE, TILE)
        for start in range(0, len(self), TILE):
            left = self._left[start : start + TILE]
            for begin in range(start, len(self), TILE):
                columns = right[:, begin : begin + TILE]
                tile = torch.mm(left, columns, out=room[: len(left), : columns.shape[1]])
                tile = self._finished(tile)
                sums[begin : begin + TILE] += tile.sum(0)
                if begin != start:
                    sums[start : start + TILE] += tile.sum(1)
        return (sums / len(self)).float()

    def _finished(self, products: Tensor) -> Tensor:
        return products.clamp_max_(0).exp_() if self.kernel == "gaussian" else products


def squared_distances(rows: Tensor, points: Tensor) -> Tensor:
    """Squared Euclidean distances, never below 0, shape ``(n, m)``; to be asked for in blocks.

    Parameters
    ----------
    rows, points : Tensor
        Shapes ``(n, d)`` and ``(m, d)``, around a common middle.

    Examples
    --------
    >>> squared_distances(torch.tensor([[0.0], [1.0]]), torch.tensor([[3.0]])).tolist()
    [[9.0], [4.0]]
    """
    sizes = points.square().sum(1)
    products = torch.addmm(sizes[None].expand(len(rows), -1), rows, points.T, alpha=-2)
    return products.add_(rows.square().sum(1, keepdim=True)).clamp_min_(0)


def require_affinity(affinity: str, bandwidth: float | None) -> None:
    """Refuse an affinity that there is not, and a bandwidth that is none.

    Raises
    ------
    ParameterError
    """
    require_option("affinity", affinity, affinity in KERNELS, " or ".join(KERNELS))
    require_option("bandwidth", bandwidth, bandwidth is None or bandwidth > 0, "above 0, or None")


def require_positive(values: Tensor) -> None:
    """Refuse a matrix that is no kernel's: not square, not symmetric, or with a negative eigenvalue beyond rounding.

    Parameters
    ----------
    values : Tensor
        Shape ``(n, n)``; all its eigenvalues are computed.

    Raises
    ------
    DataError

    Examples
    --------
    >>> require_positive(torch.tensor([[1.0, 2.0], [3.0, 1.0]]))
    Traceback (most recent call last):
    lookalike.errors.DataError: expected a symmetric kernel, got one that differs by 1 from its transpose
    """
    advice = "the points themselves"
    n = len(values)
    if values.shape != (n, n):
        raise DataError(describe("a precomputed kernel (n, n)", f"shape {tuple(values.shape)}", advice))
    size = float(values.abs().max())
    apart = float((values - values.T).abs().max())
    if apart > _ROUNDING * size:
        raise DataError(describe("a symmetric kernel", f"one that differs by {apart:.3g} from its transpose"))
    spectrum = torch.linalg.eigvalsh(values.double())
    least = float(spectrum[0])
    if least < -_ROUNDING * float(spectrum[-1].clamp_min(0)):
        raise DataError(describe("a positive kernel", f"one with the eigenvalue {least:.3g}", advice))
