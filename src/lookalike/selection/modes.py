"""Points where their class is dense: density peaks, mean shift, quick shift."""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from lookalike.distances import squared_distances
from lookalike.errors import require_option
from lookalike.selection.base import Picked, Selection, picked
from lookalike.selection.kernels import BLOCK, TILE, Affinity

_PAIRS = 20_000
_STEPS = 100
_STILL = 1e-3
_NARROWER = 0.8
_TRIES = 30


class DensityPeaksSelection(Selection):
    """Points that are dense and far from anything denser.

    Parameters
    ----------
    neighbors : float
        Share of the class's pairs that are nearer than the cut-off distance, between 0 and 1; it sets the scale of the
        density.

    Raises
    ------
    ParameterError
        For a share out of its range.

    Notes
    -----
    With ``rho_i = sum_j exp(-(d_ij / d_c)^2)`` and ``delta_i`` the distance to the nearest point of larger rho (for the
    densest, the largest distance), the points of the largest ``rho delta`` are taken. Of equally dense points the
    earlier counts as denser. d_c is estimated from 20,000 random pairs; the paper advises one to two in a hundred.

    References
    ----------
    [rodriguez2014clustering]

    Examples
    --------
    >>> points = torch.tensor([[0.0], [0.1], [0.2], [5.0], [5.1], [9.0]])
    >>> sorted(DensityPeaksSelection(neighbors=0.2)(points, None, 2).indices.tolist())
    [1, 3]
    """

    def __init__(self, *, neighbors: float = 0.02) -> None:
        require_option("neighbors", neighbors, 0 < neighbors < 1, "between 0 and 1")
        self.neighbors = neighbors

    def chosen(
        self, points: Tensor, members: Sequence[Tensor], counts: Sequence[int], generator: Generator
    ) -> list[Picked]:
        """Class by class."""
        found = []
        for own, count in zip(members, counts, strict=True):
            rows = points[own]
            densities, apart = peaks(rows, near_distance(rows, self.neighbors, generator), generator)
            found.append(picked(own[(densities * apart).topk(count).indices]))
        return found


class QuickShiftSelection(Selection):
    """The roots that remain when every point is linked to the nearest denser one and the longest links are cut.

    Parameters
    ----------
    neighbors : float
        Share of the class's pairs that are nearer than the cut-off distance, between 0 and 1; it sets the scale of the
        density.

    Raises
    ------
    ParameterError
        For a share out of its range.

    Notes
    -----
    The densest point is the first root, and each cut makes another: modes of the density that lie farthest from any
    higher ground, however few points they hold. Density as for `DensityPeaksSelection`.

    References
    ----------
    [vedaldi2008quick]

    Examples
    --------
    >>> points = torch.tensor([[0.0], [0.1], [0.2], [5.0], [5.1], [9.0]])
    >>> sorted(QuickShiftSelection(neighbors=0.2)(points, None, 2).indices.tolist())
    [1, 3]
    """

    def __init__(self, *, neighbors: float = 0.02) -> None:
        require_option("neighbors", neighbors, 0 < neighbors < 1, "between 0 and 1")
        self.neighbors = neighbors

    def chosen(
        self, points: Tensor, members: Sequence[Tensor], counts: Sequence[int], generator: Generator
    ) -> list[Picked]:
        """Class by class."""
        found = []
        for own, count in zip(members, counts, strict=True):
            rows = points[own]
            apart = peaks(rows, near_distance(rows, self.neighbors, generator), generator)[1]
            found.append(picked(own[apart.topk(count).indices]))
        return found


class MeanShiftSelection(Selection):
    """The data points nearest to the modes of the class's density, found by climbing to local means.

    Parameters
    ----------
    bandwidth : float or None
        Of the Gaussian kernel, above 0; ``None``: half the median distance of random pairs of the class, narrowed by
        fifths until the class has as many modes as are wanted.
    starts : int
        Points to climb from, drawn at random, 1 or above.

    Raises
    ------
    ParameterError
        For an option out of its range.

    Notes
    -----
    A start moves to the mean of all points, weighted by ``exp(-|x - y|^2 / (2 h^2))``, until it stays. Ends that are
    nearer than a bandwidth are one mode; modes come in the order of how many starts reached them, each as the nearest
    data point. Where the density has fewer modes than are wanted, the rest are the densest points that are not chosen
    yet: of a class without any structure, or all in one place, something is still shown.

    References
    ----------
    [comaniciu2002mean]

    Examples
    --------
    >>> points = torch.tensor([[0.0], [0.1], [0.2], [5.0], [5.1], [5.3]])
    >>> sorted(MeanShiftSelection(bandwidth=0.5)(points, None, 2).indices.tolist())
    [1, 4]
    """

    def __init__(self, *, bandwidth: float | None = None, starts: int = 200) -> None:
        require_option("bandwidth", bandwidth, bandwidth is None or bandwidth > 0, "above 0, or None")
        require_option("starts", starts, starts >= 1, "1 or above")
        self.bandwidth = bandwidth
        self.starts = starts

    def chosen(
        self, points: Tensor, members: Sequence[Tensor], counts: Sequence[int], generator: Generator
    ) -> list[Picked]:
        """Class by class."""
        return [
            picked(own[self._modes(points[own], count, generator)]) for own, count in zip(members, counts, strict=True)
        ]

    def _modes(self, rows: Tensor, count: int, generator: Generator) -> Tensor:
        rows = rows - rows.mean(0)
        width = near_distance(rows, 0.5, generator) / 2 if self.bandwidth is None else self.bandwidth
        starts = rows[torch.randperm(len(rows), generator=generator)[: max(self.starts, count)]]
        modes = _climbed(rows, starts, width)
        for _ in range(_TRIES if self.bandwidth is None else 0):
            if len(modes) >= count:
                break
            width *= _NARROWER
            modes = _climbed(rows, starts, width)
        places = torch.cat([squared_distances(mode[None], rows).argmin(1) for mode in modes[:count]])
        densest = Affinity(rows, "gaussian", width, generator).means().argsort(descending=True, stable=True)
        places = _distinct(torch.cat([places, densest]))
        return places[:count]


def near_distance(points: Tensor, share: float, generator: Generator) -> float:
    """The distance than which a share of random pairs of different points are nearer; 1 where all are one.

    Parameters
    ----------
    points : Tensor
        Shape ``(n, d)``.
    share : float
        Between 0 and 1.
    generator : torch.Generator

    Examples
    --------
    >>> near_distance(torch.tensor([[0.0], [2.0]]), 0.5, torch.Generator().manual_seed(0))
    2.0
    """
    first, second = torch.randint(len(points), (2, _PAIRS), generator=generator)
    distances = (points[first] - points[second]).norm(dim=1)
    distances = distances[distances > 0]
    return float(distances.quantile(share)) if len(distances) else 1.0


def peaks(points: Tensor, cutoff: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """How dense each point's place is, and how far the nearest denser point.

    Parameters
    ----------
    points : Tensor
        Shape ``(n, d)``; pairs are looked at in blocks.
    cutoff : float
        Distance at which a neighbour counts 1/e, above 0.
    generator : torch.Generator

    Returns
    -------
    tuple of Tensor
        Densities, as the mean over all points of ``exp(-(d / cutoff)^2)``, and distances; shape ``(n,)`` each.
    """
    densities = Affinity(points, "gaussian", cutoff / 2**0.5, generator).means()
    order = densities.argsort(descending=True, stable=True)
    ranked = (points - points.mean(0))[order]
    nearest = ranked.new_empty(len(points))
    not_denser = ranked.new_full((TILE, TILE), torch.inf).triu()
    for start in range(0, len(points), TILE):
        rows = ranked[start : start + TILE]
        best = (squared_distances(rows, rows) + not_denser[: len(rows), : len(rows)]).amin(1)
        for begin in range(0, start, TILE):
            best = torch.minimum(best, squared_distances(rows, ranked[begin : begin + TILE]).amin(1))
        nearest[start : start + TILE] = best
    apart = ranked.new_empty(len(points))
    apart[order] = nearest.sqrt()
    apart[order[0]] = squared_distances(ranked[:1], ranked).max().sqrt()
    return densities, apart


def _climbed(points: Tensor, starts: Tensor, width: float) -> Tensor:
    """Where the starts end, the most often reached first, shape ``(m, d)``."""
    ends = starts.clone()
    moving = torch.arange(len(ends))
    for _ in range(_STEPS):
        top, weight = ends.new_full((len(moving), 1), -torch.inf), ends.new_zeros(len(moving), 1)
        total = ends.new_zeros(len(moving), points.shape[1])
        for block in points.split(BLOCK):
            exponents = squared_distances(ends[moving], block) / (-2 * width**2)
            highest = torch.maximum(top, exponents.amax(1, keepdim=True))
            faded, weights = (top - highest).exp(), (exponents - highest).exp()
            total, weight, top = total * faded + weights @ block, weight * faded + weights.sum(1, keepdim=True), highest
        moved = total / weight
        steps = (moved - ends[moving]).norm(dim=1)
        ends[moving] = moved
        moving = moving[steps > _STILL * width]
        if not len(moving):
            break
    return _merged(ends, width)


def _merged(ends: Tensor, width: float) -> Tensor:
    modes: list[Tensor] = []
    reached: list[int] = []
    for end in ends:
        gaps = torch.stack(modes).sub(end).norm(dim=1) if modes else ends.new_zeros(0)
        if len(gaps) and float(gaps.min()) < width:
            reached[int(gaps.argmin())] += 1
        else:
            modes.append(end)
            reached.append(1)
    order = torch.tensor(reached).argsort(descending=True, stable=True)
    return torch.stack(modes)[order]


def _distinct(indices: Tensor) -> Tensor:
    """Each index once, in the order they come first."""
    return torch.tensor(list(dict.fromkeys(indices.tolist())))
