"""Points whose distribution is that of their class: MMD-critic and ProtoDash."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.linalg import solve_triangular
from scipy.optimize import nnls
from torch import Generator, Tensor

from lookalike.errors import DataError, describe, require_option
from lookalike.selection.base import Picked, Selection, picked
from lookalike.selection.diverse import Remainder
from lookalike.selection.kernels import Affinity, require_affinity

_LEAST = 1e-12
_JITTERS = (1e-8, 1e-6, 1e-4, 1e-2)


class MmdCriticSelection(Selection):
    """Points whose mean embedding comes nearest to the class's, by greedy choice; and criticisms, where it stays far.

    Parameters
    ----------
    affinity : str
        ``"gaussian"``, ``"linear"`` or ``"precomputed"``.
    bandwidth : float or None
        Of the Gaussian, above 0; ``None``: the median distance of random pairs of the class.
    criticisms : int
        How many of each class to name beside, 0 or above.

    Raises
    ------
    ParameterError
        For an option out of its range.

    Notes
    -----
    Every step takes the point that makes ``2/m sum_{j in S} mu_j - 1/m^2 sum_{i, j in S} k(x_i, x_j)`` largest, with
    ``mu_j`` the mean of ``k(x_j, .)`` over the class: minus the squared maximum mean discrepancy up to a constant.
    Criticisms maximise ``sum_{c in C} |mu_c - 1/m sum_{j in S} k(x_c, x_j)| + log det K_CC``, greedily too. The
    matrix of all pairs is passed through once, in blocks, for its means; a step needs one column of it.

    References
    ----------
    [kim2016examples]

    Examples
    --------
    >>> points = torch.tensor([[0.0], [0.1], [0.2], [5.0], [5.1], [5.2], [9.0]])
    >>> found = MmdCriticSelection(bandwidth=1.0, criticisms=1)(points, None, 2)
    >>> found.indices.tolist(), found.criticisms.tolist()
    ([4, 1], [6])
    """

    def __init__(self, *, affinity: str = "gaussian", bandwidth: float | None = None, criticisms: int = 0) -> None:
        require_affinity(affinity, bandwidth)
        require_option("criticisms", criticisms, criticisms >= 0, "0 or above")
        self.affinity = affinity
        self.bandwidth = bandwidth
        self.criticisms = criticisms

    def chosen(
        self, points: Tensor, members: Sequence[Tensor], counts: Sequence[int], generator: Generator
    ) -> list[Picked]:
        """Class by class."""
        found = []
        for own, count in zip(members, counts, strict=True):
            kernel = Affinity.within(points, own, self.affinity, self.bandwidth, generator)
            means = kernel.means()
            places, crowd = _herded(kernel, means, count)
            odd = _criticised(kernel, (means - crowd / count).abs(), places, self.criticisms)
            found.append(picked(own[places], criticisms=own[odd]))
        return found


class ProtoDashSelection(Selection):
    """Points, and weights of at least 0, whose weighted mean embedding comes nearest to the class's.

    Parameters
    ----------
    affinity : str
        ``"gaussian"``, ``"linear"`` or ``"precomputed"``.
    bandwidth : float or None
        Of the Gaussian, above 0; ``None``: the median distance of random pairs of the class.

    Raises
    ------
    ParameterError
        For an option out of its range.

    Notes
    -----
    Maximises ``l(w) = w mu - w K w / 2`` over ``w >= 0`` with at most m of them above 0. Every step takes the point of
    the steepest ascent, ``mu_j - K_jS w_S``, and then finds the best weights of all that were taken, by non-negative
    least squares on the Cholesky factor of K_SS. Where a class has no further point that helps, the rest come with
    weight 0.

    References
    ----------
    [gurumoorthy2019protodash]

    Examples
    --------
    >>> found = ProtoDashSelection(bandwidth=1.0)(torch.tensor([[0.0], [0.1], [0.2], [5.0]]), None, 2)
    >>> found.indices.tolist(), [round(weight, 2) for weight in found.weights.tolist()]
    ([1, 3], [0.75, 0.25])
    """

    def __init__(self, *, affinity: str = "gaussian", bandwidth: float | None = None) -> None:
        require_affinity(affinity, bandwidth)
        self.affinity = affinity
        self.bandwidth = bandwidth

    def chosen(
        self, points: Tensor, members: Sequence[Tensor], counts: Sequence[int], generator: Generator
    ) -> list[Picked]:
        """Class by class."""
        found = []
        for own, count in zip(members, counts, strict=True):
            kernel = Affinity.within(points, own, self.affinity, self.bandwidth, generator)
            places, weights = _pursued(kernel, kernel.means(), count)
            found.append(picked(own[places], weights))
        return found


def _herded(kernel: Affinity, means: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The greedy choice, and the sum over it of every point's kernel."""
    diagonal = kernel.diagonal()
    crowd = torch.zeros_like(diagonal)
    total, within = 0.0, 0.0
    chosen: list[int] = []
    for size in range(1, count + 1):
        values = 2 / size * (total + means) - (within + 2 * crowd + diagonal) / size**2
        values[chosen] = -torch.inf
        best = int(values.argmax())
        total += float(means[best])
        within += float(2 * crowd[best] + diagonal[best])
        chosen.append(best)
        crowd = crowd + kernel.columns(torch.tensor([best]))[:, 0]
    return torch.tensor(chosen), crowd


def _criticised(kernel: Affinity, gaps: Tensor, prototypes: Tensor, count: int) -> Tensor:
    """Points that are far from what the prototypes say, and from each other."""
    remainder = Remainder(kernel.columns, kernel.diagonal())
    chosen: list[int] = []
    for _ in range(min(count, len(kernel) - len(prototypes))):
        values = gaps + remainder.variances.clamp_min(_LEAST).log()
        values[prototypes] = -torch.inf
        values[chosen] = -torch.inf
        chosen.append(int(values.argmax()))
        remainder.without(chosen[-1])
    return torch.tensor(chosen, dtype=torch.long)


def _pursued(kernel: Affinity, means: Tensor, count: int) -> tuple[Tensor, Tensor]:
    n = len(kernel)
    kernel_rows, weights = means.new_empty(count, n), means.new_zeros(0)
    chosen: list[int] = []
    for size in range(1, count + 1):
        slopes = means - weights @ kernel_rows[: size - 1]
        slopes[chosen] = -torch.inf
        chosen.append(int(slopes.argmax()))
        kernel_rows[size - 1] = kernel.columns(torch.tensor(chosen[-1:]))[:, 0]
        weights = _best_weights(kernel_rows[:size, chosen], means[chosen])
    return torch.tensor(chosen), weights


def _best_weights(kernel: Tensor, means: Tensor) -> Tensor:
    """``argmax w mu - w K w / 2`` over ``w >= 0``, shape ``(m,)``."""
    matrix = kernel.double().numpy()
    matrix = (matrix + matrix.T) / 2
    factor = _cholesky(matrix)
    target = solve_triangular(factor, means.double().numpy(), lower=True, check_finite=False)
    free = solve_triangular(factor, target, lower=True, trans=1, check_finite=False)
    if (free >= 0).all():
        # The best of all weights are among the allowed ones.
        return torch.from_numpy(free)
    return torch.from_numpy(nnls(factor.T, target)[0])


def _cholesky(matrix: np.ndarray) -> np.ndarray:
    """With as little on the diagonal as makes the matrix positive."""
    size = float(np.trace(matrix)) / len(matrix) or 1.0
    for jitter in _JITTERS:
        try:
            return np.linalg.cholesky(matrix + jitter * size * np.eye(len(matrix)))
        except np.linalg.LinAlgError:
            continue
    raise DataError(describe("a positive kernel", "one that is far from it", "another bandwidth"))
