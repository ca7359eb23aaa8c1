"""Points that are near to all others: facility location, balls that cover a class, the farthest first."""

from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor

from lookalike.distances import squared_distances
from lookalike.errors import DataError, describe, require_option
from lookalike.selection.base import Picked, Selection, picked
from lookalike.selection.kernels import (
    BLOCK,
    Affinity,
    median_distance,
    require_affinity,
)

_TRIED = 128
_SAMPLE = 1000


class FacilityLocationSelection(Selection):
    """The points to whose nearest all points of the class are most alike, by greedy choice.

    Parameters
    ----------
    affinity : str
        ``"gaussian"``, ``"linear"`` or ``"precomputed"``.
    bandwidth : float or None
        Of the Gaussian, above 0; ``None``: the median distance of random pairs of the class.
    epsilon : float or None
        ``None``: at every step the best of all points. Else the best of ``(n / m) log(1 / epsilon)`` random ones,
        between 0 and 1: on average at most epsilon worse.

    Raises
    ------
    ParameterError
        For an option out of its range.

    Notes
    -----
    Maximises ``f(S) = sum_i max(0, max_{j in S} k(x_i, x_j))`` over the class, monotone and submodular, so that the
    greedy value is at least 1 - 1/e of the best. A point's gain never grows, and old gains are upper bounds: only those
    whose bound exceeds the best gain found are looked at again, in blocks, and no matrix of all pairs is made.

    References
    ----------
    [nemhauser1978analysis]

    [mirzasoleiman2015lazier]

    Examples
    --------
    >>> points = torch.tensor([[0.0], [0.1], [0.3], [5.0], [5.2]])
    >>> FacilityLocationSelection(bandwidth=1.0)(points, None, 2).indices.tolist()
    [1, 3]
    """

    def __init__(
        self, *, affinity: str = "gaussian", bandwidth: float | None = None, epsilon: float | None = None
    ) -> None:
        require_affinity(affinity, bandwidth)
        require_option("epsilon", epsilon, epsilon is None or 0 < epsilon < 1, "between 0 and 1, or None")
        self.affinity = affinity
        self.bandwidth = bandwidth
        self.epsilon = epsilon

    def chosen(
        self, points: Tensor, members: Sequence[Tensor], counts: Sequence[int], generator: Generator
    ) -> list[Picked]:
        """Class by class."""
        found = []
        for own, count in zip(members, counts, strict=True):
            kernel = Affinity.within(points, own, self.affinity, self.bandwidth, generator)
            if self.epsilon is None:
                places = greedy_cover(kernel.columns, kernel.gains, self._first_gains(kernel), count)
            else:
                n_tried = int(torch.tensor(self.epsilon).log().neg() * len(own) / count) + 1
                places = _stochastic_cover(kernel, count, n_tried, generator)
            found.append(picked(own[places]))
        return found

    def _first_gains(self, kernel: Affinity) -> Tensor:
        if self.affinity == "gaussian":
            return kernel.means() * len(kernel)
        blocks = torch.arange(len(kernel)).split(BLOCK)
        return torch.cat([kernel.columns(block).clamp_min(0).sum(0) for block in blocks])


class ProtoSelectSelection(Selection):
    """Points whose balls cover most points of their own class and fewest of others, by greedy choice.

    Parameters
    ----------
    radius : float or None
        Of the balls, above 0; ``None``: the median distance of a random point to the nearest of another class, or half
        the median distance of random pairs where there is one class.

    Raises
    ------
    ParameterError
        For a radius that is not above 0.

    Notes
    -----
    The paper's problem, a set cover that pays 1 for each point its class's balls miss, 1 for each ball a point of
    another class lies in, and lambda for each prototype, falls apart into one for each class. Every step takes the
    point of the largest gain, ``newly covered points of its class - points of other classes in its ball``. The paper
    ends where no gain exceeds lambda; here the number is given, and the last ones may cover little.

    References
    ----------
    [bien2011prototype]

    Examples
    --------
    >>> points = torch.tensor([[0.0], [0.9], [1.8], [2.2]])
    >>> ProtoSelectSelection(radius=1.0)(points, [0, 0, 0, 1], [1, 1]).indices.tolist()
    [1, 3]
    """

    def __init__(self, *, radius: float | None = None) -> None:
        require_option("radius", radius, radius is None or radius > 0, "above 0, or None")
        self.radius = radius

    def chosen(
        self, points: Tensor, members: Sequence[Tensor], counts: Sequence[int], generator: Generator
    ) -> list[Picked]:
        """Class by class."""
        squared = (self.radius or _between_classes(points, members, generator)) ** 2
        everything = torch.arange(len(points))
        found = []
        for own, count in zip(members, counts, strict=True):
            rows = points[own]
            others = points[everything[~torch.isin(everything, own)]]

            places = greedy_cover(
                *_balls(rows, squared), _within(rows, rows, squared), count, _within(rows, others, squared)
            )
            found.append(picked(own[places]))
        return found


class FarthestFirstSelection(Selection):
    """The point nearest to the class's mean, then always the one that is farthest from those chosen.

    Notes
    -----
    At most twice the smallest possible largest distance; a control, for what is far from everything is odd.

    References
    ----------
    [gonzalez1985clustering]

    Examples
    --------
    >>> FarthestFirstSelection()(torch.tensor([[0.0], [1.0], [2.0], [9.0]]), None, 2).indices.tolist()
    [2, 3]
    """

    def __init__(self) -> None:
        pass

    def chosen(
        self, points: Tensor, members: Sequence[Tensor], counts: Sequence[int], generator: Generator
    ) -> list[Picked]:
        """Class by class."""
        found = []
        for own, count in zip(members, counts, strict=True):
            rows = points[own]
            places = [int((rows - rows.mean(0)).square().sum(1).argmin())]
            nearest = rows.new_full((len(rows),), float("inf"))
            for _ in range(count - 1):
                nearest = torch.minimum(nearest, (rows - rows[places[-1]]).square().sum(1))
                nearest[places] = -1
                places.append(int(nearest.argmax()))
            found.append(picked(own[torch.tensor(places)]))
        return found


def greedy_cover(
    columns: Callable[[Tensor], Tensor],
    gains: Callable[[Tensor, Tensor], Tensor],
    first_gains: Tensor,
    count: int,
    costs: Tensor | None = None,
) -> Tensor:
    """Points that together reach the most, each the best beside those before it.

    Parameters
    ----------
    columns : callable
        Indices ``(m,)`` to how well each reaches every point, shape ``(n, m)``; what is below 0 counts as 0.
    gains : callable
        Indices ``(m,)`` and how well every point is reached ``(n,)`` to by how much each exceeds that in sum, ``(m,)``.
    first_gains : Tensor
        What each reaches alone, shape ``(n,)``.
    count : int
    costs : Tensor, optional
        What choosing each costs, shape ``(n,)``.

    Returns
    -------
    Tensor
        Indices in the order of choice, shape ``(count,)``.

    Examples
    --------
    >>> reach = torch.tensor([[1.0, 0.9, 0.0], [0.2, 1.0, 0.0], [0.0, 0.0, 0.5]])
    >>> def gains(indices, reached):
    ...     return (reach[:, indices] - reached[:, None]).clamp_min(0).sum(0)
    >>> greedy_cover(lambda indices: reach[:, indices], gains, reach.sum(0), 2).tolist()
    [1, 2]
    """
    bounds = first_gains if costs is None else first_gains - costs
    bounds = bounds.clone()
    reached = torch.zeros_like(bounds)
    chosen: list[int] = []
    for step in range(count):
        # The first gains are exact.
        known = torch.full((len(bounds),), step == 0)
        while True:
            best = int(torch.where(known, bounds, -torch.inf).argmax())
            doubtful = torch.where(known, -torch.inf, bounds)
            tops = doubtful.topk(min(_TRIED, len(bounds)))
            tried = tops.indices[tops.values > (bounds[best] if bool(known[best]) else -torch.inf)]
            if not len(tried):
                break
            found = gains(tried, reached)
            bounds[tried] = found if costs is None else found - costs[tried]
            known[tried] = True
        chosen.append(best)
        bounds[best] = -torch.inf
        reached = torch.maximum(reached, columns(torch.tensor([best]))[:, 0])
    return torch.tensor(chosen)


def _stochastic_cover(kernel: Affinity, count: int, n_tried: int, generator: Generator) -> Tensor:
    reached = torch.zeros(len(kernel), dtype=torch.float64)
    left = torch.ones(len(kernel), dtype=torch.bool)
    chosen = []
    for _ in range(count):
        candidates = left.nonzero()[:, 0]
        candidates = candidates[torch.randperm(len(candidates), generator=generator)[:n_tried]]
        gains = torch.cat([kernel.gains(block, reached) for block in candidates.split(_TRIED)])
        chosen.append(int(candidates[gains.argmax()]))
        left[chosen[-1]] = False
        reached = torch.maximum(reached, kernel.columns(torch.tensor(chosen[-1:]))[:, 0])
    return torch.tensor(chosen)


def _balls(rows: Tensor, squared: float) -> tuple[Callable, Callable]:
    """Which rows lie in the balls around some; and how many of them that were in none before."""

    def columns(places: Tensor) -> Tensor:
        return (squared_distances(rows, rows[places]) <= squared).double()

    def gains(places: Tensor, reached: Tensor) -> Tensor:
        return _within(rows[places], rows[reached == 0], squared)

    return columns, gains


def _within(rows: Tensor, others: Tensor, squared: float) -> Tensor:
    """How many of the others lie within the radius of each row, shape ``(n,)``."""
    counts = rows.new_zeros(len(rows))
    for start in range(0, len(rows), BLOCK):
        part = slice(start, start + BLOCK)
        for block in others.split(BLOCK):
            counts[part] += (squared_distances(rows[part], block) <= squared).sum(1)
    return counts


def _between_classes(points: Tensor, members: Sequence[Tensor], generator: Generator) -> float:
    if len(members) == 1:
        return median_distance(points, generator) / 2
    label_of = torch.empty(len(points), dtype=torch.long)
    for label, own in enumerate(members):
        label_of[own] = label
    drawn = torch.randperm(len(points), generator=generator)[:_SAMPLE]
    nearest = points.new_full((len(drawn),), float("inf"))
    for start in range(0, len(points), BLOCK):
        part = slice(start, start + BLOCK)
        foreign = label_of[drawn][:, None] != label_of[None, part]
        nearest = torch.minimum(
            nearest, squared_distances(points[drawn], points[part]).masked_fill_(~foreign, float("inf")).amin(1)
        )
    found = float(nearest.sqrt().median())
    if not found:
        raise DataError(
            describe("classes that lie apart", "points of different classes at one place", "give a radius above 0")
        )
    return found
