"""Classes: which of them labels are, by their names, their numbers, or as another file writes them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lookalike.data.labels import as_labels
from lookalike.errors import DataError, ParameterError, describe, suggest

_LISTED = 20


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


def class_numbers(labels: Any, n_classes: int, kind: str = "labels") -> np.ndarray:
    """Labels that count classes, checked.

    Parameters
    ----------
    labels : array-like
        Whole numbers from 0 to ``n_classes - 1``, shape ``(n,)`` or ``(n, 1)``.
    n_classes : int
    kind : str
        What they are, for messages.

    Raises
    ------
    DataError
        For anything else.

    Examples
    --------
    >>> import numpy as np
    >>> class_numbers(np.array([[1.0], [0.0]]), 2).tolist()
    [1, 0]
    """
    given = as_labels(labels, kind)
    wanted = f"{kind} from 0 to {n_classes - 1}"
    if given.dtype.kind not in "biuf":
        raise DataError(describe(wanted, f"{given[0]!r}", "places in classes_, as np.searchsorted gives them"))
    numbers = given.astype(np.int64)
    odd = np.flatnonzero((numbers != given) | (numbers < 0) | (numbers >= n_classes))
    if len(odd):
        came = f"{given[odd[0]].item()!r} at index {odd[0]}"
        raise DataError(describe(wanted, came, "places in classes_, as np.searchsorted gives them"))
    return numbers


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


def _plain(classes: np.ndarray) -> list[Any]:
    return as_labels(np.asarray(classes), "classes").tolist()


def _is_whole(label: Any) -> bool:
    return isinstance(label, float) and label.is_integer()


def _unknown(unknown: Sequence[Any], classes: np.ndarray, kind: str) -> str:
    plain = _plain(classes)
    alike = {label: next((each for each in plain if _reads_alike(label, each)), None) for label in unknown}
    strange = [label for label, known in alike.items() if known is None]
    among = f"{kind} among {_listed(plain)}"
    if strange:
        return describe(among, f"{strange}", "data of the same classes")
    label, known = next(iter(alike.items()))
    came = f"{_shown(label)}, which is not the class {_shown(known)}"
    return describe(among, came, "write the labels as in training")


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


def _listed(plain: Sequence[Any]) -> str:
    shown = list(plain[:_LISTED])
    return f"{shown}" if len(plain) <= _LISTED else f"{shown} and {len(plain) - _LISTED} more"


def _shown(label: Any) -> str:
    return f"the text {label!r}" if isinstance(label, str) else f"the number {label!r}"
