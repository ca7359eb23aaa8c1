"""How often decisions are right, and what they are mistaken for."""

import numpy as np

from lookalike.data.classes import class_numbers
from lookalike.data.labels import as_labels
from lookalike.errors import DataError, describe


def accuracy(predicted: np.ndarray, true: np.ndarray) -> float:
    """Share of equal labels.

    Parameters
    ----------
    predicted, true : ndarray
        Shape ``(n,)``, n at least 1: both text, or both numbers of any type.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    DataError
        If there are none, not as many of one as of the other, or text beside numbers.

    Examples
    --------
    >>> import numpy as np
    >>> accuracy(np.array([0, 1, 1]), np.array([0, 1, 2]))
    0.6666666666666666
    """
    _require_alike(predicted, true)
    given, wanted = as_labels(predicted, "predictions"), as_labels(true)
    if (given.dtype.kind == "U") != (wanted.dtype.kind == "U"):
        came = f"{given[0].item()!r} and {wanted[0].item()!r}"
        raise DataError(
            describe("predictions and labels that are both text or both numbers", came, "one type for both")
        )
    return float(np.mean(given == wanted))


def confusion_matrix(predicted: np.ndarray, true: np.ndarray, n_classes: int) -> np.ndarray:
    """How often inputs of each class were given to each class.

    Parameters
    ----------
    predicted, true : ndarray
        Integer labels from 0 to ``n_classes - 1``, shape ``(n,)``, n at least 1.
    n_classes : int

    Returns
    -------
    ndarray
        Counts, shape ``(k, k)``: row = true class, column = predicted class.

    Examples
    --------
    >>> import numpy as np
    >>> confusion_matrix(np.array([0, 1, 1]), np.array([0, 1, 0]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    _require_alike(predicted, true)
    counts = np.zeros((n_classes, n_classes), dtype=np.int64)
    np.add.at(counts, (class_numbers(true, n_classes), class_numbers(predicted, n_classes, "predictions")), 1)
    return counts


def _require_alike(predicted: np.ndarray, true: np.ndarray) -> None:
    if len(predicted) != len(true) or not len(true):
        raise DataError(
            describe("as many predictions as true labels, at least one", f"{len(predicted)} and {len(true)}")
        )
