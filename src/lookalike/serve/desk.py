"""One model on the table: what it is asked, what is changed about it, and the way back."""

import copy
import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from lookalike.data import Dataset, Part
from lookalike.errors import DataError, LookalikeError, describe
from lookalike.estimators import PrototypeClassifier
from lookalike.estimators.abstaining import least_sure
from lookalike.estimators.deciding import probabilities
from lookalike.estimators.showing import RESEMBLING, least_similar
from lookalike.evaluation import Pass
from lookalike.experiments import (
    Run,
    contents_of,
    explained,
    kept_card,
    learned_from,
    passed_through,
    validation_of,
)
from lookalike.plain_data import read_json
from lookalike.report import ExplainedExample, ReportContents
from lookalike.serve.blending import blended
from lookalike.serve.changes import Change, Effect, effect_of
from lookalike.serve.pictures import Row, inputs_from
from lookalike.serve.standing import StaleError, Standing, renumbered, save_beside
from lookalike.serve.trials import Trial, graded, keep_result, trials

_MOST_VALIDATED = 2000
_MOST_LOOKED_AT = 20_000
_MOST_CHANGES = 200
_NO_DATA = describe("the data that the model was trained on", "none found", "put them back")
_log = logging.getLogger(__name__)
TESTS_FILE = "self-tests.json"


class Desk:
    """One model on the table.

    Parameters
    ----------
    run : Run
        Its data, where they are still there, are what the page chooses from and what effects are measured on.

    Attributes
    ----------
    began : Standing
        As it was opened.
    test, validation : Part or None
        ``None`` where the data are not there any more; the latter also where nothing was set aside.
    scores : ndarray or None
        Of the test examples and the prototypes that the model was opened with, shape ``(n, p)``.
    decisions : ndarray or None
        The classes that it gave them to then.
    note : str
        Why the data are not used though they are there; empty where they are.
    """

    def __init__(self, run: Run) -> None:
        began = Standing(run, contents_of(run, _kept_quality(run), card=kept_card(run)))
        known = [place for place in run.extras.get("kept", []) if 0 <= place < len(run.classifier.prototypes_)]
        self.began = replace(began, kept=frozenset(map(began.identity, known)))
        self._history, self._version = [self.began], 0
        self._lock, self._measuring = threading.Lock(), threading.Lock()
        self._sizes: WeakKeyDictionary[Standing, list[float]] = WeakKeyDictionary()
        self._training, self.test, self.validation, self.scores, self.decisions = None, None, None, None, None
        self.note = ""
        dataset = learned_from(run)
        if dataset is None:
            return
        try:
            passed = passed_through(run.classifier, dataset.test)
            self.scores, self.decisions = passed.scores.numpy(), run.classifier.classes_[passed.decisions]
            self.validation = _validated(run, dataset)
        except (LookalikeError, ValueError) as error:
            # Other data than the model learned from lie there now.
            self.note, self.scores, self.decisions = str(error), None, None
            return
        self._training, self.test = dataset.train, dataset.test

    @property
    def standing(self) -> Standing:
        """As it is now."""
        return self._history[-1]

    def read(self, given: Sequence[str | Row]) -> np.ndarray:
        """What was sent, as the model takes it; see `inputs_from`."""
        return inputs_from(given, self.began.run.classifier.preprocessing_)

    def example(self, index: int) -> tuple[np.ndarray, str, str]:
        """An example of the test part, with the axis of inputs, its class, and what it is called.

        Raises
        ------
        DataError
            If there is none.
        """
        test = self.test
        if test is None:
            raise DataError(_NO_DATA)
        if not 0 <= index < len(test):
            raise DataError(describe(f"a test example from 0 to {len(test) - 1}", f"{index}"))
        return test.inputs[index : index + 1], str(test.labels[index]), test.name_of(index, "test")

    def predict(self, inputs: np.ndarray) -> list[dict[str, Any]]:
        """Classes, calibrated probabilities, and whether an input resembles any prototype.

        Parameters
        ----------
        inputs : ndarray
        """
        classifier = self.standing.run.classifier
        passed = Pass.of(classifier.compare(inputs))
        odds, largest = probabilities(passed.logits.numpy(), classifier.temperature_), passed.scores.amax(1).tolist()
        names, is_known, least = classifier.explanation_.classes, classifier.fitted_.sureness, least_similar(classifier)
        return [
            {
                "predicted": names[each.argmax()],
                "probability": float(each.max()),
                "probabilities": dict(zip(names, each.tolist(), strict=True)),
                "similarity": score / classifier.explanation_.scale,
                "resembles_none": score < least if is_known else None,
            }
            for each, score in zip(odds, largest, strict=True)
        ]

    def explain(
        self,
        inputs: np.ndarray,
        name: str,
        true: str | None = None,
        *,
        most: int | None = None,
        coverage: float = RESEMBLING,
    ) -> tuple[ReportContents, ExplainedExample]:
        """One input, explained by the model with at most so many prototypes of every class.

        Parameters
        ----------
        inputs : ndarray
            One, with the axis of inputs.
        name : str
        true : str, optional
        most : int, optional
            All of them unless given.
        coverage : float
            Share of the validation inputs that are like some prototype.
        """
        standing = self.standing
        if not most or most >= standing.most or standing.refusal:
            return standing.contents, explained(standing.run, inputs, [name], [true], coverage)[0]
        fewer, stay = standing.at_most(most)
        found = explained(replace(standing.run, classifier=fewer), inputs, [name], [true], coverage)[0]
        return standing.contents, renumbered(found, stay)

    def blend(self, inputs: np.ndarray, prototype: int) -> list[dict[str, Any]]:
        """How the score of a prototype, and the decision, change as an input becomes it; see `blended`."""
        return blended(self.standing.run.classifier, inputs, prototype)

    def effect(self, change: Change) -> tuple[Standing, Effect | None]:
        """The model that a change would be made to, and what it would do on validation examples, if there are any."""
        before = self.standing
        return before, self._tried(before, change)[1]

    def accept(self, change: Change, version: int | None = None) -> Standing:
        """Make a change.

        Parameters
        ----------
        change : Change
        version : int, optional
            Of the model that it is meant for; whatever the model is now unless given.

        Raises
        ------
        StaleError
            If the model is another one by now.
        LookalikeError
            If it cannot be changed so.
        """
        with self._lock:
            before = self.standing
            self._require_current(version)
            if len(self._history) > _MOST_CHANGES:
                raise DataError(
                    describe(f"at most {_MOST_CHANGES} changes", "one more", "save, and open what is saved")
                )
            words = change.in_words(before.run.classifier)
            classifier, effect = self._tried(before, change)
            done = {"what": words, "kind": change.kind} | (
                {"before": effect.before, "after": effect.after, "n": effect.n} if effect else {}
            )
            kept = before.kept
            if change.kind in ("keep", "release"):
                named = {before.identity(change.prototype or 0)}
                kept = kept | named if change.kind == "keep" else kept - named
            else:
                classifier = self._looked_up(classifier)
            run = replace(before.run, classifier=classifier)
            self._version += 1
            self._history.append(Standing(run, contents_of(run), self._version, (*before.changes, done), kept))
            return self.standing

    def undo(self, version: int | None = None) -> Standing:
        """Take the last change back.

        Parameters
        ----------
        version : int, optional
            Of the model whose last change is meant; whatever the model is now unless given.

        Raises
        ------
        StaleError
            If the model is another one by now.
        DataError
            If nothing was changed.
        """
        with self._lock:
            self._require_current(version)
            if len(self._history) == 1:
                raise DataError(describe("a change to take back", "none", "change something first"))
            self._history.pop()
            return self.standing

    def save(self) -> Path:
        """The model as it is now as a run of its own; see `lookalike.serve.standing.save_beside`."""
        with self._lock:
            return save_beside(self.standing, self.began.run.folder.resolve())

    @cached_property
    def curve(self) -> list[dict[str, float]]:
        """Accuracy on validation examples where those least like any prototype are declined, from all to half."""
        known = self.began.run.classifier.fitted_.sureness
        if self.validation is None or not known:
            return []
        classifier = self.began.run.classifier
        passed = passed_through(classifier, self.validation)
        largest = passed.scores.amax(1).numpy()
        right = classifier.classes_[passed.decisions] == self.validation.labels
        found = []
        for percent in range(100, 49, -1):
            answered = largest >= least_sure(known, percent / 100, "similarity")
            if answered.any():
                found.append({"coverage": percent / 100, "accuracy": float(right[answered].mean())})
        return found

    def accuracy_by_size(self) -> list[float]:
        """Validation accuracy with at most one, two, ... prototypes of every class; empty without examples."""
        if self.validation is None:
            return []
        standing = self.standing
        with self._measuring:
            if standing not in self._sizes:
                self._sizes[standing] = standing.accuracies(self.validation)
            return self._sizes[standing]

    def trials(self, seed: int) -> list[Trial]:
        """A self-test of the model as it was opened."""
        if self.scores is None:
            raise DataError(_NO_DATA)
        return trials(self.scores, self.began.run.classifier.network_.prototypes.labels.numpy(), seed)

    def grade(self, seed: int, answers: Sequence[int]) -> dict[str, Any]:
        """How a person did in the trials of a seed, kept in the run's folder.

        Parameters
        ----------
        seed : int
            Graded once, since the right answers are told.
        answers : sequence of int
        """
        result = {"seed": seed, **graded(self.trials(seed), answers)}
        with self._lock:
            keep_result(self.began.run.folder / TESTS_FILE, result)
        return result

    def _require_current(self, version: int | None) -> None:
        if version is not None and version != self.standing.version:
            raise StaleError(describe("a change of the model as it is", "one of the model as it was", "look again"))

    def _looked_up(self, classifier: PrototypeClassifier) -> PrototypeClassifier:
        """With usage and nearest training examples as they are now, where there are not too many to look at."""
        if self._training is None or len(self._training) > _MOST_LOOKED_AT:
            return classifier
        known = self._training.select(np.flatnonzero(np.isin(self._training.labels, classifier.classes_)))
        return copy.copy(classifier).look_again(known.inputs, known.labels)

    def _tried(self, before: Standing, change: Change) -> tuple[PrototypeClassifier, Effect | None]:
        kept = before.kept_prototypes
        if change.kind in ("forget", "replace") and change.prototype in kept:
            raise DataError(
                describe("a prototype that nobody wants to keep", f"{change.prototype}", "release it first")
            )
        if change.kind in ("keep", "release") and (change.prototype in kept) == (change.kind == "keep"):
            state = "kept already" if change.kind == "keep" else "not kept"
            raise DataError(describe(f"a prototype to {change.kind}", f"{change.prototype}, {state}", "another one"))
        after = change.applied_to(before.run.classifier)
        if change.kind in ("add", "replace") and _n_equal(after) > _n_equal(before.run.classifier):
            # Two that are the same could not be told apart by what is to be kept.
            raise DataError(describe("a picture that its class does not have yet", "a prototype's", "another one"))
        if self.validation is None:
            return after, None
        return after, effect_of(before.run.classifier, after, self.validation)


def _n_equal(classifier: PrototypeClassifier) -> int:
    """How many prototypes are the same as another one of their class."""
    named = zip(classifier.prototype_labels_.tolist(), classifier.prototypes_, strict=True)
    return len(classifier.prototypes_) - len({(label, values.tobytes()) for label, values in named})


def _validated(run: Run, dataset: Dataset) -> Part | None:
    """At most 2,000 of the examples that the fit was validated on."""
    found = validation_of(run, dataset)
    if not len(found):
        return None
    return found.select(np.linspace(0, len(found) - 1, min(len(found), _MOST_VALIDATED)).astype(int))


def _kept_quality(run: Run) -> dict[str, Any] | None:
    """From the fit, unless the prototypes were changed since."""
    file = run.folder / "evaluation.json"
    if not file.exists() or run.extras.get("changes"):
        return None
    try:
        return dict(read_json(file))
    except (LookalikeError, OSError, TypeError, ValueError) as error:
        _log.warning("%s is left out: %s", file, error)
        return None
