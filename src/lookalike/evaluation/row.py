"""One row of the scorecard, and how its light follows from its value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

LIGHTS = ("green", "amber", "red", "none")
TRANSFER, TYPICAL, STAND_IN, BIND = "TRANSFER", "NN-PCTL", "STAND-IN", "BIND"
# What stands beside a value, and is read again where a light or the verdict is made from figures alone.
ABLE, CHANCE = "judges on real examples", "chance"
REAL = "real examples as prototypes"
HYBRIDS = ("residuals of other classes", "scaled and mirrored residuals", "prototypes of another seed")
# Green at the first or better, red beyond the second.
_THRESHOLDS = {TYPICAL: (0.9, 0.97), "PATH": (0.8, 0.5), STAND_IN: (0.98, 0.9), "TR*": (0.7, 0.2), BIND: (0.95, 0.8)}


@dataclass(frozen=True)
class Row:
    """One property of a model.

    Attributes
    ----------
    name : str
        As in the table of rows, ``TRANSFER`` say.
    title : str
        What is measured, in a few words.
    value : float or None
        ``None`` where it could not be computed; ``note`` says why.
    interval : tuple of float or None
        95%.
    light : str
        ``"green"``, ``"amber"``, ``"red"``, or ``"none"`` where nothing can be said.
    beside : mapping of str to float
        What the value is to be compared with.
    note : str
        A reservation, or the reason why there is no value.
    failing : tuple of int
        The prototypes that fail the test.
    by_prototype : tuple of float
        The value of every prototype, where each has one that is worth showing.
    """

    name: str
    title: str
    value: float | None = None
    interval: tuple[float, float] | None = None
    light: str = "none"
    beside: Mapping[str, float] | None = None
    note: str = ""
    failing: tuple[int, ...] = ()
    by_prototype: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        numbers = [self.value, *(self.interval or ()), *(self.beside or {}).values()]
        if not all(isfinite(number) for number in numbers if number is not None):
            object.__setattr__(self, "note", f"not a number: {numbers}")
            object.__setattr__(self, "value", None)
            object.__setattr__(self, "interval", None)
            object.__setattr__(self, "beside", None)
            object.__setattr__(self, "light", "none")


def light(value: float, green: float, red: float, *, larger_is_better: bool) -> str:
    """Green from one threshold on, red beyond the other.

    Parameters
    ----------
    value : float
    green, red : float
        Green at ``green`` or better, otherwise red if worse than ``red``.
    larger_is_better : bool

    Examples
    --------
    >>> light(0.95, 0.9, 0.6, larger_is_better=True), light(7, 3, 10, larger_is_better=False)
    ('green', 'amber')
    """
    sign = 1 if larger_is_better else -1
    if sign * value >= sign * green:
        return "green"
    return "red" if sign * value < sign * red else "amber"


def light_of(name: str, value: float, beside: Mapping[str, float] | None = None) -> str:
    """The light of one of the rows that the verdict reads.

    Parameters
    ----------
    name : str
        ``TRANSFER``, ``NN-PCTL``, ``PATH``, ``STAND-IN``, ``SIM@1``, ``TR*`` or ``BIND``.
    value : float
    beside : mapping of str to float, optional
        What the row's value is compared with.

    Examples
    --------
    >>> light_of("PATH", 0.6), light_of("TRANSFER", 0.8, {"judges on real examples": 0.85, "chance": 0.1})
    ('amber', 'green')
    """
    beside = beside or {}
    if name == TRANSFER:
        return light(value, max(0.9 * beside[ABLE], 0.5), 0.5, larger_is_better=True) if ABLE in beside else "none"
    if name == "SIM@1":
        if REAL not in beside:
            return "none"
        return "red" if value <= 0 else light(value, max(0.8 * beside[REAL], 0.0), 0.0, larger_is_better=True)
    green, red = _THRESHOLDS[name]
    if name != BIND:
        return light(value, green, red, larger_is_better=name != TYPICAL)
    ratios = [beside[each] for each in HYBRIDS if each in beside] or [value]
    found = worst([light(ratio, green, red, larger_is_better=True) for ratio in ratios])
    # Green only where prototypes of another seed were tried, too.
    return "amber" if found == "green" and HYBRIDS[-1] not in beside else found


def worst(lights: Sequence[str]) -> str:
    """The worst of several lights; ``"none"`` if any is.

    Examples
    --------
    >>> worst(["green", "amber"]), worst(["green", "none"])
    ('amber', 'none')
    """
    if not lights or "none" in lights:
        return "none"
    return max(lights, key=LIGHTS.index)
