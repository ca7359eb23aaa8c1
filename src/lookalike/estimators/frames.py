"""Data frames and arrays of rows: numbers in columns of different names, or an error that names the column."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lookalike.errors import DataError, describe

_TEXT = (str, bytes)
_ADVICE = "numbers: pandas.get_dummies for text, or lookalike fit FILE.csv, which does that"


def names_of(X: Any) -> list[str]:
    """The names of a data frame's columns; none for arrays.

    Parameters
    ----------
    X : array-like or DataFrame

    Raises
    ------
    DataError
        If two columns have one name.
    """
    columns = getattr(X, "columns", None)
    if columns is None:
        return []
    names = [str(name) for name in columns]
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice is not None:
        places = [place for place, name in enumerate(names) if name == twice]
        came = f"{twice!r} as columns {' and '.join(map(str, places))}"
        raise DataError(describe("another name for every column", came, "rename or remove one of them"))
    return names


def require_numbers(X: Any, names: Sequence[str]) -> None:
    """Refuse text and dates among the values: a text is no number, even if it is written like one.

    Parameters
    ----------
    X : array-like or DataFrame
    names : sequence of str
        From `names_of`.

    Raises
    ------
    DataError
        Naming column and row.
    """
    if names:
        for name, column in zip(names, X.columns, strict=True):
            _require(np.asarray(X[column]), f"column {name!r}")
        return
    if isinstance(X, np.ndarray):
        array = X
    elif isinstance(X, list | tuple) and any(_holds_text(row) for row in X):
        array = np.array([list(row) if isinstance(row, list | tuple) else [row] for row in X], dtype=object)
    else:
        return
    if array.ndim == 2:
        for place in range(array.shape[1]) if array.dtype.kind in "OUSmM" else ():
            _require(array[:, place], f"column {place}")


def place_of(bad: np.ndarray, names: Sequence[str]) -> str:
    """Where the first of some values stands.

    Parameters
    ----------
    bad : ndarray
        Truth values, shape ``(n, columns)``, at least one of them true.
    names : sequence of str
        Of the columns.

    Examples
    --------
    >>> place_of(np.array([[False, True], [False, False]]), ["age", "height"])
    "column 'height', 1 of 2 rows, first at index 0"
    """
    column = int(np.flatnonzero(bad.any(0))[0])
    rows = np.flatnonzero(bad[:, column])
    return f"column {names[column]!r}, {len(rows)} of {len(bad)} rows, first at index {rows[0]}"


def _holds_text(row: Any) -> bool:
    return isinstance(row, list | tuple) and any(isinstance(value, _TEXT) for value in row)


def _require(values: np.ndarray, where: str) -> None:
    if values.dtype.kind in "mM":
        raise DataError(describe("numbers", f"dates in {where}", "numbers, days since a date say"))
    if values.dtype.kind not in "OUS":
        return
    for row, value in enumerate(values.tolist()):
        if isinstance(value, _TEXT):
            raise DataError(describe("numbers", f"the text {value!r} in {where}, index {row}", _ADVICE))
        if value is None or type(value).__name__ in ("NAType", "NaTType"):
            came = f"a missing value in {where}, index {row}"
            raise DataError(describe("numbers", came, "drop or fill them, with SimpleImputer say"))
        if hasattr(value, "isoformat"):
            raise DataError(describe("numbers", f"dates in {where}", "numbers, days since a date say"))
