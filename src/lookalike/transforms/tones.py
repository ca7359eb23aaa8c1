"""Families that change values and leave the frame alone: gain and offset, and the gain of each color."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from lookalike.errors import require_option
from lookalike.transforms.base import Transform
from lookalike.transforms.grid import every_combination, ratios, require_odd, symmetric


class ToneTransform(Transform):
    """A prototype meets an input with the gain and offset that make them most alike; for pictures and rows of a table.

    Parameters
    ----------
    gain : float
        Largest factor, 1 or above; its inverse is the smallest.
    offset : float
        Largest offset either way, in standard deviations of the data, 0 or above.
    steps : int
        Values of each of the two, odd, the unchanged among them.

    Raises
    ------
    ParameterError
        If an option is out of range.

    Notes
    -----
    Values are standardized ones, so that a gain is about the data's mean: ``gain * prototype + offset``. Each of the
    ``steps ** 2`` members costs one pass of every prototype through the backbone.

    Examples
    --------
    >>> import torch
    >>> ToneTransform(gain=2.0, offset=0.0).views(torch.ones(1, 4))[:, 0].unique().tolist()
    [0.5, 1.0, 2.0]
    """

    wanted = "inputs (p, ...)"

    def __init__(self, *, gain: float = 1.25, offset: float = 0.25, steps: int = 3) -> None:
        require_option("gain", gain, gain >= 1, "1 or above")
        require_option("offset", offset, offset >= 0, "0 or above")
        require_odd(steps=steps)
        super().__init__()
        self.gain, self.offset, self.steps = gain, offset, steps

    @classmethod
    def fits(cls, shape: tuple[int, ...]) -> bool:
        """Inputs of any shape."""
        return len(shape) >= 1

    @property
    def members(self) -> Mapping[str, Sequence[float]]:
        """``gain`` and ``offset``."""
        return every_combination(gain=ratios(self.gain, self.steps), offset=symmetric(self.offset, self.steps))

    def deformed(self, prototypes: Tensor) -> Tensor:
        """Gain times the prototype plus offset, shape ``(p, v, ...)``."""
        gain, offset = (prototypes.new_tensor(values) for values in self.members.values())
        wide = (1, -1, *[1] * (prototypes.ndim - 1))
        return gain.view(wide) * prototypes[:, None] + offset.view(wide)


class ColorTransform(Transform):
    """A color picture meets an input with the gain of red, green and blue that makes them most alike.

    Parameters
    ----------
    gain : float
        Largest factor, 1 or above; its inverse is the smallest.
    steps : int
        Values for each color, odd, the unchanged among them.

    Raises
    ------
    ParameterError
        If an option is out of range.

    Notes
    -----
    Values are standardized ones, so that a gain is about the mean of its color in the data. Each of the ``steps ** 3``
    members costs one pass of every prototype through the backbone.

    Examples
    --------
    >>> import torch
    >>> ColorTransform().views(torch.rand(2, 3, 8, 8)).shape
    torch.Size([54, 3, 8, 8])
    """

    wanted = "color pictures (p, 3, h, w)"

    def __init__(self, *, gain: float = 1.25, steps: int = 3) -> None:
        require_option("gain", gain, gain >= 1, "1 or above")
        require_odd(steps=steps)
        super().__init__()
        self.gain, self.steps = gain, steps

    @classmethod
    def fits(cls, shape: tuple[int, ...]) -> bool:
        """Pictures of three channels."""
        return len(shape) == 3 and shape[0] == 3

    @property
    def members(self) -> Mapping[str, Sequence[float]]:
        """The gain of ``red``, of ``green`` and of ``blue``."""
        gains = ratios(self.gain, self.steps)
        return every_combination(red=gains, green=gains, blue=gains)

    def deformed(self, prototypes: Tensor) -> Tensor:
        """Each channel times its gain, shape ``(p, v, 3, h, w)``."""
        gains = prototypes.new_tensor(list(self.members.values())).T
        return gains[None, :, :, None, None] * prototypes[:, None]
