"""Matching of prototype sets against its oracle, and its laws."""

import numpy as np
import pytest

from lookalike.errors import DataError
from lookalike.metrics import beyond_chance, consensus, matched, matched_similarity, winner_overlap
from tests.conformance.specimens import SEEDS
from tests.oracles import cards


def draw(seed, n=6, m=5):
    random = np.random.default_rng(seed)
    return random, random.uniform(-1, 1, (n, m)), random.integers(0, 3, n), random.integers(0, 3, m)


@pytest.mark.parametrize("seed", SEEDS)
def test_matching_equals_its_oracle(seed):
    random, alike, labels, others = draw(seed)
    found, expected = (module(alike, labels, others) for module in (matched_similarity, cards.matched_similarity))
    assert found == pytest.approx(expected)
    pairs = matched(alike, labels, others)
    kept = [pair for pair in pairs if pair >= 0]
    assert len(kept) == len(set(kept))
    assert all(labels[row] == others[column] for row, column in enumerate(pairs) if column >= 0)
    won, other_won = random.integers(0, 4, (2, 30))
    np.testing.assert_allclose(winner_overlap(won, other_won), cards.winner_overlap(won, other_won))
    symmetric = np.clip(0.8 + 0.2 * random.normal(size=(8, 8)), -1, 1)
    symmetric = (symmetric + symmetric.T) / 2
    classes, runs = random.integers(0, 2, 8), random.integers(0, 3, 8)
    assert consensus(symmetric, classes, runs, 0.8) == cards.consensus(symmetric, classes, runs, 0.8)


@pytest.mark.parametrize("seed", SEEDS)
def test_order_and_the_side_do_not_matter(seed):
    random, alike, labels, others = draw(seed, m=6)
    others = random.permutation(labels)
    value = matched_similarity(alike, labels, others)
    assert matched_similarity(alike.T, others, labels) == pytest.approx(value)
    order = random.permutation(6)
    assert matched_similarity(alike[order], labels[order], others) == pytest.approx(value)


def test_the_same_set_in_another_order_is_the_same_set():
    order = np.array([2, 0, 1])
    assert matched_similarity(np.eye(3)[:, order], np.zeros(3), np.zeros(3)) == 1
    assert matched(np.eye(3)[:, order], np.zeros(3), np.zeros(3)).tolist() == [1, 2, 0]
    assert matched_similarity(np.eye(3), np.array([0, 1, 2]), np.array([3, 4, 5])) == 0
    assert matched_similarity(np.zeros((2, 0)), np.zeros(2), np.zeros(0)) == 0


def test_chance_is_taken_off():
    assert beyond_chance(0.5, 0.5) == 0
    assert beyond_chance(1.0, 0.3) == 1
    assert beyond_chance(0.2, 0.6) == pytest.approx(cards.beyond_chance(0.2, 0.6)) == -1
    with pytest.raises(DataError, match="below 1"):
        beyond_chance(1.0, 1.0)


def test_consensus_counts_runs_and_not_prototypes():
    """Two copies within one run are no support from a second run."""
    alike = np.ones((3, 3))
    assert consensus(alike, np.zeros(3), np.array([0, 0, 1]), 0.9) == [(0, 2)]
    assert consensus(alike, np.zeros(3), np.zeros(3), 0.9) == [(0, 1)]
    assert consensus(alike, np.arange(3), np.arange(3), 0.9) == [(0, 1), (1, 1), (2, 1)]


def test_what_cannot_be_matched_says_so():
    with pytest.raises(DataError, match="finite"):
        matched(np.array([[np.nan]]), np.zeros(1), np.zeros(1))
    with pytest.raises(DataError, match="at least one prototype"):
        matched_similarity(np.zeros((0, 2)), np.zeros(0), np.zeros(2))
