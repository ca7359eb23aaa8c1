"""Small random changes of a batch of training inputs, under which the class stays the same."""

from abc import ABC, abstractmethod

import torch
from torch import Generator

from lookalike.errors import ParameterError, describe, require_option
from lookalike.shapes import Inputs


class Augmentation(ABC):
    """Changes whole batches, drawing from a generator it is given."""

    @abstractmethod
    def __call__(self, inputs: Inputs, generator: Generator) -> Inputs:
        """A changed batch of the same shape.

        Parameters
        ----------
        inputs : Tensor
            Shape ``(n, ...)``.
        generator : torch.Generator
            The only source of randomness.
        """


class NoAugmentation(Augmentation):
    """Inputs as they are.

    Examples
    --------
    >>> import torch
    >>> NoAugmentation()(torch.ones(1, 2), torch.Generator()).tolist()
    [[1.0, 1.0]]
    """

    def __call__(self, inputs: Inputs, generator: Generator) -> Inputs:
        """The same tensor."""
        return inputs


class ShiftAugmentation(Augmentation):
    """Every picture moved by a few whole pixels, its edge repeated, and mirrored where that is allowed.

    Parameters
    ----------
    pixels : int
        Largest shift along each axis, uniform on ``-pixels .. pixels``.
    mirror : bool
        Also mirror left and right with probability one half. Right for most photographs, wrong for digits and letters.

    Examples
    --------
    >>> import torch
    >>> ShiftAugmentation(pixels=2)(torch.zeros(3, 1, 8, 8), torch.Generator()).shape
    torch.Size([3, 1, 8, 8])
    """

    def __init__(self, *, pixels: int = 2, mirror: bool = False) -> None:
        require_option("pixels", pixels, 0 <= pixels <= 100, "from 0 to 100")
        self.pixels = pixels
        self.mirror = mirror

    def __call__(self, inputs: Inputs, generator: Generator) -> Inputs:
        """Shape ``(n, c, h, w)`` to the same."""
        if inputs.ndim != 4:
            raise ParameterError(
                describe("pictures for augmentation='shift'", f"shape {tuple(inputs.shape)}", "augmentation='none'")
            )
        n, _, height, width = inputs.shape
        rows, columns = torch.arange(height).repeat(n, 1), torch.arange(width).repeat(n, 1)
        if self.mirror:
            mirrored = torch.rand(n, generator=generator) < 0.5
            columns[mirrored] = columns[mirrored].flip(1)
        shifts = torch.randint(-self.pixels, self.pixels + 1, (2, n, 1), generator=generator)
        rows = (rows + shifts[0]).clamp(0, height - 1)
        columns = (columns + shifts[1]).clamp(0, width - 1)
        picked = inputs[torch.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]]
        return picked.permute(0, 3, 1, 2)
