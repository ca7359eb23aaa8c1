"""How far a mean can be trusted."""

import numpy as np
from scipy.stats import bootstrap

from lookalike.errors import DataError, describe


def mean_interval(values: np.ndarray, level: float = 0.95, n_resamples: int = 1000) -> tuple[float, float]:
    """Bootstrap interval of a mean, bias-corrected and accelerated.

    Parameters
    ----------
    values : ndarray
        Shape ``(n,)``, n at least 1.
    level : float
        Confidence, between 0 and 1.
    n_resamples : int
        The resamples follow from a fixed seed, so that the same values give the same interval.

    Returns
    -------
    tuple of float
        Both ends; the mean twice where all values are the same.

    Raises
    ------
    DataError
        If there are none.

    References
    ----------
    [efron1987better]

    Examples
    --------
    >>> import numpy as np
    >>> mean_interval(np.array([1.0, 1.0]))
    (1.0, 1.0)
    """
    values = np.asarray(values, dtype=np.float64)
    if not len(values):
        raise DataError(describe("at least one value", "none"))
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    method = "BCa" if len(values) > 2 else "percentile"
    found = bootstrap(
        (values,),
        np.mean,
        confidence_level=level,
        n_resamples=n_resamples,
        batch=max(1, 1_000_000 // len(values)),
        method=method,
        rng=np.random.default_rng(0),
    ).confidence_interval
    low, high = float(found.low), float(found.high)
    if not np.isfinite([low, high]).all():
        return float(values.min()), float(values.max())
    return low, high
