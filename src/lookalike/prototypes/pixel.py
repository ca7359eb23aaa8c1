"""Prototypes that are inputs, learned value by value."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lookalike.prototypes.base import Prototypes, prototype_labels, prototype_shape
from lookalike.shapes import PrototypeInputs, Shape

_EDGE = 1e-3


class PixelPrototypes(Prototypes):
    """Inputs whose every value is learned, free or held inside the data's range.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one input.
    n_classes : int
    value_range : tuple of Tensor
        Lowest and highest value of the data, in the network's units, each of a shape that broadcasts to an input.
    n_per_class : int or sequence of int
        Prototypes of every class, or of each.
    bounded : bool
        Hold every value inside ``value_range`` by a logistic map, smooth everywhere.
    size : int, optional
        Height and width of a prototype smaller than the input, which then slides over the input's activations.

    Notes
    -----
    Shape: ``(p, *input_shape)``, or ``(p, c, size, size)``. Under ``bounded``, a value at or beyond the edge of the
    range starts one thousandth of the range inside it, where the map still has a slope.

    Examples
    --------
    >>> import torch
    >>> prototypes = PixelPrototypes((1, 4, 4), 3, (torch.tensor(0.0), torch.tensor(1.0)), n_per_class=2)
    >>> prototypes().shape, prototypes.labels.tolist()
    (torch.Size([6, 1, 4, 4]), [0, 0, 1, 1, 2, 2])
    """

    space = "input"
    low: Tensor
    high: Tensor

    def __init__(
        self,
        input_shape: Shape,
        n_classes: int,
        value_range: tuple[Tensor, Tensor],
        *,
        n_per_class: int | Sequence[int] = 4,
        bounded: bool = False,
        size: int | None = None,
    ) -> None:
        nn.Module.__init__(self)
        self.shape = prototype_shape(input_shape, size)
        self.bounded = bounded
        self.register_buffer("labels", prototype_labels(n_per_class, n_classes))
        self.register_buffer("sources", None)
        self.register_buffer("low", value_range[0].clone())
        self.register_buffer("high", value_range[1].clone())
        self.values = nn.Parameter(torch.zeros(len(self.labels), *self.shape))

    def forward(self) -> PrototypeInputs:
        """All prototypes, shape ``(p, *shape)``."""
        if not self.bounded:
            return self.values
        return self.low + (self.high - self.low) * torch.sigmoid(self.values)

    def set_values(self, values: PrototypeInputs) -> None:
        """Overwrite every prototype; under ``bounded``, values outside the range are moved inside it."""
        with torch.no_grad():
            if self.bounded:
                share = (values - self.low) / (self.high - self.low).clamp_min(1e-12)
                values = torch.logit(share.clamp(_EDGE, 1 - _EDGE))
            self.values.copy_(values)
