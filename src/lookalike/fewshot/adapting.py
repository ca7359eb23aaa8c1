"""From a support set to a fitted classifier."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lookalike.data import Examples, Preprocessing
from lookalike.estimators import PrototypeClassifier
from lookalike.estimators.fitting import Fitted, neighbor_indices
from lookalike.explanations import explain_prototypes
from lookalike.fewshot.network import EpisodicNetwork
from lookalike.network import PrototypeNetwork
from lookalike.prototypes import LatentPrototypes
from lookalike.registry import FAMILIES, key_of

_ROOMS = ("backbone", "similarity", "transforms", "pooling", "head")


def adapted_classifier(
    network: EpisodicNetwork,
    preprocessing: Preprocessing,
    resolved: Mapping[str, Any],
    seed: int,
    inputs: Tensor,
    labels: Tensor,
    classes: np.ndarray,
) -> PrototypeClassifier:
    """A classifier whose prototypes are those of a support set.

    Parameters
    ----------
    network : EpisodicNetwork
        Trained; the classifier gets copies of its rooms.
    preprocessing : Preprocessing
        Of the base classes.
    resolved : mapping
        Parameters of the learner.
    seed : int
    inputs : Tensor
        The support, shape ``(s, ...)``, in data units or 8-bit integers.
    labels : Tensor
        Shape ``(s,)``, integers from 0 to k - 1.
    classes : ndarray
        What they are called, shape ``(k,)``.
    """
    examples = Examples(inputs, labels, preprocessing)
    adapted = copy.deepcopy(network).adapted(examples.standardized(), labels).requires_grad_(False)
    _name_sources(adapted, network.gathering.keeps_examples, labels)
    kind = key_of(type(adapted.similarity), FAMILIES["similarity"])
    names = [str(name) for name in classes.tolist()]
    about = explain_prototypes(adapted, examples, classes=names, similarity=kind)
    classifier = PrototypeClassifier(**_parameters(resolved, adapted, seed))
    classifier.seed_ = seed
    fitted = Fitted(
        network=adapted,
        preprocessing=preprocessing,
        resolved=classifier.get_params(deep=False),
        history=(),
        temperature=1.0,
        about=about,
        pictures={
            "prototypes": _shown(adapted, inputs, preprocessing),
            "neighbors": inputs[neighbor_indices(about)],
        },
        n_training=len(labels),
        n_validation=0,
    )
    return classifier.adopt(fitted, classes)


def _parameters(resolved: Mapping[str, Any], network: PrototypeNetwork, seed: int) -> dict[str, Any]:
    """What would make the same network, as `PrototypeClassifier` is told."""
    kept = {name: value for name, value in resolved.items() if name.partition("__")[0] in _ROOMS}
    counts = torch.bincount(network.prototypes.labels).tolist()
    latent = network.prototypes.space == "activation"
    own: dict[str, Any] = {
        "prototypes": "latent" if latent else "exemplar",
        "prototypes__n_per_class": counts,
        "initializer": "means" if latent else "points",
        "regularizers": "none",
        "counterfactuals": "none",
        "augmentation": "none",
        "training": "none",
        "validation_fraction": 0.0,
        "random_state": seed,
    }
    return kept | own | ({"prototypes__size": None} if latent else {})


def _name_sources(network: PrototypeNetwork, keeps_examples: bool, labels: Tensor) -> None:
    """Say which example of the support every prototype is, where it is one."""
    sources = network.prototypes.sources
    if sources is None:
        return
    if keeps_examples:
        sources.copy_(labels.argsort(stable=True))
        return
    counts = torch.bincount(labels)
    order = labels.argsort(stable=True)[counts.cumsum(0) - counts]
    sources.copy_(torch.where(counts == 1, order, -1))
    if isinstance(network.prototypes, LatentPrototypes):
        network.prototypes.source_positions.copy_((sources.clamp_max(0))[:, None].expand(-1, 2))


def _shown(network: PrototypeNetwork, inputs: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Prototypes in data units, where they are inputs or stand for one each; nothing where they are means."""
    sources = network.prototypes.sources
    if network.prototypes.space == "input":
        return preprocessing.restore(network.prototypes()).contiguous()
    if sources is not None and bool((sources >= 0).all()):
        return preprocessing.to_data_units(inputs[sources]).contiguous()
    return torch.zeros(0, *preprocessing.shape)
