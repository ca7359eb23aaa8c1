"""Prototypes that live in activation space."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lookalike.prototypes.base import Prototypes, prototype_labels, prototype_shape
from lookalike.shapes import PrototypeInputs, Shape


class LatentPrototypes(Prototypes):
    """Activation patches, as in ProtoPNet; a projection phase ties each to a patch of a training picture.

    Parameters
    ----------
    activation_shape : tuple of int
        Shape ``(d, h, w)`` of the activations of one input.
    n_classes : int
    n_per_class : int or sequence of int
        Prototypes of every class, or of each.
    size : int, optional
        Positions of a patch along each side; 1 is ProtoPNet's. ``None``: the whole map.

    Notes
    -----
    Shape: ``(p, d, size, size)``. The buffers ``sources`` and ``source_positions`` hold, after a projection, the
    training index of the picture and the upper left position of the patch on its map; -1 before.

    References
    ----------
    [chen2019protopnet]

    Examples
    --------
    >>> import torch
    >>> LatentPrototypes((8, 4, 4), 3, n_per_class=2)().shape
    torch.Size([6, 8, 1, 1])
    """

    space = "activation"
    sources: Tensor
    source_positions: Tensor

    def __init__(
        self,
        activation_shape: Shape,
        n_classes: int,
        *,
        n_per_class: int | Sequence[int] = 4,
        size: int | None = 1,
    ) -> None:
        nn.Module.__init__(self)
        self.shape = prototype_shape(activation_shape, size)
        self.register_buffer("labels", prototype_labels(n_per_class, n_classes))
        self.register_buffer("sources", torch.full((len(self.labels),), -1))
        self.register_buffer("source_positions", torch.full((len(self.labels), 2), -1))
        self.values = nn.Parameter(torch.zeros(len(self.labels), *self.shape))

    def forward(self) -> PrototypeInputs:
        """All prototypes, shape ``(p, d, size, size)``."""
        return self.values

    def set_values(self, values: PrototypeInputs) -> None:
        """Overwrite every prototype."""
        with torch.no_grad():
            self.values.copy_(values)
