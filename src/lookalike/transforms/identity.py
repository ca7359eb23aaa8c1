"""No deformation."""

from torch import Tensor

from lookalike.shapes import Maps, PrototypeInputs, ViewMaps
from lookalike.transforms.base import Transform


class IdentityTransform(Transform):
    """A prototype meets every input as it is.

    Examples
    --------
    >>> import torch
    >>> IdentityTransform().views(torch.zeros(3, 1, 4, 4)).shape
    torch.Size([3, 1, 4, 4])
    """

    def views(self, prototypes: PrototypeInputs) -> Tensor:
        """The prototypes themselves, shape ``(p, ...)``."""
        return prototypes

    def reduce(self, maps: ViewMaps) -> tuple[Maps, dict[str, Tensor]]:
        """The maps themselves, and no parameters."""
        return maps, {}
