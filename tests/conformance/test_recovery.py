"""Recovery of true prototypes, against its oracle and where it could go wrong."""

import numpy as np
import pytest

from lookalike.errors import DataError
from lookalike.metrics import energy_shares, shifted_similarity, template_recovery
from tests.conformance.specimens import SEEDS
from tests.oracles import figures

TRUE = np.array([0, 1, 1, 2, 2])


def draw(seed, n=6, size=(8, 7)):
    random = np.random.default_rng(seed)
    templates = random.random((5, *size)).round()
    return random, templates, random.permutation(np.arange(n) % 3), templates[random.integers(0, 5, n)]


@pytest.mark.parametrize("seed", SEEDS)
def test_recovery_equals_its_oracle(seed):
    random, templates, labels, prototypes = draw(seed)
    noisy = prototypes + 0.4 * random.standard_normal(prototypes.shape)
    found = template_recovery(noisy, labels, templates, TRUE).to_dict()
    for name, value in figures.template_recovery(noisy, labels.tolist(), templates, TRUE.tolist()).items():
        assert found[name] == pytest.approx(value), name
    np.testing.assert_allclose(
        shifted_similarity(noisy, templates, 2), figures.shifted_similarity(noisy, templates, 2), atol=1e-9
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_recovery_does_not_depend_on_order_contrast_or_brightness(seed):
    random, templates, labels, prototypes = draw(seed)
    whole = template_recovery(prototypes, labels, templates, TRUE)
    order = random.permutation(len(labels))
    assert template_recovery(prototypes[order], labels[order], templates, TRUE).to_dict() == pytest.approx(
        whole.to_dict()
    )
    assert template_recovery(5 * prototypes - 3, labels, templates, TRUE).to_dict() == pytest.approx(whole.to_dict())


def test_too_few_prototypes_have_a_ceiling_and_too_many_none():
    _, templates, *_ = draw(0)
    few = template_recovery(templates[[0, 1, 3]], TRUE[[0, 1, 3]], templates, TRUE)
    assert few.recovered == pytest.approx(few.ceiling) == 0.6
    assert few.precision == 1
    many = template_recovery(np.repeat(templates, 2, axis=0), np.repeat(TRUE, 2), templates, TRUE)
    assert (many.recovered, many.ceiling) == (pytest.approx(1), 1)


def test_a_class_without_prototypes_counts_as_lost():
    _, templates, *_ = draw(0)
    found = template_recovery(templates[:1], TRUE[:1], templates, TRUE)
    assert found.recovered == pytest.approx(0.2)
    assert found.mode_recall == 0.2


def test_constant_and_negative_prototypes_recover_nothing():
    _, templates, *_ = draw(0)
    constant = template_recovery(np.full_like(templates, 0.3), TRUE, templates, TRUE)
    assert (constant.recovered, constant.mode_recall, constant.precision) == (0, 0, 0)
    assert template_recovery(-templates, TRUE, templates, TRUE).recovered < 0.6


def test_wrong_classes_are_seen():
    random = np.random.default_rng(0)
    templates = random.standard_normal((3, 9, 9))
    found = template_recovery(templates, np.array([1, 2, 0]), templates, np.arange(3))
    assert found.class_identity == 0
    assert found.corrected < 0


def test_without_prototypes_or_classes_it_says_so():
    _, templates, *_ = draw(0)
    with pytest.raises(DataError, match="0 and 3 classes"):
        template_recovery(templates[:0], TRUE[:0], templates, TRUE)
    with pytest.raises(DataError, match="two classes"):
        template_recovery(templates, TRUE, templates[:1], TRUE[:1])


@pytest.mark.parametrize("seed", SEEDS)
def test_energy_shares_equal_their_oracle_and_add_up(seed):
    random = np.random.default_rng(seed)
    prototypes = random.standard_normal((3, 6, 5))
    spans = {
        "first": [random.standard_normal((2, 6, 5)) for _ in range(3)],
        "second": [random.standard_normal((4, 6, 5)) for _ in range(3)],
    }
    spans["second"] = [np.concatenate([own, own[:1]]) for own in spans["second"]]
    spans["again"] = spans["first"]
    found = energy_shares(prototypes, spans)
    assert found == pytest.approx(figures.energy_shares(prototypes, spans), abs=1e-9)
    assert sum(found.values()) == pytest.approx(1)
    assert found["again"] == pytest.approx(0, abs=1e-9)


def test_energy_of_nothing():
    span = {"own": [np.ones((1, 3, 3))] * 2}
    with pytest.raises(DataError, match="not constant"):
        energy_shares(np.zeros((2, 3, 3)), span)
    constant_beside = np.stack([np.zeros((3, 3)), np.eye(3)])
    assert energy_shares(constant_beside, {"own": [np.eye(3)[None]] * 2}) == {"own": 1.0, "rest": 0.0}
