"""Text files of rows and columns as they are found: commas, semicolons or tabs, packed or not, with or without BOM."""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lookalike.errors import DataError, DataNotFoundError, describe

MISSING = ("", "na", "n/a", "#n/a", "<na>", "nan", "null", "none", "?")
_SEPARATORS = (",", ";", "\t", "|")
_LARGEST = 2**30
_SAMPLE = 100
# Put before a word that would be missing, had it not been quoted.
_QUOTED = "\ue000"
_WORDS = "|".join(re.escape(word) for word in MISSING if word)
_QUOTED_WORD = re.compile(rf'(^|(?<=[,;\t|\n\r]))( *)"({_WORDS})"(?= *(?:[,;\t|\n\r]|$))', re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """A table as words.

    Attributes
    ----------
    file : Path
    header : tuple of str
        Names of the columns, all different.
    rows : tuple of tuple of str
        Without spaces around the words; as many in each as there are columns.
    lines : tuple of int
        The line in which each row ends.
    quoted : frozenset of (int, int)
        Row and column of words like ``NA`` that stand in quotes, and therefore are not missing.
    """

    file: Path
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    quoted: frozenset[tuple[int, int]] = frozenset()

    def words(self, column: int, missing: Sequence[str] = MISSING) -> list[str | None]:
        """The words of a column; ``None`` where one is missing.

        Parameters
        ----------
        column : int
        missing : sequence of str
            What stands for a missing value, in small letters.
        """
        return [
            None if row[column].lower() in missing and (place, column) not in self.quoted else row[column]
            for place, row in enumerate(self.rows)
        ]

    def places_of(self, columns: Sequence[str]) -> list[int]:
        """Where columns stand.

        Parameters
        ----------
        columns : sequence of str

        Raises
        ------
        DataError
            If one is not there.
        """
        missing = [name for name in columns if name not in self.header]
        if missing:
            expected = f"the columns {list(columns)} in {self.file}"
            raise DataError(describe(expected, f"{list(self.header)}", f"add {missing}"))
        return [self.header.index(name) for name in columns]


def is_table(name: str | Path) -> bool:
    """Whether a path is that of a table.

    Examples
    --------
    >>> is_table("cats.tsv"), is_table("cats.csv.gz"), is_table("cats.npz")
    (True, True, False)
    """
    return Path(name).name.lower().removesuffix(".gz").endswith((".csv", ".tsv"))


def read_table(file: Path) -> Table:
    """Header and rows of a table; empty lines are no rows, and empty columns without a name no columns.

    Parameters
    ----------
    file : Path
        ``.csv`` or ``.tsv``, ``.gz`` behind it or not. Columns are separated by commas, semicolons, tabs or bars.

    Raises
    ------
    DataNotFoundError
        If the file is not there.
    DataError
        If it is empty, too large, no text, a row is longer or shorter than the header, or two columns have one name.
    """
    if not file.is_file():
        raise DataNotFoundError(describe("a csv file", f"no file {file}", "check the path"))
    text = _QUOTED_WORD.sub(rf'\1\2"{_QUOTED}\3"', _text_of(file))
    found, separator = _parsed(text, file)
    if len(found) < 2:
        raise DataError(
            describe(f"a header and at least one row in {file}", f"{len(found)} lines", "a first line of column names")
        )
    header = found[0][0]
    for row, line in found[1:]:
        if len(row) != len(header):
            advice = "one column for each name"
            if separator == ",":
                advice = "numbers with decimal commas need semicolons or tabs between columns, or quotes"
            expected = f"{len(header)} columns in line {line} of {file}"
            raise DataError(
                describe(expected, f"{len(row)}", advice if separator == "," else "one column for each name")
            )
    rows = [row for row, _ in found[1:]]
    kept = [place for place, name in enumerate(header) if name or any(row[place] for row in rows)]
    _require_names([header[place] for place in kept], file)
    quoted = frozenset(
        (number, place) for number, row in enumerate(rows) for place, c in enumerate(kept) if row[c].startswith(_QUOTED)
    )
    return Table(
        file=file,
        header=tuple(header[place] for place in kept),
        rows=tuple(tuple(row[place].removeprefix(_QUOTED) for place in kept) for row in rows),
        lines=tuple(line for _, line in found[1:]),
        quoted=quoted,
    )


def _text_of(file: Path) -> str:
    try:
        with gzip.open(file) if file.name.lower().endswith(".gz") else file.open("rb") as opened:
            content = opened.read(_LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(describe(f"a table in {file}", str(error), "copy the file once more")) from error
    if len(content) > _LARGEST:
        raise DataError(describe(f"at most {_LARGEST >> 20} MiB of text in {file}", "more", "arrays in an .npz"))
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(describe(f"text in {file}", str(error), "save the table as UTF-8 csv")) from error
    if "\0" in text:
        raise DataError(describe(f"text in {file}", "null characters", "save the table as UTF-8 csv"))
    return text


def _parsed(text: str, file: Path) -> tuple[list[tuple[list[str], int]], str]:
    """Rows with their lines, and what separates the columns."""
    separator = _separator_of(text, file)
    try:
        return _rows(text, separator), separator
    except csv.Error as error:
        advice = "close every quote, and save the table as UTF-8 csv"
        raise DataError(describe(f"rows of text in {file}", str(error), advice)) from error


def _rows(text: str, separator: str, most: int | None = None) -> list[tuple[list[str], int]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    found = []
    for row in reader:
        if row:
            found.append(([word.strip() for word in row], reader.line_num))
        if most is not None and len(found) > most:
            break
    return found


def _separator_of(text: str, file: Path) -> str:
    """What separates the columns: as many in every row as in the header, if that holds for any."""
    wanted = ("\t", *_SEPARATORS) if ".tsv" in file.name.lower() else _SEPARATORS
    sizes: dict[str, set[int]] = {}
    for sign in wanted:
        try:
            found = _rows(text, sign, _SAMPLE)
        except csv.Error:
            continue
        if found and len(found[0][0]) > 1:
            sizes[sign] = {len(row) for row, _ in found}
    even = [sign for sign, lengths in sizes.items() if len(lengths) == 1]
    return next(iter([*even, *sizes]), wanted[0])


def _require_names(header: Sequence[str], file: Path) -> None:
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        places = [place + 1 for place, name in enumerate(header) if name == twice]
        came = f"{twice!r} as columns {' and '.join(map(str, places))}"
        raise DataError(describe(f"another name for every column of {file}", came, "rename or remove one of them"))
