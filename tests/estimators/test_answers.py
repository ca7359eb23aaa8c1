"""What a classifier answers in numbers: decision function, similarities and scores."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_score

from lookalike import PrototypeClassifier

X, y = load_iris(return_X_y=True)
QUICK = {"training__epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def three():
    return PrototypeClassifier(**QUICK).fit(X, y)


@pytest.fixture(scope="module")
def two():
    return PrototypeClassifier(**QUICK).fit(X[50:], np.array(["versicolor", "virginica"])[y[50:] - 1])


def test_decision_function_of_two_classes(two):
    found = two.decision_function(X)
    assert found.shape == (len(X),)
    assert np.array_equal(two.classes_[(found > 0).astype(int)], two.predict(X))
    logits = two.decision_scores(X)
    assert logits.shape == (len(X), 2)
    np.testing.assert_allclose(found, logits[:, 1] - logits[:, 0])
    odds = two.predict_proba(X)[:, 1]
    np.testing.assert_allclose(1 / (1 + np.exp(-found / two.temperature_)), odds, rtol=1e-6)


def test_decision_function_of_more_classes(three):
    assert np.array_equal(three.decision_function(X), three.decision_scores(X))
    assert np.array_equal(three.classes_[three.decision_function(X).argmax(1)], three.predict(X))


def test_scorers_take_the_decision_function(two):
    truth = (y[50:] == 2).astype(int)
    area = roc_auc_score(truth, two.decision_function(X[50:]))
    assert area > 0.8
    assert two.score(X[50:], two.classes_[truth], sample_weight=np.ones(100)) > 0.5
    assert len(cross_val_score(PrototypeClassifier(**QUICK), X[50:], y[50:], scoring="roc_auc", cv=2)) == 2


def test_transform_shows_what_explain_shows(three):
    similarities, scores = three.transform(X[:9]), three.prototype_scores(X[:9])
    assert similarities.shape == scores.shape == (9, len(three.prototypes_))
    np.testing.assert_allclose(scores, similarities * three.explanation_.scale, rtol=1e-6)
    assert np.abs(similarities).max() <= 1 + 1e-6  # cosines
    for row, explanation in enumerate(three.explain(X[:9])):
        for match in explanation.matches:
            assert explanation.measured(match) == pytest.approx(similarities[row, match.prototype], abs=1e-6)
            assert match.score == pytest.approx(scores[row, match.prototype], rel=1e-6)
    assert len(three.get_feature_names_out()) == similarities.shape[1]
