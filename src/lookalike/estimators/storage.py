"""A fitted classifier as a model folder, and back."""

import copy
import math
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from lookalike.data import Preprocessing
from lookalike.errors import LookalikeError, ModelFileError, describe
from lookalike.estimators.abstaining import quantiles_from
from lookalike.estimators.assembly import assemble
from lookalike.estimators.fitting import Fitted, neighbor_indices
from lookalike.estimators.parameters import plain, require_signature, revived, without_downloads
from lookalike.explanations import GlobalExplanation
from lookalike.network import PrototypeNetwork
from lookalike.persistence import StoredModel, model_folder, require_own_pictures, save_pictures, write_model
from lookalike.randomness import untouched
from lookalike.registry import require_type
from lookalike.training import Epoch
from lookalike.training.health import not_finite
from lookalike.weights import fill, require_like

PROTOTYPES = "prototypes"
_KINDS = {"i": "integer", "u": "integer", "b": "boolean", "f": "number", "U": "word", "O": "word"}


@dataclass(frozen=True)
class Restored:
    """What a model folder gives back.

    Attributes
    ----------
    fitted : Fitted
    classes : ndarray
    seed : int
    parameters : dict
        As the user gave them.
    extras : dict
        Names and number of columns, where there are any, and what the caller stored beside.
    """

    fitted: Fitted
    classes: np.ndarray
    seed: int
    parameters: dict[str, Any]
    extras: dict[str, Any]


def to_stored(
    fitted: Fitted, classes: np.ndarray, seed: int, parameters: Mapping[str, Any], extras: Mapping[str, Any]
) -> StoredModel:
    """A fitted model as plain values and tensors.

    Raises
    ------
    ModelFileError
        If class names are neither words, numbers nor truth values.
    """
    if classes.dtype.kind not in _KINDS:
        raise ModelFileError(describe("classes that are words or numbers", f"type {classes.dtype}"))
    document = {
        "versions": versions(),
        "classes": {"kind": _KINDS[classes.dtype.kind], "names": [str(name) for name in classes.tolist()]},
        "seed": seed,
        "parameters": {name: plain(value) for name, value in parameters.items()},
        "resolved": {name: plain(value) for name, value in fitted.resolved.items()},
        "preprocessing": fitted.preprocessing.to_dict(),
        "temperature": fitted.temperature,
        "n_training": fitted.n_training,
        "n_validation": fitted.n_validation,
        "merged": list(fitted.merged),
        "warning": fitted.warning,
        "sureness": {name: list(values) for name, values in fitted.sureness.items()},
        "history": [epoch.to_dict() for epoch in fitted.history],
        "explanation": fitted.about.to_dict(),
        "extras": dict(extras),
    }
    return StoredModel(document, {"weights": fitted.network.state_dict(), "pictures": dict(fitted.pictures)})


def save_fitted(folder: Path, classifier: Any, extras: Mapping[str, Any]) -> None:
    """Write a fitted model and its pictures, which take the place of those that are there once they are whole.

    Parameters
    ----------
    folder : Path
    classifier : PrototypeClassifier
    extras : mapping
        Plain values to keep beside.

    Raises
    ------
    FolderInUseError
        If its pictures are somebody else's, it is a file, or another process is writing it.
    """
    require_own_pictures(folder / PROTOTYPES)
    fitted, parameters = classifier.fitted_, classifier.get_params(deep=False)
    stored = to_stored(fitted, classifier.classes_, classifier.seed_, parameters, extras)
    with model_folder(folder, gone=(PROTOTYPES,)) as draft:
        write_model(draft, stored)
        save_prototypes(draft / PROTOTYPES, fitted, classifier.prototype_labels_)


def save_prototypes(folder: Path, fitted: Fitted, labels: np.ndarray) -> None:
    """Write prototypes that are pictures as PNG files, named by number and class; nothing for others.

    Parameters
    ----------
    folder : Path
    fitted : Fitted
    labels : ndarray
        The class of each.
    """
    shown = fitted.pictures["prototypes"]
    if not fitted.preprocessing.is_picture or not len(shown):
        return
    width = max(3, len(str(len(shown) - 1)))
    names = [f"{index:0{width}d} {name}" for index, name in enumerate(labels)]
    save_pictures(folder, dict(zip(names, fitted.preprocessing.to_eight_bit(shown), strict=True)))


def from_stored(stored: StoredModel, instances: Mapping[str, Any], owner: type) -> Restored:
    """The inverse of `to_stored`.

    Parameters
    ----------
    stored : StoredModel
    instances : mapping
        Components that were passed as instances when fitting: code is never stored, so they must be passed again.
    owner : type
        The estimator whose parameters they are.

    Raises
    ------
    ModelFileError
        If something is missing or does not fit.
    """
    document = stored.document
    try:
        preprocessing = Preprocessing.from_dict(document["preprocessing"])
        kind, names = document["classes"]["kind"], document["classes"]["names"]
        # What is loaded is the model's own: the caller's network keeps its weights, as it does when fitting.
        own = copy.deepcopy(dict(instances))
        resolved = revived(document["resolved"], own, "PrototypeClassifier")
        parameters = revived(document["parameters"], instances, "PrototypeClassifier")
        require_signature(parameters, owner)
        # Pretrained weights are in the file; asking for them again could start a download.
        resolved = without_downloads(resolved)
        with untouched():
            network = assemble(resolved, preprocessing, len(names))
        fill(network, stored.tensors["weights"])
        _require_fitting(stored, network, preprocessing, len(names))
        temperature = float(document["temperature"])
        _require_numbers(stored, preprocessing, temperature)
        fitted = Fitted(
            network=network.eval().requires_grad_(False),
            preprocessing=preprocessing,
            resolved=resolved,
            history=tuple(Epoch(**epoch) for epoch in document["history"]),
            temperature=temperature,
            about=GlobalExplanation.from_dict(document["explanation"]),
            pictures=dict(stored.tensors["pictures"]),
            n_training=int(document["n_training"]),
            n_validation=int(document["n_validation"]),
            warning=str(document.get("warning", "")),
            merged=tuple(int(prototype) for prototype in document.get("merged", ())),
            sureness=quantiles_from(document.get("sureness", {})),
        )
        _require_summaries(fitted)
        if not isinstance(document["extras"], dict) or "prototypes" not in fitted.pictures:
            raise TypeError("no table of extras, or no pictures of prototypes")
        return Restored(fitted, _as_classes(kind, names), int(document["seed"]), parameters, document["extras"])
    except (LookupError, TypeError, AttributeError, RuntimeError, ValueError, OverflowError) as error:
        if isinstance(error, ModelFileError):
            raise
        shown = str(error) if isinstance(error, LookalikeError) else f"{type(error).__name__}: {error}"
        raise ModelFileError(
            describe(
                "a model as this version writes it", shown, "train anew, or load it with the version that wrote it"
            )
        ) from error


def _require_fitting(
    stored: StoredModel, network: PrototypeNetwork, preprocessing: Preprocessing, n_classes: int
) -> None:
    """Refuse labels of classes that are not there, and pictures that are not the prototypes'."""
    labels, pictures = network.prototypes.labels, stored.tensors["pictures"]["prototypes"]
    if len(labels) == 0 or int(labels.min()) < 0 or int(labels.max()) >= n_classes:
        raise ValueError(f"labels of prototypes beyond the {n_classes} classes")
    require_like("pictures of prototypes", pictures[:0], (0, *pictures.shape[1:]), True)
    if len(pictures) == 0:
        return
    if len(pictures) != len(labels) or pictures.ndim != 1 + len(preprocessing.shape):
        raise ValueError(f"pictures of shape {tuple(pictures.shape)} for {len(labels)} prototypes")


def _require_summaries(fitted: Fitted) -> None:
    """Refuse a summary of prototypes that is not of these, or whose values are of other types."""
    about, pictures = fitted.about, fitted.pictures
    neighbors = [each for one in about.prototypes for each in (*one.neighbors, *one.foreign_neighbors)]
    for summary in (about, *about.prototypes, *neighbors):
        for name, kind in get_type_hints(type(summary)).items():
            if kind in (str, int, float, int | None):
                require_type(name, getattr(summary, name), kind)
    if len(about.prototypes) != len(fitted.network.prototypes.labels):
        raise ValueError(f"summaries of {len(about.prototypes)} prototypes")
    shown, named = len(pictures.get("neighbors", ())), len(neighbor_indices(about))
    if fitted.preprocessing.is_picture and shown != named:
        raise ValueError(f"{shown} pictures of {named} neighbors")


def _require_numbers(stored: StoredModel, preprocessing: Preprocessing, temperature: float) -> None:
    """Refuse a file with which nothing could be told: NaN, infinity, a spread or a temperature that is not above 0.

    Raises
    ------
    ValueError
    """
    broken = not_finite(stored.tensors["weights"])
    if broken:
        raise ValueError(f"NaN or infinity in {broken}")
    if not (math.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature {temperature}, which is no number above 0")
    given = (*preprocessing.mean, *preprocessing.low, *preprocessing.high, *preprocessing.spread, preprocessing.divisor)
    if not all(map(math.isfinite, given)) or min(*preprocessing.spread, preprocessing.divisor) <= 0:
        raise ValueError("a preprocessing that is not finite, or a spread that is not above 0")


def versions() -> dict[str, str]:
    """Versions of what a model was made with."""
    names = ("lookalike", "torch", "scikit-learn", "numpy", "lightning-fabric")
    return {"python": platform.python_version()} | {name: version(name) for name in names}


def _as_classes(kind: str, names: list[str]) -> np.ndarray:
    if kind == "boolean":
        return np.array([name == "True" for name in names])
    if kind == "integer":
        return np.array([int(name) for name in names])
    if kind == "number":
        return np.array([float(name) for name in names])
    return np.array(names)
