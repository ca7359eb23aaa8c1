"""k-medoids: the k points with the smallest sum of distances from every point to the nearest of them."""

import torch
from torch import Tensor

from lookalike.errors import DataError, describe

_LEAST_GAIN = 1e-9


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
        if gain <= _LEAST_GAIN * medoid_loss(distances[:, chosen]):
            return chosen.sort().values
        chosen[leaving] = coming


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
    held = distances[:, chosen]
    first, place = held.min(1)
    second = held.scatter(1, place[:, None], float("inf")).min(1).values
    closer = torch.minimum(distances, first[:, None])
    freed = torch.minimum(distances, second[:, None]) - closer
    change = torch.zeros(len(chosen), len(distances), dtype=distances.dtype).index_add_(0, place, freed)
    change += (closer - first[:, None]).sum(0)
    change[:, chosen] = float("inf")
    best = int(change.argmin())
    return -float(change.flatten()[best]), best // len(distances), best % len(distances)
