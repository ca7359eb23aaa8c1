"""The scorecard as data: rows with their lights, and a verdict; never one aggregate."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from html import escape
from typing import Any

from lookalike.evaluation.row import LIGHTS, TRANSFER, TYPICAL, Row, light, worst
from lookalike.evaluation.verdict import CONTRAST, ENDS, FAILING_CLASSES, Verdict, failing_classes, judged, verdict_of

__all__ = ["LIGHTS", "Card", "Row", "light", "verdict_of", "worst"]


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
    prototypes : mapping of str to sequence of int
        The prototypes of every class, as far as that is known.
    view : callable, optional
        What a notebook shows of `to_dict`, as HTML; a plain table unless given.
    """

    rows: tuple[Row, ...]
    diagnostics: Mapping[str, float]
    n_training: int
    prototypes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    view: Callable[[dict[str, Any]], str] | None = field(default=None, compare=False, repr=False)

    def row(self, name: str) -> Row | None:
        """A row by its name, if it is there."""
        return next((row for row in self.rows if row.name == name), None)

    def value_of(self, name: str) -> float | None:
        """A row's value; ``None`` without the row or a value."""
        row = self.row(name)
        return None if row is None else row.value

    @cached_property
    def _judged(self) -> Verdict:
        return judged(self.rows, self.prototypes, self.diagnostics)

    @property
    def verdict(self) -> str:
        """What the prototypes are, in a word."""
        return self._judged.name

    @property
    def meaning(self) -> str:
        """The verdict in a sentence that says why."""
        return self._judged.sentence

    @property
    def failing_classes(self) -> list[str]:
        """Classes none of whose prototypes passes both TRANSFER and NN-PCTL; empty where neither was computed."""
        rows = [row for row in self.rows if row.name in (TRANSFER, TYPICAL) and row.value is not None]
        failing = [prototype for row in rows for prototype in row.failing]
        return failing_classes(self.prototypes, failing) if rows else []

    @property
    def evidence(self) -> dict[str, float]:
        """What a verdict needs beside values and what stands beside them; see `lookalike.evaluation.judged_again`."""
        transfer = self.row(TRANSFER)
        if transfer is None or transfer.value is None:
            return {}
        ends = dict(zip(ENDS, transfer.interval or (), strict=False))
        contrast = {CONTRAST: self.diagnostics[CONTRAST]} if CONTRAST in self.diagnostics else {}
        return ends | {FAILING_CLASSES: float(len(self.failing_classes))} | contrast

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
        """What a notebook shows; names are escaped."""
        if self.view is not None:
            return self.view(self.to_dict())
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
            "failing_classes": self.failing_classes,
            "prototypes": {name: list(own) for name, own in self.prototypes.items()},
            "n_training": self.n_training,
        }
