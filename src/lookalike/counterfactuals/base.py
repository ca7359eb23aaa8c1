"""What every counterfactual promises."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lookalike.comparison import Comparison


class Counterfactual(nn.Module, ABC):
    """Inputs that nobody saw and whose class is known all the same; training passes them through the same network.

    The objective reads that second pass as it reads the first; its weight lives where it is composed.

    Attributes
    ----------
    taps : sequence of float
        Depths of the backbone, from 0 to 1, whose activations it reads from the comparison.
    depth : float or None
        Where what it makes enters the network: in place of the activations at this depth; ``None``: as inputs.
    """

    taps: Sequence[float] = ()
    depth: float | None = None

    @abstractmethod
    def forward(self, comparison: Comparison, progress: float, generator: torch.Generator) -> tuple[Tensor, ...]:
        """Make inputs.

        Parameters
        ----------
        comparison : Comparison
            A pass with targets.
        progress : float
            Share of the training done, from 0 to 1.
        generator : torch.Generator
            Whatever is random follows from it.

        Returns
        -------
        tuple of Tensor
            Inputs ``(m, ...)`` in standardised units, or activations ``(m, d, h, w)``, without gradients, and labels
            ``(m,)``; m may be 0, and is no more than the comparison has inputs. A third tensor, ``(m,)``, says how much
            each counts, where inputs have weights; without it all count alike.
        """


class NoCounterfactual(Counterfactual):
    """Only what was seen.

    Examples
    --------
    >>> NoCounterfactual()
    NoCounterfactual()
    """

    def forward(self, comparison: Comparison, progress: float, generator: torch.Generator) -> tuple[Tensor, ...]:
        """Nothing."""
        return comparison.inputs[:0], comparison.known_targets()[:0]
