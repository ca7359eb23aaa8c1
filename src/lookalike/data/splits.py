"""Parts held out: with every class in its share, or by what the inputs look like."""

import hashlib

import numpy as np

JUDGE_SHARE = 1 / 6


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


def bootstrap_draw(labels: np.ndarray, seed: int) -> np.ndarray:
    """Draw as many examples of each class as there are, with replacement.

    Parameters
    ----------
    labels : ndarray
        Shape ``(n,)``, any type.
    seed : int

    Returns
    -------
    ndarray
        Indices, sorted, shape ``(n,)``; about 37% of the examples are not among them.

    References
    ----------
    [efron1987better]

    Examples
    --------
    >>> import numpy as np
    >>> drawn = bootstrap_draw(np.array(["a", "b"] * 50), seed=0)
    >>> len(drawn), int(np.sum(drawn % 2)), len(np.unique(drawn)) < 80
    (100, 50, True)
    """
    generator = np.random.default_rng(seed)
    places_of = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    drawn = [generator.choice(places, len(places)) for places in places_of]
    return np.sort(np.concatenate(drawn)) if drawn else np.array([], dtype=int)


def content_split(inputs: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Split examples by what they look like: the same picture falls on the same side in any order, in any data set.

    Parameters
    ----------
    inputs : ndarray
        Shape ``(n, ...)``.
    share : float
        Expected share of the second part, from 0 to 1.

    Returns
    -------
    tuple of ndarray
        Indices of the first and of the second part, sorted.

    Examples
    --------
    >>> import numpy as np
    >>> kept, left_out = content_split(np.array([[1.0], [2.0], [1.0]]), 0.5)
    >>> len(kept) + len(left_out), (0 in kept) == (2 in kept)
    (3, True)
    """
    second = content_digests(inputs).astype(np.float64) / 2.0**64 < share
    return np.flatnonzero(~second), np.flatnonzero(second)


def content_digests(inputs: np.ndarray) -> np.ndarray:
    """A number for every example that is the same for the same values, and for others as good as never.

    Parameters
    ----------
    inputs : ndarray
        Shape ``(n, ...)``.

    Returns
    -------
    ndarray
        Unsigned 64-bit integers, shape ``(n,)``.

    Examples
    --------
    >>> import numpy as np
    >>> first, second, third = content_digests(np.array([[1.0], [2.0], [1.0]]))
    >>> bool(first == third), bool(first == second)
    (True, False)
    """
    found = [
        int.from_bytes(hashlib.blake2b(np.ascontiguousarray(row).tobytes(), digest_size=8).digest(), "big")
        for row in inputs
    ]
    return np.array(found, dtype=np.uint64)
