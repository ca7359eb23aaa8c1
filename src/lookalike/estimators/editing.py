"""Classes that come to a fitted classifier, and classes that go: nothing is trained."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from lookalike.data import Preprocessing
from lookalike.errors import DataError, ParameterError, describe, require_option
from lookalike.estimators.assembly import AUTO_PROTOTYPES, SIDE_PER_PIXEL
from lookalike.estimators.fitting import Fitted, neighbor_indices
from lookalike.estimators.inputs import require_same_shape, table_or_pictures
from lookalike.estimators.merging import rebuilt
from lookalike.explanations import GlobalExplanation, PrototypeSummary
from lookalike.selection import MedoidsSelection
from lookalike.transforms import aligned_means

KINDS = ("aligned", "examples")
# Prototypes that are whole inputs, each of which can be overwritten without the others.
EXCHANGEABLE = ("pixel", "exemplar", "chosen")


class Editing(ABC):
    """What can be changed about a classifier once it is fitted."""

    classes_: np.ndarray
    preprocessing_: Preprocessing
    fitted_: Fitted

    @abstractmethod
    def adopt(self, fitted: Fitted, classes: np.ndarray) -> Any:
        """Make other results of a fit this classifier's own."""

    def add_class(self, name: Any, X: Any, *, n_prototypes: int | None = None, kind: str = "aligned") -> Any:
        """Teach one more class by a few examples; the network stays as it is.

        Parameters
        ----------
        name : str, int, float or bool
            Of the class; of the kind that the others are.
        X : array-like
            Its examples, as for `fit`.
        n_prototypes : int, optional
            From 1 to as many as there are examples; 4 unless given, or one each of fewer examples.
        kind : str
            ``"examples"``: prototypes are the medoids of the examples' activations. ``"aligned"``: pictures become the
            means of the examples that meet them best, each moved by a few pixels. Rows of a table stay examples, and so
            do the prototypes of the kinds ``"exemplar"`` and ``"chosen"``.

        Returns
        -------
        PrototypeClassifier
            This one, with the class among ``classes_``, which stay sorted. Probabilities keep their temperature.

        Raises
        ------
        DataError
            If the class is there already, the examples do not fit, or are too few.
        ParameterError
            If prototypes or the head cannot take a further class.
        """
        check_is_fitted(self)
        inputs = table_or_pictures(self, X, reset=False)
        require_same_shape(inputs, self.preprocessing_)
        self.require_exchangeable()
        require_option("kind", kind, kind in KINDS, " or ".join(KINDS))
        classes = _with_class(self.classes_, name)
        label = classes.tolist().index(name)
        averaged = (
            kind == "aligned" and self.preprocessing_.is_picture and self.fitted_.resolved["prototypes"] == "pixel"
        )
        if n_prototypes is None:
            n_prototypes = min(AUTO_PROTOTYPES, len(inputs))
        if isinstance(n_prototypes, bool) or not isinstance(n_prototypes, Integral) or n_prototypes < 1:
            raise ParameterError(describe("n_prototypes as a whole number of at least 1", repr(n_prototypes)))
        n_prototypes = int(n_prototypes)
        if n_prototypes > len(inputs):
            raise DataError(
                describe(f"at least {n_prototypes} examples of {name!r}", f"{len(inputs)}", "fewer n_prototypes")
            )
        found = self._prototypes_of(inputs, n_prototypes, averaged)
        counts = np.insert(self._counts(), label, n_prototypes).tolist()
        return self._insert(sum(counts[:label]), found, counts, classes)

    def remove_class(self, name: Any) -> Any:
        """Forget a class and its prototypes; the network stays as it is.

        Parameters
        ----------
        name : str, int, float or bool
            One of ``classes_``; two others must stay.

        Returns
        -------
        PrototypeClassifier
            This one.

        Raises
        ------
        DataError
            If there is no such class, or only two.
        ParameterError
            If prototypes or the head cannot do without a class.
        """
        check_is_fitted(self)
        self.require_exchangeable()
        if name not in self.classes_.tolist():
            raise DataError(describe(f"one of the classes {self.classes_.tolist()}", repr(name)))
        if len(self.classes_) < 3:
            raise DataError(describe("at least two classes that stay", "one", "add another class first"))
        label = self.classes_.tolist().index(name)
        labels = self.fitted_.network.prototypes.labels
        stays = (labels != label).nonzero()[:, 0].tolist()
        counts = np.delete(self._counts(), label).tolist()
        return self._rebuild(stays, counts, np.delete(self.classes_, label), None)

    def _counts(self) -> np.ndarray:
        labels = self.fitted_.network.prototypes.labels.numpy()
        return np.bincount(labels[labels >= 0], minlength=len(self.classes_))

    def require_exchangeable(self) -> None:
        """Refuse, where prototypes cannot come, go or give way to others.

        Raises
        ------
        ParameterError
        """
        network, resolved = self.fitted_.network, self.fitted_.resolved
        named = resolved["prototypes"] in EXCHANGEABLE and network.prototypes.shape == self.preprocessing_.shape
        if not named or not network.head.retires or bool((network.prototypes.labels < 0).any()):
            raise ParameterError(
                describe(
                    "prototypes that are whole inputs, and a head that learned nothing about single classes",
                    f"prototypes={resolved['prototypes']!r}, head={resolved['head']!r}",
                    "prototypes='pixel', 'exemplar' or 'chosen', without a size; head='log_sum_exp' or 'max'; fit anew",
                )
            )

    @torch.no_grad()
    def _prototypes_of(self, inputs: Tensor, n: int, averaged: bool) -> Tensor:
        dtype = next(self.fitted_.network.backbone.parameters(), torch.zeros(())).dtype
        standard = self.preprocessing_.standardize(inputs, dtype)
        activations = self.fitted_.network.backbone(standard)
        examples = standard[MedoidsSelection()(activations, None, n).indices]
        if not averaged:
            return examples
        return aligned_means(standard.float(), examples.float(), min(standard.shape[2:]) // SIDE_PER_PIXEL)

    @torch.no_grad()
    def _insert(self, place: int, found: Tensor, counts: Sequence[int], classes: np.ndarray) -> Any:
        """New prototypes, the first of them at a place; and how many there are of each class then."""
        own = self.fitted_.network.prototypes().detach()
        origins = [*range(place), *[-1] * len(found), *range(place, len(own))]
        values = torch.cat([own[:place], found.to(own), own[place:]])
        return self._rebuild(origins, counts, classes, values)

    def _rebuild(
        self, origins: Sequence[int], counts: Sequence[int], classes: np.ndarray, values: Tensor | None
    ) -> Any:
        fitted = self.fitted_
        network, resolved = rebuilt(fitted.network, origins, counts, fitted.resolved, fitted.preprocessing, values)
        network = network.eval().requires_grad_(False).to(next(fitted.network.parameters()).dtype)
        names = [str(name) for name in classes.tolist()]
        about = _renamed(fitted.about, origins, names, network.prototypes.labels.tolist())
        known = neighbor_indices(fitted.about)
        stays = [known.index(index) for index in neighbor_indices(about)]
        pictures = {
            "prototypes": fitted.preprocessing.restore(network.prototypes().detach()).contiguous(),
            "neighbors": fitted.pictures["neighbors"][stays],
        }
        return self.adopt(replace(fitted, network=network, resolved=resolved, about=about, pictures=pictures), classes)


def _with_class(classes: np.ndarray, name: Any) -> np.ndarray:
    known = classes.tolist()
    kinds: dict[type, Any] = {str: str, bool: bool | np.bool_, int: Integral, float: Real}
    fits = isinstance(name, kinds.get(type(known[0]), type(known[0])))
    # Truth values are whole numbers to Python, and not a number is no name.
    if not fits or isinstance(name, bool | np.bool_) != isinstance(known[0], bool) or name != name:
        raise DataError(describe(f"a class of the kind of {known[:3]}", repr(name)))
    if name in known:
        raise DataError(describe("a class that is not there yet", repr(name), "remove_class first, to replace it"))
    together = sorted([*known, name])
    return np.array(together, dtype=object) if classes.dtype == object else np.array(together)


def _renamed(
    about: GlobalExplanation, origins: Sequence[int], names: Sequence[str], labels: Sequence[int]
) -> GlobalExplanation:
    """What is known of the prototypes that stay, in their new places; of new ones nothing is known yet."""
    summaries = []
    for place, (origin, label) in enumerate(zip(origins, labels, strict=True)):
        if origin >= 0:
            summaries.append(replace(about.prototypes[origin], prototype=place))
        else:
            summaries.append(PrototypeSummary(place, names[label], 0.0, (), ()))
    return replace(about, classes=tuple(names), prototypes=tuple(summaries))
