"""Prototypes that are training examples and stay so."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lookalike.prototypes.base import Prototypes, prototype_labels
from lookalike.selection import nearest_of_class
from lookalike.shapes import Inputs, Labels, PrototypeInputs, Shape


class ExemplarPrototypes(Prototypes):
    """Training examples, fixed: the network around them learns, they do not.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one input.
    n_classes : int
    n_per_class : int or sequence of int
        Prototypes of every class, or of each.

    Notes
    -----
    Shape: ``(p, *input_shape)``. Whatever initializer is chosen, its values are replaced by the nearest training
    examples of the same class; ``sources`` holds their training indices. The values are a buffer: saved, never trained.

    Examples
    --------
    >>> import torch
    >>> ExemplarPrototypes((1, 4, 4), 3, n_per_class=1)().shape
    torch.Size([3, 1, 4, 4])
    """

    space = "input"
    values: Tensor
    sources: Tensor

    def __init__(self, input_shape: Shape, n_classes: int, *, n_per_class: int | Sequence[int] = 4) -> None:
        nn.Module.__init__(self)
        self.shape = tuple(input_shape)
        self.register_buffer("labels", prototype_labels(n_per_class, n_classes))
        self.register_buffer("sources", torch.full((len(self.labels),), -1))
        self.register_buffer("values", torch.zeros(len(self.labels), *self.shape))

    def forward(self) -> PrototypeInputs:
        """All prototypes, shape ``(p, *input_shape)``."""
        return self.values

    def begin(
        self, values: PrototypeInputs, inputs: Inputs, labels: Labels, generator: torch.Generator
    ) -> PrototypeInputs:
        """The nearest training example of each value's class, none twice."""
        self.sources.copy_(nearest_of_class(values, self.labels, inputs, labels, distinct=True))
        return inputs[self.sources]

    def set_values(self, values: PrototypeInputs) -> None:
        """Overwrite every prototype."""
        self.values.copy_(values)
