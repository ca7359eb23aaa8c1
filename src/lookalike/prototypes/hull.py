"""Prototypes that lie between training examples."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lookalike.errors import require_option
from lookalike.prototypes.base import Prototypes, prototype_labels
from lookalike.prototypes.candidates import draw_candidates, mixed, nearest_candidate
from lookalike.shapes import Inputs, Labels, PrototypeInputs, Shape


class HullPrototypes(Prototypes):
    r"""Mixtures of training examples of their class: whatever is learned lies between data, never outside.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one input.
    n_classes : int
    n_per_class : int or sequence of int
        Prototypes of every class, or of each.
    candidates : int
        Training examples of each class that its prototypes are mixed of, 2 or above.
    nearest : float
        Share of the nearest candidate in a prototype that begins, above 0 and below 1; the others share the rest.

    Raises
    ------
    ParameterError
        For an option out of its range.

    Notes
    -----
    Shape: ``(p, *input_shape)``. A prototype is :math:`\sum_i w_i x_i` with weights ``w = softmax(values)``, which are
    above 0 and sum to 1. The candidates are saved with the prototypes. Pictures mixed of many examples are blurred;
    few large weights are what keeps them sharp, and what training is free to find.

    References
    ----------
    [cutler1994archetypal]

    Examples
    --------
    >>> import torch
    >>> prototypes = HullPrototypes((1, 4, 4), 3, n_per_class=1, candidates=5)
    >>> prototypes().shape, prototypes.values.shape
    (torch.Size([3, 1, 4, 4]), torch.Size([3, 5]))
    """

    space = "input"
    candidates: Tensor

    def __init__(
        self,
        input_shape: Shape,
        n_classes: int,
        *,
        n_per_class: int | Sequence[int] = 4,
        candidates: int = 64,
        nearest: float = 0.9,
    ) -> None:
        nn.Module.__init__(self)
        require_option("candidates", candidates, candidates >= 2, "2 or above")
        require_option("nearest", nearest, 0 < nearest < 1, "above 0 and below 1")
        self.shape = tuple(input_shape)
        self.nearest = nearest
        self.register_buffer("labels", prototype_labels(n_per_class, n_classes))
        self.register_buffer("sources", None)
        self.register_buffer("candidates", torch.zeros(n_classes * candidates, *self.shape))
        self.values = nn.Parameter(torch.zeros(len(self.labels), candidates))

    def forward(self) -> PrototypeInputs:
        """All prototypes, shape ``(p, *input_shape)``."""
        return mixed(torch.softmax(self.values, 1), self.labels.clamp_min(0), self.candidates)

    def begin(
        self, values: PrototypeInputs, inputs: Inputs, labels: Labels, generator: torch.Generator
    ) -> PrototypeInputs:
        """The values as they are; the candidates are drawn."""
        n = self.values.shape[1]
        self.candidates.copy_(inputs[draw_candidates(values, self.labels, inputs, labels, n, generator)])
        return values

    def set_values(self, values: PrototypeInputs) -> None:
        """Move every prototype towards the candidate of its class that is nearest to the value."""
        with torch.no_grad():
            n = self.values.shape[1]
            which = nearest_candidate(values, self.labels.clamp_min(0), self.candidates, n)
            self.values.fill_(math.log((1 - self.nearest) / (n - 1)))
            self.values[torch.arange(len(which)), which] = math.log(self.nearest)
