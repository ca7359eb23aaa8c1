"""Prototypes that look like their class, up to a small deformation."""

import math

import torch
from torch import Tensor

from lookalike.comparison import Comparison
from lookalike.errors import ParameterError, describe, require_option
from lookalike.regularizers.base import Regularizer
from lookalike.shapes import Scalar
from lookalike.transforms import shifted

_LEAST = 1e-6


class AlignedMatchingRegularizer(Regularizer):
    """Every input should look like some prototype of its class, wherever a few pixels' shift, gain and offset put it.

    Parameters
    ----------
    pixels : int
        Largest shift in either direction, 0 or above; all shifts of the square are tried.
    first_temperature, last_temperature : float
        Of the soft choice among prototypes and shifts, above 0; it falls geometrically from the one to the other.
    until : float
        Share of the training by which the last temperature is reached, above 0 and at most 1.

    Raises
    ------
    ParameterError
        For an option out of its range; if prototypes are no pictures of the inputs' size.

    Notes
    -----
    With a the Pearson correlation of an input with a shifted prototype of its class, the penalty is minus
    ``t * log(mean(exp(a / t)))`` over the class's prototypes and shifts, mean over inputs: a soft maximum, at high
    temperature the mean, at low the largest. Correlation makes gain and offset free. What leaves the frame in a
    shift is lost, edges repeat. Inputs of a class without prototypes say nothing.

    Examples
    --------
    >>> AlignedMatchingRegularizer(pixels=2).pixels
    2
    """

    def __init__(
        self, *, pixels: int = 3, first_temperature: float = 0.3, last_temperature: float = 0.02, until: float = 0.7
    ) -> None:
        super().__init__()
        require_option("pixels", pixels, pixels >= 0, "0 or above")
        for name, value in (("first_temperature", first_temperature), ("last_temperature", last_temperature)):
            require_option(name, value, value > 0, "above 0")
        require_option("until", until, 0 < until <= 1, "above 0 and at most 1")
        self.pixels = pixels
        self.first_temperature = first_temperature
        self.last_temperature = last_temperature
        self.until = until

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """Minus the soft maximum of correlations, mean over inputs."""
        inputs, prototypes = comparison.inputs, comparison.prototypes
        if prototypes.ndim != 4 or inputs.shape[1:] != prototypes.shape[1:]:
            raise ParameterError(
                describe(
                    f"prototypes that are pictures of the inputs' shape {tuple(inputs.shape[1:])} for aligned matching",
                    f"shape {tuple(prototypes.shape[1:])}",
                    "prototypes='pixel' with prototypes__size=None; regularizers='none' for tables and patches",
                )
            )
        temperature = self.temperature(progress)
        views = _unit(shifted(prototypes, self.pixels).flatten(2))
        rows = _unit(inputs.flatten(1)).to(views.dtype)
        targets, penalties = comparison.known_targets(), []
        for label in comparison.labels.unique():
            own = views[comparison.labels == label].flatten(0, 1)
            alike = rows[targets == label] @ own.T
            penalties.append(-temperature * torch.logsumexp(alike / temperature, 1) + temperature * math.log(len(own)))
        found = torch.cat(penalties)
        return found.mean() if len(found) else found.sum()

    def temperature(self, progress: float) -> float:
        """The temperature after a share of the training."""
        share = min(progress / self.until, 1.0)
        return self.first_temperature * (self.last_temperature / self.first_temperature) ** share


def _unit(rows: Tensor) -> Tensor:
    """Rows without their mean, of length 1; a constant row stays near 0."""
    centered = rows - rows.mean(-1, keepdim=True)
    return centered / centered.norm(dim=-1, keepdim=True).clamp_min(_LEAST)
