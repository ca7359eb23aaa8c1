"""Pooling, heads, objectives and regularizers against their oracles, and the laws of each family."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lookalike.comparison import Comparison
from lookalike.errors import DataError, ParameterError
from lookalike.explanations import flipping_scores
from lookalike.objectives import GlvqObjective
from lookalike.regularizers import (
    AlignedMatchingRegularizer,
    ClusterRegularizer,
    PixelPullRegularizer,
    TotalVariationRegularizer,
)
from tests.conformance import specimens
from tests.oracles import decisions, similarities

LABELS, N_CLASSES = torch.tensor([0, 0, 1, 2, 2, 2]), 3
every_pooling = pytest.mark.parametrize("pooling", list(specimens.poolings()), ids=specimens.name)
every_head = pytest.mark.parametrize("head", list(specimens.heads(LABELS, N_CLASSES)), ids=specimens.name)
every_objective = pytest.mark.parametrize("objective", list(specimens.objectives()), ids=specimens.name)
every_regularizer = pytest.mark.parametrize("regularizer", list(specimens.regularizers()), ids=specimens.name)


def draw_record(seed, n=7, sign=None):
    """A record with random contents; ``sign=-1`` makes every score and logit a negative distance."""
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randn(n, len(LABELS), 2, 2, generator=generator)
    logits = torch.randn(n, N_CLASSES, generator=generator)
    if sign:
        maps, logits = sign * maps.abs(), sign * logits.abs()
    return Comparison(
        inputs=torch.randn(n, 2, 5, 4, generator=generator),
        targets=torch.randint(N_CLASSES, (n,), generator=generator),
        prototypes=torch.randn(len(LABELS), 2, 5, 4, generator=generator),
        labels=LABELS,
        activations=torch.randn(n, 3, 2, 2, generator=generator),
        prototype_activations=torch.randn(len(LABELS), 3, 1, 1, generator=generator),
        maps=maps,
        scores=maps.amax((2, 3)),
        logits=logits.requires_grad_(),
        taps={
            0.3: (
                torch.randn(n, 3, 4, 3, generator=generator),
                torch.randn(len(LABELS), 3, 4, 3, generator=generator),
            )
        },
    )


def as_arrays(record):
    names = ("inputs", "targets", "prototypes", "labels", "scores", "logits")
    taps = {depth: tuple(each.detach().numpy() for each in pair) for depth, pair in record.taps.items()}
    return SimpleNamespace(taps=taps, **{name: getattr(record, name).detach().numpy() for name in names})


@every_pooling
def test_pooling_equals_its_oracle(pooling):
    for seed in specimens.SEEDS:
        maps = torch.randn(3, 2, 4, 3, generator=torch.Generator().manual_seed(seed))
        expected = similarities.ORACLES[type(pooling).__name__](pooling, maps.numpy().astype(np.float64))
        np.testing.assert_allclose(pooling(maps).numpy(), expected, rtol=1e-4, atol=1e-5)


@every_pooling
def test_pooling_stays_between_the_extremes_and_keeps_a_constant(pooling):
    for seed in specimens.SEEDS:
        maps = torch.randn(3, 2, 4, 3, generator=torch.Generator().manual_seed(seed))
        scores = pooling(maps)
        assert bool((scores <= maps.amax((2, 3)) + 1e-5).all())
        assert bool((scores >= maps.amin((2, 3)) - 1e-5).all())
        torch.testing.assert_close(pooling(torch.full((1, 1, 4, 3), 0.7)), torch.tensor([[0.7]]))


@every_pooling
def test_where_names_the_largest_position_on_maps_that_are_not_square(pooling):
    for seed in specimens.SEEDS:
        maps = torch.randn(3, 2, 2, 5, generator=torch.Generator().manual_seed(seed))
        where = pooling.where(maps)
        for i in range(3):
            for j in range(2):
                row, column = where[i, j].tolist()
                assert maps[i, j, row, column] == maps[i, j].max()


@every_head
def test_head_equals_its_oracle(head):
    for seed in specimens.SEEDS:
        scores = torch.randn(5, len(LABELS), generator=torch.Generator().manual_seed(seed))
        logits, contributions = decisions.ORACLES[type(head).__name__](
            head, scores.numpy().astype(np.float64), LABELS.tolist(), N_CLASSES
        )
        np.testing.assert_allclose(head(scores).detach().numpy(), logits, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(head.contributions(scores).detach().numpy(), contributions, rtol=1e-4, atol=1e-5)


@every_head
def test_bias_and_contributions_are_the_logits(head):
    """The law of the house, for scores small and large."""
    for seed in specimens.SEEDS:
        for size in (0.01, 1.0, 30.0):
            scores = size * torch.randn(5, len(LABELS), generator=torch.Generator().manual_seed(seed))
            total = head.bias() + head.contributions(scores).sum(1)
            torch.testing.assert_close(total, head(scores), rtol=1e-5, atol=1e-5 * size)


@every_head
def test_head_is_equivariant_in_inputs_and_in_prototypes_of_a_class(head):
    for seed in specimens.SEEDS:
        scores = torch.randn(5, len(LABELS), generator=torch.Generator().manual_seed(seed))
        rows, columns = torch.randperm(5), torch.tensor([1, 0, 2, 5, 3, 4])
        torch.testing.assert_close(head(scores[rows]), head(scores)[rows])
        torch.testing.assert_close(head(scores[:, columns]), head(scores))
        permuted = head.contributions(scores[:, columns])
        torch.testing.assert_close(permuted, head.contributions(scores)[:, columns])


@every_head
def test_head_is_equivariant_in_prototypes_of_different_classes(head):
    """Reordering prototypes together with their labels changes nothing but the order."""
    order = torch.tensor([3, 0, 5, 2, 1, 4])
    other = type(head)(LABELS[order], N_CLASSES)
    scores = torch.randn(5, len(LABELS))
    torch.testing.assert_close(other(scores[:, order]), head(scores))
    torch.testing.assert_close(other.contributions(scores[:, order]), head.contributions(scores)[:, order])


@every_head
def test_a_prototype_without_weight_contributes_nothing(head):
    scores = torch.randn(5, len(LABELS))
    if hasattr(head, "weights"):
        with torch.no_grad():
            head.weights[:, 3] = 0.0
        assert bool((head.contributions(scores)[:, 3] == 0).all())
        return
    scores[:, 3] = float("-inf")
    torch.testing.assert_close(head.contributions(scores.clamp_min(-200))[:, 3], torch.zeros(5, N_CLASSES))


@every_objective
def test_objective_equals_its_oracle(objective):
    sign = -1 if isinstance(objective, GlvqObjective) else None
    for seed in specimens.SEEDS:
        record = draw_record(seed, sign=sign)
        expected = decisions.ORACLES[type(objective).__name__](objective, as_arrays(record))
        assert objective(record, 0.5).item() == pytest.approx(expected, rel=1e-4, abs=1e-5)


@every_objective
def test_objective_wants_the_target_up_and_others_down(objective):
    """A step against the gradient raises the target's logit over the best other one."""
    sign = -1 if isinstance(objective, GlvqObjective) else None
    for seed in specimens.SEEDS:
        record = draw_record(seed, sign=sign)
        (gradient,) = torch.autograd.grad(objective(record, 0.5), record.logits)
        assert bool(torch.isfinite(gradient).all())
        assert bool((gradient.gather(1, record.targets[:, None]) <= 0).all()) or type(objective).__name__ in (
            "CrossEntropyObjective",
            "SignedTargetObjective",
        )
        before = objective(record, 0.5)
        better = Comparison(**{**vars(record), "logits": (record.logits - 1e-3 * gradient).detach()})
        assert float(objective(better, 0.5)) <= before.item()


def test_relative_distance_needs_distances():
    with pytest.raises(ParameterError, match="similarity='l2'"):
        GlvqObjective()(draw_record(0), 0.0)


@every_regularizer
def test_regularizer_equals_its_oracle(regularizer):
    for seed in specimens.SEEDS:
        record = draw_record(seed)
        expected = decisions.ORACLES[type(regularizer).__name__](regularizer, as_arrays(record))
        assert regularizer(record, 0.5).item() == pytest.approx(expected, rel=1e-4, abs=1e-5)


@every_regularizer
def test_regularizer_is_a_finite_number_with_a_finite_gradient(regularizer):
    for seed in specimens.SEEDS:
        record = draw_record(seed)
        leaves = [record.prototypes.requires_grad_(), record.scores.requires_grad_()]
        penalty = regularizer(record, 0.5)
        assert penalty.shape == ()
        assert bool(torch.isfinite(penalty))
        if penalty.requires_grad:
            for gradient in torch.autograd.grad(penalty, leaves, allow_unused=True):
                assert gradient is None or bool(torch.isfinite(gradient).all())


@every_regularizer
def test_a_retired_prototype_says_nothing_and_is_not_moved(regularizer):
    record = draw_record(2)
    record.prototypes.requires_grad_()
    retired = Comparison(**{**vars(record), "labels": torch.tensor([-1, *LABELS[1:].tolist()])})
    ours, theirs = record.taps[0.3]
    fewer = {name: getattr(record, name)[1:] for name in ("prototypes", "labels", "prototype_activations")}
    fewer |= {name: getattr(record, name)[:, 1:] for name in ("maps", "scores")}
    without = Comparison(**{**vars(record), **fewer, "taps": {0.3: (ours, theirs[1:])}})
    penalty = regularizer(retired, 0.5)
    torch.testing.assert_close(penalty, regularizer(without, 0.5))
    if penalty.requires_grad:
        (gradient,) = torch.autograd.grad(penalty, record.prototypes, allow_unused=True)
        assert gradient is None or not bool(gradient[0].any())


def test_a_flat_picture_has_no_total_variation():
    record = draw_record(0)
    flat = Comparison(**{**vars(record), "prototypes": torch.full((6, 2, 5, 4), 0.3)})
    assert float(TotalVariationRegularizer()(flat, 0.0)) == 0.0


def test_pixel_pull_is_zero_at_the_inputs_themselves():
    record = draw_record(0, n=6)
    same = Comparison(**{**vars(record), "inputs": record.prototypes, "targets": LABELS})
    assert float(PixelPullRegularizer()(same, 0.0)) == pytest.approx(0.0, abs=1e-6)


def test_aligned_matching_is_least_where_prototypes_are_the_inputs_up_to_shift_gain_and_offset():
    generator = torch.Generator().manual_seed(0)
    pictures = torch.zeros(6, 2, 9, 9)
    pictures[:, :, 3:6, 3:6] = torch.rand(6, 2, 3, 3, generator=generator)
    moved = Comparison(
        **{**vars(draw_record(0, n=6)), "inputs": 3 * pictures.roll((1, -2), (2, 3)) - 1, "targets": LABELS}
        | {"prototypes": pictures}
    )
    found = AlignedMatchingRegularizer(pixels=2, contrast=0.0, mutual=0.0)
    assert float(found(moved, 1.0)) == pytest.approx(-1, abs=2e-3)
    less = AlignedMatchingRegularizer(pixels=1, tolerance=None, contrast=0.0, mutual=0.0)
    assert float(less(moved, 1.0)) > -0.9
    assert found.temperature(0.0) == pytest.approx(found.first_temperature)
    assert found.temperature(0.9) == pytest.approx(found.last_temperature)


def test_contrast_is_what_correlation_leaves_of_the_squared_distance():
    record = draw_record(0, n=6)
    same = {**vars(record), "targets": LABELS, "prototypes": record.inputs}
    matching = {weight: AlignedMatchingRegularizer(pixels=0, tolerance=None, contrast=weight) for weight in (0.0, 1.0)}
    brighter = Comparison(**{**same, "inputs": 2 * record.inputs + 1})
    as_bright = Comparison(**{**same, "inputs": record.inputs})
    assert float(matching[0.0](brighter, 1.0)) == pytest.approx(float(matching[0.0](as_bright, 1.0)), abs=1e-5)
    assert float(matching[1.0](brighter, 1.0)) > float(matching[1.0](as_bright, 1.0)) + 0.1
    assert float(matching[1.0](as_bright, 1.0)) == pytest.approx(float(matching[0.0](as_bright, 1.0)), abs=1e-5)


def test_clutter_now_here_now_there_leaves_no_haze_where_it_is_tolerated():
    generator = torch.Generator().manual_seed(0)
    truth = torch.zeros(1, 1, 12, 12)
    truth[..., 2:6, 3:7] = 1
    inputs = truth + 0.02 * torch.randn(60, 1, 12, 12, generator=generator)
    for each, (row, column) in enumerate([(7, 0), (7, 4), (7, 8)] * 20):
        inputs[each, 0, row : row + 4, column : column + 4] += 1
    means = inputs.mean(0, keepdim=True).repeat(len(LABELS), 1, 1, 1).requires_grad_()
    seen = {"inputs": inputs, "targets": torch.zeros(60, dtype=torch.long), "prototypes": means}
    found = {}
    for name, tolerance in (("mean", None), ("mode", 2.0)):
        matching = AlignedMatchingRegularizer(
            pixels=0, last_temperature=1e-3, tolerance=tolerance, contrast=0.0, mutual=0.0
        )
        penalty = matching(Comparison(**{**vars(draw_record(0, n=60)), **seen}), 1.0)
        found[name] = torch.autograd.grad(penalty, means)[0].sum(0, keepdim=True)
    haze = torch.zeros_like(truth, dtype=torch.bool)
    haze[..., 7:11, :] = True
    # Following the gradient of the tolerant penalty takes the haze away; the other has nothing to say against it.
    assert float(found["mode"][haze].mean()) > 5 * abs(float(found["mean"][haze].mean()))


def test_a_prototype_that_no_input_chooses_is_drawn_to_its_class_all_the_same():
    record = draw_record(0, n=6)
    prototypes = record.prototypes.clone()
    prototypes[:2] = record.inputs[0]
    prototypes[1] = -prototypes[1]
    chosen = Comparison(
        **{**vars(record), "inputs": record.inputs[:1].repeat(6, 1, 1, 1) + 0.1 * record.inputs}
        | {"targets": torch.zeros(6, dtype=torch.long), "prototypes": prototypes.requires_grad_()}
    )
    gradients = {}
    for mutual in (0.0, 0.5):
        matching = AlignedMatchingRegularizer(pixels=0, tolerance=None, contrast=0.0, mutual=mutual)
        gradients[mutual] = torch.autograd.grad(matching(chosen, 1.0), prototypes)[0].flatten(1).norm(dim=1)
    assert float(gradients[0.0][1]) < 1e-6
    assert float(gradients[0.5][1]) > 1e-3
    # Classes that are not in the batch say nothing either way.
    assert float(gradients[0.5][2:].max()) == 0


def test_aligned_matching_of_flat_pictures_and_of_strangers_is_nothing():
    record = draw_record(0)
    flat = Comparison(**{**vars(record), "prototypes": torch.full((6, 2, 5, 4), 0.3, requires_grad=True)})
    penalty = AlignedMatchingRegularizer(contrast=0.0)(flat, 1.0)
    assert penalty.item() == pytest.approx(0.0, abs=1e-4)
    (gradient,) = torch.autograd.grad(penalty + AlignedMatchingRegularizer()(flat, 1.0), flat.prototypes)
    assert bool(torch.isfinite(gradient).all())
    strangers = Comparison(**{**vars(record), "targets": torch.full((7,), 5)})
    assert float(AlignedMatchingRegularizer()(strangers, 1.0)) == 0.0
    for wrong in (
        {"pixels": -1},
        {"last_temperature": 0.0},
        {"until": 0.0},
        {"until": 1.5},
        {"tolerance": 0.0},
        {"contrast": -1.0},
        {"mutual": -1.0},
    ):
        with pytest.raises(ParameterError):
            AlignedMatchingRegularizer(**wrong)


def test_regularizers_refuse_prototypes_they_do_not_fit():
    rows = Comparison(**{**vars(draw_record(0)), "prototypes": torch.zeros(6, 9)})
    with pytest.raises(ParameterError, match="total variation"):
        TotalVariationRegularizer()(rows, 0.0)
    with pytest.raises(ParameterError, match="aligned matching"):
        AlignedMatchingRegularizer()(rows, 0.0)
    with pytest.raises(ParameterError, match="pixel pull"):
        PixelPullRegularizer()(rows, 0.0)


def test_what_needs_targets_says_so():
    record = Comparison(**{**vars(draw_record(0)), "targets": None})
    with pytest.raises(DataError, match="pass targets to the network"):
        ClusterRegularizer()(record, 0.0)


@every_head
@torch.no_grad()
def test_the_score_that_flips_is_the_least_that_does(head):
    scores = draw_record(5, n=40).scores
    first, second = head(scores).topk(2, dim=1).indices.T
    rival = head.contributions(scores)[torch.arange(40), :, second].argmax(1)
    found = flipping_scores(head, scores, rival, torch.stack([first, second], 1))
    reached = ~found.isnan()
    assert reached.any()
    for row in reached.nonzero()[:, 0].tolist():
        rises = {}
        for name, change in (("at", 1e-5), ("below", -1e-3)):
            asked = scores[row : row + 1].clone()
            asked[0, rival[row]] = max(float(scores[row, rival[row]]), float(found[row]) + change)
            logits = head(asked)[0]
            rises[name] = float(logits[second[row]] - logits[first[row]])
        assert rises["at"] >= -1e-5
        assert rises["below"] < 1e-5
    assert (found[reached] >= scores[torch.arange(40), rival][reached]).all()
