"""Prototypes that start at or between training examples."""

import torch
from sklearn.cluster import KMeans
from torch import Generator, Tensor

from lookalike.errors import require_option
from lookalike.initializers.base import Initializer, members, random_windows
from lookalike.shapes import Inputs, Labels, PrototypeInputs, PrototypeLabels, Shape


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
    ) -> PrototypeInputs:
        """Training examples, shape ``(p, *shape)``."""
        values = torch.empty(len(prototype_labels), *shape)
        for label in prototype_labels.unique().tolist():
            slots = (prototype_labels == label).nonzero()[:, 0]
            source = label if self.own_class else _another_class(labels, label, generator)
            pool = members(labels, source, at_least=len(slots))
            picked = pool[torch.randperm(len(pool), generator=generator)[: len(slots)]]
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
    ) -> PrototypeInputs:
        """Class means, shape ``(p, *shape)``."""
        values = torch.empty(len(prototype_labels), *shape)
        noise = torch.randn(values.shape, generator=generator) * (self.spread * inputs.std(correction=0))
        for label in prototype_labels.unique().tolist():
            slots = (prototype_labels == label).nonzero()[:, 0]
            windows = random_windows(inputs[members(labels, label, at_least=1)], shape, generator)
            values[slots] = windows.mean(0) + (noise[slots] if len(slots) > 1 else 0.0)
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
    ) -> PrototypeInputs:
        """Centroids, shape ``(p, *shape)``."""
        values = torch.empty(len(prototype_labels), *shape)
        for label in prototype_labels.unique().tolist():
            slots = (prototype_labels == label).nonzero()[:, 0]
            pool = members(labels, label, at_least=len(slots))
            pool = pool[torch.randperm(len(pool), generator=generator)[: self.max_points]]
            values[slots] = _centroids(random_windows(inputs[pool], shape, generator), len(slots), generator)
        return values


def _centroids(points: Tensor, n_clusters: int, generator: Generator) -> Tensor:
    seed = int(torch.randint(2**31 - 1, (), generator=generator))
    means = KMeans(n_clusters, n_init=1, random_state=seed).fit(points.flatten(1).numpy())
    return torch.from_numpy(means.cluster_centers_).to(points.dtype).view(n_clusters, *points.shape[1:])


def _another_class(labels: Labels, label: int, generator: Generator) -> int:
    others = [other for other in labels.unique().tolist() if other != label]
    return others[int(torch.randint(len(others), (), generator=generator))]
