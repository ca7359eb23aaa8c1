"""Columns of a table as numbers: what a fit chooses, kept with the model and applied to every later table."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lookalike.data.delimited import MISSING, Table
from lookalike.errors import DataError, ModelFileError, describe

NUMBER, TRUTH, CATEGORY = "number", "truth value", "category"
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_WITH_COMMA = re.compile(r"[+-]?([0-9]+(,[0-9]*)?|,[0-9]+)([eE][+-]?[0-9]+)?")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+")
_TRUTH = {"true": 1.0, "yes": 1.0, "1": 1.0, "false": 0.0, "no": 0.0, "0": 0.0}
_PAIRS = ({"true", "false"}, {"yes", "no"})
_SHOWN = 5


@dataclass(frozen=True)
class Column:
    """How one column of a table becomes numbers.

    Attributes
    ----------
    name : str
        As in the header.
    kind : str
        ``"number"``, ``"truth value"`` (1 and 0), or ``"category"``: one number for each, 1 for that of the row.
    fill : float or None
        What stands for a missing number or truth value; with ``None`` none may be missing.
    categories : tuple of str
        In alphabetical order.
    missing : bool
        Whether a missing category is one of its own, the last.
    """

    name: str
    kind: str = NUMBER
    fill: float | None = None
    categories: tuple[str, ...] = ()
    missing: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """What the numbers that it becomes are called."""
        if self.kind != CATEGORY:
            return (self.name,)
        return (*(f"{self.name}={each}" for each in self.categories), *([f"{self.name} missing"] * self.missing))


@dataclass(frozen=True)
class Encoding:
    """How a table becomes numbers.

    Attributes
    ----------
    columns : tuple of Column
        In the order of the inputs.
    decimal : str
        What stands before decimals where a table does not show it: a point or a comma.
    absent : tuple of str
        Words that stand for a missing value, in small letters.

    Examples
    --------
    >>> encoding = Encoding((Column("age", fill=30.0), Column("coat", "category", categories=("grey", "red"))))
    >>> encoding.names
    ('age', 'coat=grey', 'coat=red')
    >>> table = Table("new.csv", ("coat", "age"), (("red", "4"), ("blue", "")), (2, 3))
    >>> encoding.apply(table)[0].tolist()
    [[4.0, 0.0, 1.0], [30.0, 0.0, 0.0]]
    """

    columns: tuple[Column, ...]
    decimal: str = "."
    absent: tuple[str, ...] = MISSING

    @classmethod
    def of_numbers(cls, columns: Sequence[str]) -> "Encoding":
        """All columns numbers, none of them missing."""
        return cls(tuple(Column(name) for name in columns))

    @property
    def names(self) -> tuple[str, ...]:
        """What the inputs are called: columns by their names, categories with theirs behind it."""
        return tuple(name for column in self.columns for name in column.names)

    def apply(self, table: Table) -> tuple[np.ndarray, list[str]]:
        """A table as numbers, and what is to be said of it.

        Parameters
        ----------
        table : Table
            Its columns are found by their names; others are passed over.

        Returns
        -------
        tuple
            Array of shape ``(rows, inputs)``, and notes.

        Raises
        ------
        DataError
            If a column is not there, or a value is missing or is no number; the message names line and column.
        """
        places = table.places_of([column.name for column in self.columns])
        words = {place: table.words(place, self.absent) for place in places}
        numeric = [words[place] for place, column in zip(places, self.columns, strict=True) if column.kind == NUMBER]
        decimal = decimal_of(numeric, table, self.decimal)
        notes = [] if places == sorted(places) else ["columns are found by their names: their order is another one"]
        blocks = []
        for place, column in zip(places, self.columns, strict=True):
            block, said = _block(column, words[place], decimal, table)
            blocks.append(block)
            notes += said
        return np.concatenate(blocks, 1) if blocks else np.zeros((len(table.rows), 0)), notes

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"columns": [asdict(column) for column in self.columns], "decimal": self.decimal, "absent": self.absent}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Encoding":
        """The inverse of `to_dict`.

        Raises
        ------
        ModelFileError
            If it is none.
        """
        try:
            columns = tuple(Column(**{**each, "categories": tuple(each["categories"])}) for each in values["columns"])
            absent = tuple(values["absent"])
            if not all(map(_is_whole, columns)) or values["decimal"] not in (".", ",") or not _are_text(absent):
                raise TypeError("a column of no known kind")
            return cls(columns, values["decimal"], absent)
        except (KeyError, TypeError) as error:
            came = f"{type(error).__name__}: {error}"
            raise ModelFileError(describe("how the model reads tables", came, "train anew")) from error


def _is_whole(column: Column) -> bool:
    """Whether a column that was read is one that can be applied."""
    fills = column.fill is None or (isinstance(column.fill, int | float) and math.isfinite(column.fill))
    kinds = column.kind in (NUMBER, TRUTH, CATEGORY) and isinstance(column.missing, bool)
    return isinstance(column.name, str) and fills and kinds and _are_text(column.categories)


def _are_text(words: Sequence[Any]) -> bool:
    return all(isinstance(word, str) for word in words)


def number_of(word: str, decimal: str = ".") -> float | None:
    """A word as a number; ``None`` if it is none.

    Only digits with one decimal sign and an exponent are numbers: underscores, hexadecimal forms, digits of other
    scripts, ``inf`` and ``nan`` are not.

    Parameters
    ----------
    word : str
    decimal : str
        A point or a comma.

    Examples
    --------
    >>> number_of("1.5e3"), number_of("1,5", ","), number_of("4_0"), number_of("inf")
    (1500.0, 1.5, None, None)
    """
    if not (_WITH_COMMA if decimal == "," else _NUMBER).fullmatch(word):
        return None
    value = float(word.replace(",", "."))
    return value if math.isfinite(value) else None


def decimal_of(columns: Sequence[Sequence[str | None]], table: Table, otherwise: str = ".") -> str:
    """What stands before decimals in some columns of a table.

    Parameters
    ----------
    columns : sequence of sequence of str or None
        Words of those that hold numbers.
    table : Table
        For messages.
    otherwise : str
        Where they do not show it.

    Raises
    ------
    DataError
        If points and commas are mixed, or commas may as well separate thousands.
    """
    words = [word for column in columns for word in column if word is not None]
    commas = [word for word in words if "," in word]
    if not commas:
        # Whole numbers only show nothing; a point shows itself.
        return "." if any("." in word for word in words) else otherwise
    point = next((word for word in words if "." in word), None)
    if point is not None:
        came = f"{commas[0]!r} and {point!r}"
        advice = "decimal points everywhere, and nothing between thousands"
        raise DataError(describe(f"one decimal sign in {table.file}", came, advice))
    if otherwise != "," and all(_GROUPED.fullmatch(word) for word in commas):
        expected = f"numbers in {table.file} whose commas stand before decimals"
        advice = "save numbers without thousands separators, or with decimal points"
        raise DataError(describe(expected, f"{commas[0]!r}, which may be thousands", advice))
    return ","


def truth_of(words: Sequence[str | None]) -> bool:
    """Whether words are truth values: true and false, or yes and no.

    Examples
    --------
    >>> truth_of(["True", None, "FALSE"]), truth_of(["yes", "true"])
    (True, False)
    """
    found = {word.lower() for word in words if word is not None}
    return any(found and found <= pair for pair in _PAIRS)


def fill_note(column: Column, n_missing: int, n: int) -> str:
    """What is said of missing values.

    Parameters
    ----------
    column : Column
    n_missing, n : int
    """
    what = "the median" if column.kind == NUMBER else "the more frequent value"
    return (
        f"column {column.name!r}: {n_missing} of {n} values missing; {what} of training, {column.fill:g}, replaces them"
    )


def _block(column: Column, words: Sequence[str | None], decimal: str, table: Table) -> tuple[np.ndarray, list[str]]:
    """The numbers that one column becomes, shape ``(rows, inputs)``."""
    if column.kind == CATEGORY:
        return _one_hot(column, words)
    values, notes = np.empty(len(words)), []
    for row, word in enumerate(words):
        read = column.fill if word is None else _read(word, column.kind, decimal)
        if read is None:
            raise refused_value(table, row, column.name, column.kind)
        values[row] = read
    n_missing = sum(word is None for word in words)
    if n_missing:
        notes.append(fill_note(column, n_missing, len(words)))
    return values[:, None], notes


def _read(word: str, kind: str, decimal: str) -> float | None:
    return number_of(word, decimal) if kind == NUMBER else _TRUTH.get(word.lower())


def _one_hot(column: Column, words: Sequence[str | None]) -> tuple[np.ndarray, list[str]]:
    known: dict[str | None, int] = {name: place for place, name in enumerate(column.categories)}
    if column.missing:
        known[None] = len(column.categories)
    block = np.zeros((len(words), len(known)))
    unknown: Counter[str] = Counter()
    for row, word in enumerate(words):
        if word in known:
            block[row, known[word]] = 1
        else:
            unknown["no value" if word is None else repr(word)] += 1
    if not unknown:
        return block, []
    shown = ", ".join(list(unknown)[:_SHOWN]) + (" ..." if len(unknown) > _SHOWN else "")
    note = f"column {column.name!r}: {sum(unknown.values())} of {len(words)} values unknown in training ({shown})"
    return block, [f"{note}; they count as none of its categories"]


def refused_value(table: Table, row: int, name: str, kind: str = NUMBER) -> DataError:
    """The error for a value that cannot be read.

    Parameters
    ----------
    table : Table
    row : int
    name : str
        Of the column.
    kind : str
        What was expected.
    """
    word = table.rows[row][table.header.index(name)]
    expected = f"a {kind} in line {table.lines[row]}, column {name!r} of {table.file}"
    advice = "plain decimal numbers; fill missing values, or remove the column"
    return DataError(describe(expected, repr(word), advice))
