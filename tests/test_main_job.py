"""The main job end to end, small: fit, predict, explain, save, load, verify."""

import numpy as np
import pytest

from lookalike.data import load_dataset
from lookalike.estimators import PrototypeClassifier


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits")


@pytest.fixture(scope="module")
def classifier(digits):
    small = PrototypeClassifier(
        backbone="mlp",
        prototypes__n_per_class=2,
        random_state=0,
        training__epochs=8,
    )
    return small.fit(digits.train.inputs, digits.train.labels)


def test_learns_digits(classifier, digits):
    assert classifier.score(digits.test.inputs, digits.test.labels) > 0.9


def test_contributions_sum_to_the_logit(classifier, digits):
    logits = classifier.decision_scores(digits.test.inputs[:20])
    for row, explanation in zip(logits, classifier.explain(digits.test.inputs[:20]), strict=True):
        total = explanation.bias + sum(match.contribution for match in explanation.matches)
        assert total == pytest.approx(explanation.logit, abs=1e-4)
        assert explanation.logit == pytest.approx(row.max(), abs=1e-6)


def test_a_saved_model_is_the_same_model(classifier, digits, tmp_path):
    classifier.save(tmp_path / "model")
    loaded = PrototypeClassifier.load(tmp_path / "model")
    inputs = digits.test.inputs[:50]
    assert np.array_equal(loaded.predict_proba(inputs), classifier.predict_proba(inputs))
    assert loaded.explain(inputs[:2]) == classifier.explain(inputs[:2])
