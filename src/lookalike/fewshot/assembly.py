"""From choices by name to a network that learns from episodes."""

import copy
from collections.abc import Mapping
from typing import Any

import torch

from lookalike.backbones import activation_shape
from lookalike.data import Preprocessing
from lookalike.errors import ParameterError, describe
from lookalike.estimators.parameters import chosen_backbone, options_of
from lookalike.fewshot.network import EpisodicNetwork
from lookalike.registry import build

_N_WAY = 60


def resolve(parameters: Mapping[str, Any], preprocessing: Preprocessing, n_classes: int) -> dict[str, Any]:
    """The parameters with every ``"auto"`` replaced; copies of instances, so that training leaves the user's untouched.

    Parameters
    ----------
    parameters : mapping
        As a user gives them.
    preprocessing : Preprocessing
    n_classes : int
        Base classes.
    """
    resolved = {name: copy.deepcopy(value) for name, value in parameters.items()}
    resolved |= chosen_backbone(resolved["backbone"], "conv4" if preprocessing.is_picture else "mlp")
    if resolved["n_way"] == "auto":
        resolved["n_way"] = min(_N_WAY, n_classes)
    return resolved


def assemble_episodic(resolved: Mapping[str, Any], preprocessing: Preprocessing) -> EpisodicNetwork:
    """A network of the chosen components.

    Parameters
    ----------
    resolved : mapping
        From `resolve`.
    preprocessing : Preprocessing

    Raises
    ------
    ParameterError
        For an unknown name or option, or deformations that do not fit the inputs.
    DataError
        If the backbone cannot take inputs of their shape.
    """

    def make(family: str, **supplied: Any) -> Any:
        return build(family, resolved[family], options_of(family, resolved), supplied)

    backbone = make("backbone", input_shape=preprocessing.shape)
    activation_shape(backbone, preprocessing.shape)
    gathering, transform = make("gathering"), make("transforms")
    if transform.members and not transform.fits(preprocessing.shape):
        raise ParameterError(
            describe(
                f"inputs that are {transform.wanted}, for transforms={resolved['transforms']!r}",
                f"inputs of shape {preprocessing.shape}",
                "transforms='identity'",
            )
        )
    network = EpisodicNetwork(
        backbone=backbone,
        gathering=gathering,
        similarity=make("similarity"),
        transform=transform,
        pooling=make("pooling"),
        head=resolved["head"],
    )
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
