"""How far probabilities can be believed."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from lookalike.data.classes import class_numbers
from lookalike.errors import DataError, describe


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, n_bins: int = 15) -> float:
    """Mean gap between confidence and accuracy, over bins of equal width weighted by their size.

    Parameters
    ----------
    probabilities : ndarray
        Shape ``(n, k)``, rows that sum to 1, n at least 1.
    labels : ndarray
        Integer labels, shape ``(n,)``.
    n_bins : int
        At least 1.

    Returns
    -------
    float
        From 0, where confidence is right on average in every bin, to 1.

    Raises
    ------
    DataError
        If there are no inputs.

    References
    ----------
    [guo2017calibration]

    Examples
    --------
    >>> import numpy as np
    >>> expected_calibration_error(np.array([[0.75, 0.25]] * 4), np.array([0, 0, 0, 1]))
    0.0
    """
    if not len(labels):
        raise DataError(describe("at least one input", "none"))
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == class_numbers(labels, probabilities.shape[1])
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = [abs(confidence[bins == b].sum() - right[bins == b].sum()) for b in np.unique(bins)]
    return float(sum(gaps) / len(labels))


def negative_log_likelihood(
    logits: np.ndarray, labels: np.ndarray, temperature: float = 1.0, weights: np.ndarray | None = None
) -> float:
    """Mean negative logarithm of the probability of the label, in nats.

    Parameters
    ----------
    logits : ndarray
        Shape ``(n, k)``.
    labels : ndarray
        Integer labels, shape ``(n,)``, n at least 1.
    temperature : float
        Logits are divided by it, above 0.
    weights : ndarray, optional
        How much each input counts, not negative, shape ``(n,)``; all alike unless given.

    Examples
    --------
    >>> import numpy as np
    >>> round(negative_log_likelihood(np.zeros((3, 2)), np.array([0, 1, 1])), 4)
    0.6931
    """
    if not len(labels):
        raise DataError(describe("at least one input", "none"))
    likelihoods = log_softmax(np.asarray(logits, dtype=np.float64) / temperature, axis=1)
    numbers = class_numbers(labels, likelihoods.shape[1])
    return float(-np.average(likelihoods[np.arange(len(numbers)), numbers], weights=weights))


def best_temperature(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The temperature that makes the labels likeliest, between 1/1000 and 1000; temperature scaling after Guo et al.

    Parameters
    ----------
    logits : ndarray
        Shape ``(n, k)``, of inputs that were not trained on.
    labels : ndarray
        Integer labels, shape ``(n,)``, n at least 1.
    weights : ndarray, optional
        How much each input counts, not negative, shape ``(n,)``; all alike unless given.

    References
    ----------
    [guo2017calibration]

    Examples
    --------
    >>> import numpy as np
    >>> logits = np.array([[2.0, 0.0]] * 4)
    >>> round(best_temperature(logits, np.array([0, 0, 0, 1])), 2)
    1.82
    """
    limit = np.log(1000.0)
    found = minimize_scalar(
        lambda logarithm: negative_log_likelihood(logits, labels, float(np.exp(logarithm)), weights),
        bounds=(-limit, limit),
        method="bounded",
        options={"xatol": 1e-4},
    )
    return float(np.exp(found.x))
