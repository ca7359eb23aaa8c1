"""The scorecard as data: rows with their lights, and a verdict; never one aggregate."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from math import isfinite
from typing import Any

LIGHTS = ("green", "amber", "red", "none")
PICTURE, BOUND, CODE, UNRELIABLE, MIXED, OPEN = "picture", "picture, bound", "code", "unreliable", "mixed", "open"
_MEANINGS = {
    PICTURE: "the prototypes show what they stand for",
    BOUND: "the prototypes show what they stand for, and the model decides by what they show",
    CODE: "the learned pictures are not meant to be looked at; the nearest real pictures stand for them",
    UNRELIABLE: "neither the learned pictures nor the nearest real ones say what the model goes by",
    MIXED: "some prototypes show what they stand for, others do not",
    OPEN: "not all the rows that decide it are there",
}


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


@dataclass(frozen=True)
class Card:
    """All rows of a model.

    Attributes
    ----------
    rows : tuple of Row
    diagnostics : mapping of str to float
        Beside the rows, not scored.
    n_training : int
        Images the model itself was trained on.
    """

    rows: tuple[Row, ...]
    diagnostics: Mapping[str, float]
    n_training: int

    def row(self, name: str) -> Row | None:
        """A row by its name, if it is there."""
        return next((row for row in self.rows if row.name == name), None)

    def value_of(self, name: str) -> float | None:
        """A row's value; ``None`` without the row or a value."""
        row = self.row(name)
        return None if row is None else row.value

    @property
    def verdict(self) -> str:
        """What the prototypes are, from the rows TRANSFER, NN-PCTL, STAND-IN and BIND."""
        lights = {row.name: row.light for row in self.rows}
        return verdict_of(lights)

    @property
    def meaning(self) -> str:
        """The verdict in a sentence."""
        bind = self.row("BIND")
        unbound = self.verdict == PICTURE and bind is not None and bind.light == "red"
        return _MEANINGS[self.verdict] + (", but the model decides by something else" if unbound else "")

    @property
    def failing(self) -> dict[int, list[str]]:
        """The prototypes that fail a test, and which ones."""
        found: dict[int, list[str]] = {}
        for row in self.rows:
            for prototype in row.failing:
                found.setdefault(prototype, []).append(row.name)
        return dict(sorted(found.items()))

    def __str__(self) -> str:
        """One line per row that has a value, and the verdict."""
        found = [row for row in self.rows if row.value is not None]
        lines = [f"{row.light:>5}  {row.name:<9} {row.value:>6.3f}  {row.title}" for row in found]
        return "\n".join([*lines, f"verdict: {self.verdict}: {self.meaning}"])

    def _repr_html_(self) -> str:
        """A table, for notebooks; names are escaped."""
        lines = [
            f"<tr><td>{row.light}</td><th>{escape(row.name)}</th><td>{row.value:.3f}</td><td>{escape(row.title)}</td></tr>"
            for row in self.rows
            if row.value is not None
        ]
        return f"<p><b>{escape(self.verdict)}</b>: {escape(self.meaning)}</p><table>{''.join(lines)}</table>"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "verdict": self.verdict,
            "meaning": self.meaning,
            "rows": [asdict(row) for row in self.rows],
            "diagnostics": dict(self.diagnostics),
            "failing": {str(prototype): names for prototype, names in self.failing.items()},
            "n_training": self.n_training,
        }


def verdict_of(lights: Mapping[str, str]) -> str:
    """The verdict from the lights of four rows.

    Parameters
    ----------
    lights : mapping
        Of ``TRANSFER``, ``NN-PCTL``, ``STAND-IN`` and ``BIND``, as far as they are there.

    Examples
    --------
    >>> verdict_of({"TRANSFER": "green", "NN-PCTL": "amber", "STAND-IN": "green", "BIND": "amber"})
    'picture'
    >>> verdict_of({"TRANSFER": "red", "NN-PCTL": "red", "STAND-IN": "red"})
    'unreliable'
    """
    transfer, typical, stand_in, bind = (
        lights.get(name, "none") for name in ("TRANSFER", "NN-PCTL", "STAND-IN", "BIND")
    )
    if "none" in (transfer, typical) or (transfer == "red" and stand_in == "none"):
        return OPEN
    if transfer == "green" and typical != "red":
        return BOUND if bind == "green" else PICTURE
    if transfer == "red" and stand_in == "green":
        return CODE
    if transfer == "red" and stand_in == "red":
        return UNRELIABLE
    return MIXED


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
