"""Prototypes that start as noise."""

import torch
from torch import Generator

from lookalike.initializers.base import Initializer
from lookalike.shapes import Inputs, Labels, PrototypeInputs, PrototypeLabels, Shape, Weights


class UniformInitializer(Initializer):
    """Uniform noise over the data's range, the harder of the original system's two starts.

    Parameters
    ----------
    low, high : float, optional
        Range in the network's standardised units; the smallest and the largest value of the data unless given.

    Examples
    --------
    >>> import torch
    >>> start = UniformInitializer(low=-0.5, high=0.5)
    >>> data = dict(inputs=torch.rand(9, 1, 4, 4), labels=torch.zeros(9, dtype=torch.long))
    >>> start((1, 4, 4), torch.tensor([0, 1]), generator=torch.Generator().manual_seed(0), **data).shape
    torch.Size([2, 1, 4, 4])
    """

    def __init__(self, *, low: float | None = None, high: float | None = None) -> None:
        self.low = low
        self.high = high

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
        """Independent uniform values, shape ``(p, *shape)``."""
        low = float(inputs.min()) if self.low is None else self.low
        high = float(inputs.max()) if self.high is None else self.high
        return low + (high - low) * torch.rand(len(prototype_labels), *shape, generator=generator)


class NormalInitializer(Initializer):
    """Normal noise with the mean and the spread that the data have at each channel or column.

    Examples
    --------
    >>> import torch
    >>> data = dict(inputs=torch.rand(9, 4), labels=torch.zeros(9, dtype=torch.long))
    >>> NormalInitializer()((4,), torch.tensor([0, 1]), generator=torch.Generator().manual_seed(0), **data).shape
    torch.Size([2, 4])
    """

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
        """Independent normal values, shape ``(p, *shape)``."""
        axes = [axis for axis in range(inputs.ndim) if axis != 1]
        if weights is None:
            variance, mean = torch.var_mean(inputs, dim=axes, correction=0, keepdim=True)
        else:
            shares = (weights / weights.sum()).to(inputs).view(-1, *[1] * (inputs.ndim - 1))
            mean = (shares * inputs).sum(0, keepdim=True).mean(axes, keepdim=True)
            variance = (shares * (inputs - mean).square()).sum(0, keepdim=True).mean(axes, keepdim=True)
        noise = torch.randn(len(prototype_labels), *shape, generator=generator)
        return mean + variance.sqrt() * noise
