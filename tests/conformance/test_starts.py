"""Prototypes, initializers, transforms, augmentations and selection against their oracles, and their laws."""

import numpy as np
import pytest
import torch

from lookalike.errors import DataError, ParameterError
from lookalike.initializers import PointsInitializer
from lookalike.initializers.base import random_windows
from lookalike.prototypes import prototype_labels
from lookalike.selection import nearest_of_class
from tests.conformance import specimens
from tests.oracles import figures
from tests.oracles.starts import ORACLES

every_set = pytest.mark.parametrize("prototypes", list(specimens.prototypes()), ids=specimens.name)
every_initializer = pytest.mark.parametrize("initializer", list(specimens.initializers()), ids=specimens.name)
every_augmentation = pytest.mark.parametrize("augmentation", list(specimens.augmentations()), ids=specimens.name)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@every_set
def test_prototypes_read_what_was_written(prototypes):
    for seed in specimens.SEEDS:
        wanted = 2 * torch.randn(len(prototypes.labels), *prototypes.shape, generator=seeded(seed))
        prototypes.set_values(wanted)
        expected = ORACLES[type(prototypes).__name__](prototypes, wanted.numpy())
        np.testing.assert_allclose(prototypes().detach().numpy(), expected, rtol=1e-4, atol=1e-5)


@every_set
def test_prototypes_labels_and_values_are_saved(prototypes):
    assert prototypes.labels.tolist() == [0, 0, 1, 2, 2, 2]
    state = prototypes.state_dict()
    assert {"labels", "values"} <= state.keys()
    assert state["values"].shape == (6, *prototypes.shape)
    assert type(prototypes).space in ("input", "activation")


def test_bounded_prototypes_cannot_leave_the_range_and_can_come_back():
    bounded = next(p for p in specimens.prototypes() if getattr(p, "bounded", False))
    bounded.set_values(torch.full((6, 2, 5, 4), 100.0))
    assert bool((bounded() <= bounded.high).all())
    (gradient,) = torch.autograd.grad(bounded().sum(), bounded.values)
    assert bool((gradient > 0).all())


@pytest.mark.parametrize("wrong", [0, -1, [1, 2], [1, 0, 2], "many", 1.5, True])
def test_a_wrong_number_of_prototypes_is_refused(wrong):
    if wrong is True:
        assert prototype_labels(1, 3).tolist() == [0, 1, 2]
        return
    with pytest.raises((ParameterError, TypeError)):
        next(specimens.prototypes(wrong if isinstance(wrong, list) else [wrong] * 3))


def draw_data(seed, shape=(2, 5, 4), n=24):
    return torch.randn(n, *shape, generator=seeded(seed)), torch.arange(n) % 3


@every_initializer
def test_initializer_equals_its_oracle(initializer):
    slots = torch.tensor([0, 0, 1, 2])
    oracle = ORACLES[type(initializer).__name__]
    for seed in specimens.SEEDS:
        inputs, labels = draw_data(seed)
        values = initializer((2, 5, 4), slots, inputs=inputs, labels=labels, generator=seeded(seed)).numpy()
        if oracle.__name__.startswith("is_"):
            assert oracle(initializer, values, slots.numpy(), inputs.numpy(), labels.numpy())
        else:
            expected = oracle(initializer, (2, 5, 4), slots.numpy(), inputs.numpy(), seeded(seed))
            np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-5)


@every_initializer
def test_initializer_follows_its_generator_alone(initializer):
    inputs, labels = draw_data(0)
    torch.manual_seed(1)
    first = initializer((2, 5, 4), torch.tensor([0, 1, 1]), inputs=inputs, labels=labels, generator=seeded(3))
    torch.manual_seed(2)
    again = initializer((2, 5, 4), torch.tensor([0, 1, 1]), inputs=inputs, labels=labels, generator=seeded(3))
    assert torch.equal(first, again)


@every_initializer
def test_initializer_cuts_windows_for_smaller_prototypes(initializer):
    inputs, labels = draw_data(0)
    values = initializer((2, 3, 3), torch.tensor([0, 1, 2]), inputs=inputs, labels=labels, generator=seeded(0))
    assert values.shape == (3, 2, 3, 3)
    assert bool(torch.isfinite(values).all())


def test_a_window_is_a_part_of_its_picture():
    inputs, _ = draw_data(0)
    for picture, window in zip(inputs, random_windows(inputs, (2, 3, 2), seeded(0)), strict=True):
        parts = [picture[:, y : y + 3, x : x + 2] for y in range(3) for x in range(3)]
        assert any(torch.equal(part, window) for part in parts)


def test_too_few_examples_are_an_error_that_counts():
    inputs, labels = draw_data(0, n=6)
    with pytest.raises(DataError, match=r"at least 3 .* got 2"):
        PointsInitializer()((2, 5, 4), torch.zeros(3).long(), inputs=inputs, labels=labels, generator=seeded(0))


@every_augmentation
def test_augmentation_equals_its_oracle(augmentation):
    for seed in specimens.SEEDS:
        inputs, _ = draw_data(seed)
        found = augmentation(inputs, seeded(seed)).numpy()
        expected = ORACLES[type(augmentation).__name__](augmentation, inputs.numpy(), seeded(seed))
        np.testing.assert_array_equal(found, expected)


def test_the_identity_transform_changes_nothing():
    for _, transform in specimens.components("transforms"):
        pictures = torch.randn(3, 1, 4, 4)
        np.testing.assert_array_equal(transform().views(pictures), ORACLES[transform.__name__](transform, pictures))
        maps, parameters = transform().reduce(torch.randn(2, 3, 1, 1))
        assert maps.shape == (2, 3, 1, 1)
        assert parameters == {}


@pytest.mark.parametrize("distinct", [False, True])
def test_nearest_of_class_equals_its_oracle(distinct):
    for seed in specimens.SEEDS:
        points, labels = draw_data(seed, shape=(3,))
        queries, slots = torch.randn(5, 3, generator=seeded(seed + 50)), torch.tensor([0, 0, 1, 2, 2])
        queries[1] = queries[0]
        found = nearest_of_class(queries, slots, points, labels, distinct=distinct)
        expected = figures.nearest_of_class(queries.numpy(), slots.tolist(), points.numpy(), labels.tolist(), distinct)
        assert found.tolist() == expected
