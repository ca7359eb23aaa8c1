"""Columns of a table that give the class away, or only number its rows."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from lookalike.data.delimited import Table

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_ROW_NUMBERS = ("", "unnamed", "index", "id", "row", "rowid", "rownames")
_IDENTIFIER = re.compile(r".*([_ .-][iI][dD]|[a-z]I[dD])")
_FEWEST, _PER_VALUE, _SHARE = 20, 5, 0.99


def row_numbers(table: Table, places: Sequence[int]) -> tuple[list[int], list[str]]:
    """Columns that only number the rows, or tell them apart, and what is to be said of these and of others like them.

    Parameters
    ----------
    table : Table
    places : sequence of int
        Of the columns to look at.

    Returns
    -------
    tuple
        Places of those whose name says so, too; and notes.

    Examples
    --------
    >>> table = Table("t.csv", ("id", "age"), (("7", "20"), ("9", "30")), (2, 3))
    >>> row_numbers(table, [0, 1])
    ([0], ["column 'id' has another number in every row, and is left out"])
    """
    found, notes = [], []
    for place in places:
        words, name = [row[place] for row in table.rows], table.header[place]
        if not all(_INTEGER.fullmatch(word) for word in words):
            continue
        values = [int(word) for word in words]
        if len(set(values)) < len(values):
            continue
        counts = max(values) - min(values) + 1 == len(values)
        named = name.lower().partition(":")[0] in _ROW_NUMBERS or _IDENTIFIER.fullmatch(name)
        if named:
            found.append(place)
            what = "only numbers the rows" if counts else "has another number in every row"
            notes.append(f"column {name!r} {what}, and is left out")
        elif counts and len(values) >= _FEWEST:
            notes.append(
                f"column {name!r} numbers the {len(values)} rows, and is learned from; if it says nothing about them, "
                "leave it out (data__columns)"
            )
    return found, notes


def codes_of_the_class(table: Table, places: Sequence[int], labels: np.ndarray) -> list[str]:
    """Notes on columns of few values each of which goes with one class: another name for the class, as a rule.

    Parameters
    ----------
    table : Table
    places : sequence of int
        Of the columns to look at.
    labels : ndarray
        Shape ``(rows,)``.

    Notes
    -----
    Columns with fewer than five rows for each value are passed over: a measurement of any precision determines the
    class of every row. So are tables of fewer than twenty rows.
    """
    given, n = labels.tolist(), len(labels)
    classes = set(given)
    notes = []
    for place in places:
        words = [row[place] for row in table.rows]
        n_values = len(set(words))
        if n < _FEWEST or not len(classes) <= n_values <= n / _PER_VALUE:
            continue
        counts: dict[str, Counter] = defaultdict(Counter)
        for word, label in zip(words, given, strict=True):
            counts[word][label] += 1
        first = [found.most_common(1)[0] for found in counts.values()]
        agree = sum(count for _, count in first)
        if agree >= _SHARE * n and {label for label, _ in first} == classes:
            notes.append(
                f"column {table.header[place]!r} gives the class away: {agree} of {n} rows have the class that goes "
                f"with its value there; leave it out if it is not known beforehand (data__columns)"
            )
    return notes
