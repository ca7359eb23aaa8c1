"""k-medoids: the k points with the smallest sum of distances from every point to the nearest of them."""

import torch
from torch import Generator, Tensor

from lookalike.distances import squared_distances
from lookalike.errors import DataError, describe

_LEAST_GAIN = 1e-9
_ROUNDS = 50
_TRIED, _ROWS = 256, 2048
_SAMPLE, _PER_MEDOID = 500, 10
# Of the loss: less is not worth a swap.
_LEAST_SHARE = 1e-6


def k_medoids(distances: Tensor, k: int) -> Tensor:
    """Choose k points by greedy seeding and the best swap until no swap helps.

    Parameters
    ----------
    distances : Tensor
        Between all points, shape ``(n, n)``, not negative; ``distances[i, j]`` is what it costs that j stands for i.
    k : int
        From 1 to n.

    Returns
    -------
    Tensor
        Indices, shape ``(k,)``, sorted.

    Raises
    ------
    DataError
        If the distances are not square, or k is out of range.

    Notes
    -----
    Every round computes the gain of all ``n * k`` swaps at once, as FastPAM does, at the cost of one pass over the
    distances; a local optimum, as in the papers.

    References
    ----------
    [kaufman1990finding]

    [schubert2021fast]

    Examples
    --------
    >>> import torch
    >>> points = torch.tensor([[0.0], [0.1], [0.2], [5.0], [5.1], [5.3]])
    >>> k_medoids(torch.cdist(points, points), 2).tolist()
    [1, 4]
    """
    n = len(distances)
    if distances.shape != (n, n) or not 1 <= k <= n:
        raise DataError(describe("distances (n, n) and k from 1 to n", f"shape {tuple(distances.shape)} and k={k}"))
    distances = distances.double()
    chosen = _build(distances, k)
    while True:
        gain, leaving, coming = _best_swap(distances, chosen)
        if not gain > _LEAST_GAIN * medoid_loss(distances[:, chosen]):
            return chosen.sort().values
        chosen[leaving] = coming


def medoids_of_points(points: Tensor, k: int, max_matrix: int, generator: Generator) -> Tensor:
    """The same of points in Euclidean distance, in memory for k distances of every point.

    Parameters
    ----------
    points : Tensor
        Shape ``(n, d)``.
    k : int
        From 1 to n.
    max_matrix : int
        Up to so many points all distances are kept, and this is `k_medoids`.
    generator : torch.Generator

    Returns
    -------
    Tensor
        Indices, shape ``(k,)``, sorted.

    Notes
    -----
    Beyond, as CLARA does, the medoids of a random sample serve as a start: of 500 points, or 10 k where that is more,
    whatever ``max_matrix`` is; fewer make a start that costs a percent at the end. Then every medoid becomes the best
    of the points that are nearest to it, every point is tried once in the place of every medoid, in random order and in
    blocks, a block's best swap being made at once, and medoids move once more.

    Examples
    --------
    >>> points = torch.rand(300, 2, generator=torch.Generator().manual_seed(0))
    >>> few = medoids_of_points(points, 3, 100, torch.Generator().manual_seed(0))
    >>> every = k_medoids(torch.cdist(points, points), 3)
    >>> medoid_loss(torch.cdist(points, points[few])) <= 1.01 * medoid_loss(torch.cdist(points, points[every]))
    True
    """
    points = points.double()
    points = points - points.mean(0)
    if len(points) <= max(max_matrix, k):
        return k_medoids(_distances(points, points), k)
    sample = torch.randperm(len(points), generator=generator)[: max(_SAMPLE, _PER_MEDOID * k)]
    chosen = sample[k_medoids(_distances(points[sample], points[sample]), k)]
    chosen = _swapped(points, _recentered(points, chosen), generator)
    return _recentered(points, chosen).sort().values


def medoid_loss(distances: Tensor) -> float:
    """Sum of distances from every point to the nearest of the chosen ones.

    Parameters
    ----------
    distances : Tensor
        From every point to every chosen one, shape ``(n, k)``.

    Examples
    --------
    >>> import torch
    >>> medoid_loss(torch.tensor([[0.0, 3.0], [2.0, 1.0]]))
    1.0
    """
    return float(distances.min(1).values.sum())


def _build(distances: Tensor, k: int) -> Tensor:
    """One point after the other, each the one that lowers the loss most."""
    nearest = torch.full((len(distances),), float("inf"), dtype=distances.dtype)
    chosen: list[int] = []
    for _ in range(k):
        losses = torch.minimum(distances, nearest[:, None]).sum(0)
        losses[chosen] = float("inf")
        chosen.append(int(losses.argmin()))
        nearest = torch.minimum(nearest, distances[:, chosen[-1]])
    return torch.tensor(chosen)


def _best_swap(distances: Tensor, chosen: Tensor) -> tuple[float, int, int]:
    """How much the best swap lowers the loss, and which place of the chosen is given to which point."""
    first, second, place = _nearest_two(distances[:, chosen])
    change = _changes(distances, first, second, place, len(chosen))
    change[:, chosen] = float("inf")
    best = int(change.argmin())
    return -float(change.flatten()[best]), best // len(distances), best % len(distances)


def _distances(rows: Tensor, points: Tensor) -> Tensor:
    return squared_distances(rows, points).sqrt_()


def _recentered(points: Tensor, chosen: Tensor) -> Tensor:
    """Let every medoid be the best of the points nearest to it, until nothing changes."""
    for _ in range(_ROUNDS):
        nearest = _distances(points, points[chosen]).argmin(1)
        # Of points in one place each medoid keeps itself, so that none is taken twice.
        nearest[chosen] = torch.arange(len(chosen))
        better = chosen.clone()
        for place in range(len(chosen)):
            own = (nearest == place).nonzero()[:, 0]
            sums = torch.cat([_distances(points[block], points[own]).sum(1) for block in own.split(_TRIED)])
            if len(own):
                better[place] = own[sums.argmin()]
        if bool((better == chosen).all()):
            break
        chosen = better
    return chosen


def _swapped(points: Tensor, chosen: Tensor, generator: Generator) -> Tensor:
    """Try every point once in the place of every medoid."""
    chosen = chosen.clone()
    held = _distances(points, points[chosen])
    first, second, place = _nearest_two(held)
    for tried in torch.randperm(len(points), generator=generator).split(_TRIED):
        change = points.new_zeros(len(chosen), len(tried))
        for start in range(0, len(points), _ROWS):
            rows = slice(start, start + _ROWS)
            distances = _distances(points[rows], points[tried])
            change += _changes(distances, first[rows], second[rows], place[rows], len(chosen))
        change[:, torch.isin(tried, chosen)] = float("inf")
        leaving, coming = divmod(int(change.argmin()), len(tried))
        if float(change[leaving, coming]) < -_LEAST_SHARE * float(first.sum()):
            chosen[leaving] = tried[coming]
            held[:, leaving] = _distances(points, points[tried[coming]][None])[:, 0]
            first, second, place = _nearest_two(held)
    return chosen


def _nearest_two(held: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """From the distances to all medoids: the smallest, the second smallest, and whose the smallest is."""
    first, place = held.min(1)
    if held.shape[1] == 1:
        return first, torch.full_like(first, float("inf")), place
    return first, held.scatter(1, place[:, None], float("inf")).amin(1), place


def _changes(distances: Tensor, first: Tensor, second: Tensor, place: Tensor, k: int) -> Tensor:
    """By how much the loss changes if a candidate takes a medoid's place: shape ``(k, candidates)``."""
    closer = torch.minimum(distances, first[:, None])
    freed = torch.minimum(distances, second[:, None]).sub_(closer)
    change = distances.new_zeros(k, distances.shape[1]).index_add_(0, place, freed)
    return change.add_(closer.sub_(first[:, None]).sum(0))
