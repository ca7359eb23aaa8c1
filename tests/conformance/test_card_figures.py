"""What rows of the scorecard measure, against oracles and on inputs where public implementations were wrong."""

import numpy as np
import pytest

from lookalike.errors import DataError
from lookalike.metrics import (
    accuracy_coverage,
    area_under_roc,
    beyond_prior,
    dead_prototypes,
    displacement,
    duplicates,
    effective_size,
    flip_rate,
    high_frequency_share,
    mean_interval,
    mode_recall,
    percentile_among,
    rank_correlations,
    total_variation,
    transfer,
)
from tests.conformance.specimens import SEEDS
from tests.oracles import cards


@pytest.mark.parametrize("seed", SEEDS)
def test_rejection_equals_its_oracle(seed):
    random = np.random.default_rng(seed)
    # Rounded, so that there are ties.
    known, unknown = random.normal(1, 1, 30).round(1), random.normal(0, 1, 20).round(1)
    right = random.random(30) < 0.7
    assert area_under_roc(known, unknown) == pytest.approx(cards.area_under_roc(known, unknown))
    assert area_under_roc(known, unknown) + area_under_roc(unknown, known) == pytest.approx(1)
    for found, expected in zip(accuracy_coverage(known, right), cards.accuracy_coverage(known, right), strict=True):
        np.testing.assert_allclose(found, expected)


def test_rejection_of_identical_and_disjoint_sets():
    same = np.array([0.1, 0.5, 0.5, 2.0])
    assert area_under_roc(same, same) == 0.5
    assert area_under_roc(np.full(3, 2.0), np.full(5, 2.0)) == 0.5
    assert area_under_roc(np.array([-1.0, -2.0]), np.array([-3.0])) == 1
    coverage, accuracy = accuracy_coverage(np.ones(4), np.array([True, False, False, False]))
    assert (coverage.tolist(), accuracy.tolist()) == ([1], [0.25])


@pytest.mark.parametrize("seed", SEEDS)
def test_sizes_equal_their_oracle(seed):
    random = np.random.default_rng(seed)
    contributions = random.normal(size=(20, 6)) * (random.random((20, 6)) < 0.6)
    np.testing.assert_allclose(effective_size(contributions), cards.effective_size(contributions))
    np.testing.assert_allclose(effective_size(-1e6 * contributions), effective_size(contributions))
    wins, labels = random.integers(0, 4, 9) ** 4, random.integers(0, 3, 9)
    for share in (0.01, 0.5, 1.0):
        assert dead_prototypes(wins, labels, share).tolist() == cards.dead_prototypes(wins, labels, share)
    alike = np.clip(random.normal(0.9, 0.06, (9, 9)), -1, 1)
    assert duplicates(alike, labels) == cards.duplicates(alike, labels)
    winners, modes = random.integers(0, 5, 40), random.integers(0, 7, 40)
    assert mode_recall(winners, modes) == pytest.approx(cards.mode_recall(winners.tolist(), modes.tolist()))


@pytest.mark.parametrize("seed", SEEDS)
def test_displacement_equals_its_oracle(seed):
    now, before, real = np.random.default_rng(seed).normal(size=(3, 6, 4))
    found = displacement(now, before, real)
    np.testing.assert_allclose(found, cards.displacement(now, before, real))
    assert displacement(before, before, real).tolist() == [0] * 6
    for bad in ((now, before[:3], real), (now, before, real[:, :2]), (now, before, real[:1]), (now, before, 0 * real)):
        with pytest.raises(DataError):
            displacement(*bad)


def test_modes_that_no_prototype_wins_are_not_recalled():
    modes = np.array([0, 0, 1, 1, 2])
    assert mode_recall(modes, modes) == 1
    assert mode_recall(np.zeros(5, dtype=int), modes) == pytest.approx(1 / 3)
    # A prototype that wins nothing stands for nothing.
    assert mode_recall(np.array([3, 3, 1, 1, 3]), modes) == pytest.approx(2 / 3)
    with pytest.raises(DataError):
        mode_recall(np.array([], dtype=int), np.array([], dtype=int))


def test_sizes_at_the_edges():
    """One prototype decides: 1, and not less; nothing contributes: all alike."""
    assert effective_size(np.array([[0.0, -3.0, 0.0]])).tolist() == [1]
    assert effective_size(np.zeros((1, 5))) == pytest.approx([5])
    assert effective_size(np.array([[1e-300, 1e-300]])) == pytest.approx([2])
    assert not dead_prototypes(np.zeros(2), np.zeros(2)).any()
    assert duplicates(np.ones((4, 4)), np.array([0, 0, 0, 1])) == 2
    assert duplicates(-np.ones((2, 2)), np.zeros(2)) == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_what_judges_see_equals_its_oracle(seed):
    random = np.random.default_rng(seed)
    judged, labels = random.integers(0, 3, (4, 7)), random.integers(0, 3, 7)
    assert transfer(judged, labels) == pytest.approx(cards.transfer(judged, labels))
    values, reference = random.normal(size=6).round(1), random.normal(size=15).round(1)
    np.testing.assert_allclose(percentile_among(values, reference), cards.percentile_among(values, reference))
    first, second = random.normal(size=(3, 8)).clip(0).round(1), random.normal(size=(4, 8)).clip(0).round(1)
    first[0] = 0.0
    np.testing.assert_allclose(rank_correlations(first, second), cards.rank_correlations(first, second), atol=1e-9)


def test_percentiles_of_extremes():
    reference = np.array([1.0, 2.0, 3.0])
    assert percentile_among(np.array([0.0, np.inf, 2.0]), reference).tolist() == [0, 1, 0.5]
    assert percentile_among(np.array([5.0, 5.0]), np.array([5.0])).tolist() == [0.5, 0.5]


@pytest.mark.parametrize("seed", SEEDS)
def test_agreement_equals_its_oracle(seed):
    random = np.random.default_rng(seed)
    tops, changed, classes, changed_classes = random.integers(0, 3, (4, 30))
    assert flip_rate(tops, changed, classes, changed_classes) == pytest.approx(
        cards.flip_rate(tops, changed, classes, changed_classes)
    )
    assert flip_rate(tops, tops, classes, classes) == 0
    assert beyond_prior(tops, classes) == pytest.approx(cards.beyond_prior(tops, classes))


def test_foreseeing_a_constant_decision_is_worth_nothing():
    assert beyond_prior(np.zeros(4), np.zeros(4)) == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_pictures_equal_their_oracle(seed):
    random = np.random.default_rng(seed)
    pictures = random.normal(size=(3, 2, 6, 5))
    pictures[1] = 0.4
    np.testing.assert_allclose(total_variation(pictures), cards.total_variation(pictures))
    np.testing.assert_allclose(high_frequency_share(pictures), cards.high_frequency_share(pictures), atol=1e-9)


def test_contrast_does_not_change_what_a_picture_is():
    pictures = np.random.default_rng(0).normal(size=(2, 1, 7, 9))
    for measure in (total_variation, high_frequency_share):
        np.testing.assert_allclose(measure(3 * pictures - 5), measure(pictures))


@pytest.mark.parametrize("seed", range(3))
def test_intervals_equal_their_oracle(seed):
    values = np.random.default_rng(seed).exponential(size=25)
    np.testing.assert_allclose(mean_interval(values, n_resamples=20_000), cards.mean_interval(values), atol=0.03)
    assert mean_interval(values) == mean_interval(values)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    random = np.random.default_rng(0)
    hits = 0
    for _ in range(200):
        low, high = mean_interval(random.normal(size=30), n_resamples=300)
        hits += low <= 0 <= high
    assert 0.88 <= hits / 200 <= 0.99


def test_intervals_at_the_edges():
    assert mean_interval(np.array([0.3])) == (0.3, 0.3)
    low, high = mean_interval(np.array([0.0, 1.0]))
    assert (low, high) == (0, 1)
    low, high = mean_interval(np.array([1.0] * 99 + [0.0]))
    assert 0.9 < low < high <= 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: area_under_roc(np.array([]), np.ones(2)),
        lambda: area_under_roc(np.array([np.nan]), np.ones(2)),
        lambda: accuracy_coverage(np.array([]), np.array([])),
        lambda: effective_size(np.zeros((3, 0))),
        lambda: transfer(np.zeros((0, 3)), np.zeros(3)),
        lambda: percentile_among(np.ones(2), np.array([])),
        lambda: percentile_among(np.array([np.nan]), np.ones(2)),
        lambda: rank_correlations(np.ones((1, 3)), np.ones((1, 2))),
        lambda: flip_rate(np.zeros(1), np.zeros(1), np.zeros(1), np.ones(1)),
        lambda: beyond_prior(np.array([]), np.array([])),
        lambda: total_variation(np.zeros((1, 1, 1, 1))),
        lambda: high_frequency_share(np.zeros((2, 3))),
        lambda: mean_interval(np.array([])),
    ],
)
def test_what_cannot_be_computed_says_so(call):
    with pytest.raises(DataError, match="expected"):
        call()
