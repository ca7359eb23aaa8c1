"""No deformation."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from lookalike.transforms.base import Transform


class IdentityTransform(Transform):
    """A prototype meets every input as it is.

    Examples
    --------
    >>> import torch
    >>> IdentityTransform().views(torch.zeros(3, 1, 4, 4)).shape
    torch.Size([3, 1, 4, 4])
    """

    wanted = "inputs (p, ...)"

    @classmethod
    def fits(cls, shape: tuple[int, ...]) -> bool:
        """Inputs of any shape."""
        return len(shape) >= 1

    @property
    def members(self) -> Mapping[str, Sequence[float]]:
        """No parameters."""
        return {}

    def deformed(self, prototypes: Tensor) -> Tensor:
        """The prototypes themselves, shape ``(p, 1, ...)``."""
        return prototypes[:, None]
