"""Accuracy takes labels of any form, and compares classes."""

import numpy as np
import pytest

from lookalike import PrototypeClassifier
from lookalike.errors import DataError

X = np.random.default_rng(0).normal(size=(40, 2))
Y = np.arange(40) % 2
X[:, 0] += 6 * Y


@pytest.fixture(scope="module")
def numbers():
    return PrototypeClassifier(training__epochs=5, prototypes__n_per_class=1, random_state=0).fit(X, Y)


@pytest.fixture(scope="module")
def words(numbers):
    return PrototypeClassifier(training__epochs=5, prototypes__n_per_class=1, random_state=0).fit(X, Y.astype(str))


def test_labels_of_any_form(numbers, words):
    assert numbers.score(X, Y) > 0.9
    for labels in (Y[:, None], Y.astype(float), Y.astype(object), Y.astype(bool), Y.tolist()):
        assert numbers.score(X, labels) == numbers.score(X, Y)
    for labels in (Y.astype(str)[:, None], Y.astype(str).astype(object), [str(label).encode() for label in Y]):
        assert words.score(X, labels) == numbers.score(X, Y)


def test_text_is_no_number(numbers, words):
    with pytest.raises(DataError, match="the text '0', which is not the class the number 0"):
        numbers.score(X, Y.astype(str))
    with pytest.raises(DataError, match="the number 0, which is not the class the text '0'"):
        words.score(X, Y)


def test_a_label_that_is_no_class_is_wrong_and_a_weight_counts(numbers):
    others = np.where(np.arange(40) < 10, 7, Y)
    assert numbers.score(X, others) <= 0.75
    weights = (np.arange(40) >= 10).astype(float)
    assert numbers.score(X, others, sample_weight=weights) == numbers.score(X[10:], Y[10:])
    with pytest.raises(DataError, match="one label for each of 40 inputs, got 39 labels"):
        numbers.score(X, Y[:39])
