"""What a fitted classifier answers: classes, probabilities, scores, and whether to answer at all."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from lookalike.comparison import Comparison
from lookalike.data.classes import class_indices
from lookalike.data.labels import as_labels
from lookalike.errors import DataError, describe
from lookalike.estimators.abstaining import least_sure, sureness
from lookalike.estimators.fitting import Fitted
from lookalike.estimators.weights import checked_weights
from lookalike.explanations import GlobalExplanation


class Deciding(TransformerMixin, ABC):
    """Answers that are read from the records of passes."""

    classes_: np.ndarray
    temperature_: float
    explanation_: GlobalExplanation
    fitted_: Fitted

    @abstractmethod
    def compare(self, X: Any) -> list[Comparison]:
        """The records of the passes that answers are read from."""

    def predict(self, X: Any) -> np.ndarray:
        """The class of every input, shape ``(n,)``, as in ``classes_``."""
        logits = self.decision_scores(X)
        return self.classes_[logits.argmax(1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Calibrated probabilities, shape ``(n, k)``, columns as in ``classes_``."""
        return probabilities(self.decision_scores(X), self.temperature_)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy: the share of inputs that are given to their class; a label that is no class counts as wrong.

        Parameters
        ----------
        X : array-like
        y : array-like
            Labels, shape ``(n,)`` or ``(n, 1)``. Numbers are compared as numbers, text as text.
        sample_weight : array-like, optional
            How much each input counts, shape ``(n,)``.

        Returns
        -------
        float

        Raises
        ------
        DataError
            For labels in text where the classes are numbers or the reverse, and for another number of labels.
        """
        predicted = self.predict(X)
        labels = as_labels(y)
        if len(labels) != len(predicted):
            raise DataError(describe(f"one label for each of {len(predicted)} inputs", f"{len(labels)} labels"))
        if (labels.dtype.kind == "U") != (self.classes_.dtype.kind in "UO"):
            class_indices(labels, self.classes_)
        weights = None if sample_weight is None else checked_weights(sample_weight, len(labels))
        return float(np.average(labels == predicted, weights=weights))

    def answers(self, X: Any, coverage: float = 0.9, by: str = "similarity") -> np.ndarray:
        """Which inputs are enough like what was learned to be given a class; about others, better ask someone.

        Parameters
        ----------
        X : array-like
        coverage : float
            Share of the validation inputs that would be answered, above 0 and at most 1.
        by : str
            ``"similarity"``: the largest to any prototype; ``"probability"``: that of the class.

        Returns
        -------
        ndarray
            Truth values, shape ``(n,)``.

        Raises
        ------
        ParameterError
            For what is out of range, or a model that was fitted with too few validation examples.
        """
        check_is_fitted(self)
        least = least_sure(self.fitted_.sureness, coverage, by)
        return np.concatenate([sureness(each, self.temperature_)[by].numpy() >= least for each in self.compare(X)])

    def decision_scores(self, X: Any) -> np.ndarray:
        """Logits, shape ``(n, k)`` for any number of classes, columns as in ``classes_``."""
        return np.concatenate([comparison.logits.numpy() for comparison in self.compare(X)])

    def decision_function(self, X: Any) -> np.ndarray:
        """Confidence in the classes, as scikit-learn wants it.

        Parameters
        ----------
        X : array-like

        Returns
        -------
        ndarray
            With two classes how much the logit of ``classes_[1]`` is above that of ``classes_[0]``, shape ``(n,)``:
            above 0 for inputs that are given to ``classes_[1]``. With more classes the logits, shape ``(n, k)``.
        """
        logits = self.decision_scores(X)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    def prototype_scores(self, X: Any) -> np.ndarray:
        """What the head is given of every prototype, shape ``(n, p)``: the similarity times ``explanation_.scale``."""
        return np.concatenate([comparison.scores.numpy() for comparison in self.compare(X)])

    def transform(self, X: Any) -> np.ndarray:
        """The measured similarity of every input and every prototype, as `explain` shows it, shape ``(n, p)``."""
        return self.prototype_scores(X) / self.explanation_.scale


def require_finite_answers(records: Sequence[Comparison]) -> None:
    """Refuse inputs for which a network has no answer: numbers that overflow on their way through it.

    Parameters
    ----------
    records : sequence of Comparison
        Of passes of consecutive inputs.

    Raises
    ------
    DataError
    """
    mask = torch.cat([_is_broken(record) for record in records])
    broken = mask.nonzero()[:, 0]
    if len(broken):
        raise DataError(
            describe(
                "inputs that the model can compare",
                f"scores that are not finite for {len(broken)} of {len(mask)} inputs, first at index {broken[0]}",
                "inputs of the range that the model was trained on",
            )
        )


def _is_broken(record: Comparison) -> Tensor:
    """Which inputs of a pass have no answer, shape ``(n,)``."""
    # Minus infinity is the logit of a class that is ruled out; where all are, nothing is left.
    lost = record.logits.isnan().any(1) | record.scores.isnan().any(1) | ~record.logits.amax(1).isfinite()
    # A length whose square is infinite would count as no likeness at all.
    inputs = record.inputs.flatten(1)
    return lost | ~(inputs.abs().amax(1) < torch.finfo(inputs.dtype).max ** 0.5 / inputs.shape[1])


def probabilities(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Calibrated probabilities, in 64 bits, of the same shape.

    Parameters
    ----------
    logits : ndarray
        Shape ``(n, k)``.
    temperature : float
        From the fit.

    Examples
    --------
    >>> probabilities(np.array([[0.0, 0.0]]), 2.0).tolist()
    [[0.5, 0.5]]
    """
    scaled = logits.astype(np.float64) / temperature
    odds = np.exp(scaled - scaled.max(1, keepdims=True))
    return odds / odds.sum(1, keepdims=True)
