"""What the columns of a table hold, chosen once, at the fit: numbers, truth values, or categories."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from lookalike.data.delimited import Table
from lookalike.data.encoding import (
    CATEGORY,
    NUMBER,
    TRUTH,
    Column,
    Encoding,
    decimal_of,
    number_of,
    refused_value,
    truth_of,
)

MOST_CATEGORIES = 50
_FEW, _FEW_SHARE = 3, 0.05
_SHOWN = 5
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}([.,' _][0-9]{3})+([.,][0-9]+)?|[+-]?0[xX][0-9a-fA-F]+")


def encoding_of(
    table: Table, places: Sequence[int], training: np.ndarray, absent: Sequence[str]
) -> tuple[Encoding, list[str]]:
    """How a table becomes numbers, and what is to be said of it.

    Parameters
    ----------
    table : Table
    places : sequence of int
        The columns to learn from. Those without a value, and texts that are nearly all different, are left out.
    training : ndarray
        The rows from which medians and categories are taken.
    absent : sequence of str
        Words that stand for a missing value, in small letters.

    Raises
    ------
    DataError
        For a column of numbers with a word that is none; the message names line and column.
    """
    words = {place: table.words(place, absent) for place in places}
    kinds = {place: kind_of(words[place], table, place) for place in places}
    decimal = decimal_of([words[place] for place in places if kinds[place] == NUMBER], table)
    columns, notes = [], []
    for place in places:
        column, note = _column(table.header[place], kinds[place], [words[place][row] for row in training], decimal)
        columns += [column] if column is not None else []
        notes += [note] if note else []
    notes += ["decimal commas are read as decimal points"] if decimal == "," else []
    return Encoding(tuple(columns), decimal, tuple(absent)), notes


def kind_of(words: Sequence[str | None], table: Table, place: int) -> str:
    """What a column holds.

    Parameters
    ----------
    words : sequence of str or None
    table : Table
    place : int
        Of the column, for messages.

    Raises
    ------
    DataError
        If most words are numbers, but a few are not, or only look like numbers.
    """
    odd = [row for row, word in enumerate(words) if word is not None and not _is_number(word)]
    present = sum(word is not None for word in words)
    if not odd:
        return NUMBER
    looks = [row for row in odd if _looks_like_number(words[row] or "")]
    if 2 * (present - len(odd) + len(looks)) >= present and (looks or len(odd) <= max(_FEW, _FEW_SHARE * present)):
        raise refused_value(table, (looks or odd)[0], table.header[place])
    return TRUTH if truth_of(words) else CATEGORY


def _is_number(word: str) -> bool:
    return number_of(word) is not None or number_of(word, ",") is not None


def _looks_like_number(word: str) -> bool:
    """Whether other readers would make a number of a word that is none here."""
    if _GROUPED.fullmatch(word):
        return True
    try:
        float(word)
    except ValueError:
        return False
    return True


def _column(name: str, kind: str, seen: Sequence[str | None], decimal: str) -> tuple[Column | None, str]:
    """How a column of the training rows becomes numbers, and a note; no column where nothing can be learned from it."""
    known = [word for word in seen if word is not None]
    if not known:
        return None, f"column {name!r} holds no value, and is left out"
    if kind == CATEGORY:
        return _categories(name, known, len(seen))
    if kind == TRUTH:
        (fill, _), *_ = Counter(word.lower() in ("true", "yes") for word in known).most_common()
        pair = "yes and no" if {word.lower() for word in known} & {"yes", "no"} else "true and false"
        return Column(name, TRUTH, float(fill)), f"column {name!r} holds {pair}, read as 1 and 0"
    values = [number_of(word, decimal) for word in known]
    return Column(name, NUMBER, float(np.median([value for value in values if value is not None]))), ""


def _categories(name: str, known: Sequence[str], n: int) -> tuple[Column | None, str]:
    found = sorted(set(known))
    if len(found) > min(MOST_CATEGORIES, max(len(known) / 2, 2)):
        return None, f"column {name!r} holds {len(found)} different texts in {len(known)} rows, and is left out"
    missing = len(known) < n
    shown = ", ".join(found[:_SHOWN]) + (" ..." if len(found) > _SHOWN else "")
    also = f", and one for {n - len(known)} missing values" if missing else ""
    note = f"column {name!r} is text: an input for each of its {len(found)} values ({shown}){also}"
    return Column(name, CATEGORY, None, tuple(found), missing), note
