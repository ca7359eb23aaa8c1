"""How much pictures look alike, and the soft choices that are made by it."""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from lookalike.comparison import Comparison, weighted_mean
from lookalike.errors import require_option
from lookalike.transforms import sums_over_shifts, view_at

LEAST = 1e-6
ASSIGNMENTS = ("soft", "hard")
_STEPS = 2
_NORMAL = 1.4826
# Of an input's standard deviation: where more than half of the pixels fit exactly, the rest is not all clutter.
_FINEST = 0.1
# Of the residual's own root mean square: where most pixels are background, its median says nothing of the object.
_COMMON = 0.8
# A pixel that nobody listens to drifts wherever the classifier likes it.
_HEARD = 0.05


def by_class(comparison: Comparison, inputs: Tensor, prototypes: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """What stands for the inputs of each class, and for its prototypes; classes that lack either are left out.

    Parameters
    ----------
    comparison : Comparison
        A pass with targets.
    inputs : Tensor
        Pictures or activations of its inputs, shape ``(n, ...)``.
    prototypes : Tensor
        The same of its prototypes, shape ``(p, ...)``; those that were retired have no class.
    """
    labels, targets = comparison.labels, comparison.known_targets()
    for label in labels[labels >= 0].unique():
        mine = inputs[targets == label]
        if len(mine):
            yield mine, prototypes[labels == label]


def weights_by_class(comparison: Comparison) -> list[Tensor] | None:
    """The weights of the inputs that `by_class` hands out, class by class; ``None`` where all count alike.

    Parameters
    ----------
    comparison : Comparison
        A pass with targets.
    """
    if comparison.weights is None:
        return None
    return [weights for weights, _ in by_class(comparison, comparison.weights, comparison.labels)]


def falling(first: float, last: float, until: float, progress: float) -> float:
    """A value that falls geometrically from the first to the last, which it has from a share of the training on.

    Examples
    --------
    >>> falling(1.0, 0.01, 0.5, 0.25), falling(1.0, 0.01, 0.5, 0.9)
    (0.1, 0.01)
    """
    return first * (last / first) ** min(progress / until, 1.0)


def soft_least(alike: Tensor, temperature: float, weights: Tensor | None = None) -> Tensor:
    """Minus a soft maximum of each row, shape ``(n,)``: the mean at a high temperature, the largest at a low one.

    Parameters
    ----------
    alike : Tensor
        Shape ``(n, m)``.
    temperature : float
        Above 0, or 0 for the largest itself.
    weights : Tensor, optional
        Of the columns, above 0, shape ``(m,)``; equal unless given.
    """
    if not temperature:
        return -alike.amax(1)
    if weights is not None:
        logarithms = weights.to(alike).clamp_min(torch.finfo(alike.dtype).tiny).log()
        return -temperature * torch.logsumexp(alike / temperature + logarithms.log_softmax(0), 1)
    return temperature * (math.log(alike.shape[1]) - torch.logsumexp(alike / temperature, 1))


def require_annealing(first_temperature: float, last_temperature: float, until: float) -> None:
    """Refuse temperatures that are not above 0, and a share of the training that is none.

    Raises
    ------
    ParameterError
    """
    for name, value in (("first_temperature", first_temperature), ("last_temperature", last_temperature)):
        require_option(name, value, value > 0, "above 0")
    require_option("until", until, 0 < until <= 1, "above 0 and at most 1")


def require_matching(mutual: float, tolerance: float | None, tolerant_from: float, assignment: str) -> None:
    """Refuse options of matching that are out of their range.

    Raises
    ------
    ParameterError
    """
    require_option("mutual", mutual, mutual >= 0, "0 or above")
    require_option("tolerance", tolerance, tolerance is None or tolerance > 0, "above 0, or None")
    require_option("tolerant_from", tolerant_from, 0 <= tolerant_from <= 1, "from 0 to 1")
    require_option("assignment", assignment, assignment in ASSIGNMENTS, " or ".join(ASSIGNMENTS))


def unlikeness(
    alike: Sequence[Tensor], multiple: float, mutual: float = 0.0, weights: Sequence[Tensor] | None = None
) -> Tensor:
    """What `unlike` finds of every input, mean over all, and of every prototype.

    Parameters
    ----------
    alike, multiple : sequence of Tensor, float
        As for `unlike`.
    mutual : float
        Weight of the mean over prototypes.
    weights : sequence of Tensor, optional
        As for `unlike`.
    """
    by_input, by_prototype = unlike(alike, multiple, weights)
    mean = weighted_mean(by_input, None if weights is None else torch.cat(list(weights)))
    return mean + mutual * by_prototype.mean() if mutual else mean


def unlike(alike: Sequence[Tensor], multiple: float, weights: Sequence[Tensor] | None = None) -> tuple[Tensor, Tensor]:
    """Minus the soft maximum of every input, and of every prototype; the temperature is counted in what is unexplained.

    Parameters
    ----------
    alike : sequence of Tensor
        Correlations of the inputs of each class, at least one, with its prototypes' views, shape ``(n, p, v)``.
    multiple : float
        Temperature, in units of 1 less the mean of the inputs' largest values; 0 for the largest itself.
    weights : sequence of Tensor, optional
        Of the inputs of each class, above 0, shape ``(n,)``.

    Returns
    -------
    tuple of Tensor
        Of all inputs, shape ``(n,)``, and of all prototypes, shape ``(p,)``, class by class.
    """
    best = torch.cat([rows.detach().amax((1, 2)) for rows in alike])
    counts: Sequence[Tensor | None] = [None] * len(alike)
    if weights is None:
        mean = best.mean()
    else:
        every = torch.cat(list(weights)).to(best)
        mean = (every * best).sum() / every.sum().clamp_min(torch.finfo(best.dtype).tiny)
        counts = [own.repeat_interleave(rows.shape[2]) for own, rows in zip(weights, alike, strict=True)]
    temperature = multiple * float((1 - mean).clamp_min(LEAST))
    by_input = torch.cat([soft_least(rows.flatten(1), temperature) for rows in alike])
    by_prototype = torch.cat(
        [
            soft_least(rows.transpose(0, 1).flatten(1), temperature, count)
            for rows, count in zip(alike, counts, strict=True)
        ]
    )
    return by_input, by_prototype


def correlated(rows: Tensor, others: Tensor) -> Tensor:
    """Pearson's correlation of rows of equal shapes, or that broadcast, along the last axis.

    Examples
    --------
    >>> correlated(torch.arange(4.0), 3 - 2 * torch.arange(4.0)).item()
    -1.0
    """
    first, second = (each - each.mean(-1, keepdim=True) for each in (rows, others))
    sizes = first.square().sum(-1).clamp_min(LEAST) * second.square().sum(-1).clamp_min(LEAST)
    return (first * second).sum(-1) / sizes.sqrt()


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
    least = LEAST + _FINEST * rows.std(1, keepdim=True, unbiased=False)
    for _ in range(_STEPS):
        rest, shape = _centered(rows, weights), _centered(views, weights)
        spread = (weights * shape.square()).sum(1, keepdim=True).clamp_min(LEAST)
        gain = ((weights * shape * rest).sum(1, keepdim=True) / spread).clamp_min(0)
        residual = rest - gain * shape
        residual = residual - residual.median(1, keepdim=True).values
        scale = (_NORMAL * residual.abs().median(1, keepdim=True).values).maximum(least)
        scale = scale.maximum(_COMMON * residual.square().mean(1, keepdim=True).sqrt())
        weights = _HEARD + (1 - _HEARD) * (1 + (residual / (tolerance * scale)).square()).pow(-2)
    return weights


@torch.no_grad()
def shares_of_pixels(groups: Sequence[tuple[Tensor, Tensor]], tolerance: float | None, pixels: int) -> list[Tensor]:
    """The share of each pixel of each input, by how well the view of its class that is most like it explains it.

    Parameters
    ----------
    groups : sequence of tuple
        By class: inputs, shape ``(n, c, h, w)``, and prototypes, shape ``(p, c, h, w)``.
    tolerance : float or None
        As for `tolerated`; ``None`` gives all pixels the same share.
    pixels : int
        Largest shift in either direction.

    Returns
    -------
    list of Tensor
        By class, shape ``(n, c, h, w)``, or ``(1, c, h, w)`` where all are the same; those of an input sum to 1.
    """
    even = [torch.full_like(inputs[:1], 1 / inputs[0].numel()) for inputs, _ in groups]
    if tolerance is None:
        return even
    best = []
    for (inputs, views), share in zip(groups, even, strict=True):
        places = correlations(inputs, views, pixels, share)[0].flatten(1).argmax(1)
        best.append(view_at(views, places, pixels))
    rows = torch.cat([inputs for inputs, _ in groups])
    weights = tolerated(rows.flatten(1), torch.cat(best).flatten(1), tolerance).view_as(rows)
    shares = weights / weights.sum((1, 2, 3), keepdim=True)
    return list(shares.split([len(inputs) for inputs, _ in groups]))


def _centered(rows: Tensor, weights: Tensor) -> Tensor:
    return rows - (weights * rows).sum(1, keepdim=True) / weights.sum(1, keepdim=True)


def correlations(inputs: Tensor, prototypes: Tensor, pixels: int, shares: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Pearson's of every input with every shifted prototype, each input with its own weights of pixels.

    Parameters
    ----------
    inputs : Tensor
        Shape ``(n, c, h, w)``.
    prototypes : Tensor
        Shape ``(p, c, h, w)``.
    pixels : int
        Largest shift in either direction.
    shares : Tensor
        Of each pixel, summing to 1 for each input, or ``(1, c, h, w)`` if all inputs share them.

    Returns
    -------
    tuple of Tensor
        The correlations, shape ``(n, p, v)``; the mean and the deviation of every view under these weights, of the
        same shape or ``(1, p, v)``.
    """
    rest = shares * (inputs - (shares * inputs).sum((1, 2, 3), keepdim=True))
    products = sums_over_shifts(torch.cat([rest, shares]), prototypes, pixels)
    covariances, levels = products[: len(rest)], products[len(rest) :]
    # A variance as a difference of squares is no finer than single precision.
    squares = sums_over_shifts(shares, prototypes.square(), pixels)
    spreads = (squares - levels.square()).clamp_min(LEAST).sqrt()
    return covariances / (spread_of(inputs, shares)[:, None, None] * spreads), levels, spreads


def spread_of(inputs: Tensor, shares: Tensor) -> Tensor:
    """The deviation of every input under weights of pixels, shape ``(n,)``."""
    level = (shares * inputs).sum((1, 2, 3), keepdim=True)
    return (shares * (inputs - level).square()).sum((1, 2, 3)).clamp_min(LEAST).sqrt()
