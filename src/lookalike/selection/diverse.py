"""Points that are unlike each other: determinantal point processes, and points drawn at random."""

from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor

from lookalike.errors import require_option
from lookalike.selection.base import Picked, Selection, drawn_by_weight, picked
from lookalike.selection.kernels import Affinity, require_affinity

_LEAST = 1e-10


class RandomSelection(Selection):
    """Points of the class at random, none twice: the yardstick.

    Examples
    --------
    >>> found = RandomSelection()(torch.arange(6.0)[:, None], [0, 0, 0, 1, 1, 1], 2)
    >>> found.labels.tolist()
    [0, 0, 1, 1]
    """

    takes_weights = True

    def __init__(self) -> None:
        pass

    def chosen(
        self,
        points: Tensor,
        members: Sequence[Tensor],
        counts: Sequence[int],
        generator: Generator,
        weights: Tensor | None = None,
    ) -> list[Picked]:
        """Class by class."""
        return [
            picked(own[drawn_by_weight(len(own), count, None if weights is None else weights[own], generator)])
            for own, count in zip(members, counts, strict=True)
        ]


class DppSelection(Selection):
    """A set of points whose kernel matrix has a large determinant: each unlike all others.

    Parameters
    ----------
    affinity : str
        ``"gaussian"``, ``"linear"`` or ``"precomputed"``.
    bandwidth : float or None
        Of the Gaussian, above 0; ``None``: the median distance of random pairs of the class.
    sampled : bool
        Draw a set of the wanted size with probability proportional to the determinant, exactly. Else take, greedily,
        the point that raises the determinant most: the most probable set, up to the greedy's error.
    max_points : int
        Sampling decomposes a matrix of so many points of the class, drawn at random where there are more; at least 1.

    Raises
    ------
    ParameterError
        For an option out of its range.

    Notes
    -----
    Greedily, a point's gain is the logarithm of its variance given those that were chosen, kept up to date by one
    column of an incomplete Cholesky factor a step. Sampling draws m eigenvectors by the elementary symmetric
    polynomials of the eigenvalues, then points one by one, each by how much of it the vectors still span.

    References
    ----------
    [chen2018fast]

    [kulesza2011kdpps]

    Examples
    --------
    >>> points = torch.tensor([[0.0], [0.1], [5.0], [9.0]])
    >>> sorted(DppSelection(bandwidth=1.0)(points, None, 3).indices.tolist())
    [0, 2, 3]
    """

    def __init__(
        self,
        *,
        affinity: str = "gaussian",
        bandwidth: float | None = None,
        sampled: bool = False,
        max_points: int = 2000,
    ) -> None:
        require_affinity(affinity, bandwidth)
        require_option("max_points", max_points, max_points >= 1, "1 or above")
        self.affinity = affinity
        self.bandwidth = bandwidth
        self.sampled = sampled
        self.max_points = max_points

    def chosen(
        self, points: Tensor, members: Sequence[Tensor], counts: Sequence[int], generator: Generator
    ) -> list[Picked]:
        """Class by class."""
        found = []
        for own, count in zip(members, counts, strict=True):
            if self.sampled:
                own = own[torch.randperm(len(own), generator=generator)[: max(self.max_points, count)]]
            kernel = Affinity.within(points, own, self.affinity, self.bandwidth, generator)
            places = _sampled(kernel, count, generator) if self.sampled else _most_probable(kernel, count)
            found.append(picked(own[places]))
        return found


class Remainder:
    """What is left of every point's variance once some are known: an incomplete Cholesky factor, a column at a time.

    Parameters
    ----------
    columns : callable
        Indices ``(m,)`` to the kernel's columns ``(n, m)``.
    diagonal : Tensor
        The kernel of each point with itself, shape ``(n,)``.

    Attributes
    ----------
    variances : Tensor
        Shape ``(n,)``; 0 for what the known points span.

    Examples
    --------
    >>> kernel = torch.tensor([[1.0, 0.6], [0.6, 1.0]])
    >>> remainder = Remainder(lambda indices: kernel[:, indices], kernel.diagonal())
    >>> remainder.without(0)
    >>> round(float(remainder.variances[1]), 2)
    0.64
    """

    def __init__(self, columns: Callable[[Tensor], Tensor], diagonal: Tensor) -> None:
        self.variances = diagonal.clone()
        self._columns = columns
        self._factor: list[Tensor] = []

    def without(self, point: int) -> None:
        """Take one more point as known."""
        column = self._columns(torch.tensor([point]))[:, 0]
        for known in self._factor:
            column = column - known * known[point]
        column = column / self.variances[point].clamp_min(_LEAST).sqrt()
        self._factor.append(column)
        self.variances = (self.variances - column.square()).clamp_min(0)
        self.variances[point] = 0


def _most_probable(kernel: Affinity, count: int) -> Tensor:
    remainder = Remainder(kernel.columns, kernel.diagonal())
    chosen: list[int] = []
    for _ in range(count):
        gains = remainder.variances.clone()
        gains[chosen] = -1
        chosen.append(int(gains.argmax()))
        remainder.without(chosen[-1])
    return torch.tensor(chosen)


def _sampled(kernel: Affinity, count: int, generator: Generator) -> Tensor:
    values, vectors = torch.linalg.eigh(kernel.columns(torch.arange(len(kernel))).double())
    # Equal scaling changes nothing but the polynomials' size; what is 0 or rounding can still be drawn, hardly ever.
    values = (values / values[-1].clamp_min(_LEAST)).clamp_min(_LEAST)
    basis = vectors[:, _drawn_vectors(values, count, generator)]
    chosen: list[int] = []
    for left in range(count, 0, -1):
        shares = basis.square().sum(1).clamp_min(0)
        shares[chosen] = 0
        point = int(torch.multinomial(shares, 1, generator=generator))
        chosen.append(point)
        if left > 1:
            # What the vectors span, without the direction of that point.
            pivot = int(basis[point].abs().argmax())
            rest = basis[:, torch.arange(left) != pivot]
            rest = rest - basis[:, pivot : pivot + 1] * (rest[point] / basis[point, pivot])
            basis = torch.linalg.qr(rest).Q
    return torch.tensor(chosen)


def _drawn_vectors(values: Tensor, count: int, generator: Generator) -> Tensor:
    """So many of the eigenvectors, each set with probability proportional to the product of its eigenvalues."""
    n = len(values)
    # Logarithms of the elementary symmetric polynomials: [size, of the first so many values].
    logs = torch.full((count + 1, n + 1), -torch.inf, dtype=torch.float64)
    logs[0] = 0
    for size in range(1, count + 1):
        terms = values.log() + logs[size - 1, :-1]
        logs[size, 1:] = torch.logcumsumexp(terms, 0)
    drawn, left = [], count
    for place in range(n, 0, -1):
        if not left:
            break
        odds = values[place - 1].log() + logs[left - 1, place - 1] - logs[left, place]
        if float(torch.rand((), generator=generator, dtype=torch.float64)) < float(odds.exp()):
            drawn.append(place - 1)
            left -= 1
    return torch.tensor(drawn)
