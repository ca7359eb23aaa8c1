"""Points in the middle of others: the nearest to the mean, to the centroids of k-means, and medoids."""

from collections.abc import Sequence

import torch
from sklearn.cluster import KMeans
from torch import Generator, Tensor

from lookalike.distances import squared_distances
from lookalike.errors import require_option
from lookalike.selection.base import Picked, Selection, picked
from lookalike.selection.medoids import k_medoids, medoids_of_points


class MeansSelection(Selection):
    """The points nearest to the class's mean.

    Examples
    --------
    >>> MeansSelection()(torch.tensor([[0.0], [1.0], [2.0], [9.0]]), None, 2).indices.tolist()
    [2, 1]
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
        found = []
        for own, count in zip(members, counts, strict=True):
            mean = points[own].mean(0) if weights is None else _mean(points[own], weights[own])
            found.append(picked(own[(points[own] - mean).square().sum(1).argsort(stable=True)[:count]]))
        return found


class KmeansSelection(Selection):
    """The points nearest to the centroids of k-means within the class, k the number to choose.

    Parameters
    ----------
    starts : int
        How often k-means begins anew, 1 or above; the best of them counts.

    Raises
    ------
    ParameterError
        For a number below 1.

    References
    ----------
    [lloyd1982kmeans]

    Examples
    --------
    >>> points = torch.tensor([[0.0], [0.1], [0.3], [5.0], [5.2], [5.3]])
    >>> sorted(KmeansSelection()(points, None, 2).indices.tolist())
    [1, 4]
    """

    takes_weights = True

    def __init__(self, *, starts: int = 1) -> None:
        require_option("starts", starts, starts >= 1, "1 or above")
        self.starts = starts

    def chosen(
        self,
        points: Tensor,
        members: Sequence[Tensor],
        counts: Sequence[int],
        generator: Generator,
        weights: Tensor | None = None,
    ) -> list[Picked]:
        """Class by class."""
        found = []
        for own, count in zip(members, counts, strict=True):
            rows = points[own] - points[own].mean(0)
            n_different = len(torch.unique(rows, dim=0)) if count > 1 else 1
            seed = int(torch.randint(2**31 - 1, (), generator=generator))
            means = KMeans(min(count, n_different), n_init=self.starts, random_state=seed).fit(
                rows.numpy(), sample_weight=None if weights is None else weights[own].numpy()
            )
            found.append(picked(own[_nearest(torch.from_numpy(means.cluster_centers_), rows, count)]))
        return found


class MedoidsSelection(Selection):
    """k-medoids within the class: the points with the smallest sum of distances from all points to the nearest of them.

    Parameters
    ----------
    max_matrix : int
        Up to so many points of a class, all distances are kept and the best swap is made until none helps. Beyond, the
        medoids of a random sample are improved on all points, in blocks: every candidate is tried once. 2 or above.

    Raises
    ------
    ParameterError
        For a number out of its range.

    References
    ----------
    [kaufman1990finding]

    [schubert2021fast]

    Examples
    --------
    >>> points = torch.tensor([[0.0], [0.1], [0.2], [5.0], [5.1], [5.3]])
    >>> MedoidsSelection()(points, None, 2).indices.tolist()
    [1, 4]
    """

    takes_weights = True

    def __init__(self, *, max_matrix: int = 2000) -> None:
        require_option("max_matrix", max_matrix, max_matrix >= 2, "2 or above")
        self.max_matrix = max_matrix

    def chosen(
        self,
        points: Tensor,
        members: Sequence[Tensor],
        counts: Sequence[int],
        generator: Generator,
        weights: Tensor | None = None,
    ) -> list[Picked]:
        """Class by class."""
        found = []
        for own, count in zip(members, counts, strict=True):
            if weights is None:
                found.append(picked(own[medoids_of_points(points[own], count, self.max_matrix, generator)]))
            else:
                found.append(
                    picked(own[_weighed_medoids(points[own], weights[own], count, self.max_matrix, generator)])
                )
        return found


def _weighed_medoids(points: Tensor, weights: Tensor, count: int, at_most: int, generator: Generator) -> Tensor:
    """Medoids of points that cost as much as they weigh; of many points, of those that are drawn by weight."""
    places = torch.arange(len(points))
    if len(points) > max(at_most, count):
        drawn, times = torch.multinomial(weights, at_most, True, generator=generator).unique(return_counts=True)
        if len(drawn) >= count:
            places, weights = drawn, times.double()
    rows = points[places].double()
    distances = torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist")
    return places[k_medoids(weights[:, None] / weights.max() * distances, count)]


def _mean(points: Tensor, weights: Tensor) -> Tensor:
    return (weights / weights.sum() @ points.double()).to(points.dtype)


def _nearest(centers: Tensor, rows: Tensor, count: int) -> Tensor:
    """The nearest point of each centre, none twice; where centres are too few, the points nearest to any."""
    distances = squared_distances(centers, rows)
    chosen: list[int] = []
    for each in range(len(centers)):
        distances[:, chosen] = float("inf")
        chosen.append(int(distances[each].argmin()))
    distances[:, chosen] = float("inf")
    chosen += distances.amin(0).argsort(stable=True)[: count - len(chosen)].tolist()
    return torch.tensor(chosen)
