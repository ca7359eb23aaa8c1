"""How good decisions and probabilities are on examples that were not learned from."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import softmax
from scipy.stats import binomtest

from lookalike.data.classes import class_numbers
from lookalike.metrics import (
    accuracy,
    accuracy_coverage,
    areas_one_against_rest,
    class_figures,
    confusion_matrix,
    expected_calibration_error,
    negative_log_likelihood,
)

_POINTS = 20


@dataclass(frozen=True)
class Quality:
    """Figures over one set of examples.

    Attributes
    ----------
    n : int
        Number of examples.
    accuracy : float
    interval : tuple of float
        95% confidence interval of the accuracy over examples (Wilson).
    calibration_error, raw_calibration_error : float
        Expected calibration error with and without the temperature.
    negative_log_likelihood : float
        Calibrated, in nats.
    temperature : float
    classes : tuple of str
    recalls : tuple of float or None
        Share of each class's examples that were given to it; ``None`` for a class without examples.
    confusion : tuple of tuple of int
        Row = true class, column = predicted class.
    answered : tuple of (float, float)
        Shares of examples that are answered if those least similar to any prototype are not, in rising order, and the
        accuracy over them; empty where similarities were not given.
    precisions : tuple of float or None
        Share of what was given to each class that is of it; ``None`` for a class that nothing was given to.
    f1 : tuple of float or None
        Harmonic mean of precision and recall; ``None`` for a class without examples that nothing was given to.
    areas : tuple of float or None
        Area under the ROC curve of each class's probability, one against the rest; ``None`` for a class without
        examples, or with all of them.
    supports : tuple of int
        Examples of each class.
    """

    n: int
    accuracy: float
    interval: tuple[float, float]
    calibration_error: float
    raw_calibration_error: float
    negative_log_likelihood: float
    temperature: float
    classes: tuple[str, ...]
    recalls: tuple[float | None, ...]
    confusion: tuple[tuple[int, ...], ...]
    answered: tuple[tuple[float, float], ...] = ()
    precisions: tuple[float | None, ...] = ()
    f1: tuple[float | None, ...] = ()
    areas: tuple[float | None, ...] = ()
    supports: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    def most_confused(self, n: int = 3) -> list[tuple[str, str, int]]:
        """Pairs (true class, predicted class, count) that are mistaken most often, the most frequent first."""
        pairs = [
            (true, predicted, self.confusion[row][column])
            for row, true in enumerate(self.classes)
            for column, predicted in enumerate(self.classes)
            if row != column and self.confusion[row][column]
        ]
        return sorted(pairs, key=lambda pair: -pair[2])[:n]


def judge(
    logits: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    temperature: float,
    similarities: np.ndarray | None = None,
) -> Quality:
    """Figures from logits and true labels.

    Parameters
    ----------
    logits : ndarray
        Shape ``(n, k)``.
    labels : ndarray
        Integer labels, shape ``(n,)``, n at least 1.
    classes : sequence of str
    temperature : float
        Divides the logits for the probabilities.
    similarities : ndarray, optional
        The largest of each example to any prototype, shape ``(n,)``.

    Raises
    ------
    DataError
        If there are no examples.

    Examples
    --------
    >>> import numpy as np
    >>> quality = judge(np.eye(2) * 5, np.array([0, 1]), ["a", "b"], temperature=1.0)
    >>> quality.accuracy, quality.confusion
    (1.0, ((1, 0), (0, 1)))
    """
    predicted, labels = logits.argmax(1), class_numbers(labels, logits.shape[1])
    counts = confusion_matrix(predicted, labels, len(classes))
    interval = binomtest(int((predicted == labels).sum()), len(labels)).proportion_ci(method="wilson")
    by_class = class_figures(counts)
    probabilities = softmax(logits.astype(np.float64) / temperature, 1)
    return Quality(
        n=len(labels),
        accuracy=accuracy(predicted, labels),
        interval=(float(interval.low), float(interval.high)),
        calibration_error=expected_calibration_error(probabilities, labels),
        raw_calibration_error=expected_calibration_error(softmax(logits.astype(np.float64), 1), labels),
        negative_log_likelihood=negative_log_likelihood(logits, labels, temperature),
        temperature=temperature,
        classes=tuple(classes),
        recalls=by_class.recalls,
        confusion=tuple(tuple(row) for row in counts.tolist()),
        precisions=by_class.precisions,
        f1=by_class.f1,
        areas=areas_one_against_rest(probabilities, labels),
        supports=by_class.supports,
        answered=() if similarities is None else _answered(similarities, predicted == labels),
    )


def _answered(similarities: np.ndarray, right: np.ndarray) -> tuple[tuple[float, float], ...]:
    """Twenty points of the curve at most."""
    coverage, accuracies = accuracy_coverage(similarities, right)
    places = np.unique(np.searchsorted(coverage, np.arange(1, _POINTS + 1) / _POINTS - 1e-9))
    return tuple((float(coverage[place]), float(accuracies[place])) for place in places)
