"""What pictures look like, beside real ones; diagnostics, not scores."""

import numpy as np

from lookalike.errors import DataError, describe


def total_variation(pictures: np.ndarray) -> np.ndarray:
    """Mean absolute difference of neighbouring pixels, over the picture's standard deviation.

    Parameters
    ----------
    pictures : ndarray
        Shape ``(n, c, h, w)``.

    Returns
    -------
    ndarray
        Shape ``(n,)``; 0 for a constant picture.

    Raises
    ------
    DataError
        If these are not pictures of at least two pixels.

    Examples
    --------
    >>> import numpy as np
    >>> total_variation(np.array([[[[0.0, 1.0], [0.0, 1.0]]]])).tolist()
    [1.0]
    """
    if pictures.ndim != 4 or pictures.shape[2] * pictures.shape[3] < 2:
        raise DataError(describe("pictures (n, c, h, w) of at least two pixels", f"shape {pictures.shape}"))
    down, across = (np.abs(np.diff(pictures, axis=axis)).reshape(len(pictures), -1) for axis in (2, 3))
    variation = np.concatenate([down, across], axis=1).mean(1)
    spread = pictures.reshape(len(pictures), -1).std(1)
    return np.where(spread > 0, variation / np.where(spread > 0, spread, 1), 0.0)


def displacement(prototypes: np.ndarray, starts: np.ndarray, real: np.ndarray) -> np.ndarray:
    """How far each prototype has moved from where it started; two real examples are 1 apart on average.

    Parameters
    ----------
    prototypes, starts : ndarray
        Shape ``(p, ...)``, in the same order.
    real : ndarray
        Examples in random order, at least two, shape ``(n, ...)``; neighbours in the list are compared.

    Returns
    -------
    ndarray
        Euclidean distance over the mean distance of neighbours, shape ``(p,)``.

    Raises
    ------
    DataError
        If shapes differ, or no two neighbours do.

    Examples
    --------
    >>> import numpy as np
    >>> displacement(np.array([[1.0]]), np.array([[0.0]]), np.array([[0.0], [2.0], [0.0]])).tolist()
    [0.5]
    """
    if prototypes.shape != starts.shape or prototypes.shape[1:] != real.shape[1:]:
        shapes = f"{prototypes.shape}, {starts.shape} and {real.shape}"
        raise DataError(describe("prototypes, starts and examples of one shape", shapes))
    rows = real.reshape(len(real), -1)
    usual = np.linalg.norm(np.diff(rows, axis=0), axis=1).mean() if len(real) > 1 else 0.0
    if not usual:
        raise DataError(describe("examples that differ", "none that do"))
    return np.linalg.norm((prototypes - starts).reshape(len(prototypes), -1), axis=1) / usual


def high_frequency_share(pictures: np.ndarray) -> np.ndarray:
    """Share of a picture's energy, about its mean, in waves shorter than four pixels.

    Parameters
    ----------
    pictures : ndarray
        Shape ``(n, c, h, w)``.

    Returns
    -------
    ndarray
        Shape ``(n,)``, from 0 to 1; 0 for a constant picture.

    Raises
    ------
    DataError
        If these are not pictures.

    Examples
    --------
    >>> import numpy as np
    >>> checkers = np.indices((8, 8)).sum(0) % 2 * 1.0
    >>> high_frequency_share(checkers[None, None]).tolist()
    [1.0]
    """
    if pictures.ndim != 4:
        raise DataError(describe("pictures (n, c, h, w)", f"shape {pictures.shape}"))
    energy = np.abs(np.fft.fft2(pictures - pictures.mean((2, 3), keepdims=True))) ** 2
    rows, columns = (np.abs(np.fft.fftfreq(size)) for size in pictures.shape[2:])
    fast = np.hypot(rows[:, None], columns[None]) > 0.25
    total = energy.sum((1, 2, 3))
    high = energy[:, :, fast].sum((1, 2))
    # What a constant picture keeps is rounding, of its size.
    size = np.prod(pictures.shape[1:])
    rounding = 4 * np.finfo(energy.dtype).eps * np.abs(pictures).max((1, 2, 3), initial=0) * size
    varies = total > rounding**2
    return np.where(varies, high / np.where(varies, total, 1), 0.0)
