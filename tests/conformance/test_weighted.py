"""Whatever is a mean over inputs takes weights of inputs as it would take repetitions."""

import numpy as np
import pytest
import torch

from lookalike.comparison import Comparison
from lookalike.metrics import best_temperature, negative_log_likelihood
from lookalike.selection import KmeansSelection, MeansSelection, MedoidsSelection, drawn_by_weight, k_medoids
from lookalike.training.merging import dispensable
from lookalike.training.reseeding import how_missed
from tests.conformance import specimens
from tests.conformance.test_decisions import draw_record

SIGNED = {"GlvqObjective": -1}
SEEDS = range(3)


def both_ways(seed: int, sign: int | None = None) -> tuple[Comparison, Comparison, torch.Tensor]:
    """A record with weights, the same with as many repetitions, and these."""
    record = draw_record(seed, n=6, sign=sign)
    times = torch.randint(1, 4, (6,), generator=torch.Generator().manual_seed(seed))
    rows = torch.arange(6).repeat_interleave(times)
    taps = {depth: (inputs[rows], prototypes) for depth, (inputs, prototypes) in record.taps.items()}
    names = ("inputs", "targets", "activations", "maps", "scores", "logits")
    repeated = {**vars(record), **{name: getattr(record, name)[rows] for name in names}, "taps": taps}
    weighed = {**vars(record), "weights": times / times.float().mean()}
    return Comparison(**weighed), Comparison(**repeated), times


@pytest.mark.parametrize("part", [*specimens.objectives(), *specimens.regularizers()], ids=specimens.name)
def test_weights_are_repetitions(part):
    for seed in SEEDS:
        weighed, repeated, _ = both_ways(seed, SIGNED.get(type(part).__name__))
        for progress in (0.0, 1.0):
            found = []
            for record in (weighed, repeated):
                torch.manual_seed(seed)
                found.append(part(record, progress).item())
            assert found[0] == pytest.approx(found[1], rel=2e-4, abs=1e-5)


@pytest.mark.parametrize("part", [*specimens.objectives(), *specimens.regularizers()], ids=specimens.name)
def test_next_to_no_weight_gives_a_finite_penalty(part):
    record = draw_record(0, sign=SIGNED.get(type(part).__name__))
    for weights in (torch.full((7,), 1e-38), torch.tensor([7.0, 0, 0, 0, 0, 0, 0])):
        penalty = part(Comparison(**{**vars(record), "weights": weights}), 1.0)
        assert bool(torch.isfinite(penalty))


@pytest.mark.parametrize("made", [*specimens.counterfactuals()], ids=specimens.name)
def test_hybrids_weigh_what_their_inputs_do(made):
    record = draw_record(1)
    weights = torch.arange(1.0, 8.0)
    plain = made(record, 0.9, torch.Generator().manual_seed(0))
    weighed = made(Comparison(**{**vars(record), "weights": weights}), 0.9, torch.Generator().manual_seed(0))
    assert len(plain) == 2
    assert all(torch.equal(*pair) for pair in zip(plain, weighed, strict=False))
    if len(plain[0]):
        counts, labels = weighed[2].tolist(), plain[1].tolist()
        assert [int(record.targets[int(count) - 1]) for count in counts] == labels


@pytest.mark.parametrize("start", [*specimens.initializers()], ids=specimens.name)
def test_first_values_take_weights(start):
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(20, 1, 4, 4, generator=generator)
    labels = torch.arange(20) % 2
    weights = torch.where(inputs.mean((1, 2, 3)) > 0, 1.0, 1e-6)
    given = {"inputs": inputs, "labels": labels, "generator": generator}
    values = start((1, 4, 4), torch.tensor([0, 0, 1]), weights=weights, **given)
    assert values.shape == (3, 1, 4, 4)
    assert bool(torch.isfinite(values).all())
    if type(start).__name__ in ("MeansInitializer", "KmeansInitializer", "PointsInitializer"):
        assert bool((values.mean((1, 2, 3)) > -0.05).all())


@pytest.mark.parametrize("kind", [MeansSelection, KmeansSelection, MedoidsSelection])
def test_selections_take_weights_as_repetitions(kind):
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(12, 2, generator=generator)
    times = torch.randint(1, 5, (12,), generator=generator)
    repeated = points.repeat_interleave(times, 0)
    weighed = kind()(points, None, 1, weights=times.double())
    assert torch.equal(points[weighed.indices], repeated[kind()(repeated, None, 1).indices])


def test_medoids_of_many_points_follow_weights():
    points = torch.arange(100.0)[:, None]
    weights = torch.where(points[:, 0] == 70, 1000.0, 1.0)
    assert MedoidsSelection(max_matrix=40)(points, None, 1, weights=weights).indices.tolist() == [70]


def test_medoids_by_weight_equal_an_oracle():
    generator = torch.Generator().manual_seed(3)
    points = torch.randn(9, 2, generator=generator, dtype=torch.double)
    weights = torch.rand(9, generator=generator, dtype=torch.double)
    costs = weights[:, None] * torch.cdist(points, points)
    best = min(range(9), key=lambda one: float(costs[:, one].sum()))
    assert k_medoids(costs, 1).tolist() == [best]
    assert MedoidsSelection()(points, None, 1, weights=weights).indices.tolist() == [best]


def test_drawing_by_weight_prefers_what_weighs_more():
    generator = torch.Generator().manual_seed(0)
    draws = torch.cat([drawn_by_weight(3, 1, torch.tensor([6.0, 3.0, 1.0]), generator) for _ in range(2000)])
    shares = draws.bincount(minlength=3) / 2000
    np.testing.assert_allclose(shares.numpy(), [0.6, 0.3, 0.1], atol=0.04)


def test_what_prototypes_are_missed_for_follows_weights():
    alike = torch.tensor([[0.9, 0.1], [0.1, 0.9], [0.9, 0.1]])
    repeated = torch.cat([alike[:1], alike[1:2].repeat(5, 1), alike[2:]])
    weights = torch.tensor([1.0, 5.0, 1.0]) * 3 / 7
    assert how_missed(alike, [0, 1], weights) == pytest.approx(how_missed(repeated, [0, 1]), rel=1e-5)
    order = [dispensable(alike, lambda *_: True, each) for each in (None, weights)]
    assert order == [[1], [0]]


def test_temperature_takes_weights_as_repetitions():
    random = np.random.default_rng(0)
    logits, labels, times = random.normal(size=(30, 3)), random.integers(0, 3, 30), random.integers(1, 4, 30)
    repeated = np.repeat(logits, times, 0), np.repeat(labels, times)
    assert best_temperature(logits, labels, times) == pytest.approx(best_temperature(*repeated), rel=1e-3)
    assert negative_log_likelihood(logits, labels, weights=times) == pytest.approx(negative_log_likelihood(*repeated))
