"""What every initializer promises, and how larger examples are cut to a prototype's size."""

from abc import ABC, abstractmethod

import torch
from torch import Generator, Tensor

from lookalike.errors import DataError, describe
from lookalike.shapes import Inputs, Labels, PrototypeInputs, PrototypeLabels, Shape, Weights


class Initializer(ABC):
    """First values of prototypes."""

    @abstractmethod
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
        """Values for every prototype.

        Parameters
        ----------
        shape : tuple of int
            Shape of one prototype; where it is smaller than an example, random windows of the examples serve.
        prototype_labels : Tensor
            The class of every prototype, shape ``(p,)``.
        inputs : Tensor
            Training examples in the prototypes' own space, shape ``(n, ...)``: inputs, or activations.
        labels : Tensor
            Their classes, shape ``(n,)``.
        generator : torch.Generator
            The only source of randomness.
        weights : Tensor, optional
            How much each example counts, above 0, shape ``(n,)``; all alike unless given.

        Returns
        -------
        Tensor
            Shape ``(p, *shape)``.

        Raises
        ------
        DataError
            If a class has too few examples.
        """


def random_windows(examples: Tensor, shape: Shape, generator: Generator) -> Tensor:
    """One window of each example, of a prototype's shape, at a random place; examples of that shape stay as they are.

    Parameters
    ----------
    examples : Tensor
        Shape ``(n, ...)``; ``(n, c, h, w)`` where windows have to be cut.
    shape : tuple of int
        ``(c, size, size)`` or the examples' own.
    generator : torch.Generator

    Returns
    -------
    Tensor
        Shape ``(n, *shape)``.
    """
    if tuple(examples.shape[1:]) == tuple(shape):
        return examples
    _, height, width = shape
    rows = torch.randint(examples.shape[2] - height + 1, (len(examples),), generator=generator)
    columns = torch.randint(examples.shape[3] - width + 1, (len(examples),), generator=generator)
    rows = rows[:, None, None] + torch.arange(height)[None, :, None]
    columns = columns[:, None, None] + torch.arange(width)[None, None, :]
    picked = examples[torch.arange(len(examples))[:, None, None], :, rows, columns]
    return picked.permute(0, 3, 1, 2).contiguous()


def members(labels: Labels, label: int, at_least: int) -> Tensor:
    """Indices of the examples of a class; an error where there are too few.

    Parameters
    ----------
    labels : Tensor
        Shape ``(n,)``.
    label : int
    at_least : int

    Raises
    ------
    DataError
    """
    found = (labels == label).nonzero()[:, 0]
    if len(found) < at_least:
        raise DataError(
            describe(
                f"at least {at_least} training examples of class number {label}, one for each prototype",
                f"{len(found)}",
                "fewer prototypes__n_per_class, more examples, or a smaller validation_fraction",
            )
        )
    return found
