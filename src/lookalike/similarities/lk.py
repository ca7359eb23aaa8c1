"""Lk distances of any order above 0, below 1 too, in chunks and without a root."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from lookalike.errors import ParameterError, describe
from lookalike.shapes import Activations, Maps, PrototypeActivations
from lookalike.similarities.base import Similarity, window_rows
from lookalike.similarities.kernels import Kernel


class LkSimilarity(Similarity):
    r"""A kernel of a smoothed distance of any order.

    The distance is :math:`\sum_i ((x_i - p_i)^2 + \epsilon^2)^{k/2} - \epsilon^k`.

    Parameters
    ----------
    kernel : Kernel
        ``"negative"``, ``"gaussian"`` or ``"log_ratio"``.
    order : float
        k, above 0. 2 is the squared Euclidean distance, 1 a smoothed city-block distance.
    epsilon : float
        Smooths the cusp at 0, above 0; its share is subtracted, so a point is at distance 0 of itself.
    mean : bool
        Mean over dimensions in place of their sum.
    chunk : int
        Numbers in the working memory: three blocks of ``4 * chunk`` bytes serve any size of input.
    compiled : bool
        Use kernels that ``torch.compile`` makes, several times as fast, where a C++ compiler is found; without one,
        or on another device than the CPU, the eager way runs as before.

    Notes
    -----
    The sum is not rooted, and its cusp is rounded: with k < 1 the gradient of the plain form passes every bound near 0.
    There is never an ``n x p x d`` tensor: blocks of differences are made, used and overwritten, forward and backward.

    References
    ----------
    [aggarwal2001surprising]

    Raises
    ------
    ParameterError
        If the order or epsilon is not above 0.

    Examples
    --------
    >>> import torch
    >>> from lookalike.similarities import NegativeKernel
    >>> similarity = LkSimilarity(kernel=NegativeKernel(scale=1), order=1.0, mean=False)
    >>> x = torch.tensor([1.0, -2.0]).view(1, 2, 1, 1)
    >>> round(similarity(x, 0 * x).item(), 2)
    -3.0
    """

    def __init__(
        self,
        *,
        kernel: Kernel,
        order: float = 0.5,
        epsilon: float = 1e-3,
        mean: bool = True,
        chunk: int = 2**17,
        compiled: bool = False,
    ) -> None:
        nn.Module.__init__(self)
        if order <= 0 or epsilon <= 0 or chunk < 1:
            raise ParameterError(
                describe(
                    "order, epsilon and chunk above 0",
                    f"order={order}, epsilon={epsilon}, chunk={chunk}",
                    "similarity__order=0.5",
                )
            )
        self.kernel = kernel
        self.order = order
        self.epsilon = epsilon
        self.mean = mean
        self.chunk = chunk
        self.compiled = compiled

    def forward(self, activations: Activations, prototypes: PrototypeActivations) -> Maps:
        """Shape ``(n, p, mh, mw)``."""
        window = (prototypes.shape[2], prototypes.shape[3])
        rows = window_rows(activations, window)
        n, positions, dimensions = rows.shape
        distances = lk_distances(
            rows.reshape(-1, dimensions), prototypes.flatten(1), self.order, self.epsilon, self.chunk, self.compiled
        )
        height, width = activations.shape[2] - window[0] + 1, activations.shape[3] - window[1] + 1
        maps = distances.view(n, positions, -1).transpose(1, 2).reshape(n, -1, height, width)
        return self.kernel(maps / dimensions if self.mean else maps)


def lk_distances(
    points: Tensor, others: Tensor, order: float, epsilon: float, chunk: int = 2**17, compiled: bool = False
) -> Tensor:
    """Smoothed, un-rooted Lk distance between every row and every other row.

    Parameters
    ----------
    points : Tensor
        Shape ``(n, d)``.
    others : Tensor
        Shape ``(p, d)``.
    order, epsilon : float
        Above 0.
    chunk : int
        Numbers in each block of working memory.
    compiled : bool
        Use compiled kernels where they can be made.

    Returns
    -------
    Tensor
        Shape ``(n, p)``.

    Examples
    --------
    >>> import torch
    >>> lk_distances(torch.zeros(1, 2), torch.tensor([[3.0, 4.0]]), order=1.0, epsilon=1e-3).round(decimals=2).tolist()
    [[7.0]]
    """
    if compiled and points.is_cpu and compiler_found():
        return _CompiledLk.apply(points, others, order, epsilon)
    return _EagerLk.apply(points, others, order, epsilon, chunk)


@functools.cache
def compiler_found() -> bool:
    """Whether ``torch.compile`` can make CPU kernels here, tried once by making one."""
    try:
        torch.compile(_forward_formula)(torch.zeros(2, 3), torch.zeros(2, 3), 0.5, 1e-6)
    except Exception:  # noqa: BLE001 (whatever a missing or broken compiler raises means the same: it is not there)
        return False
    return True


def _blocks(n: int, d: int, chunk: int) -> Iterator[slice]:
    size = max(1, min(n, chunk // max(d, 1)))
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


def _power_(squares: Tensor, order: float) -> Tensor:
    """Overwrite squares by their power of order / 2; roots are several times as fast as a general power."""
    if order == 2:
        return squares
    if order == 1:
        return squares.sqrt_()
    if order == 0.5:
        return squares.sqrt_().sqrt_()
    return squares.pow_(order / 2)


class _EagerLk(torch.autograd.Function):
    """Blocks of rows against one prototype at a time; nothing larger than a block is kept."""

    @staticmethod
    def forward(ctx: Any, points: Tensor, others: Tensor, order: float, epsilon: float, chunk: int) -> Tensor:
        ctx.save_for_backward(points, others)
        ctx.order, ctx.epsilon, ctx.chunk = order, epsilon, chunk
        distances = points.new_empty(len(others), len(points))
        for rows in _blocks(len(points), points.shape[1], chunk):
            block = points[rows]
            work = torch.empty_like(block)
            for index, other in enumerate(others):
                torch.sub(block, other, out=work)
                work.mul_(work).add_(epsilon**2)
                torch.sum(_power_(work, order), 1, out=distances[index, rows])
        return distances.T.sub(points.shape[1] * epsilon**order)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        points, others = ctx.saved_tensors
        to_points, to_others = torch.zeros_like(points), torch.zeros_like(others)
        gradient = (gradient * ctx.order).T.contiguous()
        for rows in _blocks(len(points), points.shape[1], ctx.chunk):
            block, target = points[rows], to_points[rows]
            difference, squares = torch.empty_like(block), torch.empty_like(block)
            for index, other in enumerate(others):
                torch.sub(block, other, out=difference)
                torch.mul(difference, difference, out=squares)
                squares.add_(ctx.epsilon**2)
                if ctx.order != 2:
                    # t (t^2 + e^2)^(k/2 - 1), as a quotient so that roots can serve
                    difference.div_(squares).mul_(_power_(squares, ctx.order))
                weights = gradient[index, rows]
                target.addcmul_(difference, weights[:, None])
                to_others[index].sub_(weights @ difference)
        return to_points, to_others, None, None, None


def _forward_formula(points: Tensor, others: Tensor, order: float, square: float) -> Tensor:
    squares = (points[:, None] - others[None]).square() + square
    return _raise(squares, order / 2).sum(2)


def _backward_formula(points: Tensor, others: Tensor, weights: Tensor, order: float, square: float) -> Tensor:
    difference = points[:, None] - others[None]
    slopes = difference * _raise(difference.square() + square, order / 2 - 1)
    return (slopes * weights[:, :, None]).sum(1)


def _raise(squares: Tensor, exponent: float) -> Tensor:
    if exponent == 0.25:
        return squares.sqrt().sqrt()
    if exponent == -0.75:
        root = squares.sqrt()
        return (root * root.sqrt()).reciprocal()
    return squares.pow(exponent)


@functools.cache
def _compiled(formula: Callable) -> Callable:
    return torch.compile(formula, dynamic=True)


class _CompiledLk(torch.autograd.Function):
    """The same sums, fused by a compiler into loops that hold no block at all."""

    @staticmethod
    def forward(ctx: Any, points: Tensor, others: Tensor, order: float, epsilon: float) -> Tensor:
        ctx.save_for_backward(points, others)
        ctx.order, ctx.epsilon = order, epsilon
        sums = _compiled(_forward_formula)(points, others, order, epsilon**2)
        return sums - points.shape[1] * epsilon**order

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        points, others = ctx.saved_tensors
        weights = gradient * ctx.order
        slopes = _compiled(_backward_formula)
        to_points = slopes(points, others, weights, ctx.order, ctx.epsilon**2)
        to_others = slopes(others, points, weights.T.contiguous(), ctx.order, ctx.epsilon**2)
        return to_points, to_others, None, None
