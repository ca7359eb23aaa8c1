"""What every backbone promises."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import nn

from lookalike.errors import DataError, describe, require_option
from lookalike.shapes import Activations, Inputs, Shape

_MOST_LAYERS = 100


class Backbone(nn.Module, ABC):
    """Where activations come from: a network without its last decision.

    Attributes
    ----------
    input_shape : tuple of int
        Shape of one input, ``(features,)`` for a row of a table or ``(channels, height, width)`` for a picture.
    out_channels : int
        Number of channels ``d`` of the final activations.
    """

    input_shape: Shape
    out_channels: int

    @abstractmethod
    def forward(self, inputs: Inputs) -> Activations:
        """Final activations of the inputs; anything without positions has ``h = w = 1``.

        Parameters
        ----------
        inputs : Tensor
            Standardised inputs, shape ``(n, *input_shape)``.

        Returns
        -------
        Tensor
            Shape ``(n, d, h, w)``.
        """


def activation_shape(backbone: Backbone, input_shape: Shape | None = None) -> Shape:
    """Shape ``(d, h, w)`` of the activations of one input, found by passing one through in evaluation mode.

    Parameters
    ----------
    backbone : Backbone
    input_shape : tuple of int, optional
        Shape of the input to try; the backbone's own unless given (a smaller prototype, say).

    Raises
    ------
    DataError
        If the backbone cannot take an input of that shape.

    Examples
    --------
    >>> from lookalike.backbones import IdentityBackbone
    >>> activation_shape(IdentityBackbone((1, 8, 8)))
    (1, 8, 8)
    """
    shape = tuple(input_shape or backbone.input_shape)
    training = backbone.training
    backbone.eval()
    try:
        with torch.no_grad():
            activations = backbone(torch.zeros(1, *shape))
    except (RuntimeError, ValueError) as error:
        raise DataError(
            describe(
                f"an input that {type(backbone).__name__} can take",
                f"one of shape {shape} ({error})",
                "a larger input, or a backbone made for inputs of this shape",
            )
        ) from error
    finally:
        backbone.train(training)
    return tuple(activations.shape[1:])


def stages(backbone: nn.Module) -> list[str]:
    """The parts of a backbone in their order, by name: those of its sequence if it has one, else its children.

    Parameters
    ----------
    backbone : torch.nn.Module

    Raises
    ------
    DataError
        If it has none.

    Notes
    -----
    Wrappers of a single part are opened. Of a network that is used up to a layer, only what comes before counts.

    Examples
    --------
    >>> from lookalike.backbones import LenetBackbone
    >>> stages(LenetBackbone((1, 28, 28)))[:2]
    ['layers.0', 'layers.1']
    """
    names = _parts(backbone)
    layer = f"module.{getattr(backbone, 'layer', None)}"
    end = next((place for place, name in enumerate(names) if f"{layer}.".startswith(f"{name}.")), len(names))
    # What neither weighs nor bends has the activations of the stage before.
    names = [name for name in names[:end] if not isinstance(backbone.get_submodule(name), nn.Identity | nn.Flatten)]
    if not names:
        raise DataError(describe("a backbone with layers", type(backbone).__name__))
    return names


def _parts(module: nn.Module, prefix: str = "") -> list[str]:
    children = dict(module.named_children())
    # The sequence of a backbone of ours, or the only part there is.
    inside = "layers" if "layers" in children else next(iter(children)) if len(children) == 1 else ""
    if inside and list(children[inside].children()):
        return _parts(children[inside], f"{prefix}{inside}.")
    return [f"{prefix}{name}" for name in children]


def stage_at(backbone: nn.Module, depth: float) -> str:
    """The name of the stage at a depth, from 0, the first, to 1, the last.

    Parameters
    ----------
    backbone : torch.nn.Module
    depth : float

    Examples
    --------
    >>> from lookalike.backbones import LenetBackbone
    >>> stage_at(LenetBackbone((1, 28, 28)), 0.4)
    'layers.2'
    """
    names = stages(backbone)
    return names[round(depth * (len(names) - 1))]


def require_widths(widths: Sequence[int]) -> None:
    """Refuse numbers of channels or units that make no network, or more layers than can be trained."""
    fine = 0 < len(widths) <= _MOST_LAYERS and min(widths) >= 1
    require_option("widths", widths, fine, f"at least one number of at least 1, and at most {_MOST_LAYERS} of them")


def require_picture(input_shape: Shape, backbone: str) -> tuple[int, int, int]:
    """The shape as channels, height and width; an error where inputs are rows of a table."""
    if len(input_shape) != 3:
        raise DataError(
            describe(
                f"pictures (channels, height, width) for the {backbone} backbone",
                f"inputs of shape {tuple(input_shape)}",
                "backbone='mlp', which takes rows of a table",
            )
        )
    channels, height, width = input_shape
    return channels, height, width
