"""Whether two sets of prototypes are the same, whatever their order."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from lookalike.errors import DataError, describe


def matched(alike: np.ndarray, labels: np.ndarray, other_labels: np.ndarray) -> np.ndarray:
    """Which prototype of another set each prototype is paired with, so that the sum of similarities is largest.

    Parameters
    ----------
    alike : ndarray
        Similarity of every prototype with every one of the other set, shape ``(p, q)``, finite.
    labels, other_labels : ndarray
        Classes, shapes ``(p,)`` and ``(q,)``; pairs are of one class.

    Returns
    -------
    ndarray
        Indices into the other set, shape ``(p,)``; -1 for a prototype that is left over.

    Raises
    ------
    DataError
        If a similarity is not finite.

    References
    ----------
    [kuhn1955hungarian]

    Examples
    --------
    >>> import numpy as np
    >>> matched(np.array([[0.9, 0.8], [0.8, 0.1]]), np.zeros(2), np.zeros(2)).tolist()
    [1, 0]
    """
    if not np.isfinite(alike).all():
        raise DataError(describe("finite similarities", "some that are not"))
    pairs = np.full(len(labels), -1)
    for label in np.unique(labels):
        rows, columns = np.flatnonzero(labels == label), np.flatnonzero(other_labels == label)
        own, other = linear_sum_assignment(alike[np.ix_(rows, columns)], maximize=True)
        pairs[rows[own]] = columns[other]
    return pairs


def matched_similarity(alike: np.ndarray, labels: np.ndarray, other_labels: np.ndarray) -> float:
    """Mean similarity of the pairs of `matched`; a prototype without a partner counts 0.

    Parameters
    ----------
    alike : ndarray
        Shape ``(p, q)``.
    labels, other_labels : ndarray
        Shapes ``(p,)`` and ``(q,)``, p at least 1.

    Raises
    ------
    DataError
        If there is no prototype.

    Examples
    --------
    >>> import numpy as np
    >>> matched_similarity(np.array([[0.9, 0.8], [0.8, 0.1]]), np.zeros(2), np.zeros(2))
    0.8
    """
    if not len(labels):
        raise DataError(describe("at least one prototype", "none"))
    pairs = matched(alike, labels, other_labels)
    found = np.where(pairs >= 0, alike[np.arange(len(pairs)), pairs], 0.0) if alike.shape[1] else np.zeros(len(pairs))
    return float(found.mean())


def beyond_chance(value: float, chance: float) -> float:
    """What is reached of what chance leaves: 0 at chance, 1 at 1.

    Parameters
    ----------
    value, chance : float
        At most 1.

    Raises
    ------
    DataError
        If chance alone reaches 1: then nothing can be said.

    Examples
    --------
    >>> beyond_chance(0.86, 0.72)
    0.5
    """
    if chance >= 1:
        raise DataError(describe("a chance below 1", chance))
    return round((value - chance) / (1 - chance), 12)


def winner_overlap(won: np.ndarray, other_won: np.ndarray) -> np.ndarray:
    """Jaccard's index of the inputs that prototypes win: shared ones over all that either wins.

    Parameters
    ----------
    won, other_won : ndarray
        Which prototype of each set every input is most like, shape ``(n,)``; counted from 0.

    Returns
    -------
    ndarray
        Shape ``(p, q)``; 0 where neither wins anything.

    References
    ----------
    [hennig2007cluster]

    Examples
    --------
    >>> import numpy as np
    >>> winner_overlap(np.array([0, 0, 1]), np.array([1, 1, 1])).round(2).tolist()
    [[0.0, 0.67], [0.0, 0.33]]
    """
    counts = np.zeros((int(won.max()) + 1, int(other_won.max()) + 1))
    np.add.at(counts, (won, other_won), 1)
    either = counts.sum(1, keepdims=True) + counts.sum(0, keepdims=True) - counts
    return np.divide(counts, either, out=np.zeros_like(counts), where=either > 0)


def consensus(alike: np.ndarray, labels: np.ndarray, runs: np.ndarray, least: float) -> list[tuple[int, int]]:
    """Prototypes that most runs found: each stands for those of its class, in any run, that are much like it.

    Parameters
    ----------
    alike : ndarray
        Similarity among the prototypes of all runs, shape ``(p, p)``, symmetric.
    labels, runs : ndarray
        Class and run of each, shape ``(p,)``.
    least : float
        Much alike from this similarity on.

    Returns
    -------
    list of tuple
        ``(prototype, support)``: the number of runs with a prototype like it; the widest supported first.

    Notes
    -----
    Greedy: the prototype that most runs support is taken, of equal ones the one most like its supporters, and what it
    stands for leaves the pool.

    Examples
    --------
    >>> import numpy as np
    >>> alike = np.array([[1.0, 0.9, 0.0], [0.9, 1.0, 0.1], [0.0, 0.1, 1.0]])
    >>> consensus(alike, np.zeros(3), np.array([0, 1, 1]), 0.7)
    [(0, 2), (2, 1)]
    """
    near = (alike >= least) & (labels[:, None] == labels[None])
    np.fill_diagonal(near, True)
    free = np.ones(len(labels), dtype=bool)
    found = []
    while free.any():
        candidates = [(_support(near[index] & free, runs), index) for index in np.flatnonzero(free)]
        most = max(support for support, _ in candidates)
        tied = [index for support, index in candidates if support == most]
        best = max(tied, key=lambda index: (round(float(alike[index, near[index] & free].mean()), 9), -index))
        found.append((int(best), most))
        free &= ~near[best]
    return found


def _support(mask: np.ndarray, runs: Sequence[int] | np.ndarray) -> int:
    return len(np.unique(np.asarray(runs)[mask]))
