"""Examples in memory, handed out in batches without per-sample Python."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from lookalike.data.preprocessing import Preprocessing

# Weights are in single precision: three examples that count for two are not three.
_ROUNDING = 1e-3


@dataclass(frozen=True)
class Examples:
    """Inputs as they came, their labels, and how they are standardised when a batch is asked for.

    Attributes
    ----------
    inputs : Tensor
        Shape ``(n, *shape)``, 8-bit integers (a quarter of the memory) or floats in data units; kept in no more bits
        than they need.
    labels : Tensor
        Integer labels, shape ``(n,)``.
    preprocessing : Preprocessing
    weights : Tensor or None
        How much each example counts, above 0 and 1 on average, shape ``(n,)``; ``None``: all alike.

    Examples
    --------
    >>> import torch
    >>> inputs = torch.arange(6.0)[:, None]
    >>> examples = Examples(inputs, torch.zeros(6, dtype=torch.long), Preprocessing.of(inputs))
    >>> [len(labels) for _, labels in examples.batches(4)]
    [4, 2]
    """

    inputs: Tensor
    labels: Tensor
    preprocessing: Preprocessing
    weights: Tensor | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", self.preprocessing.compact(self.inputs))

    def __len__(self) -> int:
        return len(self.inputs)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Standardised inputs ``(b, *shape)`` and labels ``(b,)`` of some examples."""
        return self.preprocessing.standardize(self.inputs[indices]), self.labels[indices]

    def weights_of(self, indices: Tensor) -> Tensor | None:
        """The weights of some examples, shape ``(b,)``; ``None`` where all count alike."""
        return None if self.weights is None else self.weights[indices]

    def batches(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """All examples in order, ``size`` at a time."""
        for inputs, labels in zip(self.inputs.split(size), self.labels.split(size), strict=True):
            yield self.preprocessing.standardize(inputs), labels

    def weighted_batches(self, size: int) -> Iterator[tuple[Tensor, ...]]:
        """The same with the weights of each batch as a third item; without it where all examples count alike."""
        weights = () if self.weights is None else self.weights.split(size)
        for place, batch in enumerate(self.batches(size)):
            yield (*batch, *weights[place : place + 1])

    def select(self, indices: Tensor) -> "Examples":
        """Some of the examples, in the given order."""
        return Examples(self.inputs[indices], self.labels[indices], self.preprocessing, self.weights_of(indices))

    def standardized(self) -> Tensor:
        """All inputs as the network takes them, shape ``(n, *shape)``."""
        return self.preprocessing.standardize(self.inputs)

    def class_counts(self, n_classes: int) -> Tensor:
        """Number of examples of every class, shape ``(k,)``."""
        return torch.bincount(self.labels, minlength=n_classes)

    def counted_for(self, n_classes: int) -> Tensor:
        """How many examples those of every class count for, at most as many as there are, shape ``(k,)``."""
        counts = self.class_counts(n_classes)
        if self.weights is None:
            return counts
        worth = torch.bincount(self.labels, self.weights.double(), minlength=n_classes)
        return torch.minimum(counts, (worth - _ROUNDING).ceil().clamp_min(1).long())
