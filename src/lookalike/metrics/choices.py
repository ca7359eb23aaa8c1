"""How alike several choices among the same points are."""

from collections.abc import Sequence

import numpy as np

from lookalike.errors import DataError, describe


def choice_stability(
    chosen: Sequence[np.ndarray], n_points: int, alike: np.ndarray | None = None, alike_at_random: float = 0.0
) -> float:
    """Stability of choices among points, corrected for chance: 1 for equal choices, 0 on average for random ones.

    Parameters
    ----------
    chosen : sequence of ndarray
        For each of at least two repetitions which points were chosen, none twice, at least one; integers.
    n_points : int
        How many there were to choose among, more than were ever chosen.
    alike : ndarray, optional
        How far two points count as the same, from 0 to 1, for every pair of those that were ever chosen, in the order
        of their numbers, shape ``(u, u)``; 1 for a point with itself. Without it only the same point is the same.
    alike_at_random : float
        Mean of the same over all pairs of different points.

    Returns
    -------
    float

    Raises
    ------
    DataError

    Notes
    -----
    With S the covariance over repetitions of which points are chosen, and S0 what it would be if as many were drawn at
    random, ``1 - trace(C S) / trace(C S0)``, C being how alike points are. Without near-duplicates this is Nogueira's
    index, which alone of those in use has all the properties one wants of such an index; with C it does not count
    against a method that it chooses now one of two twins, now the other.

    References
    ----------
    [nogueira2018stability]

    [sechidis2020stability]

    Examples
    --------
    >>> choice_stability([np.array([0, 1]), np.array([0, 1])], 10)
    1.0
    >>> round(choice_stability([np.array([0, 1]), np.array([0, 2])], 10), 3)
    0.375
    """
    sizes = np.array([len(set(each.tolist())) for each in chosen])
    if len(sizes) < 2 or any(len(each) != size for each, size in zip(chosen, sizes, strict=True)) or not sizes.all():
        raise DataError(
            describe("two or more choices of at least one point, none twice", [len(each) for each in chosen])
        )
    union = np.unique(np.concatenate(list(chosen)))
    if sizes.max() >= n_points or union[0] < 0 or union[-1] >= n_points:
        raise DataError(describe(f"choices among {n_points} points, not all of them", f"points up to {union[-1]}"))
    same = np.eye(len(union)) if alike is None else np.asarray(alike, dtype=float)
    if same.shape != (len(union), len(union)):
        raise DataError(describe(f"how alike {len(union)} points are, for every pair", f"shape {same.shape}"))
    is_chosen = np.stack([np.isin(union, each) for each in chosen]).astype(float)
    apart = is_chosen - is_chosen.mean(0)
    varies = np.einsum("mi,ij,mj->", apart, same, apart) / (len(chosen) - 1)
    share = sizes.mean() / n_points
    n_pairs = n_points * (n_points - 1)
    together = (np.square(sizes).mean() - sizes.mean()) / n_pairs - share**2
    by_chance = n_points * share * (1 - share) + alike_at_random * n_pairs * together
    return float(1 - varies / by_chance)
