"""How many prototypes an explanation really has."""

import numpy as np
from scipy.special import entr

from lookalike.errors import DataError, describe

DEAD = 0.01


def effective_size(contributions: np.ndarray) -> np.ndarray:
    """Number of prototypes that share a decision: the exponential of the entropy of their absolute contributions.

    Parameters
    ----------
    contributions : ndarray
        Beyond what they always contribute, shape ``(n, p)``, p at least 1.

    Returns
    -------
    ndarray
        Shape ``(n,)``, from 1 (one prototype decides) to p (all alike); p as well where nothing contributes.

    Raises
    ------
    DataError
        If there are no prototypes.

    Examples
    --------
    >>> import numpy as np
    >>> effective_size(np.array([[1.0, 0.0], [2.0, -2.0], [0.0, 0.0]])).tolist()
    [1.0, 2.0, 2.0]
    """
    if not contributions.shape[1]:
        raise DataError(describe("contributions of at least one prototype", "none"))
    sizes = np.abs(np.asarray(contributions, dtype=np.float64))
    largest = sizes.max(1, keepdims=True)
    shares = np.where(largest > 0, sizes / np.where(largest > 0, largest, 1), 1.0)
    shares /= shares.sum(1, keepdims=True)
    return np.exp(entr(shares).sum(1))


def dead_prototypes(wins: np.ndarray, labels: np.ndarray, share: float = DEAD) -> np.ndarray:
    """Prototypes that win fewer than a hundredth of what an even split would give them.

    Parameters
    ----------
    wins : ndarray
        How often each prototype was the most similar one of its class, for inputs of its class; shape ``(p,)``.
    labels : ndarray
        Class of each, shape ``(p,)``.
    share : float
        Of an even split among the prototypes of the class.

    Returns
    -------
    ndarray
        Truth values, shape ``(p,)``. In a class that met no input nothing is known, and nothing is called dead.

    Examples
    --------
    >>> import numpy as np
    >>> dead_prototypes(np.array([1000, 4, 0]), np.array([0, 0, 1])).tolist()
    [False, True, False]
    """
    totals = np.array([wins[labels == label].sum() for label in labels])
    counts = np.array([np.sum(labels == label) for label in labels])
    return wins < share * totals / np.maximum(counts, 1)


def mode_recall(winners: np.ndarray, modes: np.ndarray) -> float:
    """Share of the modes of the data that some prototype stands for: the one it meets most often among what it wins.

    Parameters
    ----------
    winners : ndarray
        The most similar prototype of its class for every input, shape ``(n,)``, n at least 1.
    modes : ndarray
        Which mode of its class every input is of, no number shared by two classes; shape ``(n,)``.

    Raises
    ------
    DataError
        If there is no input.

    Examples
    --------
    >>> import numpy as np
    >>> mode_recall(np.array([0, 0, 0, 1]), np.array([5, 5, 6, 5]))
    0.5
    """
    if not len(winners):
        raise DataError(describe("at least one input", "none"))
    known, numbers = np.unique(modes, return_inverse=True)
    counts = np.zeros((int(winners.max()) + 1, len(known)), dtype=int)
    np.add.at(counts, (winners, numbers), 1)
    stood_for = counts.argmax(1)[counts.any(1)]
    return len(np.unique(stood_for)) / len(known)


def duplicates(alike: np.ndarray, labels: np.ndarray, least: float = 0.95) -> int:
    """How many prototypes could go because another of their class looks the same.

    Parameters
    ----------
    alike : ndarray
        Correlation of every prototype with every other, shape ``(p, p)``.
    labels : ndarray
        Class of each, shape ``(p,)``.
    least : float
        Looks the same from this correlation on.

    Returns
    -------
    int
        Prototypes that resemble an earlier one that is kept.

    Examples
    --------
    >>> import numpy as np
    >>> duplicates(np.ones((3, 3)), np.array([0, 0, 1]))
    1
    """
    kept: list[int] = []
    for index, label in enumerate(labels):
        if not any(labels[other] == label and max(alike[index, other], alike[other, index]) > least for other in kept):
            kept.append(index)
    return len(labels) - len(kept)
