"""How well a similarity tells what the model knows from what it does not."""

import numpy as np
from scipy.stats import rankdata

from lookalike.errors import DataError, describe


def area_under_roc(known: np.ndarray, unknown: np.ndarray) -> float:
    """Probability that a known input scores higher than an unknown one, ties counted half.

    Parameters
    ----------
    known, unknown : ndarray
        Scores, shapes ``(n,)`` and ``(m,)``, finite, at least one each.

    Returns
    -------
    float
        1 if every known input scores higher, .5 for no difference, 0 if the other way round.

    Raises
    ------
    DataError
        If either is empty or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> area_under_roc(np.array([2.0, 3.0]), np.array([1.0, 2.0]))
    0.875
    """
    together = np.concatenate([known, unknown])
    if not len(known) or not len(unknown) or not np.isfinite(together).all():
        raise DataError(describe("finite scores of known and unknown inputs", f"{len(known)} and {len(unknown)}"))
    ranks = rankdata(together)[: len(known)]
    return float((ranks.sum() - len(known) * (len(known) + 1) / 2) / (len(known) * len(unknown)))


def accuracy_coverage(scores: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy over the inputs with the highest scores, for every share of inputs that is answered.

    Parameters
    ----------
    scores : ndarray
        Shape ``(n,)``, n at least 1.
    right : ndarray
        Truth values, shape ``(n,)``: was the decision right?

    Returns
    -------
    tuple of ndarray
        Shares answered and accuracies, one of each per different score, in rising order of share. Inputs with the same
        score are answered together.

    Raises
    ------
    DataError
        If there are none.

    Examples
    --------
    >>> import numpy as np
    >>> coverage, accuracy = accuracy_coverage(np.array([3.0, 1.0, 1.0, 2.0]), np.array([True, False, True, True]))
    >>> coverage.tolist(), accuracy.tolist()
    ([0.25, 0.5, 1.0], [1.0, 1.0, 0.75])
    """
    if not len(scores) or len(scores) != len(right):
        raise DataError(describe("as many truth values as scores, at least one", f"{len(right)} and {len(scores)}"))
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)
    counts = np.arange(1, len(scores) + 1)
    return (counts / len(scores))[last], (np.cumsum(right[order]) / counts)[last]
