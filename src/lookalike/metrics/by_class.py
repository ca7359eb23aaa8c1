"""How well each class is told from the others."""

from dataclasses import dataclass

import numpy as np

from lookalike.errors import DataError, describe
from lookalike.metrics.rejection import area_under_roc

Shares = tuple[float | None, ...]


@dataclass(frozen=True)
class ClassFigures:
    """Figures of every class, one against the rest, in the order of the classes; ``None`` where nothing can be said.

    Attributes
    ----------
    precisions : tuple of float or None
        Share of the inputs given to a class that are of it; ``None`` for a class that none was given to.
    recalls : tuple of float or None
        Share of a class's inputs that were given to it; ``None`` for a class without inputs.
    f1 : tuple of float or None
        Harmonic mean of the two: twice the right ones, over the inputs of the class and those given to it; ``None`` for
        a class that has neither.
    supports : tuple of int
        Inputs of the class.
    """

    precisions: Shares
    recalls: Shares
    f1: Shares
    supports: tuple[int, ...]


def class_figures(confusion: np.ndarray) -> ClassFigures:
    """Precision, recall, F1 and support of every class.

    Parameters
    ----------
    confusion : ndarray
        Counts, shape ``(k, k)``: row = true class, column = predicted class.

    Raises
    ------
    DataError
        If it is not square.

    Examples
    --------
    >>> import numpy as np
    >>> found = class_figures(np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]]))
    >>> found.precisions, found.recalls, found.supports
    ((1.0, 0.8, None), (0.75, 1.0, None), (4, 4, 0))
    """
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1]:
        raise DataError(describe("counts of shape (k, k)", f"shape {confusion.shape}", "confusion_matrix(...)"))
    right, given, there = np.diag(confusion), confusion.sum(0), confusion.sum(1)
    return ClassFigures(
        precisions=_shares(right, given),
        recalls=_shares(right, there),
        f1=_shares(2 * right, given + there),
        supports=tuple(int(count) for count in there),
    )


def areas_one_against_rest(probabilities: np.ndarray, labels: np.ndarray) -> Shares:
    """Area under the ROC curve of every class: how well its probability tells its inputs from all others.

    Parameters
    ----------
    probabilities : ndarray
        Finite, shape ``(n, k)``.
    labels : ndarray
        Integer labels, shape ``(n,)``.

    Returns
    -------
    tuple of float or None
        ``None`` for a class that no input is of, or that all are of: there is nothing to tell it from.

    Examples
    --------
    >>> import numpy as np
    >>> areas_one_against_rest(np.array([[0.9, 0.1, 0], [0.4, 0.6, 0], [0.5, 0.5, 0]]), np.array([0, 1, 1]))
    (1.0, 1.0, None)
    """
    found: list[float | None] = []
    for label, column in enumerate(probabilities.T):
        own = labels == label
        found.append(area_under_roc(column[own], column[~own]) if own.any() and not own.all() else None)
    return tuple(found)


def _shares(counts: np.ndarray, totals: np.ndarray) -> Shares:
    return tuple(
        count / total if total else None for count, total in zip(counts.tolist(), totals.tolist(), strict=True)
    )
