"""What independent networks make of prototypes."""

import numpy as np
from scipy.stats import rankdata

from lookalike.errors import DataError, describe


def transfer(judged: np.ndarray, labels: np.ndarray) -> float:
    """Share of judgements that give a prototype to its own class.

    Parameters
    ----------
    judged : ndarray
        The class that each judge sees in each prototype, shape ``(g, p)``.
    labels : ndarray
        The classes they stand for, shape ``(p,)``.

    Returns
    -------
    float
        From 0 to 1; chance is one in the number of classes.

    Raises
    ------
    DataError
        If there is no judge or no prototype.

    Examples
    --------
    >>> import numpy as np
    >>> transfer(np.array([[0, 1], [0, 0]]), np.array([0, 1]))
    0.75
    """
    if not judged.size:
        raise DataError(describe("at least one judge and one prototype", f"{judged.shape}"))
    return float(np.mean(judged == labels[None]))


def percentile_among(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Where values stand among reference values: the share that is smaller, ties counted half.

    Parameters
    ----------
    values : ndarray
        Shape ``(p,)``.
    reference : ndarray
        Shape ``(m,)``, m at least 1.

    Returns
    -------
    ndarray
        Shape ``(p,)``: .5 is as typical as a reference value, 1 larger than all of them.

    Raises
    ------
    DataError
        If there is no reference, or a value is not a number.

    Examples
    --------
    >>> import numpy as np
    >>> percentile_among(np.array([2.0, 9.0]), np.array([1.0, 2.0, 3.0])).tolist()
    [0.5, 1.0]
    """
    if not len(reference) or np.isnan(values).any() or np.isnan(reference).any():
        raise DataError(describe("numbers, and at least one to compare with", f"{len(reference)} to compare with"))
    ordered = np.sort(reference)
    below, up_to = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    return (below + up_to) / (2 * len(ordered))


def rank_correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Spearman's correlation of every row of one table with every row of another.

    Parameters
    ----------
    first, second : ndarray
        Shapes ``(n, d)`` and ``(m, d)``.

    Returns
    -------
    ndarray
        Shape ``(n, m)``; 0 where a row is constant.

    Raises
    ------
    DataError
        If the rows have not the same length, or none.

    Examples
    --------
    >>> import numpy as np
    >>> rank_correlations(np.array([[1.0, 2.0, 9.0]]), np.array([[0.0, 5.0, 6.0], [3.0, 2.0, 1.0]])).tolist()
    [[1.0, -1.0]]
    """
    if first.shape[1] != second.shape[1] or not first.shape[1]:
        raise DataError(describe("rows of one length", f"{first.shape[1]} and {second.shape[1]}"))
    ranks = [rankdata(rows, axis=1) for rows in (first, second)]
    centered = [rows - rows.mean(1, keepdims=True) for rows in ranks]
    norms = [np.linalg.norm(rows, axis=1, keepdims=True) for rows in centered]
    units = [rows / np.where(norm > 0, norm, 1) for rows, norm in zip(centered, norms, strict=True)]
    return (units[0] @ units[1].T).clip(-1, 1).round(12)
