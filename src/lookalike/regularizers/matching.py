"""Prototypes that look like their class, up to a small deformation."""

import torch
from torch import Tensor

from lookalike.comparison import Comparison, weighted_mean
from lookalike.errors import require_option
from lookalike.regularizers.base import Regularizer
from lookalike.regularizers.likeness import (
    by_class,
    correlations,
    falling,
    require_annealing,
    require_matching,
    shares_of_pixels,
    spread_of,
    unlike,
    weights_by_class,
)
from lookalike.shapes import Scalar
from lookalike.transforms import IdentityTransform, Transform

ERRORS = ("correlation", "squared")


class AlignedMatchingRegularizer(Regularizer):
    """Every input should look like some prototype of its class, wherever a few pixels' shift puts it.

    Parameters
    ----------
    pixels : int
        Largest shift in either direction, from 0 to 100; all shifts of the square are tried.
    first_temperature, last_temperature : float
        Of the soft choice among prototypes and shifts, above 0, as multiples of what is still unexplained: of 1 less
        the mean over the batch of each input's largest correlation. It falls geometrically from the one to the other.
    until : float
        Share of the training by which the last temperature is reached, above 0 and at most 1.
    contrast : float
        Weight, 0 or above, of what makes a prototype as bright and as strong in contrast as what it stands for; with 0
        its gain and offset are free.
    mutual : float
        Weight, 0 or above, of the other direction: every prototype should look like some input of its class in the
        batch, or those that no input chooses would be left to the classifier.
    tolerance : float or None
        How far a pixel may be from the prototype that fits its input best before it counts for less, in robust standard
        deviations of that input's residual, above 0; ``None`` counts all pixels alike.
    tolerant_from : float
        Share of the training before which all pixels count alike, from 0 to 1: prototypes must have formed.
    error : str
        ``"correlation"``, to which brightness and contrast do not matter; or ``"squared"``: how much of an input's
        variance the squared error leaves, in which they do. With a tolerance either is robust.
    assignment : str
        ``"soft"``, by temperature; or ``"hard"``: every input has its best prototype and view alone, from the start.
    transforms : Transform
        A family of deformations to try beside shifts; each of its members costs as much as the prototype itself.

    Raises
    ------
    ParameterError
        For an option out of its range; if prototypes are no pictures of the inputs' size, or none that the
        deformations fit.

    Notes
    -----
    With a the Pearson correlation of an input with a shifted prototype of its class, the penalty is minus
    ``t * log(mean(exp(a / t)))`` over the class's prototypes and shifts, mean over inputs: a soft maximum, at high
    temperature the mean, at low the largest. Were an input its prototype plus noise, what is unexplained would be the
    noise's share of the variance; a temperature in its units suits classes whose kinds differ much or little. What
    leaves the frame in a shift is lost, edges repeat. Inputs of a class without prototypes say nothing. To it comes
    ``mutual`` times the same soft maximum over a class's inputs and shifts, mean over prototypes. And ``contrast``
    times the squared differences of the mean and of the standard deviation of an input and of the view that is most
    like it, over the input's variance: with the correlation they make up the squared distance, but the choice among
    prototypes stays free of brightness. With ``error="squared"``, a is 1 less the mean squared error over the input's
    variance, and there is no such term.

    Without a tolerance a prototype tends to the mean of what it stands for, and clutter that lies now here, now there
    leaves a haze. With one, pixel i of an input counts ``w_i = (1 + (r_i / (tolerance s))^2)^-2``, where r is what the
    best shifted prototype of its class, gain and offset fitted with the same weights, leaves of it, and s is 1.4826
    times the median absolute residual, or .8 of the root mean square residual if that is more (on a picture that is
    mostly background the median is small however badly the object fits): Geman and McClure's weights. All sums over
    pixels become weighted, and the prototype tends to what most of its inputs show. No gradient flows into the weights.

    References
    ----------
    [geman1987robust]

    [li2018prototypes]

    Examples
    --------
    >>> AlignedMatchingRegularizer(pixels=2).pixels
    2
    """

    def __init__(
        self,
        *,
        pixels: int = 2,
        first_temperature: float = 0.3,
        last_temperature: float = 0.02,
        until: float = 0.7,
        contrast: float = 0.1,
        mutual: float = 0.1,
        tolerance: float | None = 2.0,
        tolerant_from: float = 0.6,
        error: str = "correlation",
        assignment: str = "soft",
        transforms: Transform | None = None,
    ) -> None:
        super().__init__()
        require_option("pixels", pixels, 0 <= pixels <= 100, "from 0 to 100")
        require_annealing(first_temperature, last_temperature, until)
        require_option("contrast", contrast, contrast >= 0, "0 or above")
        require_matching(mutual, tolerance, tolerant_from, assignment)
        require_option("error", error, error in ERRORS, " or ".join(ERRORS))
        self.pixels = pixels
        self.first_temperature = first_temperature
        self.last_temperature = last_temperature
        self.until = until
        self.contrast = contrast
        self.mutual = mutual
        self.tolerance = tolerance
        self.tolerant_from = tolerant_from
        self.error = error
        self.assignment = assignment
        self.transforms = transforms or IdentityTransform()

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """Minus the soft maximum of correlations, mean over inputs."""
        comparison.require_whole_pictures("aligned matching", "regularizers='none'")
        prototypes = comparison.prototypes
        advice = "another regularizers__aligned_matching__transforms; see lookalike list transforms"
        self.transforms.require_fitting(tuple(prototypes.shape[1:]), "matching", advice)
        inputs = comparison.unaugmented().to(prototypes.dtype)
        groups = [(mine, self.transforms.deformed(own)) for mine, own in by_class(comparison, inputs, prototypes)]
        if not groups:
            return prototypes.sum() * 0
        every = [(mine, views.flatten(0, 1)) for mine, views in groups]
        shares = shares_of_pixels(every, self.tolerance if progress >= self.tolerant_from else None, self.pixels)
        met = [self._meet(mine, views, share) for (mine, views), share in zip(groups, shares, strict=True)]
        multiple = self.temperature(progress) if self.assignment == "soft" else 0.0
        weights = weights_by_class(comparison)
        by_input, by_prototype = unlike([alike for alike, _ in met], multiple, weights)
        apart = torch.cat([each for _, each in met])
        by_input = weighted_mean(by_input + self.contrast * apart, None if weights is None else torch.cat(weights))
        return by_input + self.mutual * by_prototype.mean()

    def temperature(self, progress: float) -> float:
        """The temperature after a share of the training, as a multiple of what is unexplained."""
        return falling(self.first_temperature, self.last_temperature, self.until, progress)

    def _meet(self, inputs: Tensor, views: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs and views of prototypes of one class: how alike, (n p v); how unlike the best is in contrast, (n)."""
        found, levels, spreads = correlations(inputs, views.flatten(0, 1), self.pixels, shares)
        level, spread = (shares * inputs).sum((1, 2, 3)), spread_of(inputs, shares)
        if self.error == "squared":
            gains = spreads / spread[:, None, None]
            apart = ((levels - level[:, None, None]) / spread[:, None, None]).square()
            found = 2 * gains * found - gains.square() - apart
            return found.reshape(len(inputs), len(views), -1), torch.zeros_like(level)
        best = found.flatten(1).argmax(1, keepdim=True)
        other_level, other_spread = (
            each.expand_as(found).flatten(1).gather(1, best)[:, 0] for each in (levels, spreads)
        )
        apart = ((level - other_level).square() + (spread - other_spread).square()) / spread.square()
        return found.reshape(len(inputs), len(views), -1), apart
