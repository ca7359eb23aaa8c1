"""Prototypes that look like their class, up to a deformation that a small net predicts."""

from lookalike.comparison import Comparison
from lookalike.regularizers.base import Regularizer
from lookalike.regularizers.likeness import (
    by_class,
    correlated,
    falling,
    require_annealing,
    unlikeness,
    weights_by_class,
)
from lookalike.shapes import Scalar
from lookalike.transforms import AlignmentPredictor, warped


class WarpedMatchingRegularizer(Regularizer):
    """Every input should look like some prototype of its class, turned, enlarged and moved as a small net predicts.

    Parameters
    ----------
    degrees : float
        Largest angle either way, from 0 to 180.
    scale : float
        Largest enlargement, from 1 to 10; its inverse is the smallest.
    pixels : float
        Largest shift in either direction, from 0 to 1000.
    width : int
        Hidden units of the net, `lookalike.transforms.AlignmentPredictor`, which is trained along; 1 or above.
    stretch : float
        Largest ratio of width to height at the same area, from 1 to 10; its inverse is the smallest.
    slant : float
        Largest shift to the right, in pixels, for each pixel upwards, from 0 to 10.
    bend : float
        How far each of six smooth waves moves what it moves farthest, in pixels, from 0 to 1000.
    first_temperature, last_temperature : float
        Of the soft choice among prototypes, above 0, as in `AlignedMatchingRegularizer`.
    until : float
        Share of the training by which the last temperature is reached, above 0 and at most 1.

    Raises
    ------
    ParameterError
        For an option out of its range; if prototypes are no pictures of the inputs' size.

    Notes
    -----
    The counterpart of `AlignedMatchingRegularizer`, which tries every shift in one correlation: here each pair is
    warped once, wherever the net says, by a warp the gradient passes through. It reaches deformations for which no grid
    is fine enough, at the price of a net that has to learn them.

    References
    ----------
    [jaderberg2015spatial]

    Examples
    --------
    >>> WarpedMatchingRegularizer(degrees=30.0).predictor.reach[0].item()
    30.0
    """

    def __init__(
        self,
        *,
        degrees: float = 15.0,
        scale: float = 1.15,
        pixels: float = 2.0,
        width: int = 64,
        first_temperature: float = 0.3,
        last_temperature: float = 0.02,
        until: float = 0.7,
        stretch: float = 1.0,
        slant: float = 0.0,
        bend: float = 0.0,
    ) -> None:
        super().__init__()
        require_annealing(first_temperature, last_temperature, until)
        self.predictor = AlignmentPredictor(
            degrees=degrees, scale=scale, pixels=pixels, width=width, stretch=stretch, slant=slant, bend=bend
        )
        self.first_temperature = first_temperature
        self.last_temperature = last_temperature
        self.until = until

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """Minus the soft maximum of correlations, mean over inputs."""
        comparison.require_whole_pictures("warped matching", "regularizers='none'")
        prototypes = comparison.prototypes
        met = []
        for mine, own in by_class(comparison, comparison.unaugmented().to(prototypes.dtype), prototypes):
            views = warped(own, self.predictor(mine, own), self.predictor.names)
            met.append(correlated(mine.flatten(1)[:, None], views.flatten(2))[:, :, None])
        if not met:
            return prototypes.sum() * 0
        multiple = falling(self.first_temperature, self.last_temperature, self.until, progress)
        return unlikeness(met, multiple, weights=weights_by_class(comparison))
