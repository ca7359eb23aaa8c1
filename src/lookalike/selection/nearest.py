"""The nearest data point of the same class to each of some points."""

import torch
from torch import Tensor

from lookalike.distances import squared_distances
from lookalike.shapes import Labels, PrototypeLabels

_CHUNK = 4096


def nearest_of_class(
    queries: Tensor, query_labels: PrototypeLabels, points: Tensor, labels: Labels, *, distinct: bool = False
) -> Tensor:
    """For each query the nearest point of the query's own class, in Euclidean distance.

    Parameters
    ----------
    queries : Tensor
        Shape ``(p, ...)``.
    query_labels : Tensor
        Shape ``(p,)``.
    points : Tensor
        Shape ``(n, ...)``; looked at in chunks.
    labels : Tensor
        Shape ``(n,)``; every class has points, and under ``distinct`` as many as it has queries.
    distinct : bool
        Let no point serve two queries; earlier queries choose first.

    Returns
    -------
    Tensor
        Indices into the points, shape ``(p,)``; the first of equally near ones.

    Examples
    --------
    >>> import torch
    >>> points = torch.tensor([[0.0], [1.0], [1.1]])
    >>> nearest_of_class(points[2:], torch.tensor([0]), points, torch.tensor([0, 0, 1])).tolist()
    [1]
    """
    flat = queries.flatten(1).double()
    distances = torch.cat(
        [
            torch.cdist(flat, chunk.flatten(1).double(), compute_mode="donot_use_mm_for_euclid_dist")
            for chunk in points.split(_CHUNK)
        ],
        dim=1,
    )
    distances = distances.masked_fill(query_labels[:, None] != labels[None], float("inf"))
    chosen = torch.empty(len(flat), dtype=torch.long)
    for row in range(len(flat)):
        chosen[row] = distances[row].argmin()
        if distinct:
            distances[:, chosen[row]] = float("inf")
    return chosen


def nearest_label(points: Tensor, labels: PrototypeLabels, queries: Tensor) -> Labels:
    """What a nearest-prototype classifier answers: the label of the nearest point, in Euclidean distance.

    Parameters
    ----------
    points : Tensor
        Shape ``(m, d)``, around the same middle as the queries.
    labels : Tensor
        Shape ``(m,)``.
    queries : Tensor
        Shape ``(n, d)``; looked at in chunks.

    Returns
    -------
    Tensor
        Shape ``(n,)``.

    Examples
    --------
    >>> nearest_label(torch.tensor([[0.0], [1.0]]), torch.tensor([5, 7]), torch.tensor([[0.4], [0.6]])).tolist()
    [5, 7]
    """
    return torch.cat([labels[squared_distances(chunk, points).argmin(1)] for chunk in queries.split(_CHUNK)])
