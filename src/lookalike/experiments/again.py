"""Trained again, with another seed or on another sample of the data: whether the prototypes come out the same."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from sklearn.base import clone
from torch import Tensor

from lookalike.data import Dataset, Examples
from lookalike.data.classes import class_indices
from lookalike.estimators import PrototypeClassifier, start_of
from lookalike.estimators.inputs import table_or_pictures
from lookalike.evaluation import Judge
from lookalike.evaluation.stability import PrototypeSet, Stability, stability_of
from lookalike.experiments.config import RunConfig

WAYS = ("seed", "bootstrap")
_FIXED = 2000
_OTHER_SEED = 1000


def other_way(config: RunConfig, way: str, seed: int) -> tuple[RunConfig, int]:
    """The settings and the seed of a second training, to be held against the first.

    Parameters
    ----------
    config : RunConfig
    way : str
        ``"seed"``: another seed on the same data. ``"bootstrap"``: the same seed on a draw from the training examples.
    seed : int
        The first training's.
    """
    if way == "seed":
        return config, seed + _OTHER_SEED
    return drawn_again(config, seed), seed


def drawn_again(config: RunConfig, draw: int) -> RunConfig:
    """The settings with a bootstrap draw that is not their own.

    Parameters
    ----------
    config : RunConfig
    draw : int
        Its number.
    """
    other = _OTHER_SEED + draw
    if config.data_options.get("bootstrap") == other:
        other += _OTHER_SEED
    return replace(config, data_options={**config.data_options, "bootstrap": other})


def compared(
    classifiers: Sequence[PrototypeClassifier], samples: Sequence[Dataset], judges: Sequence[Judge] = ()
) -> Stability:
    """How alike the prototypes of several trainings are, beyond chance and beside what they started with.

    Parameters
    ----------
    classifiers : sequence of PrototypeClassifier
        Fitted, at least two, on data of the same classes.
    samples : sequence of Dataset
        What each was trained on; the first one's test part is what they are asked about.
    judges : sequence of Judge

    Raises
    ------
    DataError
        If prototypes are not whole inputs.
    """
    first, dataset = classifiers[0], samples[0]
    order = np.random.default_rng(0).permutation(len(dataset.test))
    fixed = dataset.test.inputs[np.sort(order[:_FIXED])]
    sets = [
        PrototypeSet(
            torch.from_numpy(classifier.prototypes_),
            classifier.network_.prototypes.labels.numpy(),
            classifier.prototype_scores(fixed),
        )
        for classifier in classifiers
    ]
    training = Examples(
        table_or_pictures(first, dataset.train.inputs, reset=False),
        torch.from_numpy(class_indices(dataset.train.labels, first.classes_)),
        first.preprocessing_,
    )
    found = [_start(*pair) for pair in zip(classifiers, samples, strict=True)]
    starts = [start for start in found if start is not None]
    return stability_of(sets, training, starts=starts, judges=judges)


def _start(classifier: PrototypeClassifier, sample: Dataset) -> Tensor | None:
    train = sample.train
    gone = classifier.fitted_.merged
    return start_of(clone(classifier), train.inputs, train.labels, classifier.seed_, sample.held_out, gone)
