"""Metrics against their oracles, and on inputs where public implementations have been wrong."""

import numpy as np
import pytest

from lookalike.errors import DataError
from lookalike.metrics import (
    accuracy,
    best_temperature,
    choice_stability,
    confusion_matrix,
    expected_calibration_error,
    negative_log_likelihood,
)
from tests.conformance.specimens import SEEDS
from tests.oracles import figures


def draw(seed, n=40, k=3):
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(n, k)) * 3
    return logits, generator.integers(0, k, n)


def softmax(logits):
    odds = np.exp(logits)
    return odds / odds.sum(1, keepdims=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_equal_their_oracles(seed):
    logits, labels = draw(seed)
    predicted, probabilities = logits.argmax(1), softmax(logits)
    assert accuracy(predicted, labels) == pytest.approx(figures.accuracy(predicted, labels))
    assert confusion_matrix(predicted, labels, 3).tolist() == figures.confusion_matrix(predicted, labels, 3)
    for n_bins in (1, 7, 15):
        assert expected_calibration_error(probabilities, labels, n_bins) == pytest.approx(
            figures.expected_calibration_error(probabilities, labels, n_bins)
        )
    for temperature in (0.5, 1.0, 4.0):
        assert negative_log_likelihood(logits, labels, temperature) == pytest.approx(
            figures.negative_log_likelihood(logits, labels, temperature)
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_temperature_is_the_best(seed):
    logits, _ = draw(seed, n=200)
    generator = np.random.default_rng(seed)
    labels = np.array([generator.choice(3, p=row) for row in softmax(logits / 2.5)])
    assert best_temperature(logits, labels) == pytest.approx(figures.best_temperature(logits, labels), rel=0.01)


def test_a_perfect_model_gets_the_lowest_temperature_and_stays_finite():
    logits = np.eye(3) * 10
    assert 0.001 <= best_temperature(logits, np.arange(3)) < 0.1
    assert np.isfinite(negative_log_likelihood(logits * 1e4, np.arange(3)))


def test_calibration_at_the_edges():
    assert expected_calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0.0
    assert expected_calibration_error(np.array([[1.0, 0.0]]), np.array([1])) == 1.0
    assert expected_calibration_error(np.full((4, 2), 0.5), np.array([0, 0, 1, 1])) == pytest.approx(0.0)


def test_no_examples_is_an_error_and_not_a_number():
    empty = np.array([], dtype=int)
    for metric in (
        lambda: accuracy(empty, empty),
        lambda: confusion_matrix(empty, empty, 2),
        lambda: expected_calibration_error(np.zeros((0, 2)), empty),
        lambda: negative_log_likelihood(np.zeros((0, 2)), empty),
    ):
        with pytest.raises(DataError):
            metric()
    with pytest.raises(DataError, match="2 and 3"):
        accuracy(np.zeros(2), np.zeros(3))


@pytest.mark.parametrize("seed", SEEDS)
def test_stability_of_choices_equals_its_oracle(seed):
    generator = np.random.default_rng(seed)
    chosen = [generator.permutation(15)[: 3 + place % 2] for place in range(5)]
    n_ever = len(np.unique(np.concatenate(chosen)))
    assert choice_stability(chosen, 15) == pytest.approx(figures.choice_stability(chosen, 15))
    near = generator.random((n_ever, n_ever))
    near = np.maximum(near + near.T > 1.4, np.eye(n_ever)).astype(float)
    found = choice_stability(chosen, 15, near, 0.2)
    assert found == pytest.approx(figures.choice_stability(chosen, 15, near, 0.2))


def test_stability_of_choices_is_0_for_chance_and_1_for_twins():
    generator = np.random.default_rng(0)
    drawn = [choice_stability([generator.permutation(30)[:4] for _ in range(10)], 30) for _ in range(200)]
    assert np.mean(drawn) == pytest.approx(0, abs=0.02)
    twins = np.ones((2, 2))
    assert choice_stability([np.array([0]), np.array([1])], 10, twins, 1 / 45) == pytest.approx(1)


@pytest.mark.parametrize(
    ("chosen", "n", "alike", "match"),
    [
        ([[0, 1]], 5, None, "two or more choices"),
        ([[0, 0], [1, 2]], 5, None, "none twice"),
        ([[], [1]], 5, None, "at least one point"),
        ([[0, 1], [0, 1]], 2, None, "not all of them"),
        ([[0, 7], [0, 1]], 5, None, "points up to 7"),
        ([[0, 1], [0, 1]], 5, np.eye(3), "for every pair"),
    ],
)
def test_choices_that_have_no_stability_are_refused(chosen, n, alike, match):
    with pytest.raises(DataError, match=match):
        choice_stability([np.array(each, dtype=int) for each in chosen], n, alike)
