"""Any network of the user's, up to a named layer."""

import copy
import importlib
from typing import Any

import torch
from torch import Tensor, nn

from lookalike.backbones.base import Backbone
from lookalike.errors import ParameterError, describe, require_extra, suggest
from lookalike.shapes import Activations, Inputs, Shape

_SOURCES = {"torchvision": "pretrained", "timm": "pretrained"}
_TOKENS = ("mean", "first", "all")


class ModuleBackbone(Backbone):
    """A user's own network, or one of torchvision's or timm's by name, up to a named layer.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one input.
    module : torch.nn.Module or str
        The network (copied, so the caller's stays untouched), or ``"torchvision:resnet18"`` or ``"timm:resnet18"``.
    layer : str, optional
        Name of the submodule whose output are the activations, as ``named_modules`` spells it. The rest of the network
        is not run. Without it the network's own output is taken.
    tokens : str
        What becomes of an output ``(n, tokens, d)``, as a transformer gives: ``"mean"`` of the tokens, the ``"first"``
        one, or ``"all"`` of them as positions.
    weights : str, optional
        Pretrained weights for a network by name: torchvision's name of them (``"DEFAULT"``), or any word for timm's.

    Raises
    ------
    ParameterError
        For a layer that does not exist, an output that is not one tensor of 2 to 4 axes, or batch normalisation without
        running statistics, under which a prototype could not be seen apart from its batch.
    MissingExtraError
        If torchvision or timm is named and not installed.

    Notes
    -----
    Shape: ``(n, *input_shape)`` to ``(n, d, h, w)``; an output ``(n, d)`` has one position. Batch normalisation needs
    no rewriting: see `lookalike.backbones.siamese`.

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3), torch.nn.Linear(3, 2))
    >>> ModuleBackbone((1, 2, 2), module=net, layer="1")(torch.zeros(5, 1, 2, 2)).shape
    torch.Size([5, 3, 1, 1])
    """

    def __init__(
        self,
        input_shape: Shape,
        *,
        module: nn.Module | str,
        layer: str | None = None,
        tokens: str = "mean",
        weights: str | None = None,
    ) -> None:
        nn.Module.__init__(self)
        if tokens not in _TOKENS:
            raise ParameterError(describe(f"tokens as one of {_TOKENS}", tokens, suggest(tokens, _TOKENS)))
        self.input_shape = tuple(input_shape)
        self.tokens, self.layer = tokens, layer
        self.module = network_by_name(module, weights) if isinstance(module, str) else copy.deepcopy(module)
        _refuse_batch_dependence(self.module)
        if layer is not None:
            names = [name for name, _ in self.module.named_modules() if name]
            if layer not in names:
                raise ParameterError(describe("the name of a layer", layer, suggest(layer, names)))
            self.module.get_submodule(layer).register_forward_hook(_stop)
        training = self.module.training
        self.module.eval()
        with torch.no_grad():
            self.out_channels = self.forward(torch.zeros(1, *input_shape)).shape[1]
        self.module.train(training)

    def forward(self, inputs: Inputs) -> Activations:
        """Shape ``(n, *input_shape)`` to ``(n, d, h, w)``."""
        try:
            output = self.module(inputs)
        except _Reached as reached:
            return self._as_activations(reached.output)
        if self.layer is not None:
            raise ParameterError(
                describe("a layer that the network's forward pass goes through", repr(self.layer), "another layer")
            )
        return self._as_activations(output)

    def _as_activations(self, output: Any) -> Tensor:
        if not isinstance(output, Tensor) or output.ndim not in (2, 3, 4):
            came = f"shape {tuple(output.shape)}" if isinstance(output, Tensor) else type(output).__name__
            raise ParameterError(
                describe(
                    "a network whose output is a tensor (n, d), (n, tokens, d) or (n, d, h, w)",
                    came,
                    "layer='...', the name of a layer that gives one",
                )
            )
        if output.ndim == 2:
            return output[:, :, None, None]
        if output.ndim == 4:
            return output
        if self.tokens == "all":
            return output.transpose(1, 2)[:, :, :, None]
        pooled = output.mean(1) if self.tokens == "mean" else output[:, 0]
        return pooled[:, :, None, None]


def network_by_name(name: str, weights: str | None = None) -> nn.Module:
    """A network of torchvision or timm.

    Parameters
    ----------
    name : str
        ``"torchvision:NAME"`` or ``"timm:NAME"``. Only these two are looked into: a name never imports anything else.
    weights : str, optional
        Pretrained weights to load, which may download them.

    Raises
    ------
    ParameterError
        For another source, or a network that it does not have.
    MissingExtraError
        If the source is not installed.
    """
    source, _, network = name.partition(":")
    if source not in _SOURCES:
        raise ParameterError(
            describe("'torchvision:NAME' or 'timm:NAME'", name, "pass the torch.nn.Module itself for any other network")
        )
    try:
        library = importlib.import_module("torchvision.models" if source == "torchvision" else "timm")
    except (ImportError, RuntimeError) as error:
        raise require_extra(source, _SOURCES[source]) from error
    if network not in library.list_models():
        raise ParameterError(describe(f"a network of {source}", network, suggest(network, library.list_models())))
    if source == "torchvision":
        return library.get_model(network, weights=weights)
    return library.create_model(network, pretrained=weights is not None)


class _Reached(Exception):  # noqa: N818 (a signal, not an error)
    """Carries the output of the wanted layer out of the rest of the network."""

    def __init__(self, output: Any) -> None:
        super().__init__("layer reached")
        self.output = output


def _stop(module: nn.Module, args: tuple, output: Any) -> None:
    raise _Reached(output)


def _refuse_batch_dependence(module: nn.Module) -> None:
    for name, part in module.named_modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm) and not part.track_running_stats:
            raise ParameterError(
                describe(
                    "batch normalisation that keeps running statistics",
                    f"layer {name!r} with track_running_stats=False",
                    "track_running_stats=True, or group or layer normalisation",
                )
            )
