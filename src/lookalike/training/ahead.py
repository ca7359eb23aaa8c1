"""Gradients that are taken ahead, part by part, so that the graph of one part alone takes memory."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

_PARTS = 2


def mean_ahead(
    loss: Callable[[slice, Tensor], Tensor], n: int, given: Tensor, parameters: Iterable[nn.Parameter]
) -> Tensor:
    """A mean over rows, whose gradients are known by the time it is returned, and whose graph is gone.

    Parameters
    ----------
    loss : callable
        The mean over some of the rows, a scalar, from the rows and from what is given.
    n : int
        Number of rows, 1 or above.
    given : Tensor
        What all rows are given, of any shape, and whatever made it; the gradient goes on from there.
    parameters : iterable of Parameter
        What else the loss may depend on.

    Returns
    -------
    Tensor
        A scalar; a backward pass through it hands out the gradients that were found.

    Notes
    -----
    Between the forward pass of one batch and its backward pass, whatever else is passed forward adds to the memory.
    What is a mean over rows need not wait: halves pass forward and backward one after the other. The sum is taken in
    another order, so the last bits differ from those of one pass. All rows pass at once under automatic casting to
    float16, where the loss is scaled so that gradients do not vanish and the scale is not known here; and through what
    only a backward pass of everything can go through, as reentrant checkpoints.

    Examples
    --------
    >>> import torch
    >>> weight, given = torch.nn.Parameter(torch.tensor(3.0)), torch.tensor(2.0)
    >>> rows = torch.arange(4.0)
    >>> mean = mean_ahead(lambda part, given: (weight * given * rows[part]).mean(), 4, given, [weight])
    >>> mean.backward()
    >>> mean.item(), weight.grad.item()
    (9.0, 3.0)
    """
    if not torch.is_grad_enabled() or _cast_to_float16(given.device.type):
        return loss(slice(0, n), given)
    leaves = [given.detach().requires_grad_(given.requires_grad), *parameters]
    sources = [given, *leaves[1:]]
    places = [place for place, leaf in enumerate(leaves) if leaf.requires_grad]
    total, gradients = given.new_zeros(()), dict[int, Tensor]()
    for rows in torch.arange(n).chunk(_PARTS):
        part = loss(slice(int(rows[0]), int(rows[-1]) + 1), leaves[0]) * (len(rows) / n)
        total = total + part.detach()
        try:
            found = _gradients(part, [leaves[place] for place in places])
        except RuntimeError as error:
            if "use_reentrant" not in str(error):
                raise
            return loss(slice(0, n), given)
        for place, gradient in zip(places, found, strict=True):
            if gradient is not None:
                gradients[place] = gradients[place] + gradient if place in gradients else gradient
    return _Known.apply(total, tuple(gradients.values()), *(sources[place] for place in gradients))


def _gradients(part: Tensor, leaves: Sequence[Tensor]) -> Sequence[Tensor | None]:
    """What is not used has none."""
    return torch.autograd.grad(part, leaves, allow_unused=True) if part.requires_grad else [None] * len(leaves)


def _cast_to_float16(device: str) -> bool:
    return torch.is_autocast_enabled(device) and torch.get_autocast_dtype(device) == torch.float16


class _Known(torch.autograd.Function):
    """A number whose gradients are known."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, gradients: tuple[Tensor, ...], *_tensors: Tensor) -> Tensor:
        ctx.save_for_backward(*gradients)
        return value.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, *(gradient * each for each in ctx.saved_tensors)
