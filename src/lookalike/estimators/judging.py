"""From a fitted classifier and data as users have them to what a scorecard is about."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from lookalike.data import Examples, content_split
from lookalike.data.knownproto import KnownWorld
from lookalike.data.splits import JUDGE_SHARE
from lookalike.errors import DataError, LookalikeError, describe
from lookalike.estimators.fitting import Fitted, neighbor_indices
from lookalike.estimators.inputs import require_same_shape, table_or_pictures
from lookalike.evaluation import Card, Judge, Row, Subject, judges_of, scorecard

if TYPE_CHECKING:
    from lookalike.estimators.classifier import PrototypeClassifier

Pair = tuple[Any, Any]


def scorecard_of(
    classifier: "PrototypeClassifier",
    test: Pair,
    training: Pair | None = None,
    *,
    judging: Pair | None = None,
    foreign: Mapping[str, Any] | None = None,
    world: KnownWorld | None = None,
    full: bool = False,
    progress: Callable[[str], None] = lambda name: None,
    retrained: Callable[[Subject, Row], Mapping[str, Row]] | None = None,
    other_prototypes: Any = None,
) -> Card:
    """Judge a fitted classifier; see `lookalike.PrototypeClassifier.scorecard`.

    Parameters
    ----------
    classifier : PrototypeClassifier
        Fitted.
    test, training, judging : tuple
        ``(X, y)`` each. Without ``judging`` the judges learn from a sixth of the training examples.
    foreign : mapping, optional
        Inputs of no class, by what they are.
    world : KnownWorld, optional
        The true prototypes, where they are known.
    full : bool
        Also what takes minutes, the training of judges among it.
    progress : callable
        Told what is about to be computed.
    retrained : callable, optional
        As `lookalike.evaluation.scorecard` takes it.
    other_prototypes : array-like, optional
        Those of the same model with another seed, as its ``prototypes_``.

    Raises
    ------
    DataError
        For inputs or labels that do not fit the model.
    """
    tested, trained = _examples(classifier, test), None if training is None else _examples(classifier, training)
    if judging is not None:
        given = _examples(classifier, judging)
    elif trained is not None:
        given = trained.select(torch.from_numpy(content_split(trained.inputs.numpy(), JUDGE_SHARE)[1]))
    else:
        given = None
    judges, why = _judges(given, len(classifier.classes_), full, progress)
    subject = Subject(
        network=classifier.network_,
        preprocessing=classifier.preprocessing_,
        classes=[str(name) for name in classifier.classes_.tolist()],
        temperature=classifier.temperature_,
        pictures=torch.from_numpy(classifier.prototypes_),
        stand_ins=_stand_ins(classifier.fitted_),
        test=tested,
        training=trained,
        judges=judges,
        without_judges=why,
        overlap=judging is None,
        foreign={name: table_or_pictures(classifier, inputs, reset=False) for name, inputs in (foreign or {}).items()},
        other_pictures=None if other_prototypes is None else torch.as_tensor(other_prototypes),
        world=world,
    )
    card = scorecard(subject, full=full, progress=progress, retrained=retrained)
    return replace(card, n_training=classifier.fitted_.n_training)


def _examples(classifier: "PrototypeClassifier", pair: Pair) -> Examples:
    inputs = table_or_pictures(classifier, pair[0], reset=False)
    require_same_shape(inputs, classifier.preprocessing_)
    labels, classes = np.asarray(pair[1]).ravel(), classifier.classes_
    if len(inputs) != len(labels):
        raise DataError(describe("as many labels as inputs", f"{len(inputs)} inputs and {len(labels)} labels"))
    unknown = np.setdiff1d(labels, classes)
    if len(unknown):
        raise DataError(describe(f"labels among {classes.tolist()}", f"{unknown.tolist()}"))
    return Examples(inputs, torch.from_numpy(np.searchsorted(classes, labels)), classifier.preprocessing_)


def _judges(
    examples: Examples | None, n_classes: int, full: bool, progress: Callable[[str], None]
) -> tuple[list[Judge], str]:
    """Judges that can be had, and why there are none: that is no error here, the rows that need them say so."""
    if examples is None or not len(examples):
        return [], "no examples that they could learn from; pass training=(X, y)"
    try:
        found = judges_of(
            examples, n_classes, train_missing=full, progress=lambda name: progress(f"training a judge: {name}")
        )
    except LookalikeError as error:
        return [], f"none that could be trained ({error})"
    return found, "none trained yet; evaluate --full trains and keeps them"


def _stand_ins(fitted: Fitted) -> Tensor:
    """The nearest training example of every prototype, as it came, shape ``(p, ...)``; empty if one is missing."""
    places = {index: place for place, index in enumerate(neighbor_indices(fitted.about))}
    nearest = [summary.neighbors[0].index for summary in fitted.about.prototypes if summary.neighbors]
    neighbors = fitted.pictures["neighbors"]
    if len(nearest) != len(fitted.about.prototypes):
        return neighbors[:0]
    return neighbors[[places[index] for index in nearest]]
