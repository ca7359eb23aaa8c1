"""What a person changes about a model's prototypes, and what that does to its decisions."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

import numpy as np

from lookalike.data import Part
from lookalike.errors import DataError, describe, suggest
from lookalike.estimators import PrototypeClassifier

_LARGEST = 2**53
Kind = Literal["forget", "keep", "release", "replace", "add", "add_class"]


@dataclass(frozen=True)
class Change:
    """One change, before it is made.

    Attributes
    ----------
    kind : str
        ``"forget"``, ``"keep"``, ``"release"`` (keep no longer) or ``"replace"`` a prototype; ``"add"`` one to a class;
        ``"add_class"`` by examples.
    prototype : int or None
        For the first four.
    class_name : str or None
        For the others.
    inputs : ndarray or None
        The one input that becomes a prototype, or the examples of a class.
    """

    kind: Kind
    prototype: int | None = None
    class_name: str | None = None
    inputs: np.ndarray | None = None

    def in_words(self, classifier: PrototypeClassifier) -> str:
        """The change as one says it.

        Parameters
        ----------
        classifier : PrototypeClassifier
            Before the change.
        """
        done = {"forget": "forgot", "keep": "kept", "release": "released", "replace": "replaced"}
        return self._in_words(classifier, done.get(self.kind, "added"))

    def asked(self, classifier: PrototypeClassifier) -> str:
        """The change as a question.

        Parameters
        ----------
        classifier : PrototypeClassifier
            Before the change.
        """
        return f"{self._in_words(classifier, self.kind.removesuffix('_class').capitalize())}?"

    def _in_words(self, classifier: PrototypeClassifier, verb: str) -> str:
        if self.kind == "add":
            return f"{verb} a prototype of class {self.class_name}"
        if self.kind == "add_class":
            return f"{verb} the class {self.class_name} by {len(self._given())} examples"
        place = self._place(classifier)
        return f"{verb} prototype {place}, class {classifier.prototype_labels_[place]}"

    def applied_to(self, classifier: PrototypeClassifier) -> PrototypeClassifier:
        """A changed copy; the classifier that came stays as it is.

        Parameters
        ----------
        classifier : PrototypeClassifier

        Raises
        ------
        LookalikeError
            If it cannot be changed so.
        """
        changed = copy.copy(classifier)
        if self.kind == "forget":
            return changed.remove_prototypes([self._place(changed)])
        if self.kind in ("keep", "release"):
            changed.require_exchangeable()
            self._place(changed)
            return changed
        if self.kind == "replace":
            return changed.replace_prototype(self._place(changed), self._given())
        if self.kind == "add":
            return changed.add_prototype(known_class(changed, self._named()), self._given())
        return changed.add_class(new_class(changed, self._named()), self._given())

    def _place(self, classifier: PrototypeClassifier) -> int:
        n = len(classifier.prototype_labels_)
        if self.prototype is None or not 0 <= self.prototype < n:
            raise DataError(describe(f"the number of a prototype to {self.kind}, 0 to {n - 1}", f"{self.prototype}"))
        return self.prototype

    def _named(self) -> str:
        if not self.class_name or not self.class_name.strip():
            raise DataError(describe("the name of a class", "none"))
        return self.class_name

    def _given(self) -> np.ndarray:
        if self.inputs is None:
            raise DataError(describe("at least one input", "none"))
        return self.inputs


@dataclass(frozen=True)
class Effect:
    """What a change does to decisions on examples that the model was validated on.

    Attributes
    ----------
    n : int
        Examples.
    before, after : float
        Accuracy.
    mended, spoiled : int
        Examples that the change makes right, and wrong.
    """

    n: int
    before: float
    after: float
    mended: int
    spoiled: int


def effect_of(before: PrototypeClassifier, after: PrototypeClassifier, validation: Part) -> Effect:
    """Compare two classifiers on the same examples.

    Parameters
    ----------
    before, after : PrototypeClassifier
    validation : Part

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> made = PrototypeClassifier(training="none", prototypes__n_per_class=2, random_state=0).fit(X, y)
    >>> effect = effect_of(made, Change("forget", 0).applied_to(made), Part(X, y))
    >>> effect.n, effect.after == effect.before + (effect.mended - effect.spoiled) / 150
    (150, True)
    """
    was, now = (each.predict(validation.inputs) == validation.labels for each in (before, after))
    return Effect(
        n=len(was),
        before=float(was.mean()),
        after=float(now.mean()),
        mended=int((now & ~was).sum()),
        spoiled=int((was & ~now).sum()),
    )


def most_used(classifier: PrototypeClassifier, most: int, kept: Sequence[int] = ()) -> list[int]:
    """The most used prototypes of every class; those that somebody wants to keep come first.

    Parameters
    ----------
    classifier : PrototypeClassifier
    most : int
        Of every class, at least 1.
    kept : sequence of int
    """
    stay = []
    for name in classifier.classes_:
        own = np.flatnonzero(classifier.prototype_labels_ == name).tolist()
        own.sort(key=lambda place: (place not in kept, -classifier.explanation_.prototypes[place].usage, place))
        stay += own[:most]
    return sorted(stay)


def without_others(classifier: PrototypeClassifier, stay: Sequence[int]) -> PrototypeClassifier:
    """A copy with some of the prototypes; the classifier itself where these are all.

    Parameters
    ----------
    classifier : PrototypeClassifier
    stay : sequence of int
    """
    gone = sorted(set(range(len(classifier.prototype_labels_))) - set(stay))
    return copy.copy(classifier).remove_prototypes(gone) if gone else classifier


def known_class(classifier: PrototypeClassifier, name: str) -> Any:
    """The class of that name, as the classifier has it.

    Raises
    ------
    DataError
    """
    names = [str(each) for each in classifier.classes_.tolist()]
    if name not in names:
        raise DataError(describe(f"one of the classes {names}", repr(name), suggest(name, names)))
    return classifier.classes_.tolist()[names.index(name)]


def new_class(classifier: PrototypeClassifier, name: str) -> Any:
    """A name as one of the kind that the classifier's classes are: a number where those are numbers.

    Raises
    ------
    DataError
    """
    kind, wanted = type(classifier.classes_.tolist()[0]), f"a class of the kind of {classifier.classes_.tolist()[:3]}"
    if kind is bool:
        raise DataError(describe("a model of words or numbers, to add a class to", "one of truth values"))
    try:
        made = kind(name.strip())
    except ValueError as error:
        raise DataError(describe(wanted, repr(name), "another name")) from error
    # Numbers that are written otherwise than they are read, or beyond what all numbers of an array can be.
    if kind is not str and (not isfinite(made) or abs(made) > _LARGEST or (kind is int and str(made) != name.strip())):
        raise DataError(describe(wanted, repr(name), "a smaller number, in digits alone"))
    return made
