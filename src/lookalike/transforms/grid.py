"""Values on either side of the one that changes nothing."""

import math
from collections.abc import Sequence
from itertools import product

from lookalike.errors import ParameterError, describe, require_option

_MOST = 100_000


def symmetric(largest: float, steps: int) -> list[float]:
    """From minus the largest to the largest in equal steps, 0 among them, and 0 alone where nothing is larger.

    Examples
    --------
    >>> symmetric(10.0, 5)
    [-10.0, -5.0, 0.0, 5.0, 10.0]
    """
    half = steps // 2 if largest else 0
    return [largest * step / half for step in range(-half, half + 1)] if half else [0.0]


def ratios(largest: float, steps: int) -> list[float]:
    """From the inverse of the largest to the largest in equal ratios, 1 among them, and 1 alone where it is largest.

    Examples
    --------
    >>> ratios(2.0, 3)
    [0.5, 1.0, 2.0]
    """
    return [float(largest**share) for share in symmetric(1.0, steps)] if largest > 1 else [1.0]


def require_odd(**options: int) -> None:
    """Refuse a number of steps without a middle.

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> require_odd(steps=4)
    Traceback (most recent call last):
    lookalike.errors.ParameterError: expected steps of an odd number from 1 to 999, got 4
    """
    for name, value in options.items():
        require_option(name, value, 1 <= value <= 999 and value % 2 == 1, "an odd number from 1 to 999")


def every_combination(**ranges: Sequence[float]) -> dict[str, list[float]]:
    """Values of every parameter for every combination; the last parameter changes fastest.

    Examples
    --------
    >>> every_combination(a=[0, 1], b=[2, 3])
    {'a': [0, 0, 1, 1], 'b': [2, 3, 2, 3]}
    """
    size = math.prod(len(values) for values in ranges.values())
    if size > _MOST:
        raise ParameterError(
            describe(f"at most {_MOST:,} members of a family of deformations", f"{size:,}", "fewer steps")
        )
    members = list(product(*ranges.values()))
    return {name: [member[place] for member in members] for place, name in enumerate(ranges)}
