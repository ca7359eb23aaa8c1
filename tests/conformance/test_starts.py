"""Prototypes, initializers, transforms, augmentations and selection against their oracles, and their laws."""

from itertools import combinations

import numpy as np
import pytest
import torch

from lookalike.errors import DataError, ParameterError
from lookalike.initializers import PointsInitializer
from lookalike.initializers.base import random_windows
from lookalike.prototypes import prototype_labels
from lookalike.prototypes.autoencoder import Autoencoder, train_autoencoder
from lookalike.prototypes.candidates import draw_candidates
from lookalike.registry import build
from lookalike.selection import k_medoids, medoid_loss, nearest_of_class
from lookalike.transforms import (
    AffineTransform,
    ColorTransform,
    ElasticTransform,
    RotationScaleTransform,
    ShiftTransform,
    ToneTransform,
    align,
    aligned_means,
)
from tests.conformance import specimens
from tests.oracles import figures, starts
from tests.oracles.starts import ORACLES

every_set = pytest.mark.parametrize("prototypes", list(specimens.prototypes()), ids=specimens.name)
every_initializer = pytest.mark.parametrize("initializer", list(specimens.initializers()), ids=specimens.name)
every_transform = pytest.mark.parametrize("transform", list(specimens.transforms()), ids=specimens.name)
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
def test_prototypes_are_saved(prototypes):
    """Their labels too; whoever reads them elsewhere sees the same."""
    assert prototypes.labels.tolist() == [0, 0, 1, 2, 2, 2]
    assert type(prototypes).space in ("input", "activation")
    prototypes.set_values(torch.randn(6, *prototypes.shape, generator=seeded(0)))
    shapes = {name: value.shape for name, value in prototypes.state_dict().items()}
    other = next(
        each
        for each in specimens.prototypes()
        if specimens.name(each) == specimens.name(prototypes)
        and {name: value.shape for name, value in each.state_dict().items()} == shapes
    )
    other.load_state_dict(prototypes.state_dict())
    torch.testing.assert_close(other(), prototypes())
    assert other().shape == (6, *prototypes.shape)


@every_set
def test_prototypes_learn_or_are_fixed(prototypes):
    """What can be learned gets a gradient; what cannot is no parameter."""
    learned = list(prototypes.parameters())
    assert [name for name, _ in prototypes.named_parameters()] == ["values"] * len(learned)
    if learned:
        (gradient,) = torch.autograd.grad(prototypes().square().sum(), learned)
        assert bool((gradient != 0).any())


def test_mixtures_lie_between_examples_and_choices_are_examples():
    hull, chosen = (
        [each for each in specimens.prototypes() if type(each).__name__ == name]
        for name in ("HullPrototypes", "ChosenPrototypes")
    )
    for made in (*hull, *chosen):
        with torch.no_grad():
            made.values.normal_(generator=seeded(0))
        n = made.values.shape[1]
        for row, label in enumerate(made.labels.tolist()):
            own = made.candidates[label * n : (label + 1) * n]
            assert bool((made()[row] <= own.amax(0) + 1e-6).all())
            assert bool((made()[row] >= own.amin(0) - 1e-6).all())
    for made in chosen:
        made.eval()
        made.settle()
        examples = torch.randn(12, 2, 5, 4, generator=seeded(9))
        assert torch.equal(made(), examples[made.sources])
        assert (made.sources % 3).tolist() == made.labels.tolist()
        made.train()
        made.advance(1.0)
        assert made.temperature == pytest.approx(made.last_temperature)


def test_candidates_are_the_nearest_first_and_none_is_left_out():
    examples, labels = torch.arange(12.0)[:, None], torch.arange(12) % 3
    drawn = draw_candidates(torch.tensor([[5.9], [1.2]]), torch.tensor([0, 1]), examples, labels, 5, seeded(0))
    assert drawn[:5].tolist()[0] == 6
    assert drawn[5:].tolist()[0] == 1
    for label in (0, 1):
        assert set(drawn[5 * label : 5 * label + 5].tolist()) == set(range(label, 12, 3))


def test_prototypes_stay_within_reach_and_begin_anew_elsewhere():
    near = next(each for each in specimens.prototypes() if getattr(each, "within", None))
    examples = torch.randn(12, 2, 5, 4, generator=seeded(9))
    base = near.base.clone()
    assert all(any(torch.equal(each, example) for example in examples) for each in base)
    with torch.no_grad():
        near.values.fill_(50.0)
    assert float((near().detach() - base).abs().max()) <= 0.5 + 1e-6
    values = base.clone()
    values[2] = examples[4] + 3
    near.set_values(values)
    torch.testing.assert_close(near(), values, atol=1e-3, rtol=0)
    assert torch.equal(near.base[2], values[2])
    assert torch.equal(near.base[3], base[3])


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("hull", {"candidates": 1}),
        ("hull", {"nearest": 1.0}),
        ("chosen", {"candidates": 0}),
        ("chosen", {"first_temperature": 0.0}),
        ("chosen", {"last_temperature": -1.0}),
        ("chosen", {"until": 0.0}),
        ("fourier", {"decay": -1.0}),
        ("generated", {"latent": 0}),
        ("generated", {"width": 0}),
        ("generated", {"steps": -1}),
        ("generated", {"adversarial": -1.0}),
        ("pixel", {"within": 0.0}),
    ],
)
def test_prototypes_of_options_out_of_range_are_refused(kind, options):
    supplied = {"input_shape": (1, 8, 8), "n_classes": 2, "value_range": (torch.tensor(0.0), torch.tensor(1.0))}
    with pytest.raises(ParameterError, match=f"expected {next(iter(options))} of"):
        build("prototypes", kind, options, supplied)


def test_prototypes_that_are_pictures_want_pictures():
    for kind in ("fourier", "generated"):
        with pytest.raises(ParameterError, match="prototypes='pixel'"):
            build("prototypes", kind, {}, {"input_shape": (7,), "n_classes": 2})
    with pytest.raises(ParameterError, match="within alone"):
        build(
            "prototypes",
            "pixel",
            {"within": 0.5, "bounded": True},
            {"input_shape": (1, 4, 4), "n_classes": 2, "value_range": (torch.tensor(0.0), torch.tensor(1.0))},
        )


def test_a_generator_learns_to_draw_what_it_was_shown():
    """Squares at one of four places: two thirds of the variance are drawn after a few hundred steps."""
    pictures = torch.zeros(64, 1, 8, 8)
    for place in range(64):
        down, right = 4 * (place % 2), 4 * (place // 2 % 2)
        pictures[place, 0, down : down + 4, right : right + 4] = 1
    pictures = (pictures - pictures.mean()) / pictures.std()
    torch.manual_seed(0)
    autoencoder = Autoencoder((1, 8, 8), latent=4, width=8)
    train_autoencoder(autoencoder, pictures, 200, 0.0, seeded(0))
    with torch.no_grad():
        drawn = autoencoder.decode(autoencoder.encode(pictures)[0])
    assert float((drawn - pictures).square().mean()) < 1 / 3


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


@every_transform
def test_transform_equals_its_oracle(transform):
    for seed in specimens.SEEDS:
        pictures = torch.randn(2, 3, 5, 4, generator=seeded(seed))
        views = transform.views(pictures).numpy()
        np.testing.assert_allclose(views, ORACLES[type(transform).__name__](transform, pictures), atol=2e-5)


@every_transform
def test_a_prototype_may_stay_as_it_is(transform):
    """So that no family can do worse than none."""
    picture = torch.randn(1, 3, 6, 6, generator=seeded(0))
    views = transform.views(picture)
    least = (views - picture).abs().flatten(1).amax(1).argmin()
    torch.testing.assert_close(views[least], picture[0], atol=1e-5, rtol=0)
    neutral = {"scale": 1, "stretch": 1, "gain": 1, "red": 1, "green": 1, "blue": 1}
    for name, values in transform.members.items():
        assert values[int(least)] == pytest.approx(neutral.get(name, 0))


@every_transform
def test_no_member_is_listed_twice(transform):
    members = list(zip(*transform.members.values(), strict=True))
    assert len(members) == len(set(members))


@every_transform
def test_what_a_member_says_is_what_it_does(transform):
    """The best member for a view of a prototype is that view's own, or one that looks the same."""
    picture = torch.randn(1, 3, 7, 7, generator=seeded(1))
    views = transform.views(picture).flatten(1)
    maps = -torch.cdist(views, views)[:, :, None, None]
    _, found = transform.reduce(maps)
    for name, values in transform.members.items():
        agree = torch.tensor([found[name][k, 0] == value for k, value in enumerate(values)])
        same = (torch.cdist(views, views) < 1e-4).sum(1) > 1
        assert bool((agree | same).all()), name


@every_transform
def test_transform_keeps_the_best_view_and_says_which(transform):
    for seed in specimens.SEEDS:
        n_views = len(transform.views(torch.zeros(1, 3, 4, 4)))
        maps = torch.randn(5, 3 * n_views, 2, 3, generator=seeded(seed))
        kept, parameters = transform.reduce(maps)
        assert kept.shape == (5, 3, 2, 3)
        every = maps.view(5, 3, n_views, 2, 3)
        torch.testing.assert_close(kept.amax((2, 3)), every.amax((2, 3, 4)))
        if isinstance(transform, ShiftTransform):
            pictures = torch.randn(3, 1, 9, 9, generator=seeded(seed))
            views = transform.views(pictures).view(3, n_views, 1, 9, 9)
            side = 2 * transform.pixels + 1
            for row, column in ((0, 0), (4, 2)):
                down, right = int(parameters["down"][row, column]), int(parameters["right"][row, column])
                place = (down + transform.pixels) * side + right + transform.pixels
                torch.testing.assert_close(kept[row, column], every[row, column, place])
                moved = pictures[column].roll((down, right), (1, 2))
                edge = slice(transform.pixels, 9 - transform.pixels)
                torch.testing.assert_close(views[column, place][:, edge, edge], moved[:, edge, edge])


@pytest.mark.parametrize("pixels", [0, 1, 2])
def test_align_equals_its_oracle(pixels):
    for seed in specimens.SEEDS:
        inputs, prototypes = (
            torch.randn(4, 2, 6, 5, generator=seeded(seed)).double(),
            torch.randn(3, 2, 6, 5, generator=seeded(seed + 50)).double(),
        )
        inputs[3], prototypes[2] = 0.3, -0.2
        found = align(inputs, prototypes, pixels)
        for row in range(4):
            for column in range(3):
                expected = figures.aligned(inputs[row].numpy(), prototypes[column].numpy(), pixels)
                assert float(found.correlation[row, column]) == pytest.approx(expected["correlation"], abs=1e-9)
                assert float(found.gain[row, column]) == pytest.approx(expected["gain"], abs=1e-9)
                assert float(found.offset[row, column]) == pytest.approx(expected["offset"], abs=1e-9)
                if expected["correlation"] > 0:
                    where = int(found.down[row, column]), int(found.right[row, column])
                    assert where == (expected["down"], expected["right"])


def test_align_does_not_depend_on_the_size_of_its_chunks(monkeypatch):
    inputs, prototypes = torch.randn(9, 1, 6, 6), torch.randn(2, 1, 6, 6)
    whole = align(inputs, prototypes, 2)
    monkeypatch.setattr("lookalike.transforms.shift._CHUNK", 60)
    monkeypatch.setattr("lookalike.transforms.shift._NUMBERS", 1000)
    parts = align(inputs, prototypes, 2)
    for name, values in vars(whole).items():
        torch.testing.assert_close(getattr(parts, name), values)


def test_shifts_are_for_pictures():
    with pytest.raises(DataError, match="transforms='identity'"):
        ShiftTransform(pixels=1).views(torch.zeros(3, 4))
    with pytest.raises(DataError, match="prototypes of shape"):
        align(torch.zeros(2, 1, 4, 4), torch.zeros(2, 1, 5, 4), 1)
    with pytest.raises(ParameterError, match="from 0 to 100"):
        ShiftTransform(pixels=-1)


@pytest.mark.parametrize(
    ("family", "options"),
    [
        (RotationScaleTransform, {"degrees": -1.0}),
        (RotationScaleTransform, {"angles": 2}),
        (RotationScaleTransform, {"scale": 0.5}),
        (AffineTransform, {"degrees": 200.0}),
        (AffineTransform, {"scale": 0.9}),
        (AffineTransform, {"stretch": 0.9}),
        (AffineTransform, {"slant": -0.1}),
        (AffineTransform, {"steps": 0}),
        (ElasticTransform, {"pixels": -1.0}),
        (ElasticTransform, {"order": 0}),
        (ToneTransform, {"gain": 0.0}),
        (ToneTransform, {"offset": -1.0}),
        (ColorTransform, {"gain": 0.5}),
        (ColorTransform, {"steps": 4}),
    ],
)
def test_deformations_out_of_range_are_refused(family, options):
    with pytest.raises(ParameterError, match=f"expected {next(iter(options))} of"):
        family(**options)


def test_a_family_is_for_what_it_fits():
    for family, shape in ((ColorTransform, (2, 1, 4, 4)), (ElasticTransform, (2, 4)), (AffineTransform, (2, 4))):
        assert not family.fits(shape[1:])
        with pytest.raises(DataError, match="transforms='identity'"):
            family().views(torch.zeros(shape))
    assert ToneTransform().views(torch.zeros(2, 4)).shape == (18, 4)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_no_swap_improves_the_medoids(k):
    for seed in specimens.SEEDS:
        points = torch.randn(12, 2, generator=seeded(seed))
        distances = torch.cdist(points, points)
        chosen = k_medoids(distances, k)
        found = figures.medoid_loss(distances.numpy(), chosen.tolist())
        assert medoid_loss(distances[:, chosen]) == pytest.approx(found, rel=1e-5)
        swaps = [
            sorted({*chosen.tolist()} - {leaving} | {coming})
            for leaving in chosen.tolist()
            for coming in set(range(12)) - {*chosen.tolist()}
        ]
        assert all(figures.medoid_loss(distances.numpy(), swap) >= found - 1e-6 for swap in swaps)
        best = min(figures.medoid_loss(distances.numpy(), list(group)) for group in combinations(range(12), k))
        assert found <= 1.1 * best


def test_medoids_at_the_edges():
    points = torch.tensor([[0.0], [0.0], [0.0]])
    assert len(set(k_medoids(torch.cdist(points, points), 3).tolist())) == 3
    assert k_medoids(torch.zeros(1, 1), 1).tolist() == [0]
    for distances, k in ((torch.zeros(3, 2), 1), (torch.zeros(3, 3), 0), (torch.zeros(3, 3), 4)):
        with pytest.raises(DataError, match="k from 1 to n"):
            k_medoids(distances, k)


@pytest.mark.parametrize("distinct", [False, True])
def test_nearest_of_class_equals_its_oracle(distinct):
    for seed in specimens.SEEDS:
        points, labels = draw_data(seed, shape=(3,))
        queries, slots = torch.randn(5, 3, generator=seeded(seed + 50)), torch.tensor([0, 0, 1, 2, 2])
        queries[1] = queries[0]
        found = nearest_of_class(queries, slots, points, labels, distinct=distinct)
        expected = figures.nearest_of_class(queries.numpy(), slots.tolist(), points.numpy(), labels.tolist(), distinct)
        assert found.tolist() == expected


def test_aligned_means_agree_with_the_oracle():
    for seed in specimens.SEEDS:
        templates = torch.rand(2, 1, 7, 6, generator=seeded(seed))
        pictures = torch.cat([templates.roll(shift, dims=2) for shift in (-1, 0, 1)])
        pictures = pictures + 0.05 * torch.randn(pictures.shape, generator=seeded(seed + 10))
        found = aligned_means(pictures, pictures[:2], 1)
        wanted = starts.aligned_means(pictures.double().numpy(), pictures[:2].double().numpy(), 1)
        np.testing.assert_allclose(found.numpy(), wanted, atol=1e-5)


def test_aligned_means_of_nothing_are_refused():
    with pytest.raises(DataError, match="at least one picture"):
        aligned_means(torch.zeros(0, 1, 4, 4), torch.zeros(1, 1, 4, 4), 1)
