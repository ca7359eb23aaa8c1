"""Held-out parts with every class in its share."""

import numpy as np


def stratified_split(labels: np.ndarray, fraction: float, seed: int, keep: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Split indices so that each class gives the same share to the second part.

    Parameters
    ----------
    labels : ndarray
        Shape ``(n,)``, any type.
    fraction : float
        Share of the second part, from 0 to below 1; rounded within each class.
    seed : int
    keep : int
        Every class keeps at least so many examples in the first part, as far as it has them.

    Returns
    -------
    tuple of ndarray
        Indices of the first and of the second part, each sorted. The second may be empty.

    Examples
    --------
    >>> import numpy as np
    >>> first, second = stratified_split(np.array(["a", "b"] * 10), fraction=0.2, seed=0)
    >>> len(first), len(second)
    (16, 4)
    """
    generator = np.random.default_rng(seed)
    held: list[np.ndarray] = []
    for label in np.unique(labels):
        indices = generator.permutation(np.flatnonzero(labels == label))
        held.append(indices[: max(0, min(round(fraction * len(indices)), len(indices) - keep))])
    second = np.sort(np.concatenate(held)) if held else np.array([], dtype=int)
    first = np.setdiff1d(np.arange(len(labels)), second)
    return first, second
