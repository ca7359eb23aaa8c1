"""Prototypes that are inputs, learned value by value."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lookalike.errors import ParameterError, describe, require_option
from lookalike.prototypes.base import Prototypes, prototype_labels, prototype_shape
from lookalike.selection import nearest_of_class
from lookalike.shapes import Inputs, Labels, PrototypeInputs, Shape

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
    within : float, optional
        How far any value may be from that of a real training example, in standard deviations of the data, above 0: the
        less, the more a prototype is that example; without it, values are free.

    Raises
    ------
    ParameterError
        If ``within`` is out of range, or given together with ``bounded`` or ``size``.

    Notes
    -----
    Under ``within`` a prototype is ``base + within tanh(values)``; its base is the training example of its class that
    is nearest to the first value, and a later value beyond reach, an example from which a prototype begins anew,
    becomes the base itself.

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
    base: Tensor | None

    def __init__(
        self,
        input_shape: Shape,
        n_classes: int,
        value_range: tuple[Tensor, Tensor],
        *,
        n_per_class: int | Sequence[int] = 4,
        bounded: bool = False,
        size: int | None = None,
        within: float | None = None,
    ) -> None:
        nn.Module.__init__(self)
        _require_reach(within, bounded or size is not None)
        self.shape = prototype_shape(input_shape, size)
        self.bounded = bounded
        self.within = within
        self.register_buffer("labels", prototype_labels(n_per_class, n_classes))
        self.register_buffer("sources", None)
        self.register_buffer("low", value_range[0].clone())
        self.register_buffer("high", value_range[1].clone())
        self.register_buffer("base", None if within is None else torch.zeros(len(self.labels), *self.shape))
        self.values = nn.Parameter(torch.zeros(len(self.labels), *self.shape))

    def forward(self) -> PrototypeInputs:
        """All prototypes, shape ``(p, *shape)``."""
        if self.base is not None and self.within is not None:
            return self.base + self.within * torch.tanh(self.values)
        if not self.bounded:
            return self.values
        return self.low + (self.high - self.low) * torch.sigmoid(self.values)

    def begin(
        self, values: PrototypeInputs, inputs: Inputs, labels: Labels, generator: torch.Generator
    ) -> PrototypeInputs:
        """The values as they are, or what of them is within reach of the nearest training example of the class."""
        if self.base is None or self.within is None:
            return values
        self.base.copy_(inputs[nearest_of_class(values, self.labels, inputs, labels)])
        return self.base + (values - self.base).clamp(-self.within, self.within)

    def set_values(self, values: PrototypeInputs) -> None:
        """Overwrite every prototype; under ``bounded``, values outside the range are moved inside it."""
        with torch.no_grad():
            if self.base is not None and self.within is not None:
                far = (values - self.base).abs().flatten(1).amax(1) > self.within * (1 + _EDGE)
                self.base[far] = values[far]
                values = torch.atanh(((values - self.base) / self.within).clamp(_EDGE - 1, 1 - _EDGE))
            elif self.bounded:
                share = (values - self.low) / (self.high - self.low).clamp_min(1e-12)
                values = torch.logit(share.clamp(_EDGE, 1 - _EDGE))
            self.values.copy_(values)


def _require_reach(within: float | None, otherwise_held: bool) -> None:
    require_option("within", within, within is None or within > 0, "above 0, or None")
    if within is not None and otherwise_held:
        raise ParameterError(describe("within alone", "within together with bounded or size", "leave these out"))
