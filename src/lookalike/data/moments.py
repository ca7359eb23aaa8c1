"""Mean and spread of many numbers of any size, and whether they differ by more than rounding."""

import math

import torch
from torch import Tensor

_DOUBLE, _SINGLE = torch.finfo(torch.float64).eps, torch.finfo(torch.float32).eps
# Sums are taken in blocks, so that their rounding stops growing with the number of terms.
_TERMS = 1000
# Of the spread: by so much rounding to single precision may move a value.
_HARMLESS = 1e-4
_LARGEST, _SMALLEST = 1e30, 1e-30


def mean_and_spread(values: Tensor) -> tuple[float, float]:
    """Mean and standard deviation in double precision; the spread of numbers that differ by rounding alone is 1.

    Parameters
    ----------
    values : Tensor
        Shape ``(n,)``, in double precision, finite, of any size.

    Notes
    -----
    A spread counts as rounding up to ``n * eps * |mean|``, with the rounding unit eps of double precision and n the
    number of values, at most 1,000: an error bound of the sums, which follows the unit that the values are measured in.
    All numbers are halved or doubled together first, which is exact, so that no square leaves the range of doubles.

    Examples
    --------
    >>> values = torch.tensor([1.0, 3.0], dtype=torch.float64)
    >>> mean_and_spread(values), mean_and_spread(values * 1e-9), mean_and_spread(values * 1e200)
    ((2.0, 1.0), (2e-09, 1e-09), (2e+200, 1e+200))
    >>> mean_and_spread(torch.full((4,), 0.5, dtype=torch.float64))
    (0.5, 1.0)
    """
    exponent = math.frexp(float(values.abs().max()))[1]
    scaled = torch.ldexp(torch.ldexp(values, -torch.tensor(exponent // 2)), -torch.tensor(exponent - exponent // 2))
    mean, spread = float(scaled.mean()), float(scaled.std(correction=0))
    if spread <= min(len(values), _TERMS) * _DOUBLE * abs(mean):
        return math.ldexp(mean, exponent), 1.0
    return math.ldexp(mean, exponent), math.ldexp(spread, exponent)


def exceeds_single(low: float, high: float, spread: float) -> bool:
    """Whether numbers need double precision: single would round differences between them, or not hold their size.

    Parameters
    ----------
    low, high : float
        The smallest and the largest.
    spread : float
        Their standard deviation, or 1 where they are constant.

    Examples
    --------
    >>> exceeds_single(0.0, 1.0, 0.3), exceeds_single(1e6 - 1e-3, 1e6 + 1e-3, 1e-3)
    (False, True)
    """
    largest = max(abs(low), abs(high))
    if low == high:
        return largest > _LARGEST
    return largest > _LARGEST or spread < _SMALLEST or _SINGLE * largest > _HARMLESS * spread
