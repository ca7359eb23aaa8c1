"""Labels: the one place where what a user calls classes is read, checked and compared.

Numbers are compared as numbers, whatever their type (``0.0 == 0 == False``); text is compared letter by letter. A text
is never taken for a number, nor a number for a text: what equals a class only in this way is refused, and the class
named.
"""

import datetime
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from lookalike.errors import DataError, ParameterError, describe, suggest

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
        return np.array([_decoded(label, kind) for label in labels.tolist()], dtype=np.str_)
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
    return np.array(list(words), dtype=np.str_)


def class_indices(y: Any, classes: np.ndarray, kind: str = "labels") -> np.ndarray:
    """Which class each label is.

    Parameters
    ----------
    y : array-like
        Shape ``(n,)`` or ``(n, 1)``.
    classes : ndarray
        Shape ``(k,)``.
    kind : str
        What the labels are, for messages.

    Returns
    -------
    ndarray
        Places in ``classes``, shape ``(n,)``.

    Raises
    ------
    DataError
        For a label that is no class; one that equals a class only as a number is named together with it.

    Examples
    --------
    >>> import numpy as np
    >>> class_indices([[1.0], [0.0]], np.array([0, 1])).tolist()
    [1, 0]
    """
    labels = as_labels(y, kind).tolist()
    places = {label: place for place, label in enumerate(_plain(classes))}
    unknown = [label for label in dict.fromkeys(labels) if label not in places]
    if unknown:
        raise DataError(_unknown(unknown, classes, kind))
    return np.array([places[label] for label in labels], dtype=np.int64)


def labels_in(y: Any, classes: np.ndarray, kind: str = "labels") -> np.ndarray:
    """Labels as the classes that they are: of the same type, so that they are written alike.

    Parameters
    ----------
    y : array-like
    classes : ndarray
    kind : str
        As for `class_indices`.

    Examples
    --------
    >>> import numpy as np
    >>> labels_in([1, 0], np.array([0.0, 1.0])).tolist()
    [1.0, 0.0]
    """
    return classes[class_indices(y, classes, kind)]


def words_as_classes(labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Labels from `labels_of_words` under the type that the same words had in training.

    A file with the rows ``1`` only gives integers, also where the file of training held ``01`` and stayed text.

    Parameters
    ----------
    labels, classes : ndarray

    Examples
    --------
    >>> import numpy as np
    >>> words_as_classes(np.array([1]), np.array(["01", "1"])).tolist()
    ['1']
    """
    if classes.dtype.kind in "UO" and labels.dtype.kind in "iu":
        return labels.astype(np.str_)
    if classes.dtype.kind in "iu" and labels.dtype.kind == "U":
        known = {str(label): label for label in classes.tolist()}
        if all(label in known for label in labels.tolist()):
            return np.array([known[label] for label in labels.tolist()], dtype=classes.dtype)
    return labels


def named_classes(given: Sequence[Any], classes: np.ndarray, option: str) -> list[int]:
    """Which classes an option names; ``0`` and ``"0"`` both name the class that is written so.

    Parameters
    ----------
    given : sequence
        Names or numbers.
    classes : ndarray
        Shape ``(k,)``.
    option : str
        For messages.

    Raises
    ------
    ParameterError
        For one that is no class.

    Examples
    --------
    >>> import numpy as np
    >>> named_classes([0, "1"], np.array([0.0, 1.0]), "data__superclasses")
    [0, 1]
    """
    plain = _plain(classes)
    places: dict[Any, int] = {str(label): place for place, label in enumerate(plain)}
    places |= {str(int(label)): place for place, label in enumerate(plain) if _is_whole(label)}
    found = []
    for name in given:
        if str(name) not in places:
            known = [str(label) for label in plain]
            raise ParameterError(describe(f"classes in {option}", repr(str(name)), suggest(str(name), known)))
        found.append(places[str(name)])
    return found


def renamed(labels: np.ndarray, names: Mapping[int, str], kind: str = "labels") -> np.ndarray:
    """Integer labels as the names that a data set gives them.

    Parameters
    ----------
    labels : ndarray
        Shape ``(n,)``.
    names : mapping of int to str
    kind : str
        For messages.

    Raises
    ------
    DataError
        For a label without a name.
    """
    unknown = [label for label in dict.fromkeys(labels.tolist()) if label not in names]
    if unknown:
        expected = f"{kind} from 0 to {len(names) - 1}, as many as there are class names"
        raise DataError(describe(expected, f"{unknown[0]!r}", "one name for every class"))
    return np.array([names[label] for label in labels.tolist()], dtype=np.str_)


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
        return np.array(plain, dtype=np.str_)
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


def _plain(classes: np.ndarray) -> list[Any]:
    return as_labels(np.asarray(classes), "classes").tolist()


def _is_plain_integer(word: str) -> bool:
    try:
        return str(int(word)) == word and _INTEGERS[0] <= int(word) <= _INTEGERS[1]
    except ValueError:
        return False


def _is_whole(label: Any) -> bool:
    return isinstance(label, float) and label.is_integer()


def _unknown(unknown: Sequence[Any], classes: np.ndarray, kind: str) -> str:
    plain = _plain(classes)
    alike = {label: next((each for each in plain if _reads_alike(label, each)), None) for label in unknown}
    strange = [label for label, known in alike.items() if known is None]
    if strange:
        return describe(f"{kind} among {plain}", f"{strange}", "data of the same classes")
    label, known = next(iter(alike.items()))
    came = f"{_shown(label)}, which is not the class {_shown(known)}"
    return describe(f"{kind} among {plain}", came, "write the labels as in training")


def _reads_alike(label: Any, other: Any) -> bool:
    """Whether two different labels would be one as a number, or as they are written."""
    if str(label).strip() == str(other).strip():
        return True
    first, second = _number(label), _number(other)
    return first is not None and first == second


def _number(label: Any) -> float | int | None:
    for form in (int, float):
        try:
            return form(label)
        except (ValueError, OverflowError):
            continue
    return None


def _shown(label: Any) -> str:
    return f"the text {label!r}" if isinstance(label, str) else f"the number {label!r}"
