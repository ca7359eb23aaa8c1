"""Rows in a .csv file."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from lookalike.data.datasets import Dataset, Part, split_off_test
from lookalike.data.labels import labels_of_words
from lookalike.errors import DataError, DataNotFoundError, describe, suggest

_LABEL_COLUMNS = ("label", "class", "target", "y", "species")
_ROW_NUMBERS = ("", "unnamed", "index", "id", "row")
_SEPARATORS = (";", "\t", "|")
_MISSING = ("", "na", "nan", "null", "none", "?")


def load_csv(
    file: Path, *, label: str | None = None, columns: Sequence[str] | None = None, test_fraction: float = 0.2
) -> Dataset:
    """A table with a header: one column of labels, numbers in all others; numbers of rows are left out, and said.

    Parameters
    ----------
    file : Path
    label : str, optional
        Name of the column of labels; otherwise the first of label, class, target, y, species that is there.
    columns : sequence of str, optional
        Which to read, in this order, in place of all others.
    test_fraction : float
        Share of each class set aside for testing.

    Raises
    ------
    DataNotFoundError
        If the file is not there.
    DataError
        If there is no column of labels, a label is missing, a column is not there, or holds something that is no
        number.
    """
    header, rows, lines = read_table(file)
    column = _label_column(header, label, file)
    labels = [row[column].strip() for row in rows]
    missing = [line for line, value in zip(lines, labels, strict=True) if value.lower() in _MISSING]
    if missing:
        raise DataError(
            describe(
                f"a label in every row of {file}",
                f"none in {len(missing)} rows, first in line {missing[0]}",
                "fill the labels in or remove the rows",
            )
        )
    kept = [index for index in range(len(header)) if index != column]
    counting = [index for index in kept if _counts(header[index], [row[index] for row in rows])]
    kept = [index for index in kept if index not in counting]
    if columns is not None:
        kept, counting = places_of(columns, header, file), []
    names = np.array([f"line {line}" for line in lines])
    whole = Part(numbers(header, rows, lines, kept, file), labels_of_words(labels), names=names)
    found = split_off_test(str(file), whole, test_fraction, tuple(header[index] for index in kept))
    notes = [f"column {header[index]!r} only numbers the rows, and is left out" for index in counting]
    return replace(found, notes=(*notes, *found.notes))


def is_table(name: str | Path) -> bool:
    """Whether a path is that of a table.

    Examples
    --------
    >>> is_table("cats.tsv"), is_table("cats.csv.gz"), is_table("cats.npz")
    (True, True, False)
    """
    return Path(name).name.lower().removesuffix(".gz").endswith((".csv", ".tsv"))


def places_of(columns: Sequence[str], header: Sequence[str], file: Path) -> list[int]:
    """Where columns stand in a table.

    Raises
    ------
    DataError
        If one is not there.
    """
    missing = [name for name in columns if name not in header]
    if missing:
        raise DataError(describe(f"the columns {list(columns)} in {file}", f"{list(header)}", f"add {missing}"))
    return [header.index(name) for name in columns]


def _counts(name: str, values: Sequence[str]) -> bool:
    """Whether a column is the number of the row, as tables have it that were saved with their index."""
    words = [value.strip() for value in values]
    counted = [[str(number + first) for number in range(len(words))] for first in (0, 1)]
    return name.lower().partition(":")[0] in _ROW_NUMBERS and words in counted


def read_table(file: Path) -> tuple[list[str], list[list[str]], list[int]]:
    """Header and rows of a csv file as words, and the line in which each row ends; empty lines are no rows.

    Raises
    ------
    DataNotFoundError
        If the file is not there.
    DataError
        If it is empty, is no text, or a row is longer or shorter than the header.
    """
    if not file.is_file():
        raise DataNotFoundError(describe("a csv file", f"no file {file}", "check the path"))
    try:
        with file.open(newline="", encoding="utf-8-sig") as opened:
            reader = csv.reader(opened)
            found = [(row, reader.line_num) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(describe(f"text in {file}", str(error), "save the table as UTF-8 csv")) from error
    if len(found) < 2:
        raise DataError(describe(f"a header and at least one row in {file}", f"{len(found)} lines"))
    header = [name.strip() for name in found[0][0]]
    rows, lines = [row for row, _ in found[1:]], [line for _, line in found[1:]]
    other = next((sign for sign in _SEPARATORS if len(header) == 1 and sign in header[0]), None)
    if other is not None:
        raise DataError(
            describe(f"columns separated by commas in {file}", f"one column, with {other!r} in it", "save with commas")
        )
    for line, row in zip(lines, rows, strict=True):
        if len(row) != len(header):
            raise DataError(describe(f"{len(header)} columns in line {line} of {file}", f"{len(row)}"))
    return header, rows, lines


def numbers(
    header: Sequence[str], rows: Sequence[Sequence[str]], lines: Sequence[int], columns: Sequence[int], file: Path
) -> np.ndarray:
    """Some columns of a table as numbers, shape ``(rows, columns)``.

    Raises
    ------
    DataError
        If there is no column, or a value is missing or no number; the message names line and column.
    """
    if not columns:
        raise DataError(describe(f"at least one column of numbers in {file}", f"only {list(header)}"))
    values = np.empty((len(rows), len(columns)), dtype=np.float64)
    for place, column in enumerate(columns):
        for number, row in enumerate(rows):
            try:
                values[number, place] = float(row[column])
            except ValueError as error:
                raise DataError(
                    describe(
                        f"a number in line {lines[number]}, column {header[column]!r} of {file}",
                        repr(row[column]),
                        "encode words as numbers, fill missing values, or remove the column",
                    )
                ) from error
    return values


def _label_column(header: list[str], label: str | None, file: Path) -> int:
    if label is not None:
        if label not in header:
            raise DataError(describe(f"a column {label!r} in {file}", f"{header}", suggest(label, header)))
        return header.index(label)
    lower = [name.lower() for name in header]
    found = next((lower.index(name) for name in _LABEL_COLUMNS if name in lower), None)
    if found is None:
        raise DataError(
            describe(
                f"a column of labels in {file}",
                f"{header}",
                "label=NAME, the column that holds them (--set data__label=NAME on the command line)",
            )
        )
    return found
