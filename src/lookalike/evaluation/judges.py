"""Judges: independent networks that say what they see in a prototype."""

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lookalike.data import Examples, NoAugmentation, Preprocessing, ShiftAugmentation
from lookalike.data.places import cache_folder
from lookalike.errors import DataError, ModelFileError, describe
from lookalike.evaluation.twin import TwinNetwork
from lookalike.objectives import CrossEntropyObjective
from lookalike.persistence import StoredModel, load_model, save_model
from lookalike.randomness import seeded
from lookalike.registry import build
from lookalike.training import Job, Learner, Phase, TrainingSettings, train

PICTURE_JUDGES = (("convnet", 0), ("convnet", 1), ("mlp", 0))
TABLE_JUDGES = (("mlp", 0), ("mlp", 1), ("identity", 0))
_LEAST_STEPS = 600
_LEAST_EPOCHS = 8
_SIDE_PER_PIXEL = 14
_BATCH = 500
# Counts up when judges are trained in another way, so that older ones are not taken for the same.
_EDITION = 1
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judge:
    """A network that was trained without the model, and on other examples where some were left out.

    Attributes
    ----------
    name : str
        Its backbone and seed.
    network : TwinNetwork
        In evaluation mode.
    preprocessing : Preprocessing
        Its own.
    """

    name: str
    network: TwinNetwork
    preprocessing: Preprocessing

    @torch.no_grad()
    def look(self, inputs: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """What it sees: final activations ``(n, d)``, and classes ``(n,)``.

        Parameters
        ----------
        inputs : Tensor
            Shape ``(n, ...)``, 8-bit integers or floats in data units; looked at in batches.
        """
        found = [self.network(self.preprocessing.standardize(batch)) for batch in inputs.split(_BATCH)]
        return (
            torch.cat([comparison.activations.flatten(1) for comparison in found]).numpy(),
            torch.cat([comparison.logits.argmax(1) for comparison in found]).numpy(),
        )


def judges_of(
    examples: Examples,
    n_classes: int,
    *,
    folder: Path | None = None,
    train_missing: bool = True,
    progress: Callable[[str], None] = lambda name: None,
) -> list[Judge]:
    """Judges for a data set: read from the cache, or trained and kept there.

    Parameters
    ----------
    examples : Examples
        What judges learn from.
    n_classes : int
    folder : Path, optional
        The cache; ``judges`` in the library's cache folder unless given.
    train_missing : bool
        Otherwise they are returned only if the cache holds all of them.
    progress : callable
        Told the name of every judge that is about to be trained.

    Returns
    -------
    list of Judge
        Three, of two architectures; none where one is missing and may not be trained.

    Raises
    ------
    DataError
        If a class has no example to learn from.
    """
    missing = np.flatnonzero(examples.class_counts(n_classes).numpy() == 0)
    if len(missing):
        raise DataError(
            describe("an example of every class for the judges", f"none of class {missing[0]}", "a larger judge_share")
        )
    is_picture = examples.preprocessing.is_picture
    own = Examples(examples.inputs, examples.labels, Preprocessing.of(examples.inputs))
    cache = folder or cache_folder() / "judges"
    found = []
    for backbone, seed in PICTURE_JUDGES if is_picture else TABLE_JUDGES:
        settings = _settings(len(own), is_picture, backbone)
        place = cache / _key(own, n_classes, backbone, seed, settings)
        name = f"{backbone}, seed {seed}"
        network = _untrained(own, n_classes, backbone, seed)
        if not _restored(network, place):
            if not train_missing:
                return []
            progress(name)
            _train(network, own, settings, seed)
            save_model(place, StoredModel({"name": name, "edition": _EDITION}, {"judge": network.state_dict()}))
        found.append(Judge(name, network.eval().requires_grad_(False), own.preprocessing))
    return found


def _settings(n_examples: int, is_picture: bool, backbone: str) -> TrainingSettings:
    resolved = TrainingSettings(keep="last").resolve(n_examples, is_picture)
    steps_per_epoch = -(-n_examples // int(resolved.batch_size))
    epochs = max(_LEAST_EPOCHS, -(-_LEAST_STEPS // steps_per_epoch))
    # A linear model has a long way to go.
    rate = 2e-2 if backbone == "identity" else TrainingSettings.learning_rate
    return TrainingSettings(keep="last", epochs=epochs, learning_rate=rate).resolve(n_examples, is_picture)


def _key(examples: Examples, n_classes: int, backbone: str, seed: int, settings: TrainingSettings) -> str:
    facts = [_EDITION, list(examples.inputs.shape), n_classes, backbone, seed, asdict(settings)]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    digest.update(examples.inputs.numpy().tobytes())
    digest.update(examples.labels.numpy().tobytes())
    return digest.hexdigest()[:32]


def _untrained(examples: Examples, n_classes: int, backbone: str, seed: int) -> TwinNetwork:
    with seeded(1_000 + seed):
        made = build("backbone", backbone, {}, {"input_shape": examples.preprocessing.shape})
        return TwinNetwork(made, n_classes)


def _restored(network: TwinNetwork, place: Path) -> bool:
    """Fill a network from the cache; an entry that is missing or damaged is as good as none."""
    try:
        network.load_state_dict(load_model(place).tensors["judge"])
    except (ModelFileError, KeyError, RuntimeError, OSError) as error:
        _log.info("no judge in %s: %s", place, error)
        return False
    return True


def _train(network: TwinNetwork, examples: Examples, settings: TrainingSettings, seed: int) -> None:
    shape = examples.preprocessing.shape
    pixels = min(shape[1:]) // _SIDE_PER_PIXEL if examples.preprocessing.is_picture else 0
    train(
        Job(
            learner=Learner(network, CrossEntropyObjective(), []),
            training=examples,
            validation=None,
            augmentation=ShiftAugmentation(pixels=pixels) if pixels else NoAugmentation(),
            settings=settings,
            plan=(Phase("joint"),),
            seed=seed,
        )
    )
