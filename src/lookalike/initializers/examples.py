"""Prototypes that start at or between training examples."""

import torch
from sklearn.cluster import KMeans
from torch import Generator, Tensor

from lookalike.errors import require_option
from lookalike.initializers.base import Initializer, members, random_windows
from lookalike.selection import drawn_by_weight
from lookalike.shapes import Inputs, Labels, PrototypeInputs, PrototypeLabels, Shape, Weights


class PointsInitializer(Initializer):
    """Random training examples, different ones for each prototype.

    Parameters
    ----------
    own_class : bool
        Take them from the prototype's own class. ``False`` takes them from the other classes, as a control that shows
        what a start inside the data is worth when it says nothing about the class.

    Examples
    --------
    >>> import torch
    >>> data = dict(inputs=torch.arange(6.0)[:, None], labels=torch.tensor([0, 0, 0, 1, 1, 1]))
    >>> values = PointsInitializer()((1,), torch.tensor([0, 1]), generator=torch.Generator().manual_seed(0), **data)
    >>> bool(values[0] < 3), bool(values[1] >= 3)
    (True, True)
    """

    def __init__(self, *, own_class: bool = True) -> None:
        self.own_class = own_class

    def __call__(
        self,
        shape: Shape,
        prototype_labels: PrototypeLabels,
        *,
        inputs: Inputs,
        labels: Labels,
        generator: Generator,
        weights: Weights | None = None,
    ) -> PrototypeInputs:
        """Training examples, shape ``(p, *shape)``."""
        values = torch.empty(len(prototype_labels), *shape)
        for label in prototype_labels.unique().tolist():
            slots = (prototype_labels == label).nonzero()[:, 0]
            source = label if self.own_class else _another_class(labels, label, generator)
            pool = members(labels, source, at_least=len(slots))
            picked = pool[drawn_by_weight(len(pool), len(slots), None if weights is None else weights[pool], generator)]
            values[slots] = random_windows(inputs[picked], shape, generator)
        return values


class MeansInitializer(Initializer):
    """The mean of the class; prototypes of one class start equal but for a trace of noise that lets them part.

    Parameters
    ----------
    spread : float
        Standard deviation of the noise, as a share of the data's own; 0 for one prototype per class in any case.

    Examples
    --------
    >>> import torch
    >>> data = dict(inputs=torch.arange(4.0)[:, None], labels=torch.tensor([0, 0, 1, 1]))
    >>> MeansInitializer()((1,), torch.tensor([0, 1]), generator=torch.Generator(), **data)[:, 0].tolist()
    [0.5, 2.5]
    """

    def __init__(self, *, spread: float = 0.01) -> None:
        require_option("spread", spread, spread >= 0, "0 or above")
        self.spread = spread

    def __call__(
        self,
        shape: Shape,
        prototype_labels: PrototypeLabels,
        *,
        inputs: Inputs,
        labels: Labels,
        generator: Generator,
        weights: Weights | None = None,
    ) -> PrototypeInputs:
        """Class means, shape ``(p, *shape)``."""
        values = torch.empty(len(prototype_labels), *shape)
        noise = torch.randn(values.shape, generator=generator) * (self.spread * _deviation(inputs, weights))
        for label in prototype_labels.unique().tolist():
            slots = (prototype_labels == label).nonzero()[:, 0]
            pool = members(labels, label, at_least=1)
            windows = random_windows(inputs[pool], shape, generator)
            mean = windows.mean(0) if weights is None else _mean(windows, weights[pool])
            values[slots] = mean + (noise[slots] if len(slots) > 1 else 0.0)
        return values


class KmeansInitializer(Initializer):
    """Centroids of k-means within the class, k the number of its prototypes.

    Parameters
    ----------
    max_points : int
        Examples of a class that k-means looks at, drawn at random where there are more.

    References
    ----------
    [lloyd1982kmeans]

    Examples
    --------
    >>> import torch
    >>> data = dict(inputs=torch.tensor([0.0, 0.2, 4.0, 4.2])[:, None], labels=torch.zeros(4, dtype=torch.long))
    >>> values = KmeansInitializer()((1,), torch.tensor([0, 0]), generator=torch.Generator(), **data)
    >>> [round(value, 3) for value in sorted(values[:, 0].tolist())]
    [0.1, 4.1]
    """

    def __init__(self, *, max_points: int = 2000) -> None:
        require_option("max_points", max_points, max_points >= 1, "1 or above")
        self.max_points = max_points

    def __call__(
        self,
        shape: Shape,
        prototype_labels: PrototypeLabels,
        *,
        inputs: Inputs,
        labels: Labels,
        generator: Generator,
        weights: Weights | None = None,
    ) -> PrototypeInputs:
        """Centroids, shape ``(p, *shape)``."""
        values = torch.empty(len(prototype_labels), *shape)
        for label in prototype_labels.unique().tolist():
            slots = (prototype_labels == label).nonzero()[:, 0]
            pool = members(labels, label, at_least=len(slots))
            pool = pool[torch.randperm(len(pool), generator=generator)[: max(self.max_points, len(slots))]]
            windows = random_windows(inputs[pool], shape, generator)
            values[slots] = _centroids(windows, len(slots), None if weights is None else weights[pool], generator)
        return values


def _mean(points: Tensor, weights: Tensor) -> Tensor:
    """In double precision, shape of one point."""
    shares = weights.double() / weights.double().sum()
    return (shares @ points.flatten(1).double()).view(points.shape[1:]).to(points.dtype)


def _deviation(inputs: Tensor, weights: Tensor | None) -> Tensor:
    """Of all values, whatever their place."""
    if weights is None:
        return inputs.std(correction=0)
    shares = weights.double() / weights.double().sum()
    rows = inputs.flatten(1).double()
    return (shares @ (rows - shares @ rows.mean(1)).square().mean(1)).sqrt().to(inputs.dtype)


def _centroids(points: Tensor, n_clusters: int, weights: Tensor | None, generator: Generator) -> Tensor:
    seed = int(torch.randint(2**31 - 1, (), generator=generator))
    means = KMeans(n_clusters, n_init=1, random_state=seed).fit(
        points.flatten(1).numpy(), sample_weight=None if weights is None else weights.numpy()
    )
    return torch.from_numpy(means.cluster_centers_).to(points.dtype).view(n_clusters, *points.shape[1:])


def _another_class(labels: Labels, label: int, generator: Generator) -> int:
    others = [other for other in labels.unique().tolist() if other != label]
    return others[int(torch.randint(len(others), (), generator=generator))]
