"""Prototypes that look like their class, up to a small deformation."""

import math

import torch
from torch import Tensor

from lookalike.comparison import Comparison
from lookalike.errors import require_option
from lookalike.regularizers.base import Regularizer
from lookalike.shapes import Scalar
from lookalike.transforms import shifted

_LEAST = 1e-6
_STEPS = 2
_NORMAL = 1.4826
# Of an input's standard deviation: where more than half of the pixels fit exactly, the rest is not all clutter.
_FINEST = 0.1


class AlignedMatchingRegularizer(Regularizer):
    """Every input should look like some prototype of its class, wherever a few pixels' shift puts it.

    Parameters
    ----------
    pixels : int
        Largest shift in either direction, 0 or above; all shifts of the square are tried.
    first_temperature, last_temperature : float
        Of the soft choice among prototypes and shifts, above 0; it falls geometrically from the one to the other.
    until : float
        Share of the training by which the last temperature is reached, above 0 and at most 1.
    contrast : float
        Weight, 0 or above, of what makes a prototype as bright and as strong in contrast as what it stands for; with 0
        its gain and offset are free.
    tolerance : float or None
        How far a pixel may be from the prototype that fits its input best before it counts for less, in robust standard
        deviations of that input's residual, above 0; ``None`` counts all pixels alike.
    tolerant_from : float
        Share of the training before which all pixels count alike, from 0 to 1: prototypes must have formed.

    Raises
    ------
    ParameterError
        For an option out of its range; if prototypes are no pictures of the inputs' size.

    Notes
    -----
    With a the Pearson correlation of an input with a shifted prototype of its class, the penalty is minus
    ``t * log(mean(exp(a / t)))`` over the class's prototypes and shifts, mean over inputs: a soft maximum, at high
    temperature the mean, at low the largest. What leaves the frame in a shift is lost, edges repeat. Inputs of a class
    without prototypes say nothing. To it comes ``contrast`` times the squared differences of the mean and of the
    standard deviation of an input and of the view that is most like it, over the input's variance: with the
    correlation they make up the squared distance, but the choice among prototypes stays free of brightness.

    Without a tolerance a prototype tends to the mean of what it stands for, and clutter that lies now here, now there
    leaves a haze. With one, pixel i of an input counts ``w_i = (1 + (r_i / (tolerance s))^2)^-2``, where r is what the
    best shifted prototype of its class, gain and offset fitted with the same weights, leaves of it, and s is 1.4826
    times the median absolute residual: Geman and McClure's weights. All sums over pixels become weighted, and the
    prototype tends to what most of its inputs show. No gradient flows into the weights.

    References
    ----------
    [geman1987robust]

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
        contrast: float = 0.5,
        tolerance: float | None = 2.0,
        tolerant_from: float = 0.6,
    ) -> None:
        super().__init__()
        require_option("pixels", pixels, pixels >= 0, "0 or above")
        for name, value in (("first_temperature", first_temperature), ("last_temperature", last_temperature)):
            require_option(name, value, value > 0, "above 0")
        require_option("until", until, 0 < until <= 1, "above 0 and at most 1")
        require_option("contrast", contrast, contrast >= 0, "0 or above")
        require_option("tolerance", tolerance, tolerance is None or tolerance > 0, "above 0, or None")
        require_option("tolerant_from", tolerant_from, 0 <= tolerant_from <= 1, "from 0 to 1")
        self.pixels = pixels
        self.first_temperature = first_temperature
        self.last_temperature = last_temperature
        self.until = until
        self.contrast = contrast
        self.tolerance = tolerance
        self.tolerant_from = tolerant_from

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """Minus the soft maximum of correlations, mean over inputs."""
        inputs, prototypes = comparison.unaugmented(), comparison.prototypes
        comparison.require_whole_pictures("aligned matching", "regularizers='none'")
        temperature = self.temperature(progress)
        tolerance = self.tolerance if progress >= self.tolerant_from else None
        views = shifted(prototypes, self.pixels).flatten(2)
        rows = inputs.flatten(1).to(views.dtype)
        targets, penalties = comparison.known_targets(), []
        for label in comparison.labels[comparison.labels >= 0].unique():
            own, mine = views[comparison.labels == label].flatten(0, 1), rows[targets == label]
            weights = torch.ones_like(mine)
            if tolerance is not None and len(mine):
                best = own.detach()[_correlations(mine, own.detach()).argmax(1)]
                weights = tolerated(mine, best, tolerance)
            shares = weights / weights.sum(1, keepdim=True)
            alike = _weighted_correlations(mine, own, shares)
            apart = _unlike_in_contrast(mine, own[alike.argmax(1)], shares)
            found = temperature * (math.log(len(own)) - torch.logsumexp(alike / temperature, 1))
            penalties.append(found + self.contrast * apart)
        every = torch.cat(penalties)
        return every.mean() if len(every) else every.sum()

    def temperature(self, progress: float) -> float:
        """The temperature after a share of the training."""
        share = min(progress / self.until, 1.0)
        return self.first_temperature * (self.last_temperature / self.first_temperature) ** share


@torch.no_grad()
def tolerated(rows: Tensor, views: Tensor, tolerance: float) -> Tensor:
    """How much each pixel of each input counts, by how well one view explains it.

    Parameters
    ----------
    rows, views : Tensor
        Inputs and the view that fits each best, shape ``(n, d)``.
    tolerance : float
        In robust standard deviations of an input's residual.

    Returns
    -------
    Tensor
        Weights from 0 to 1, shape ``(n, d)``: two steps of iteratively reweighted least squares from equal weights.

    Examples
    --------
    >>> import torch
    >>> view = torch.arange(8.0)[None]
    >>> cluttered = view + 0.1 * (-1.0) ** torch.arange(8) + 9 * (torch.arange(8) == 3)
    >>> int(tolerated(cluttered, view, 2.0).argmin())
    3
    """
    weights = torch.ones_like(rows)
    least = _LEAST + _FINEST * rows.std(1, keepdim=True, unbiased=False)
    for _ in range(_STEPS):
        rest, shape = _centered(rows, weights), _centered(views, weights)
        spread = (weights * shape.square()).sum(1, keepdim=True).clamp_min(_LEAST)
        gain = ((weights * shape * rest).sum(1, keepdim=True) / spread).clamp_min(0)
        residual = rest - gain * shape
        residual = residual - residual.median(1, keepdim=True).values
        scale = (_NORMAL * residual.abs().median(1, keepdim=True).values).maximum(least)
        weights = (1 + (residual / (tolerance * scale)).square()).pow(-2)
    return weights


def _centered(rows: Tensor, weights: Tensor) -> Tensor:
    return rows - (weights * rows).sum(1, keepdim=True) / weights.sum(1, keepdim=True)


def _correlations(rows: Tensor, views: Tensor) -> Tensor:
    return _unit(rows) @ _unit(views).T


def _unlike_in_contrast(rows: Tensor, views: Tensor, shares: Tensor) -> Tensor:
    """What correlation does not see of a squared distance: other means, other deviations; over the row's variance."""
    levels, others = ((shares * each).sum(1) for each in (rows, views))
    spreads = [(shares * (each - level[:, None]).square()).sum(1) for each, level in ((rows, levels), (views, others))]
    own, other = (spread.clamp_min(_LEAST).sqrt() for spread in spreads)
    return ((levels - others).square() + (own - other).square()) / own.square()


def _weighted_correlations(rows: Tensor, views: Tensor, shares: Tensor) -> Tensor:
    """Pearson correlations of every row with every view, each row with its own weights of pixels: three products."""
    rest = _centered(rows, shares)
    size = (shares * rest.square()).sum(1, keepdim=True).clamp_min(_LEAST**2).sqrt()
    mean = shares @ views.T
    # A variance as a difference of squares is no finer than single precision.
    spread = (shares @ views.square().T - mean.square()).clamp_min(_LEAST).sqrt()
    return (shares * rest) @ views.T / (size * spread)


def _unit(rows: Tensor) -> Tensor:
    """Rows without their mean, of length 1; a constant row stays near 0."""
    centered = rows - rows.mean(-1, keepdim=True)
    return centered / centered.norm(dim=-1, keepdim=True).clamp_min(_LEAST)
