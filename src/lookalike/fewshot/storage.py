"""A fitted learner as a folder, and back."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from lookalike.data import Preprocessing
from lookalike.errors import ModelFileError, describe
from lookalike.estimators.parameters import plain, require_signature, revived, without_downloads
from lookalike.estimators.storage import versions
from lookalike.fewshot.learning import EpisodeReport
from lookalike.fewshot.network import EpisodicNetwork
from lookalike.persistence import StoredModel
from lookalike.training.health import not_finite
from lookalike.weights import fill

_KIND = "episodic learner"


@dataclass(frozen=True)
class RestoredLearner:
    """What a folder gives back.

    Attributes
    ----------
    parameters, resolved : dict
        As the user gave them, and with every ``"auto"`` replaced.
    preprocessing : Preprocessing
    history : tuple of EpisodeReport
    classes : ndarray
    seed : int
    n_features : int or None
        Columns of a table.
    weights : dict of Tensor
    """

    parameters: dict[str, Any]
    resolved: dict[str, Any]
    preprocessing: Preprocessing
    history: tuple[EpisodeReport, ...]
    classes: np.ndarray
    seed: int
    n_features: int | None
    feature_names: list[str] | None
    weights: dict[str, Tensor]


def to_stored(learner: Any, parameters: Mapping[str, Any]) -> StoredModel:
    """A fitted learner as plain values and tensors.

    Parameters
    ----------
    learner : EpisodicLearner
    parameters : mapping
        As the user gave them.
    """
    document = {
        "kind": _KIND,
        "versions": versions(),
        "base_classes": plain(learner.classes_.tolist()),
        "seed": learner.seed_,
        "parameters": {name: plain(value) for name, value in parameters.items()},
        "resolved": {name: plain(value) for name, value in learner.resolved_.items()},
        "preprocessing": learner.preprocessing_.to_dict(),
        "history": [report.to_dict() for report in learner.history_],
        "n_features": getattr(learner, "n_features_in_", None),
        "feature_names": plain(learner.feature_names_in_.tolist()) if hasattr(learner, "feature_names_in_") else None,
    }
    return StoredModel(document, {"weights": learner.network_.state_dict()})


def from_stored(stored: StoredModel, instances: Mapping[str, Any], owner: type) -> RestoredLearner:
    """The inverse of `to_stored`.

    Parameters
    ----------
    stored : StoredModel
    instances : mapping
        Components that were passed as instances when fitting.
    owner : type
        The learner whose parameters they are.

    Raises
    ------
    ModelFileError
        If something is missing or does not fit.
    """
    document = stored.document
    if document.get("kind") != _KIND:
        raise ModelFileError(
            describe("an episodic learner", "another model", "PrototypeClassifier.load, for classifiers")
        )
    # What is loaded is the learner's own: the caller's network keeps its weights, as it does when fitting.
    own = copy.deepcopy(dict(instances))
    try:
        parameters = revived(document["parameters"], instances, "EpisodicLearner")
        require_signature(parameters, owner)
        return RestoredLearner(
            parameters=parameters,
            resolved=without_downloads(revived(document["resolved"], own, "EpisodicLearner")),
            preprocessing=Preprocessing.from_dict(document["preprocessing"]),
            history=tuple(EpisodeReport(**report) for report in document["history"]),
            classes=np.array(document["base_classes"]),
            seed=int(document["seed"]),
            n_features=document["n_features"],
            feature_names=document.get("feature_names"),
            weights=stored.tensors["weights"],
        )
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise _unreadable(error) from error


def load_weights(network: EpisodicNetwork, restored: RestoredLearner) -> None:
    """Fill a network that was assembled anew.

    Parameters
    ----------
    network : EpisodicNetwork
    restored : RestoredLearner

    Raises
    ------
    ModelFileError
        If the weights are of another network.
    """
    try:
        fill(network, restored.weights)
        broken = not_finite(restored.weights)
        if broken:
            raise ValueError(f"NaN or infinity in {broken}")
    except ModelFileError:
        raise
    except (RuntimeError, ValueError) as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> ModelFileError:
    shown = f"{type(error).__name__}: {error}"
    return ModelFileError(describe("a learner as this version writes it", shown, "fit it anew"))
