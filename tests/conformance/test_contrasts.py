"""Paired tests against their oracles, and what they promise."""

import numpy as np
import pytest

from lookalike.errors import DataError
from lookalike.metrics import holm, sign_flip_p
from tests.conformance.specimens import SEEDS
from tests.oracles import cards


@pytest.mark.parametrize("seed", SEEDS)
def test_contrasts_equal_their_oracles(seed):
    random = np.random.default_rng(seed)
    differences = random.normal(0.3, 1, 7).round(1)
    assert sign_flip_p(differences) == pytest.approx(cards.sign_flip_p(differences.tolist()))
    p_values = random.random(5).round(2)
    assert holm(p_values) == pytest.approx(cards.holm(p_values.tolist()))


def test_many_pairs_are_drawn_and_come_near_the_exact_value():
    differences = np.random.default_rng(0).normal(0.4, 1, 16)
    assert sign_flip_p(differences) == pytest.approx(cards.sign_flip_p(differences.tolist()), abs=0.01)
    assert sign_flip_p(np.ones(30)) == pytest.approx(1 / 20_001)


def test_no_difference_is_no_evidence():
    assert sign_flip_p(np.zeros(5)) == 1
    assert sign_flip_p(np.array([1.0, -1.0])) == 1
    # Five pairs cannot go below 1 in 16.
    assert sign_flip_p(np.ones(5)) == 1 / 16
    with pytest.raises(DataError, match="one pair"):
        sign_flip_p(np.array([]))
    assert holm(np.array([])).tolist() == []


def test_under_no_difference_small_values_are_rare():
    random = np.random.default_rng(0)
    values = [sign_flip_p(random.normal(size=8)) for _ in range(300)]
    assert np.mean(np.array(values) <= 0.1) == pytest.approx(0.1, abs=0.05)
