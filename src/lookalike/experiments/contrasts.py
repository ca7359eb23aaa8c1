"""Contrasts between two arms of a study."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lookalike.errors import ParameterError, describe, suggest
from lookalike.registry import require_type

PLAIN_OUTCOMES = ("accuracy", "speed")
_KEYS = {"arm": str, "against": str, "outcome": str, "smallest": float}


@dataclass(frozen=True)
class Contrast:
    """Two arms to be compared in pairs of runs with the same seed, decided upon before the first run.

    Attributes
    ----------
    arm, against : str
    outcome : str
        ``"accuracy"``; ``"speed"``, the validation accuracy, mean over the epochs; or a row of the scorecard, or, as in
        ``"SEED-R: response profiles"``, a figure beside it.
    smallest : float
        The smallest difference that matters.
    """

    arm: str
    against: str
    outcome: str = "accuracy"
    smallest: float = 0.0


@dataclass(frozen=True)
class Correlation:
    """Two outcomes that are to go together, or not, over all runs of a study.

    Attributes
    ----------
    first, second : str
        As the outcome of a contrast.
    """

    first: str
    second: str


def read_correlation(entry: Any) -> Correlation:
    """A correlation from plain values.

    Parameters
    ----------
    entry : object
        A list of two outcomes, as YAML gives it.

    Raises
    ------
    ParameterError
        For anything else.

    Examples
    --------
    >>> read_correlation(["TR*", "BIND"]).second
    'BIND'
    """
    if not (isinstance(entry, list) and len(entry) == 2 and all(isinstance(name, str) for name in entry)):
        raise ParameterError(describe("a correlation as [outcome, outcome]", repr(entry), "- [TR*, BIND]"))
    return Correlation(*entry)


def read_contrast(entry: Any) -> Contrast:
    """A contrast from plain values.

    Parameters
    ----------
    entry : object
        A mapping, as YAML gives it.

    Raises
    ------
    ParameterError
        For anything else, an unknown key, a value of a wrong type, or a missing arm.

    Examples
    --------
    >>> read_contrast({"arm": "points", "against": "noise"}).outcome
    'accuracy'
    """
    if not isinstance(entry, Mapping):
        raise ParameterError(describe("a contrast as {arm: ..., against: ...}", repr(entry)))
    for key, value in entry.items():
        if key not in _KEYS:
            raise ParameterError(describe("a key of a contrast", repr(key), suggest(str(key), _KEYS)))
        require_type(f"{key} of a contrast", value, _KEYS[key])
    for side in ("arm", "against"):
        if side not in entry:
            raise ParameterError(describe(f"{side}: an arm of the study", "none", "{arm: ..., against: ...}"))
    return Contrast(**entry)
