"""Prototypes whose activations in a lower layer are like those of their class."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lookalike.comparison import Comparison
from lookalike.errors import require_option
from lookalike.regularizers.base import Regularizer, for_prototypes_alone
from lookalike.regularizers.likeness import (
    LEAST,
    by_class,
    correlations,
    falling,
    require_annealing,
    require_matching,
    shares_of_pixels,
    unlikeness,
    weights_by_class,
)
from lookalike.shapes import Scalar

_SILENT = 0.1


class FeatureMatchingRegularizer(Regularizer):
    """Every input should be like some prototype of its class in a lower layer, wherever a small shift puts it.

    Parameters
    ----------
    depth : float
        Of the layer: the share of the backbone's stages that come before, from 0 to 1.
    positions : int
        Largest shift in either direction, in positions of that layer, 0 or above.
    first_temperature, last_temperature : float
        Of the soft choice among prototypes and shifts, above 0, as in `AlignedMatchingRegularizer`.
    until : float
        Share of the training by which the last temperature is reached, above 0 and at most 1.
    mutual : float
        Weight, 0 or above, of the other direction: every prototype should be like some input of its class.
    tolerance : float or None
        How far what a channel shows in a place may be from the best prototype before it counts for less, in robust
        standard deviations of the input's residual, above 0; ``None`` counts all alike.
    tolerant_from : float
        Share of the training before which all count alike, from 0 to 1.
    assignment : str
        ``"soft"``, by temperature; or ``"hard"``: every input has its best prototype and shift alone, from the start.

    Raises
    ------
    ParameterError
        For an option out of its range; if the layer has no positions, or prototypes are no whole pictures.

    Notes
    -----
    `AlignedMatchingRegularizer` with activations in the place of pixels, for photographs, whose pixels no one picture
    stands for. The gradient reaches prototypes alone: a network that could make the two alike would do so by seeing
    nothing.

    Examples
    --------
    >>> FeatureMatchingRegularizer(depth=0.5).taps
    (0.5,)
    """

    def __init__(
        self,
        *,
        depth: float = 0.3,
        positions: int = 1,
        first_temperature: float = 0.3,
        last_temperature: float = 0.02,
        until: float = 0.7,
        mutual: float = 0.0,
        tolerance: float | None = None,
        tolerant_from: float = 0.6,
        assignment: str = "soft",
    ) -> None:
        super().__init__()
        require_option("depth", depth, 0 <= depth <= 1, "from 0 to 1")
        require_option("positions", positions, positions >= 0, "0 or above")
        require_annealing(first_temperature, last_temperature, until)
        require_matching(mutual, tolerance, tolerant_from, assignment)
        self.depth = depth
        self.taps = (depth,)
        self.positions = positions
        self.first_temperature = first_temperature
        self.last_temperature = last_temperature
        self.until = until
        self.mutual = mutual
        self.tolerance = tolerance
        self.tolerant_from = tolerant_from
        self.assignment = assignment

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """Minus the soft maximum of correlations, mean over inputs."""
        inputs, prototypes = comparison.tapped(self.depth, "feature matching", "regularizers='none'")
        groups = list(by_class(comparison, inputs.detach(), prototypes))
        if not groups:
            return comparison.prototypes.sum() * 0
        shares = shares_of_pixels(groups, self.tolerance if progress >= self.tolerant_from else None, self.positions)
        met = [correlations(*group, self.positions, share)[0] for group, share in zip(groups, shares, strict=True)]
        multiple = 0.0
        if self.assignment == "soft":
            multiple = falling(self.first_temperature, self.last_temperature, self.until, progress)
        penalty = unlikeness(met, multiple, self.mutual, weights_by_class(comparison))
        return for_prototypes_alone(penalty, comparison.prototypes)


class FeatureStatisticsRegularizer(Regularizer):
    """The prototypes of a class should excite a lower layer's channels as its inputs do, on average and together.

    Parameters
    ----------
    depth : float
        Of the layer: the share of the backbone's stages that come before, from 0 to 1.

    Raises
    ------
    ParameterError
        For a depth out of range; if the layer has no positions, or prototypes are no whole pictures.

    Notes
    -----
    Over all positions of all inputs of a class in the batch, and of all its prototypes: the squared difference of the
    channels' means, in units of the inputs' variances, and that of the channels' correlations, each a mean over
    channels, or pairs of these, and then over classes. No variance counts as less than a tenth of the channels' mean.
    Where in the picture something is does not count. The gradient reaches prototypes alone.

    References
    ----------
    [gatys2016style]

    Examples
    --------
    >>> FeatureStatisticsRegularizer().taps
    (0.3,)
    """

    def __init__(self, *, depth: float = 0.3) -> None:
        super().__init__()
        require_option("depth", depth, 0 <= depth <= 1, "from 0 to 1")
        self.depth = depth
        self.taps = (depth,)

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """The two squared differences, mean over the classes of the batch."""
        inputs, prototypes = comparison.tapped(self.depth, "feature statistics", "regularizers='none'")
        terms = []
        groups = list(by_class(comparison, inputs.detach(), prototypes))
        weights: Sequence[Tensor | None] = weights_by_class(comparison) or [None] * len(groups)
        for (mine, own), counts in zip(groups, weights, strict=True):
            (wanted, variances, together), (means, _, ours) = _statistics(mine, counts), _statistics(own)
            terms.append(((means - wanted).square() / variances).mean() + (ours - together).square().mean())
        if not terms:
            return comparison.prototypes.sum() * 0
        return for_prototypes_alone(torch.stack(terms).mean(), comparison.prototypes)


def _statistics(activations: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Means (d), variances (d), none much below the others, and correlations (d d), over inputs and positions."""
    rows = activations.transpose(0, 1).flatten(1)
    if weights is None:
        means = rows.mean(1)
        rest = rows - means[:, None]
        covariances = rest @ rest.T / rows.shape[1]
    else:
        shares = weights.to(rows).repeat_interleave(activations[0, 0].numel())
        shares = shares / shares.sum().clamp_min(torch.finfo(shares.dtype).tiny)
        means = rows @ shares
        rest = rows - means[:, None]
        covariances = (shares * rest) @ rest.T
    variances = covariances.diagonal().clamp_min(LEAST)
    together = covariances / (variances[:, None] * variances).sqrt()
    # Of a channel that is silent throughout a class, any excitement would be infinitely much.
    return means, variances.maximum(_SILENT * variances.mean()), together
