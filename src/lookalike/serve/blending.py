"""An input on its way to a prototype."""

from typing import Any

import numpy as np

from lookalike.errors import DataError, describe
from lookalike.estimators import PrototypeClassifier
from lookalike.estimators.deciding import probabilities
from lookalike.estimators.inputs import require_same_shape, table_or_pictures
from lookalike.evaluation import Pass

_STEPS = 21


def blended(classifier: PrototypeClassifier, inputs: np.ndarray, prototype: int) -> list[dict[str, Any]]:
    """How the score of a prototype, and the decision, change as an input becomes that prototype.

    Parameters
    ----------
    classifier : PrototypeClassifier
    inputs : ndarray
        One, with the axis of inputs.
    prototype : int

    Returns
    -------
    list of dict
        For 21 steps: ``share`` of the prototype, measured ``similarity`` to it, ``predicted``, ``probability``.
    """
    if not 0 <= prototype < len(classifier.prototypes_):
        raise DataError(describe(f"a prototype from 0 to {len(classifier.prototypes_) - 1}", f"{prototype}"))
    preprocessing = classifier.preprocessing_
    given = table_or_pictures(classifier, inputs, reset=False)
    require_same_shape(given, preprocessing)
    begin = preprocessing.to_data_units(given).numpy()
    end = classifier.prototypes_[prototype][None]
    shares = np.linspace(0, 1, _STEPS)
    column = shares.reshape(-1, *(1,) * len(preprocessing.shape))
    blended = ((1 - column) * begin + column * end).astype(begin.dtype)
    passed = Pass.of(classifier.compare(blended))
    every = probabilities(passed.logits.numpy(), classifier.temperature_)
    scale = classifier.explanation_.scale
    return [
        {
            "share": round(float(share), 2),
            "similarity": score / scale,
            "predicted": str(classifier.classes_[odds.argmax()]),
            "probability": float(odds.max()),
        }
        for share, score, odds in zip(shares, passed.scores[:, prototype].tolist(), every, strict=True)
    ]
