"""Stability of runs that are the same, of runs that have nothing in common, and in between."""

import numpy as np
import pytest
import torch

from lookalike.errors import DataError
from lookalike.evaluation.stability import PrototypeSet, stability_of, stability_row
from tests.evaluation.subjects import LABELS, TEMPLATES, examples

TRAINING = examples("L1")
SLOTS = LABELS.numpy()


def run(pictures, seed=0, order=None):
    scores = np.random.default_rng(seed).random((200, len(SLOTS)))
    return PrototypeSet(pictures, SLOTS, scores if order is None else scores[:, order])


def fewer(found, counts):
    """The run with its first pictures and scores, as many of each class."""
    labels = np.repeat(np.arange(len(counts)), counts)
    return PrototypeSet(found.pictures[: len(labels)], labels, found.scores[:, : len(labels)])


def within_class_order():
    """Prototypes of the same class swapped; classes have 1, 1, 2, 2, 3 and 3."""
    return [0, 1, 3, 2, 5, 4, 8, 6, 7, 10, 11, 9]


def noise(seed):
    return torch.rand(TEMPLATES.shape, generator=torch.Generator().manual_seed(seed))


def test_the_same_prototypes_in_another_order_are_stable():
    order = within_class_order()
    found = stability_of([run(TEMPLATES), run(TEMPLATES[order], order=order)], TRAINING)
    assert found.corrected == (pytest.approx(1),)
    assert found.responses == pytest.approx(1)
    assert found.winners == pytest.approx(1)
    assert found.overlap == pytest.approx([1] * 12)
    assert [support for *_, support in found.consensus] == [2] * 12
    row = stability_row(found)
    assert row.light == "green"
    assert row.failing == ()


def test_a_shift_of_two_pixels_is_forgiven():
    found = stability_of([run(TEMPLATES), run(TEMPLATES.roll((2, -1), (2, 3)))], TRAINING)
    assert found.corrected[0] > 0.95


def test_noise_is_not_stable():
    found = stability_of([run(noise(seed), seed) for seed in range(3)], TRAINING)
    assert max(found.corrected) < 0.1
    assert abs(found.responses) < 0.3
    assert abs(found.winners) < 0.1
    assert len(found.corrected) == 3
    assert {support for *_, support in found.consensus} == {1}
    assert stability_row(found).light == "red"


def test_real_examples_are_what_chance_is():
    drawn = []
    for seed in range(2):
        order = torch.randperm(len(TRAINING), generator=torch.Generator().manual_seed(seed))
        places = [order[(TRAINING.labels[order] == label).nonzero()[:, 0]] for label in range(6)]
        counts = np.bincount(SLOTS)
        drawn.append(TRAINING.inputs[torch.cat([each[:count] for each, count in zip(places, counts, strict=True)])])
    found = stability_of([run(each, seed) for seed, each in enumerate(drawn)], TRAINING)
    assert abs(found.corrected[0]) < 0.15


def test_what_either_run_has_alone_counts_against_both():
    whole, part = run(TEMPLATES), fewer(run(TEMPLATES), [1, 1, 2, 2, 3, 1])
    one, other = (stability_of(pair, TRAINING) for pair in ([whole, part], [part, whole]))
    assert one.pictures == pytest.approx((10 / 12 + 1) / 2)
    assert one.corrected == pytest.approx(other.corrected, abs=0.02)
    assert one.corrected[0] < 0.98
    assert one.null < stability_of([whole, whole], TRAINING).null - 0.01


def test_what_the_start_had_is_told_apart():
    runs = [run(TEMPLATES), run(TEMPLATES, 1)]
    alike = stability_of(runs, TRAINING, starts=[TEMPLATES, TEMPLATES])
    assert alike.start == pytest.approx(1)
    unlike = stability_of(runs, TRAINING, starts=[noise(0), noise(1)])
    assert unlike.start < 0.1
    assert "what the start already had" in stability_row(unlike).beside
    assert stability_of(runs, TRAINING).start is None


def test_tables_have_no_shifts():
    rows = torch.randn(4, 7, generator=torch.Generator().manual_seed(0))
    labels = np.array([0, 0, 1, 1])
    from lookalike.data import Examples, Preprocessing

    inputs = torch.randn(40, 7)
    training = Examples(inputs, torch.arange(40) % 2, Preprocessing.of(inputs))
    sets = [PrototypeSet(each, labels, np.random.default_rng(0).random((9, 4))) for each in (rows, rows[[1, 0, 2, 3]])]
    assert stability_of(sets, training).corrected == (pytest.approx(1),)


def test_one_run_is_not_enough():
    with pytest.raises(DataError, match="two runs"):
        stability_of([run(TEMPLATES)], TRAINING)
