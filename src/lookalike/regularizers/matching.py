"""Prototypes that look like their class, up to a small deformation."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from lookalike.comparison import Comparison
from lookalike.errors import require_option
from lookalike.regularizers.base import Regularizer
from lookalike.shapes import Scalar
from lookalike.transforms import sums_over_shifts, view_at

_LEAST = 1e-6
_STEPS = 2
_NORMAL = 1.4826
# Of an input's standard deviation: where more than half of the pixels fit exactly, the rest is not all clutter.
_FINEST = 0.1
# Of the residual's own root mean square: where most pixels are background, its median says nothing of the object.
_COMMON = 0.8
# A pixel that nobody listens to drifts wherever the classifier likes it.
_HEARD = 0.05


class AlignedMatchingRegularizer(Regularizer):
    """Every input should look like some prototype of its class, wherever a few pixels' shift puts it.

    Parameters
    ----------
    pixels : int
        Largest shift in either direction, 0 or above; all shifts of the square are tried.
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

    Raises
    ------
    ParameterError
        For an option out of its range; if prototypes are no pictures of the inputs' size.

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
    prototypes stays free of brightness.

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
        contrast: float = 0.5,
        mutual: float = 0.1,
        tolerance: float | None = 2.0,
        tolerant_from: float = 0.6,
    ) -> None:
        super().__init__()
        require_option("pixels", pixels, pixels >= 0, "0 or above")
        for name, value in (("first_temperature", first_temperature), ("last_temperature", last_temperature)):
            require_option(name, value, value > 0, "above 0")
        require_option("until", until, 0 < until <= 1, "above 0 and at most 1")
        require_option("contrast", contrast, contrast >= 0, "0 or above")
        require_option("mutual", mutual, mutual >= 0, "0 or above")
        require_option("tolerance", tolerance, tolerance is None or tolerance > 0, "above 0, or None")
        require_option("tolerant_from", tolerant_from, 0 <= tolerant_from <= 1, "from 0 to 1")
        self.pixels = pixels
        self.first_temperature = first_temperature
        self.last_temperature = last_temperature
        self.until = until
        self.contrast = contrast
        self.mutual = mutual
        self.tolerance = tolerance
        self.tolerant_from = tolerant_from

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """Minus the soft maximum of correlations, mean over inputs."""
        comparison.require_whole_pictures("aligned matching", "regularizers='none'")
        prototypes, targets = comparison.prototypes, comparison.known_targets()
        inputs = comparison.unaugmented().to(prototypes.dtype)
        groups = []
        for label in comparison.labels[comparison.labels >= 0].unique():
            own, mine = prototypes[comparison.labels == label], inputs[targets == label]
            if len(mine):
                groups.append((mine, own))
        if not groups:
            return prototypes.sum() * 0
        shares = [torch.full_like(mine[:1], 1 / mine[0].numel()) for mine, _ in groups]
        if self.tolerance is not None and progress >= self.tolerant_from:
            shares = _shares_of_pixels(groups, shares, self.pixels, self.tolerance)
        met = [_meet(mine, own, self.pixels, share) for (mine, own), share in zip(groups, shares, strict=True)]
        best = torch.cat([alike.detach().amax((1, 2)) for alike, _ in met])
        temperature = self.temperature(progress) * float((1 - best.mean()).clamp_min(_LEAST))
        by_input = [_soft_least(alike.flatten(1), temperature) + self.contrast * apart for alike, apart in met]
        by_prototype = [_soft_least(alike.transpose(0, 1).flatten(1), temperature) for alike, _ in met]
        return torch.cat(by_input).mean() + self.mutual * torch.cat(by_prototype).mean()

    def temperature(self, progress: float) -> float:
        """The temperature after a share of the training, as a multiple of what is unexplained."""
        share = min(progress / self.until, 1.0)
        return self.first_temperature * (self.last_temperature / self.first_temperature) ** share


def _meet(inputs: Tensor, prototypes: Tensor, pixels: int, shares: Tensor) -> tuple[Tensor, Tensor]:
    """Inputs and prototypes of one class: correlations at every shift (n p v); how unlike the best is in contrast."""
    alike, levels, spreads = _correlations(inputs, prototypes, pixels, shares)
    best = alike.flatten(1).argmax(1, keepdim=True)
    level, spread = (shares * inputs).sum((1, 2, 3)), _spread_of(inputs, shares)
    other_level, other_spread = (each.expand_as(alike).flatten(1).gather(1, best)[:, 0] for each in (levels, spreads))
    return alike, ((level - other_level).square() + (spread - other_spread).square()) / spread.square()


@torch.no_grad()
def _shares_of_pixels(
    groups: Sequence[tuple[Tensor, Tensor]], even: Sequence[Tensor], pixels: int, tolerance: float
) -> list[Tensor]:
    """The share of each pixel of each input, by how well the best view of its class explains it."""
    views = []
    for (inputs, own), share in zip(groups, even, strict=True):
        places = _correlations(inputs, own, pixels, share)[0].flatten(1).argmax(1)
        views.append(view_at(own, places, pixels))
    rows = torch.cat([inputs for inputs, _ in groups])
    weights = tolerated(rows.flatten(1), torch.cat(views).flatten(1), tolerance).view_as(rows)
    shares = weights / weights.sum((1, 2, 3), keepdim=True)
    return list(shares.split([len(inputs) for inputs, _ in groups]))


def _soft_least(alike: Tensor, temperature: float) -> Tensor:
    return temperature * (math.log(alike.shape[1]) - torch.logsumexp(alike / temperature, 1))


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
        scale = scale.maximum(_COMMON * residual.square().mean(1, keepdim=True).sqrt())
        weights = _HEARD + (1 - _HEARD) * (1 + (residual / (tolerance * scale)).square()).pow(-2)
    return weights


def _centered(rows: Tensor, weights: Tensor) -> Tensor:
    return rows - (weights * rows).sum(1, keepdim=True) / weights.sum(1, keepdim=True)


def _correlations(inputs: Tensor, prototypes: Tensor, pixels: int, shares: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Pearson's of every input with every shifted prototype, each input with its own weights of pixels.

    Also the mean and the deviation of every view under these weights; ``(n p v)`` each, or ``(1 p v)`` if all inputs
    share their weights.
    """
    rest = shares * (inputs - (shares * inputs).sum((1, 2, 3), keepdim=True))
    products = sums_over_shifts(torch.cat([rest, shares]), prototypes, pixels)
    covariances, levels = products[: len(rest)], products[len(rest) :]
    # A variance as a difference of squares is no finer than single precision.
    squares = sums_over_shifts(shares, prototypes.square(), pixels)
    spreads = (squares - levels.square()).clamp_min(_LEAST).sqrt()
    return covariances / (_spread_of(inputs, shares)[:, None, None] * spreads), levels, spreads


def _spread_of(inputs: Tensor, shares: Tensor) -> Tensor:
    level = (shares * inputs).sum((1, 2, 3), keepdim=True)
    return (shares * (inputs - level).square()).sum((1, 2, 3)).clamp_min(_LEAST).sqrt()
