"""Kernels between many points, a block at a time: never a matrix of all pairs."""

import torch
from torch import Generator, Tensor

from lookalike.distances import squared_distances
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
        self._points = points.double()
        if kernel == "gaussian":
            # Around the middle of their own class, where distances are most precise.
            centered = self._points - self._points.mean(0)
            width = median_distance(centered, generator) if bandwidth is None else bandwidth
            self._points = centered / width
            if not bool(torch.isfinite(self._points.square().sum(1)).all()):
                raise DataError(describe("a bandwidth of the order of distances", f"{width:.3g}", "a larger one"))

    @classmethod
    def within(
        cls, points: Tensor, own: Tensor, kernel: str, bandwidth: float | None, generator: Generator
    ) -> "Affinity":
        """The kernel between some of the points, by their indices ``(m,)``; for a precomputed one, between them."""
        rows = points[own][:, own] if kernel == "precomputed" else points[own]
        return cls(rows, kernel, bandwidth, generator)

    def __len__(self) -> int:
        return len(self._points)

    def columns(self, indices: Tensor) -> Tensor:
        """The kernel between all points and some, shape ``(n, m)``."""
        return self._between(slice(None), indices)

    def gains(self, indices: Tensor, reached: Tensor) -> Tensor:
        """How far some points exceed what every point has reached, in sum over all points, shape ``(m,)``."""
        total = self._points.new_zeros(len(indices))
        for start in range(0, len(self), _ROWS):
            rows = slice(start, start + _ROWS)
            total += self._between(rows, indices).sub_(reached[rows, None]).clamp_min_(0).sum(0)
        return total

    def diagonal(self) -> Tensor:
        """The kernel of every point with itself, shape ``(n,)``."""
        if self.kernel == "precomputed":
            return self._points.diagonal()
        return self._points.new_ones(len(self)) if self.kernel == "gaussian" else self._points.square().sum(1)

    def means(self) -> Tensor:
        """The mean over all points of the kernel with each, shape ``(n,)``; every pair is computed once."""
        if self.kernel == "precomputed":
            return self._points.mean(0)
        sums = self._points.new_zeros(len(self))
        for start in range(0, len(self), TILE):
            rows = slice(start, start + TILE)
            for begin in range(start, len(self), TILE):
                columns = slice(begin, begin + TILE)
                tile = self._between(rows, columns)
                sums[columns] += tile.sum(0)
                if begin != start:
                    sums[rows] += tile.sum(1)
        return sums / len(self)

    def _between(self, rows: Tensor | slice, columns: Tensor | slice) -> Tensor:
        """The kernel between some points and some others; of its own, to be written on."""
        if self.kernel == "precomputed":
            return self._points[rows][:, columns].clone()
        if self.kernel == "linear":
            return self._points[rows] @ self._points[columns].T
        return squared_distances(self._points[rows], self._points[columns]).div_(-2).exp_()


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
