"""One model on the table: what it is asked, what is changed about it, and the way back."""

import copy
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from lookalike.data import Dataset, Part
from lookalike.errors import DataError, LookalikeError, describe
from lookalike.estimators import PrototypeClassifier
from lookalike.estimators.abstaining import least_sure
from lookalike.estimators.inputs import table_or_pictures
from lookalike.experiments import Run, contents_of, explained, kept_card, learned_from, validation_of
from lookalike.persistence import write_whole
from lookalike.report import ExplainedExample, ReportContents
from lookalike.serve.changes import Change, Effect, effect_of, fewer_prototypes
from lookalike.serve.pictures import Row, inputs_from
from lookalike.serve.trials import Trial, graded, trials

_MOST_VALIDATED = 2000
_MOST_LOOKED_AT = 20_000
_STEPS = 21
_NO_DATA = describe("the data that the model was trained on", "none found", "put them back")
TESTS_FILE = "self-tests.json"


@dataclass(frozen=True, eq=False)
class Standing:
    """A model after some changes; never altered, so that a request sees one model from its beginning to its end.

    Attributes
    ----------
    run : Run
    contents : ReportContents
    changes : tuple of dict
        In words, with the accuracy before and after.
    kept : frozenset of bytes
        Prototypes that somebody wants to keep, by their values: their numbers change.
    """

    run: Run
    contents: ReportContents
    changes: tuple[dict[str, Any], ...] = ()
    kept: frozenset[bytes] = frozenset()

    @property
    def kept_prototypes(self) -> list[int]:
        """Their numbers as they are now."""
        return [place for place, values in enumerate(self.run.classifier.prototypes_) if values.tobytes() in self.kept]

    @property
    def most(self) -> int:
        """Prototypes of the class that has most."""
        return int(np.unique(self.run.classifier.prototype_labels_, return_counts=True)[1].max())

    @cached_property
    def refusal(self) -> str:
        """Why prototypes cannot be changed; empty where they can."""
        try:
            self.run.classifier.require_exchangeable()
        except LookalikeError as error:
            return str(error)
        return ""

    @cached_property
    def smaller(self) -> tuple["Standing", ...]:
        """With at most one, two, ... prototypes of every class; the last is this one."""
        if self.refusal:
            return (self,)
        kept = self.kept_prototypes
        made = (fewer_prototypes(self.run.classifier, most, kept) for most in range(1, self.most))
        runs = [replace(self.run, classifier=classifier) for classifier in made]
        return (*(Standing(run, contents_of(run)) for run in runs), self)


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
    """

    def __init__(self, run: Run) -> None:
        card = kept_card(run)
        self.began = Standing(run, contents_of(run, _kept_quality(run), card=card))
        self._history = [self.began]
        self._lock = threading.Lock()
        self._sizes: dict[Standing, list[float]] = {}
        dataset = learned_from(run)
        self._training = None if dataset is None else dataset.train
        self.test = None if dataset is None else dataset.test
        self.validation = None if dataset is None else _validated(run, dataset)
        self.scores = None if self.test is None else run.classifier.transform(self.test.inputs)
        self.decisions = None if self.test is None else run.classifier.predict(self.test.inputs)

    @property
    def standing(self) -> Standing:
        """As it is now."""
        return self._history[-1]

    def read(self, given: Sequence[str | Row]) -> np.ndarray:
        """What was sent, as the model takes it; see `inputs_from`."""
        return inputs_from(given, self.began.run.classifier.preprocessing_)

    def example(self, index: int) -> tuple[np.ndarray, str]:
        """An example of the test part, with the axis of inputs, and its class.

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
        return test.inputs[index : index + 1], str(test.labels[index])

    def predict(self, inputs: np.ndarray) -> list[dict[str, Any]]:
        """Classes, calibrated probabilities, and whether an input resembles any prototype.

        Parameters
        ----------
        inputs : ndarray
        """
        classifier = self.standing.run.classifier
        odds, largest = classifier.predict_proba(inputs), classifier.transform(inputs).max(1)
        names = classifier.explanation_.classes
        known = classifier.fitted_.sureness
        least = least_sure(known, 0.95, "similarity") if known else float("-inf")
        return [
            {
                "predicted": names[each.argmax()],
                "probability": float(each.max()),
                "probabilities": dict(zip(names, each.tolist(), strict=True)),
                "similarity": float(score) / classifier.explanation_.scale,
                "resembles_none": bool(score < least),
            }
            for each, score in zip(odds, largest, strict=True)
        ]

    def explain(
        self, inputs: np.ndarray, name: str, true: str | None = None, *, most: int | None = None, coverage: float = 0.95
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
        levels = self.standing.smaller if most else (self.standing,)
        seen = levels[min(most or 1, len(levels)) - 1]
        return seen.contents, explained(seen.run, inputs, [name], [true], coverage)[0]

    def blend(self, inputs: np.ndarray, prototype: int) -> list[dict[str, Any]]:
        """How the score of a prototype, and the decision, change as an input becomes that prototype.

        Parameters
        ----------
        inputs : ndarray
            One, with the axis of inputs.
        prototype : int

        Returns
        -------
        list of dict
            For 21 steps: ``share`` of the prototype, measured ``similarity`` to it, ``predicted``, ``probability``.
        """
        classifier = self.standing.run.classifier
        if not 0 <= prototype < len(classifier.prototypes_):
            raise DataError(describe(f"a prototype from 0 to {len(classifier.prototypes_) - 1}", f"{prototype}"))
        preprocessing = classifier.preprocessing_
        begin = preprocessing.to_data_units(table_or_pictures(classifier, inputs, reset=False)).numpy()
        end = classifier.prototypes_[prototype][None]
        shares = np.linspace(0, 1, _STEPS)
        column = shares.reshape(-1, *(1,) * len(preprocessing.shape))
        blended = ((1 - column) * begin + column * end).astype(begin.dtype)
        probabilities, scores = classifier.predict_proba(blended), classifier.transform(blended)
        scale = classifier.explanation_.scale
        return [
            {
                "share": round(float(share), 2),
                "similarity": float(score[prototype]) / scale,
                "predicted": str(classifier.classes_[odds.argmax()]),
                "probability": float(odds.max()),
            }
            for share, score, odds in zip(shares, scores, probabilities, strict=True)
        ]

    def effect(self, change: Change) -> tuple[Effect | None, str]:
        """What a change would do, on validation examples; ``None`` without any. And the change in words."""
        return self._tried(change)[1:]

    def accept(self, change: Change) -> Standing:
        """Make a change."""
        with self._lock:
            before = self.standing
            classifier, effect, words = self._tried(change)
            done = {"what": words, "kind": change.kind} | (
                {"before": effect.before, "after": effect.after, "n": effect.n} if effect else {}
            )
            kept = before.kept
            if change.kind == "keep":
                kept |= {classifier.prototypes_[change.prototype].tobytes()}
            run = replace(before.run, classifier=self._looked_up(classifier))
            self._history.append(Standing(run, contents_of(run, card=None), (*before.changes, done), kept))
            return self.standing

    def undo(self) -> Standing:
        """Take the last change back."""
        with self._lock:
            if len(self._history) == 1:
                raise DataError(describe("a change to take back", "none"))
            self._history.pop()
            return self.standing

    def save(self) -> Path:
        """The model as it is now as a run of its own, beside the one that was opened; with what was changed."""
        with self._lock:
            standing, origin = self.standing, self.began.run.folder.resolve()
            if not standing.changes:
                raise DataError(describe("a change to save", "none"))
            number = 1
            while (folder := origin.with_name(f"{origin.name}-changed-{number}")).exists():
                number += 1
            extras = {**standing.run.extras, "changes": [*standing.run.extras.get("changes", []), *standing.changes]}
            standing.run.classifier.save(folder, **extras)
            write_whole(folder / "config.yaml", yaml.safe_dump(standing.run.config.to_dict(), sort_keys=False).encode())
            return folder

    @cached_property
    def curve(self) -> list[dict[str, float]]:
        """Accuracy on validation examples where those least like any prototype are declined, from all to half."""
        known = self.began.run.classifier.fitted_.sureness
        if self.validation is None or not known:
            return []
        classifier = self.began.run.classifier
        largest = classifier.transform(self.validation.inputs).max(1)
        right = classifier.predict(self.validation.inputs) == self.validation.labels
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
        standing, inputs, labels = self.standing, self.validation.inputs, self.validation.labels
        if standing not in self._sizes:
            made = [each.run.classifier.predict(inputs) for each in standing.smaller]
            self._sizes[standing] = [float((decided == labels).mean()) for decided in made]
        return self._sizes[standing]

    def trials(self, seed: int) -> list[Trial]:
        """A self-test of the model as it was opened."""
        if self.scores is None:
            raise DataError(_NO_DATA)
        return trials(self.scores, self.began.run.classifier.network_.prototypes.labels.numpy(), seed)

    def grade(self, seed: int, answers: Sequence[int]) -> dict[str, Any]:
        """How a person did, kept in the run's folder."""
        result = {"seed": seed, **graded(self.trials(seed), answers)}
        with self._lock:
            file = self.began.run.folder / TESTS_FILE
            known = json.loads(file.read_text()) if file.exists() else []
            write_whole(file, json.dumps([*known, result], indent=1).encode())
        return result

    def _looked_up(self, classifier: PrototypeClassifier) -> PrototypeClassifier:
        """With the training examples nearest to new prototypes, where there are not too many to look at meanwhile."""
        if all(each.neighbors or each.foreign_neighbors for each in classifier.explanation_.prototypes):
            return classifier
        if self._training is None or len(self._training) > _MOST_LOOKED_AT:
            return classifier
        known = self._training.select(np.flatnonzero(np.isin(self._training.labels, classifier.classes_)))
        return copy.copy(classifier).look_again(known.inputs, known.labels)

    def _tried(self, change: Change) -> tuple[Any, Effect | None, str]:
        before = self.standing
        if change.kind in ("forget", "replace") and change.prototype in before.kept_prototypes:
            raise DataError(describe("a prototype that nobody wants to keep", f"{change.prototype}", "undo that first"))
        words = change.in_words(before.run.classifier)
        after = change.applied_to(before.run.classifier)
        if self.validation is None:
            return after, None, words
        return after, effect_of(before.run.classifier, after, self.validation), words


def _validated(run: Run, dataset: Dataset) -> Part | None:
    """At most 2,000 of the examples that the fit was validated on."""
    found = validation_of(run, dataset)
    if not len(found):
        return None
    return found.select(np.linspace(0, len(found) - 1, min(len(found), _MOST_VALIDATED)).astype(int))


def _kept_quality(run: Run) -> dict[str, Any] | None:
    """From the fit, unless the prototypes were changed since."""
    file = run.folder / "evaluation.json"
    return json.loads(file.read_text()) if file.exists() and not run.extras.get("changes") else None
