"""One pass of inputs and prototypes through one backbone.

A prototype must be normalised exactly as an input is, and must not move the statistics by which inputs are normalised.
While a `SiamesePass` is entered, every batch normalisation that runs, in our own backbones or inside a user's module,
takes its statistics from the real inputs only and applies them to the prototypes as well.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from lookalike.errors import DataError, describe


class SiamesePass(TorchFunctionMode):
    """What a pass of inputs and prototypes together does differently from a pass of inputs.

    - Statistics of the first ``n_real`` rows normalise all rows of every batch normalisation.
    - The gradient of the first convolution with respect to its input is computed for the prototypes alone: inputs are
      not learned.

    Parameters
    ----------
    n_real : int or None
        Number of leading rows that are real inputs. ``None``: every row of the first pass is real, and every later pass
        is normalised by the statistics of the first (for prototypes whose size differs from the inputs').
    rows : Tensor, optional
        The joint batch itself, where its first ``n_real`` rows need no gradient.
    moments : sequence of tuple of Tensor
        Mean and variance of every batch normalisation of an earlier pass, as its attribute of this name holds them: all
        rows are normalised by these, as constants, and no statistics are taken.

    Notes
    -----
    It acts on ``torch.nn.functional.batch_norm``, ``instance_norm`` and ``conv2d`` themselves, so a module needs no
    rewriting and subclasses with a ``forward`` of their own (those of timm, for instance) are covered. In evaluation
    mode nothing changes.
    """

    def __init__(
        self, n_real: int | None, rows: Tensor | None = None, moments: Sequence[tuple[Tensor, Tensor]] = ()
    ) -> None:
        super().__init__()
        self.moments: list[tuple[Tensor, Tensor]] = []
        self._given = iter(moments) if moments else None
        self._n_real = n_real
        self._rows = rows
        self._recorded: list[tuple[Tensor, Tensor]] = []
        self._replay: int | None = None

    def replay(self) -> None:
        """From here on, normalise by the statistics of the pass before, in the order of its layers."""
        self._replay = 0

    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Intercept what is done differently; pass everything else on."""
        kwargs = kwargs or {}
        if func is functional.batch_norm:
            return self._batch_norm(*args, **kwargs)
        if func is functional.instance_norm and self._n_real is not None:
            return self._instance_norm(*args, **kwargs)
        if func is torch.conv2d and args and args[0] is self._rows:
            return self._first_convolution(*args, **kwargs)
        return func(*args, **kwargs)

    def _first_convolution(
        self,
        rows: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Tensor:
        geometry = (stride, padding, dilation)
        if torch.is_autocast_enabled(rows.device.type) or not all(isinstance(sizes, tuple) for sizes in geometry):
            return functional.conv2d(rows, weight, bias, stride, padding, dilation, groups)
        return _FirstConvolution.apply(rows, weight, bias, self._n_real, *geometry, groups)

    def _batch_norm(
        self,
        inputs: Tensor,
        running_mean: Tensor | None,
        running_var: Tensor | None,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        training: bool = False,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> Tensor:
        if not training:
            return functional.batch_norm(inputs, running_mean, running_var, weight, bias, False, momentum, eps)
        if self._given is not None:
            return functional.batch_norm(inputs, *next(self._given), weight, bias, False, 0.0, eps)
        if self._replay is None:
            _require_spread(inputs[: self._n_real])
        if self._n_real is not None:
            weight = inputs.new_ones(inputs.shape[1]) if weight is None else weight
            bias = inputs.new_zeros(inputs.shape[1]) if bias is None else bias
            with torch.no_grad():
                found = torch.batch_norm_update_stats(inputs[: self._n_real], running_mean, running_var, momentum)
            self.moments.append(found)
            return _SharedNormalization.apply(inputs, weight, bias, *found, self._n_real, eps)
        if self._replay is None:
            self._recorded.append(_moments(inputs))
            mean, variance = self._recorded[-1]
            self.moments.append((mean.detach(), variance.detach()))
            return functional.batch_norm(inputs, running_mean, running_var, weight, bias, True, momentum, eps)
        mean, variance = self._recorded[self._replay]
        self._replay += 1
        return _normalize(inputs, mean, variance, weight, bias, eps)

    def _instance_norm(
        self,
        inputs: Tensor,
        running_mean: Tensor | None = None,
        running_var: Tensor | None = None,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        use_input_stats: bool = True,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> Tensor:
        if not use_input_stats or running_mean is None:
            return functional.instance_norm(
                inputs, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
            )
        real, rest = inputs[: self._n_real], inputs[self._n_real :]
        return torch.cat(
            [
                functional.instance_norm(real, running_mean, running_var, weight, bias, True, momentum, eps),
                functional.instance_norm(rest, None, None, weight, bias, True, momentum, eps),
            ]
        )


class CheckedNormalization(TorchFunctionMode):
    """While it is entered, a batch normalization over a single value of every channel is refused, in any network."""

    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Look at batch normalizations in training mode."""
        kwargs = kwargs or {}
        if func is functional.batch_norm and (kwargs.get("training") or (len(args) > 5 and args[5])):
            _require_spread(args[0])
        return func(*args, **kwargs)


def _require_spread(real: Tensor) -> None:
    """Refuse a batch of which a single value per channel is left: its variance is none, and would be NaN from then on.

    Raises
    ------
    DataError
    """
    if real.numel() <= real.shape[1]:
        raise DataError(
            describe(
                "two values of every channel or more, to normalize a batch by",
                f"activations of shape {tuple(real.shape)}: one input, at one position",
                "training__batch_size=2 or more, more training examples, or a backbone without batch normalization",
            )
        )


def _moments(inputs: Tensor) -> tuple[Tensor, Tensor]:
    axes = [axis for axis in range(inputs.ndim) if axis != 1]
    variance, mean = torch.var_mean(inputs.float(), dim=axes, correction=0)
    return mean, variance


def _per_channel(values: Tensor, ndim: int) -> Tensor:
    return values.view(1, -1, *(1,) * (ndim - 2))


def _normalize(
    inputs: Tensor, mean: Tensor, variance: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float
) -> Tensor:
    scale = torch.rsqrt(variance + eps)
    if weight is not None:
        scale = scale * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    result = inputs.float() * _per_channel(scale, inputs.ndim) + _per_channel(shift, inputs.ndim)
    return result.to(inputs.dtype)


class _SharedNormalization(torch.autograd.Function):
    """Normalise all rows by the mean and variance of the first ``n_real``, with the exact gradient of both.

    With y = w (x - mean) / std + b for every row, and mean and variance of m values per channel of the real rows alone,
    dL/dx of a prototype row is w dL/dy / std, and that of a real row subtracts from it the part that flows through the
    statistics, which gathers dL/dy of *all* rows: w / (m std) (sum dL/dy + xhat sum xhat dL/dy).
    """

    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor,
        variance: Tensor,
        n_real: int,
        eps: float,
    ) -> Tensor:
        ctx.save_for_backward(inputs, weight, mean, variance)
        ctx.n_real, ctx.eps = n_real, eps
        return functional.batch_norm(inputs, mean, variance, weight, bias, False, 0.0, eps)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight, mean, variance = ctx.saved_tensors
        inverse = torch.rsqrt(variance + ctx.eps)
        _, to_weight, to_bias = torch.ops.aten.native_batch_norm_backward(
            gradient, inputs, weight, mean, variance, mean, inverse, False, ctx.eps, [False, True, True]
        )
        n, ndim = ctx.n_real, inputs.ndim
        scale = weight * inverse
        slope = -scale * inverse * to_weight / (n * inputs[0, 0].numel())
        offset = -scale * to_bias / (n * inputs[0, 0].numel()) - slope * mean
        scale, slope, offset = (_per_channel(values, ndim) for values in (scale, slope, offset))
        # Memory traffic is what this costs: two passes over the real rows, one over the prototypes.
        to_inputs = torch.empty_like(inputs)
        torch.addcmul(offset, inputs[:n], slope, out=to_inputs[:n])
        to_inputs[:n].addcmul_(gradient[:n], scale)
        torch.mul(gradient[n:], scale, out=to_inputs[n:])
        return to_inputs, to_weight, to_bias, None, None, None, None


class _FirstConvolution(torch.autograd.Function):
    """A convolution whose gradient with respect to its input is computed for the rows from ``n_real`` on."""

    @staticmethod
    def forward(
        ctx: Any,
        rows: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        n_real: int,
        stride: tuple[int, ...],
        padding: tuple[int, ...],
        dilation: tuple[int, ...],
        groups: int,
    ) -> Tensor:
        ctx.save_for_backward(rows, weight)
        ctx.geometry = (None if bias is None else list(bias.shape), stride, padding, dilation, False, (0, 0), groups)
        ctx.n_real = n_real
        return functional.conv2d(rows, weight, bias, stride, padding, dilation, groups)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        rows, weight = ctx.saved_tensors
        backward = torch.ops.aten.convolution_backward
        to_rows = torch.zeros_like(rows)
        wanted = [False, ctx.needs_input_grad[1], ctx.needs_input_grad[2]]
        _, to_weight, to_bias = backward(gradient, rows, weight, *ctx.geometry, wanted)
        part = slice(ctx.n_real, None)
        to_rows[part] = backward(gradient[part], rows[part], weight, *ctx.geometry, [True, False, False])[0]
        return to_rows, to_weight, to_bias, None, None, None, None, None
