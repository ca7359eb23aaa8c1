"""What every set of prototypes promises."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from lookalike.errors import ParameterError, describe
from lookalike.shapes import Inputs, Labels, PrototypeInputs, PrototypeLabels, Shape

_MOST = 1_000_000


class Prototypes(nn.Module, ABC):
    """Pictures, rows or activations that stand for classes.

    Attributes
    ----------
    space : str
        Of the class: ``"input"`` where a prototype is an input and passes the backbone, ``"activation"`` where it is
        one already.
    shape : tuple of int
        Shape of one prototype.
    labels : Tensor
        The class of every prototype, shape ``(p,)``, sorted; a buffer, so it is saved.
    sources : Tensor or None
        Which training example every prototype is, or was cut from, shape ``(p,)``, -1 where none yet; a buffer, or
        ``None`` for prototypes that never are examples.
    """

    space: str
    shape: Shape
    labels: Tensor
    sources: Tensor | None

    @abstractmethod
    def forward(self) -> PrototypeInputs:
        """All prototypes, shape ``(p, *shape)``."""

    @abstractmethod
    def set_values(self, values: PrototypeInputs) -> None:
        """Overwrite every prototype, in place.

        Parameters
        ----------
        values : Tensor
            Shape ``(p, *shape)``.
        """

    def begin(
        self, values: PrototypeInputs, inputs: Inputs, labels: Labels, generator: torch.Generator
    ) -> PrototypeInputs:
        """Meet the training examples, once, before training; values to begin with, those given unless said otherwise.

        Parameters
        ----------
        values : Tensor
            What an initializer gives, shape ``(p, *shape)``.
        inputs : Tensor
            Training examples in the prototypes' own space, shape ``(n, ...)``.
        labels : Tensor
            Their classes, shape ``(n,)``.
        generator : torch.Generator
            Whatever is random follows from it.
        """
        return values

    def advance(self, progress: float) -> None:
        """Learn how much of the training is done, from 0 to 1; nothing follows from it, unless said otherwise."""

    def expect(self, weights: Mapping[str, Tensor]) -> None:
        """Make room for tensors that are about to be loaded; nothing follows from it, unless said otherwise.

        Parameters
        ----------
        weights : mapping
            By the names of parameters and buffers; not checked yet.
        """

    def settle(self) -> None:
        """Training is over; nothing follows from it, unless said otherwise."""


def prototype_labels(n_per_class: int | Sequence[int], n_classes: int) -> PrototypeLabels:
    """The class of every prototype.

    Parameters
    ----------
    n_per_class : int or sequence of int
        How many each class has: one number for all, or one per class; each at least 1.
    n_classes : int

    Returns
    -------
    Tensor
        Shape ``(p,)``, sorted.

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> prototype_labels((1, 2), n_classes=2)
    tensor([0, 1, 1])
    """
    counts = [n_per_class] * n_classes if isinstance(n_per_class, int) else list(n_per_class)
    if len(counts) != n_classes or any(not isinstance(n, int) or n < 1 for n in counts):
        raise ParameterError(
            describe(
                f"n_per_class as a whole number of at least 1, or {n_classes} of them, one per class",
                n_per_class,
                "prototypes__n_per_class=4",
            )
        )
    if sum(counts) > _MOST:
        raise ParameterError(
            describe(f"at most {_MOST:,} prototypes in all", f"{sum(counts):,}", "prototypes__n_per_class=4")
        )
    return torch.repeat_interleave(torch.arange(n_classes), torch.tensor(counts))


def require_picture(
    shape: Shape, name: str, argument: str = "prototypes", instead: str = "prototypes='pixel'"
) -> tuple[int, int, int]:
    """Refuse inputs that are no pictures.

    Parameters
    ----------
    shape : tuple of int
        Of one input.
    name, argument : str
        What is chosen, and for what.
    instead : str
        What to choose.

    Returns
    -------
    tuple of int
        Channels, height and width.

    Raises
    ------
    ParameterError
    """
    if len(shape) != 3:
        raise ParameterError(describe(f"pictures for {argument} {name!r}", f"inputs of shape {tuple(shape)}", instead))
    channels, height, width = shape
    return channels, height, width


def prototype_shape(input_shape: Shape, size: int | None) -> Shape:
    """Shape of a prototype that is an input, or a smaller square picture.

    Parameters
    ----------
    input_shape : tuple of int
    size : int or None
        Height and width in pixels; ``None`` for the input's own.

    Raises
    ------
    ParameterError
        If the size does not fit into the input, or the input is no picture.
    """
    if size is None:
        return tuple(input_shape)
    if len(input_shape) != 3 or not 1 <= size <= min(input_shape[1:]):
        raise ParameterError(
            describe(f"a size that fits into an input of shape {tuple(input_shape)}", size, "prototypes__size=None")
        )
    return (input_shape[0], size, size)
