"""Whether decisions, or the prototypes named for them, stay the same."""

import numpy as np

from lookalike.errors import DataError, describe


def flip_rate(tops: np.ndarray, changed_tops: np.ndarray, classes: np.ndarray, changed_classes: np.ndarray) -> float:
    """How often another prototype is named although the class stays.

    Parameters
    ----------
    tops, changed_tops : ndarray
        The most similar prototype before and after a small change of the input, shape ``(n,)``.
    classes, changed_classes : ndarray
        The decision before and after, shape ``(n,)``.

    Returns
    -------
    float
        Among inputs whose class stays, from 0 to 1.

    Raises
    ------
    DataError
        If no input keeps its class: then nothing can be said.

    Examples
    --------
    >>> import numpy as np
    >>> flip_rate(np.array([0, 1, 2]), np.array([0, 2, 0]), np.array([0, 1, 1]), np.array([0, 1, 0]))
    0.5
    """
    stays = classes == changed_classes
    if not stays.any():
        raise DataError(describe("an input that keeps its class", f"none of {len(classes)}"))
    return float(np.mean(tops[stays] != changed_tops[stays]))


def beyond_prior(simulated: np.ndarray, decided: np.ndarray) -> float:
    """How much better decisions are foreseen than by always naming the most frequent one.

    Parameters
    ----------
    simulated : ndarray
        What somebody who saw only the explanation expects, shape ``(n,)``, n at least 1.
    decided : ndarray
        What the model decides, shape ``(n,)``.

    Returns
    -------
    float
        Share foreseen less the share of the most frequent decision: at most 1, at or below 0 for no use.

    Raises
    ------
    DataError
        If there are none.

    Examples
    --------
    >>> import numpy as np
    >>> beyond_prior(np.array([0, 1, 1, 0]), np.array([0, 1, 1, 1]))
    0.0
    """
    if not len(decided) or len(decided) != len(simulated):
        raise DataError(describe("as many expectations as decisions, at least one", f"{len(simulated)}"))
    _, counts = np.unique(decided, return_counts=True)
    return float(np.mean(simulated == decided) - counts.max() / len(decided))
