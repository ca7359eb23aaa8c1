"""What is held out is checked as what is learned from: type, scale, shape, classes, number."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_iris

from lookalike import PrototypeClassifier
from lookalike.errors import DataError, ParameterError

DIGITS = load_digits()
BYTES, LABELS = (DIGITS.images[:240] * 15.9375).round().astype(np.uint8), DIGITS.target[:240]
TRAINED, HELD = slice(0, 180), slice(180, 240)
COLORED = np.repeat(BYTES[..., None], 3, axis=3)
X, y = load_iris(return_X_y=True)


def fitted(inputs, held, labels=None):
    classifier = PrototypeClassifier(backbone="mlp", training__epochs=2, random_state=0)
    return classifier.fit(inputs, LABELS[TRAINED], validation=(held, LABELS[HELD] if labels is None else labels))


@pytest.mark.parametrize(
    ("trained", "held"),
    [
        (BYTES, BYTES / 255),
        (BYTES, (BYTES / 255).astype(np.float32)),
        (BYTES.astype(float), BYTES),
        (BYTES.astype(float), BYTES.astype(np.float32)),
        (BYTES / 255, (BYTES / 255).astype(np.float32)),
    ],
)
def test_the_same_numbers_in_another_type_are_the_same(trained, held):
    found, wanted = fitted(trained[TRAINED], held[HELD]), fitted(trained[TRAINED], trained[HELD])
    assert found.temperature_ == pytest.approx(wanted.temperature_, rel=1e-4)
    assert found.history_[-1].validation_loss == pytest.approx(wanted.history_[-1].validation_loss, rel=1e-4)


@pytest.mark.parametrize(
    ("trained", "held"),
    [
        (BYTES, BYTES.astype(float)),
        (BYTES / 255, BYTES),
        (BYTES / 255, BYTES.astype(float)),
        (BYTES / 255, BYTES.astype(np.float32)),
        (BYTES.astype(float), BYTES / 255),
        (BYTES.astype(float), DIGITS.images[:240] / 16),
        (DIGITS.images[:240], BYTES),
        (DIGITS.images[:240], BYTES.astype(float)),
        (DIGITS.images[:240], BYTES / 255),
        (BYTES * 16.0, BYTES.astype(float)),
        (BYTES, np.pad(BYTES, ((0, 0), (0, 0), (0, 1)))),
        (BYTES, COLORED),
        (COLORED, BYTES),
        (BYTES, BYTES.reshape(240, -1).astype(float)),
        (BYTES.reshape(240, -1).astype(float), BYTES),
        (BYTES.reshape(240, -1).astype(float), BYTES.reshape(240, -1)[:, :60].astype(float)),
    ],
)
def test_other_scales_and_shapes_are_refused_before_training(trained, held):
    with pytest.raises((DataError, ValueError), match="expect"):
        fitted(trained[TRAINED], held[HELD])


@pytest.mark.parametrize(
    "labels",
    [LABELS[HELD][:-1], np.where(LABELS[HELD] == 3, 77, LABELS[HELD]), np.full(60, np.nan)],
)
def test_labels_are_checked(labels):
    with pytest.raises(DataError):
        fitted(BYTES[TRAINED], BYTES[HELD], labels)


@pytest.mark.parametrize("validation", [BYTES[HELD], (BYTES[HELD],), "no pair", (1, 2, 3, 4)])
def test_it_is_a_pair(validation):
    with pytest.raises(ParameterError, match=r"expected validation=\(X, y\)"):
        PrototypeClassifier().fit(BYTES[TRAINED], LABELS[TRAINED], validation=validation)


def test_columns_are_checked_by_name():
    table = pd.DataFrame(X, columns=list("abcd"))
    with pytest.raises(ValueError, match="feature names"):
        PrototypeClassifier().fit(table, y, validation=(table[list("bacd")], y))


def test_a_darker_validation_part_is_no_other_scale():
    classifier = fitted(BYTES[TRAINED], BYTES[HELD] // 2)
    assert classifier.history_[-1].validation_loss is not None
