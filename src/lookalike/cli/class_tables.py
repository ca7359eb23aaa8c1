"""Tables of classes that stay readable however many there are."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from lookalike.evaluation import Quality

# So many classes fit a screen, and so many columns of counts a line.
_MOST_CLASSES, _MOST_COLUMNS = 20, 12
_NAME = 24


def class_table(found: Quality) -> tuple[Table, list[str]]:
    """Precision, recall, F1, area under the ROC curve and number of examples of every class, or of the worst.

    Parameters
    ----------
    found : Quality

    Returns
    -------
    tuple
        The table, and what is to be said below it.
    """
    table = Table(box=None, pad_edge=False)
    table.add_column("class", overflow="fold")
    for column in ("precision", "recall", "F1", "ROC-AUC", "examples"):
        table.add_column(column, justify="right")
    order = list(range(len(found.classes)))
    notes = []
    if len(order) > _MOST_CLASSES:
        known = [place for place in order if found.f1[place] is not None]
        order = sorted(known, key=lambda place: found.f1[place] or 0.0)[:_MOST_CLASSES]
        notes.append(f"the {len(order)} classes of {len(found.classes)} with the lowest F1; --json has all")
    for place in order:
        values = (found.precisions[place], found.recalls[place], found.f1[place], found.areas[place])
        table.add_row(escape(_short(found.classes[place])), *map(_share, values), str(found.supports[place]))
    columns = (found.precisions, found.recalls, found.f1, found.areas)
    table.add_row("mean of classes", *map(_share, map(_mean, columns)), str(found.n), style="bold")
    return table, [*notes, *_unknown(found)]


def confusion_table(found: Quality) -> tuple[Table | None, list[str]]:
    """Counts of true and predicted classes; of many classes those that were mistaken most often, in words.

    Parameters
    ----------
    found : Quality

    Returns
    -------
    tuple
        The table, if it fits a line, and what is to be said below it.
    """
    if len(found.classes) > _MOST_COLUMNS:
        notes = [f"{count} times {true} was called {predicted}" for true, predicted, count in found.most_confused(5)]
        return None, [*notes, f"the confusion matrix of {len(found.classes)} classes: --json, or the report"]
    table = Table(box=None, pad_edge=False)
    table.add_column("it is, called", overflow="fold")
    width = max(3, 60 // len(found.classes))
    for name in found.classes:
        table.add_column(escape(_short(name, width)), justify="right")
    for name, counts in zip(found.classes, found.confusion, strict=True):
        table.add_row(escape(_short(name)), *(str(count) if count else "·" for count in counts))
    return table, []


def _unknown(found: Quality) -> list[str]:
    """Why a figure is missing."""
    absent = [name for name, support in zip(found.classes, found.supports, strict=True) if not support]
    unsaid = [
        name
        for name, precision, support in zip(found.classes, found.precisions, found.supports, strict=True)
        if precision is None and support
    ]
    notes = []
    if absent:
        notes.append(f"no test examples, so no recall and no ROC-AUC: {_listed(absent)}")
    if unsaid:
        notes.append(f"never predicted, so no precision: {_listed(unsaid)}")
    if max(found.supports, default=0) == found.n:
        notes.append("all test examples are of one class: no ROC-AUC")
    return notes


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(_short(name) for name in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _short(name: str, width: int = _NAME) -> str:
    """The beginning and the end of a long name, by which names that begin alike differ."""
    if len(name) <= width:
        return name
    if width < 5:
        return name[:width]
    return f"{name[: width - width // 2 - 1]}…{name[-(width // 2) :]}"
