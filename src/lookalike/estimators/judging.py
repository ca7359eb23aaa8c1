"""From a fitted classifier and data as users have them to what a scorecard is about."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from sklearn.base import clone
from torch import Tensor

from lookalike.data import Examples, Part, Preprocessing, content_split
from lookalike.data.classes import class_indices
from lookalike.data.knownproto import KnownWorld
from lookalike.data.splits import JUDGE_SHARE
from lookalike.errors import DataError, LookalikeError, ParameterError, describe, suggest
from lookalike.estimators.columns import without_columns
from lookalike.estimators.fitting import Fitted, neighbor_indices, prepare
from lookalike.estimators.inputs import known_labels, labels_and_classes, require_same_shape, table_or_pictures
from lookalike.evaluation import (
    JUDGED_ROWS,
    ROW_NAMES,
    Card,
    Judge,
    Pass,
    Quality,
    Row,
    Subject,
    judge,
    judges_of,
    scorecard,
)
from lookalike.report import card_in_notebook

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
    modes: Any = None,
    full: bool = False,
    rows: Collection[str] | None = None,
    progress: Callable[[str], None] = lambda name: None,
    retrained: Callable[[Subject, Row], Mapping[str, Row]] | None = None,
    other_prototypes: Pair | None = None,
    made: Pass | None = None,
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
    modes : array-like, optional
        What kind of its class each test example is, where that is known, shape ``(n,)``.
    full : bool
        Also what takes minutes, the training of judges among it.
    rows : collection of str, optional
        Names of the rows to compute, in the place of ``full`` and ``retrained``; judges are trained if one needs them.
    progress : callable
        Told what is about to be computed.
    retrained : callable, optional
        As `lookalike.evaluation.scorecard` takes it.
    other_prototypes : tuple of array-like, optional
        Those of the same model with another seed, as its ``prototypes_`` and ``prototype_labels_``.
    made : Pass, optional
        The pass over the test examples, if it has been made.

    Raises
    ------
    DataError
        For inputs or labels that do not fit the model.
    ParameterError
        For a row that does not exist.
    """
    for name in rows or ():
        if name not in ROW_NAMES:
            raise ParameterError(describe("a row of the scorecard", repr(name), suggest(name, ROW_NAMES)))
    tested, trained = _examples(classifier, test), None if training is None else _examples(classifier, training)
    given = _examples(classifier, judging) if judging is not None else None if trained is None else _share(trained)
    judged = full if rows is None else not JUDGED_ROWS.isdisjoint(rows)
    judges, why = _judges(given, len(classifier.classes_), judged, progress)
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
        other_prototypes=None if other_prototypes is None else _others(classifier, *other_prototypes),
        world=world,
        modes=None if modes is None else _numbered(modes, tested.labels.numpy()),
        made=made,
        start=_start_of(classifier, training) if full and training is not None else None,
    )
    card = scorecard(subject, full=full, rows=rows, progress=progress, retrained=None if rows else retrained)
    return replace(card, n_training=classifier.fitted_.n_training, view=card_in_notebook)


def quality_of(classifier: "PrototypeClassifier", part: Part, passed: Pass | None = None) -> Quality:
    """How good a classifier is on some examples.

    Parameters
    ----------
    classifier : PrototypeClassifier
    part : Part
    passed : Pass, optional
        The pass over the part, if it has been made.

    Raises
    ------
    DataError
        If there are none, or labels that the model does not know.
    """
    labels = class_indices(part.labels, classifier.classes_)
    names = [str(name) for name in classifier.classes_.tolist()]
    if passed is None:
        passed = passed_through(classifier, part)
    similarities = passed.scores.amax(1).numpy()
    return judge(passed.logits.numpy(), labels, names, classifier.temperature_, similarities)


def passed_through(classifier: "PrototypeClassifier", part: Part) -> Pass:
    """The pass that both quality and scorecard are read from.

    Parameters
    ----------
    classifier : PrototypeClassifier
    part : Part
    """
    return Pass.of(classifier.compare(part.inputs))


def start_of(
    classifier: "PrototypeClassifier",
    X: Any,
    y: Any,
    seed: int,
    validation: Pair | None = None,
    gone: Sequence[int] = (),
) -> Tensor | None:
    """The prototypes as training would find them, in data units, shape ``(p, ...)``; ``None`` where they are no inputs.

    Parameters
    ----------
    classifier : PrototypeClassifier
        As it would be fitted; it is not.
    X, y : array-like
        Training examples.
    seed : int
        As ``seed_`` of a fitted classifier.
    validation : tuple, optional
        As ``fit`` would be given it.
    gone : sequence of int
        Numbers of prototypes to leave out, as ``fitted_.merged`` of a fitted classifier.
    """
    request, _ = classifier.request(X, y, validation)
    prepared = prepare(replace(request, seed=seed))
    prototypes = prepared.network.prototypes
    if prototypes.space != "input":
        return None
    stays = [place for place in range(len(prototypes.labels)) if place not in set(gone)]
    return prepared.job.training.preprocessing.restore(prototypes().detach())[stays]


def train_judges(classifier: "PrototypeClassifier", training: Pair, judging: Pair | None) -> None:
    """Train and keep the judges that a scorecard of this data will ask for, as far as they are missing.

    Parameters
    ----------
    classifier : PrototypeClassifier
        As it would be fitted; it is not.
    training, judging : tuple
        As `scorecard_of` takes them.
    """
    inputs, labels = training if judging is None else judging
    _, classes = labels_and_classes(training[1])
    given = table_or_pictures(without_columns(classifier), inputs, reset=True)
    examples = Examples(given, torch.from_numpy(class_indices(labels, classes)), Preprocessing.of(given))
    judges_of(_share(examples) if judging is None else examples, len(classes))


def _numbered(modes: Any, labels: np.ndarray) -> np.ndarray:
    """Modes as numbers, of which no two classes share one."""
    given = np.asarray(modes).ravel()
    if len(given) != len(labels):
        raise DataError(describe("as many modes as test examples", f"{len(given)} modes and {len(labels)} examples"))
    kinds = np.unique(given, return_inverse=True)[1]
    return labels * (int(kinds.max(initial=0)) + 1) + kinds


def _others(classifier: "PrototypeClassifier", prototypes: Any, labels: Any) -> tuple[Tensor, Tensor]:
    """Prototypes of another seed, and their classes by index."""
    numbers = known_labels(labels, classifier.classes_, "classes of another seed's prototypes")
    return torch.as_tensor(prototypes), torch.from_numpy(numbers)


def _start_of(classifier: "PrototypeClassifier", training: Pair) -> Tensor | None:
    """As `start_of`, of what a classifier was fitted on; ``None`` where the given examples cannot be that."""
    fitted = classifier.fitted_
    if len(training[1]) != fitted.n_training + fitted.n_validation:
        return None
    try:
        return start_of(clone(classifier), *training, classifier.seed_, gone=fitted.merged)
    except LookalikeError:
        return None


def _share(training: Examples) -> Examples:
    return training.select(torch.from_numpy(content_split(training.inputs.numpy(), JUDGE_SHARE)[1]))


def _examples(classifier: "PrototypeClassifier", pair: Pair) -> Examples:
    inputs = table_or_pictures(classifier, pair[0], reset=False)
    require_same_shape(inputs, classifier.preprocessing_)
    labels = class_indices(pair[1], classifier.classes_)
    if len(inputs) != len(labels):
        raise DataError(describe("as many labels as inputs", f"{len(inputs)} inputs and {len(labels)} labels"))
    return Examples(inputs, torch.from_numpy(labels), classifier.preprocessing_)


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
    """The training example that each prototype is, or is nearest to, shape ``(p, ...)``; empty if one is missing."""
    places = {index: place for place, index in enumerate(neighbor_indices(fitted.about))}
    neighbors, own = fitted.pictures["neighbors"], fitted.pictures["prototypes"]
    found = []
    for summary in fitted.about.prototypes:
        if summary.source is not None and own.shape[1:] == neighbors.shape[1:]:
            found.append(own[summary.prototype])
        elif summary.neighbors:
            nearest = neighbors[places[summary.neighbors[0].index]]
            found.append(fitted.preprocessing.to_data_units(nearest[None])[0])
        else:
            return neighbors[:0]
    return torch.stack([each.to(found[0].dtype) for each in found])
