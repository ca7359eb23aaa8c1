"""A table as a data set: which column holds the labels, which are learned from, and as which numbers."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from lookalike.data.column_kinds import encoding_of
from lookalike.data.datasets import Dataset, Part, split_off_test
from lookalike.data.delimited import MISSING, Table, read_table
from lookalike.data.encoding import Encoding
from lookalike.data.giveaways import codes_of_the_class, row_numbers
from lookalike.data.labels import labels_of_words
from lookalike.data.splits import stratified_split
from lookalike.errors import DataError, describe, suggest

_FEW_ROWS = 10
_LABEL_COLUMNS = ("label", "class", "target", "y", "species")


def load_table(
    file: Path,
    *,
    label: str | None = None,
    columns: Sequence[str] | None = None,
    missing: Sequence[str] | None = None,
    encoding: Encoding | None = None,
    test_fraction: float = 0.2,
) -> Dataset:
    """A table with a header: one column of labels, and numbers, truth values or categories in the others.

    Parameters
    ----------
    file : Path
        See `lookalike.data.delimited.read_table`.
    label : str, optional
        Name of the column of labels; otherwise the first of label, class, target, y, species that is there.
    columns : sequence of str, optional
        Which to learn from, in this order; otherwise all but the labels and those that only number the rows.
    missing : sequence of str, optional
        Words that stand for a missing value unless they are quoted; otherwise an empty cell, NA, NaN, null, None, "?"
        and their like.
    encoding : Encoding, optional
        How a model reads tables, in place of ``columns`` and ``missing`` and of what the table itself suggests.
    test_fraction : float
        Share of each class set aside for testing.

    Raises
    ------
    DataNotFoundError
        If the file is not there.
    DataError
        If there is no column of labels, a label is missing, a column is not there, or holds something that is no
        number among numbers.
    """
    table = read_table(file)
    absent = encoding.absent if encoding is not None else _absent(missing)
    place = _label_column(table.header, label, file)
    labels = labels_of_words(_labels(table, place, absent))
    notes: list[str] = []
    if encoding is None:
        _require_classes(labels, table.header[place], file)
        training, _ = stratified_split(labels, test_fraction, seed=0)
        encoding, notes = _chosen(table, place, columns, absent, training, labels)
    values, said = encoding.apply(table)
    names = np.array([f"line {line}" for line in table.lines])
    found = split_off_test(str(file), Part(values, labels, names=names), test_fraction, encoding.names)
    return replace(found, notes=(*notes, *said, *found.notes), encoding=encoding)


def _chosen(
    table: Table,
    label: int,
    columns: Sequence[str] | None,
    absent: Sequence[str],
    training: np.ndarray,
    labels: np.ndarray,
) -> tuple[Encoding, list[str]]:
    """How the table becomes numbers, and what is to be said of it."""
    if columns is None:
        places = [place for place in range(len(table.header)) if place != label]
        numbering, notes = row_numbers(table, places)
        places = [place for place in places if place not in numbering]
    else:
        places, notes = table.places_of(columns), []
        if label in places:
            expected = f"data__columns without the labels, {table.header[label]!r}"
            raise DataError(describe(expected, f"{list(columns)}", "leave it out"))
    encoding, said = encoding_of(table, places, training, absent)
    if not encoding.columns:
        expected = f"at least one column of numbers, truth values or categories in {table.file}"
        raise DataError(describe(expected, "; ".join([f"only {list(table.header)}", *notes, *said]), "another table"))
    learned = table.places_of([column.name for column in encoding.columns])
    return encoding, [*notes, *said, *codes_of_the_class(table, learned, labels)]


def _absent(missing: Sequence[str] | None) -> tuple[str, ...]:
    return MISSING if missing is None else tuple(str(word).strip().lower() for word in missing)


def _labels(table: Table, place: int, absent: Sequence[str]) -> list[str]:
    words = table.words(place, absent)
    empty = [row for row, word in enumerate(words) if word is None]
    if empty:
        word = table.rows[empty[0]][place]
        advice = "fill the labels in, or remove the rows"
        if word:
            advice += (
                f"; if {word!r} is a class, put it in quotes, or say what is missing: --set 'data__missing=[\"\"]'"
            )
        came = f"none in {len(empty)} rows, first in line {table.lines[empty[0]]}" + (f", {word!r}" if word else "")
        raise DataError(describe(f"a label in every row of {table.file}", came, advice))
    return [word for word in words if word is not None]


def _require_classes(labels: np.ndarray, name: str, file: Path) -> None:
    """Refuse a column of names or measurements in the place of classes."""
    n_values = len(np.unique(labels))
    if len(labels) > _FEW_ROWS and 2 * n_values > len(labels):
        expected = f"classes of several rows each in column {name!r} of {file}"
        advice = "data__label=NAME of another column, or classes in the place of measurements"
        raise DataError(describe(expected, f"{n_values} different labels in {len(labels)} rows", advice))


def _label_column(header: Sequence[str], label: str | None, file: Path) -> int:
    if label is not None:
        if label not in header:
            raise DataError(describe(f"a column {label!r} in {file}", f"{list(header)}", suggest(label, header)))
        return header.index(label)
    lower = [name.lower() for name in header]
    found = next((lower.index(name) for name in _LABEL_COLUMNS if name in lower), None)
    if found is None:
        raise DataError(
            describe(
                f"a column of labels in {file}",
                f"{list(header)}",
                "label=NAME, the column that holds them (--set data__label=NAME on the command line)",
            )
        )
    return found
