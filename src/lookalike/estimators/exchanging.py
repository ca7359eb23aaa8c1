"""Single prototypes that go, come, or give way to another in a fitted classifier: nothing is trained."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from lookalike.data import Examples
from lookalike.errors import DataError, describe
from lookalike.estimators.editing import Editing
from lookalike.estimators.fitting import neighbor_indices
from lookalike.estimators.inputs import known_labels, require_same_shape, table_or_pictures
from lookalike.explanations import explain_prototypes


class Exchanging(Editing):
    """What can be changed about single prototypes once a classifier is fitted.

    A person who looks at prototypes sees what no accuracy shows: one that stands for a mark in the corner can go, one
    that is blurred can give way to a picture that is not. The network stays as it is, so that a change is made in no
    time, and what it does to the accuracy can be seen before it is kept.

    References
    ----------
    [bontempelli2023concept]
    """

    def remove_prototypes(self, which: Sequence[int]) -> Any:
        """Forget prototypes; of every class one at least stays.

        Parameters
        ----------
        which : sequence of int
            Their numbers.

        Returns
        -------
        PrototypeClassifier
            This one. The numbers of the prototypes that stay close up; their usage is as it was until `look_again`.

        Raises
        ------
        DataError
            If there is no such prototype, or a class would have none.
        ParameterError
            If prototypes or the head cannot do without some.
        """
        check_is_fitted(self)
        self.require_exchangeable()
        gone = {self._known(place) for place in which}
        labels = self.fitted_.network.prototypes.labels.tolist()
        stays = [place for place in range(len(labels)) if place not in gone]
        counts = np.bincount([labels[place] for place in stays], minlength=len(self.classes_)).tolist()
        if 0 in counts:
            name = self.classes_.tolist()[counts.index(0)]
            raise DataError(
                describe(
                    "a prototype of every class that stays", f"none of {name!r}", "remove_class, or add another first"
                )
            )
        return self._rebuild(stays, counts, self.classes_, None)

    def add_prototype(self, name: Any, X: Any) -> Any:
        """One input as one more prototype of a class.

        Parameters
        ----------
        name : str, int, float or bool
            One of ``classes_``.
        X : array-like
            One input, with the axis of inputs, as for `predict`.

        Returns
        -------
        PrototypeClassifier
            This one; the new prototype is the last of its class.

        Raises
        ------
        DataError
            If there is no such class, or not one input that fits.
        ParameterError
            If prototypes or the head cannot take a further one.
        """
        check_is_fitted(self)
        self.require_exchangeable()
        if name not in self.classes_.tolist():
            raise DataError(describe(f"one of the classes {self.classes_.tolist()}", repr(name), "add_class"))
        label = self.classes_.tolist().index(name)
        return self._add(int(self._counts()[: label + 1].sum()), label, self._one(X))

    def replace_prototype(self, which: int, X: Any) -> Any:
        """One input in the place of a prototype.

        Parameters
        ----------
        which : int
            The number of the prototype that goes.
        X : array-like
            One input, with the axis of inputs, as for `predict`.

        Returns
        -------
        PrototypeClassifier
            This one; the new prototype has the number of the old.

        Raises
        ------
        DataError
            If there is no such prototype, or not one input that fits.
        ParameterError
            If prototypes or the head cannot be exchanged.
        """
        check_is_fitted(self)
        self.require_exchangeable()
        place, value = self._known(which), self._one(X)
        self._add(place, int(self.fitted_.network.prototypes.labels[place]), value)
        return self.remove_prototypes([place + 1])

    def look_again(self, X: Any, y: Any) -> Any:
        """Find anew what each prototype stands for: how often it is used, and the examples nearest to it.

        Parameters
        ----------
        X, y : array-like
            Training examples and their classes; explanations count among them.

        Returns
        -------
        PrototypeClassifier
            This one.

        Raises
        ------
        DataError
            For inputs that do not fit, or unknown classes.
        """
        check_is_fitted(self)
        inputs = table_or_pictures(self, X, reset=False)
        require_same_shape(inputs, self.preprocessing_)
        inputs = self.preprocessing_.compact(inputs)
        examples = Examples(inputs, torch.from_numpy(known_labels(y, self.classes_)).long(), self.preprocessing_)
        fitted, known = self.fitted_, self.fitted_.about
        about = explain_prototypes(fitted.network, examples, classes=known.classes, similarity=known.similarity)
        pictures = {**fitted.pictures, "neighbors": inputs[neighbor_indices(about)]}
        return self.adopt(replace(fitted, about=about, pictures=pictures), self.classes_)

    def _known(self, which: int) -> int:
        n = len(self.fitted_.network.prototypes.labels)
        if isinstance(which, bool) or int(which) != which or not 0 <= which < n:
            raise DataError(describe(f"a prototype from 0 to {n - 1}", repr(which)))
        return int(which)

    def _one(self, X: Any) -> Tensor:
        inputs = table_or_pictures(self, X, reset=False)
        require_same_shape(inputs, self.preprocessing_)
        if len(inputs) != 1:
            raise DataError(describe("one input", f"{len(inputs)}", "X[:1]"))
        return self.preprocessing_.standardize(inputs, next(self.fitted_.network.parameters()).dtype)

    def _add(self, place: int, label: int, value: Tensor) -> Any:
        counts = self._counts()
        counts[label] += 1
        return self._insert(place, value, counts.tolist(), self.classes_)
