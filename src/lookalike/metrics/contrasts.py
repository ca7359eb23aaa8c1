"""Whether one way of doing it differs from another, from pairs of runs."""

from itertools import product

import numpy as np

from lookalike.errors import DataError, describe

_EXACT = 14
_DRAWS = 20_000


def sign_flip_p(differences: np.ndarray) -> float:
    """How often differences of random sign have a mean at least as far from 0: a two-sided permutation test.

    Parameters
    ----------
    differences : ndarray
        One per pair, shape ``(n,)``, n at least 1.

    Returns
    -------
    float
        Exact for up to 14 pairs: at least ``2 / 2**n``. From 20,000 draws beyond, always the same ones.

    Raises
    ------
    DataError
        If there are none.

    References
    ----------
    [fisher1935design]

    Examples
    --------
    >>> import numpy as np
    >>> sign_flip_p(np.array([1.0, 2.0, 3.0]))
    0.25
    """
    values = np.asarray(differences, dtype=np.float64)
    if not len(values):
        raise DataError(describe("at least one pair", "none"))
    if len(values) <= _EXACT:
        signs = np.array(list(product((-1, 1), repeat=len(values))))
    else:
        signs = np.random.default_rng(0).choice((-1, 1), (_DRAWS, len(values)))
        signs = np.vstack([signs, np.ones(len(values))])
    reached = np.abs(signs @ values) >= abs(values.sum()) - 1e-12 * np.abs(values).sum()
    return float(reached.mean())


def holm(p_values: np.ndarray) -> np.ndarray:
    """p-values adjusted for being the smallest of several, after Holm.

    Parameters
    ----------
    p_values : ndarray
        Shape ``(m,)``.

    Returns
    -------
    ndarray
        Shape ``(m,)``, none smaller than before, none above 1.

    References
    ----------
    [holm1979simple]

    Examples
    --------
    >>> import numpy as np
    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(np.asarray(p_values)[order] * factors), 1.0)
    return adjusted
