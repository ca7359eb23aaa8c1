"""Weights from a file into a network: all of them, of the right shapes, or none."""

from collections.abc import Mapping

from torch import Tensor, nn

from lookalike.errors import ModelFileError, describe
from lookalike.prototypes import Prototypes

_ADVICE = "copy the folder again, or train anew"


def fill(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Give a network its weights from a file.

    Parameters
    ----------
    network : torch.nn.Module
        Assembled anew.
    weights : mapping
        Tensors by the names of its parameters and buffers.

    Raises
    ------
    ModelFileError
        If one is missing, not the network's, or of another shape or kind of number.

    Examples
    --------
    >>> import torch
    >>> fill(nn.Linear(2, 1), {"weight": torch.zeros(1, 3), "bias": torch.zeros(1)})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    lookalike.errors.ModelFileError: expected weight of shape (1, 2), got shape (1, 3); try: copy the folder again, ...
    """
    for prefix, part in network.named_modules():
        if isinstance(part, Prototypes):
            start = f"{prefix}." if prefix else ""
            part.expect({name.removeprefix(start): value for name, value in weights.items() if name.startswith(start)})
    wanted = network.state_dict()
    missing = [name for name in wanted if name not in weights]
    if missing:
        raise ModelFileError(describe(f"the tensor {missing[0]} among the weights", _others(missing, "none"), _ADVICE))
    foreign = [name for name in weights if name not in wanted]
    if foreign:
        told = _others(foreign, f"{foreign[0]}, which it does not have")
        raise ModelFileError(describe("weights of this network only", told, _ADVICE))
    for name, like in wanted.items():
        require_like(name, weights[name], tuple(like.shape), like.is_floating_point())
    network.load_state_dict(dict(weights))


def require_like(name: str, tensor: Tensor, shape: tuple[int, ...], is_floating_point: bool) -> None:
    """Refuse a tensor from a file that has another shape, or whole numbers where others are wanted.

    Raises
    ------
    ModelFileError
    """
    if tuple(tensor.shape) != shape:
        raise ModelFileError(describe(f"{name} of shape {shape}", f"shape {tuple(tensor.shape)}", _ADVICE))
    if tensor.is_floating_point() != is_floating_point or tensor.is_complex():
        wanted = "floating-point numbers" if is_floating_point else "whole numbers"
        raise ModelFileError(describe(f"{name} of {wanted}", str(tensor.dtype), _ADVICE))


def _others(names: list[str], told: str) -> str:
    return told if len(names) == 1 else f"{told}, nor are {len(names) - 1} others right"
