"""Labels: the one place where what a user calls classes is read; `lookalike.data.classes` compares them.

Numbers are compared as numbers, whatever their type (``0.0 == 0 == False``); text is compared letter by letter. A text
is never taken for a number, nor a number for a text: what equals a class only in this way is refused, and the class
named.
"""

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from lookalike.errors import DataError, describe

_INTEGERS = (np.iinfo(np.int64).min, np.iinfo(np.int64).max)
_NUMBERS = "biuf"
_MISSING = ("NAType", "NaTType")
_DATES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)


def as_labels(y: Any, kind: str = "labels") -> np.ndarray:
    """Labels as one array of numbers or of text.

    Parameters
    ----------
    y : array-like or Tensor
        Shape ``(n,)`` or ``(n, 1)``: numbers, truth values, text, or bytes of UTF-8.
    kind : str
        What they are, for messages.

    Returns
    -------
    ndarray
        Shape ``(n,)``; a type of numbers, or text.

    Raises
    ------
    DataError
        For a column per class, dates, a label that is missing, and text mixed with numbers.

    Examples
    --------
    >>> import numpy as np
    >>> as_labels(np.array([[1.0], [0.0]])).tolist(), as_labels([b"cat", b"dog"]).tolist()
    ([1.0, 0.0], ['cat', 'dog'])
    """
    labels = _as_array(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        advice = "y.argmax(1), if each row marks one class" if labels.ndim == 2 else "one label for every input"
        raise DataError(describe(f"{kind} of shape (n,) or (n, 1)", f"an array of shape {labels.shape}", advice))
    if labels.dtype.kind == "O":
        return _of_objects(labels, kind)
    if labels.dtype.kind == "S":
        return _as_text([_decoded(label, kind) for label in labels.tolist()], kind)
    if labels.dtype.kind in "mM":
        raise _refused_dates(labels[0], kind)
    if labels.dtype.kind not in (*_NUMBERS, "U", "c"):
        raise DataError(describe(f"{kind} that are text or numbers", f"type {labels.dtype}", "y.astype(str)"))
    if labels.dtype.kind in "fc" and not np.isfinite(labels).all():
        first = int(np.flatnonzero(~np.isfinite(labels))[0])
        came = f"y with NaN or infinity, first at index {first}"
        raise DataError(describe("a label for every input", came, "drop the rows without a label"))
    return labels


def labels_of_words(words: Sequence[str]) -> np.ndarray:
    """Labels as a text file has them: integers where every word is the plain form of one, text otherwise.

    Parameters
    ----------
    words : sequence of str

    Returns
    -------
    ndarray
        Shape ``(n,)``.

    Examples
    --------
    >>> labels_of_words(["1", "-20"]).tolist(), labels_of_words(["01", "1"]).tolist()
    ([1, -20], ['01', '1'])
    """
    if all(_is_plain_integer(word) for word in words):
        return np.array([int(word) for word in words], dtype=np.int64)
    return _as_text(list(words))


def _as_array(y: Any) -> np.ndarray:
    if hasattr(y, "detach"):
        y = y.detach().cpu().numpy()
    if y is None:
        raise DataError(describe("a label for every input", "None", "y should be a 1d array"))
    try:
        # A list of text and numbers would become text, and a list of large integers floats.
        return y if isinstance(y, np.ndarray) else _of_list(y)
    except ValueError as error:
        raise DataError(describe("labels in one column", str(error), "one label for every input")) from error


def _of_list(y: Any) -> np.ndarray:
    labels = np.asarray(y)
    if isinstance(y, list | tuple) and labels.ndim == 1 and labels.dtype.kind in "USf":
        return np.fromiter(y, dtype=object, count=len(y))
    return labels


def _of_objects(labels: np.ndarray, kind: str) -> np.ndarray:
    """Objects of one kind as an array of it."""
    given = labels.tolist()
    _require_labels(given)
    date = next((label for label in given if isinstance(label, _DATES)), None)
    if date is not None:
        raise _refused_dates(date, kind)
    plain = [_decoded(label, kind) if isinstance(label, bytes) else label for label in given]
    texts = [isinstance(label, str) for label in plain]
    if all(texts):
        return _as_text(plain, kind)
    numbers = [isinstance(label, bool | int | float | Decimal | np.number | np.bool_) for label in plain]
    odd = next((place for place, number in enumerate(numbers) if not number), None)
    if odd is not None:
        first = f"{plain[odd]!r} at index {odd}"
        came = (
            f"text and numbers, {first}" if texts[odd] and any(numbers) else f"{first}, a {type(plain[odd]).__name__}"
        )
        raise DataError(describe(f"{kind} that are all text or all numbers", came, "y.astype(str)"))
    if any(isinstance(label, int) and not _INTEGERS[0] <= label <= _INTEGERS[1] for label in plain):
        raise DataError(describe(f"{kind} within 64 bits", "a larger integer", "labels as text: y.astype(str)"))
    whole = all(isinstance(label, bool | int | np.integer | np.bool_) for label in plain)
    return as_labels(np.array(plain) if whole else np.array(plain, dtype=np.float64), kind)


def _as_text(words: Sequence[str], kind: str = "labels") -> np.ndarray:
    """Text as an array, which drops null characters at the end: two classes would become one."""
    odd = next((word for word in words if "\0" in word), None)
    if odd is not None:
        raise DataError(describe(f"{kind} without null characters", f"{odd!r}", "remove them"))
    return np.array(words, dtype=np.str_)


def _require_labels(given: Sequence[Any]) -> None:
    """Refuse objects that say that a label is missing: None, NaN, and what pandas has for it."""
    missing = [
        index
        for index, label in enumerate(given)
        if label is None or type(label).__name__ in _MISSING or _is_nan(label)
    ]
    if missing:
        came = f"{given[missing[0]]} at {len(missing)} of {len(given)}, first at index {missing[0]}"
        raise DataError(describe("a label for every input", came, "drop the inputs without a label"))


def _is_nan(label: Any) -> bool:
    return isinstance(label, float | np.floating | Decimal) and label != label


def _decoded(label: bytes, kind: str) -> str:
    try:
        return label.decode("utf-8")
    except UnicodeDecodeError as error:
        advice = "np.char.decode(y, ENCODING)"
        raise DataError(describe(f"{kind} that are text, or bytes of UTF-8", f"{label!r}", advice)) from error


def _refused_dates(date: Any, kind: str) -> DataError:
    return DataError(
        describe(f"{kind} of classes", f"dates, {str(date)!r} the first", "y.astype(str), if they are classes")
    )


def _is_plain_integer(word: str) -> bool:
    try:
        return str(int(word)) == word and _INTEGERS[0] <= int(word) <= _INTEGERS[1]
    except ValueError:
        return False
