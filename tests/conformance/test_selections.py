"""Selections against plain re-implementations, their laws, and what is refused."""

from itertools import combinations

import numpy as np
import pytest
import torch

from lookalike.errors import DataError, ParameterError
from lookalike.selection import (
    DppSelection,
    FacilityLocationSelection,
    KmeansSelection,
    MarginSelection,
    MeanShiftSelection,
    MedoidsSelection,
    MmdCriticSelection,
    ProtoDashSelection,
    ProtoSelectSelection,
    k_medoids,
    medoid_loss,
)
from lookalike.selection.diverse import Remainder
from lookalike.selection.kernels import Affinity, median_distance, squared_distances
from lookalike.selection.medoids import medoids_of_points
from lookalike.selection.modes import near_distance, peaks
from tests.conformance import specimens
from tests.oracles import selections
from tests.oracles.selections import ORACLES

JOINT = (ProtoSelectSelection, MarginSelection)
EVERY = list(specimens.selections())
every_selection = pytest.mark.parametrize("selection", EVERY, ids=specimens.name)
alone = pytest.mark.parametrize(
    "selection", [each for each in EVERY if not isinstance(each, JOINT)], ids=specimens.name
)
COUNT = 3


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def clustered(seed, n=21):
    """Three clusters that lie far apart, in single precision around their common middle."""
    centers = 6 * torch.eye(3, 4)
    rows = centers.repeat(n // 3, 1) + 0.4 * torch.randn(n, 4, generator=seeded(seed))
    return (rows - rows.mean(0)).double()


def two_classes(seed, n=16):
    rows = torch.randn(2 * n, 3, generator=seeded(seed), dtype=torch.float64)
    rows[n:] += 1.0
    return rows - rows.mean(0), torch.arange(2).repeat_interleave(n)


@alone
def test_selections_agree_with_their_oracles(selection):
    for seed in specimens.SEEDS:
        rows = clustered(seed)
        found = selection(rows, None, COUNT, generator=seeded(seed)).indices.tolist()
        wanted = ORACLES[type(selection).__name__](selection, rows.numpy(), COUNT, seed, found)
        assert found == wanted


@every_selection
def test_every_class_gets_its_number_none_twice(selection):
    rows, labels = two_classes(0)
    words = np.array(["wolf", "ant"])[labels.numpy()]
    found = selection(rows, words, [2, 3], generator=seeded(0))
    assert found.classes == ("ant", "wolf")
    assert found.labels.tolist() == [0, 0, 1, 1, 1]
    assert len(set(found.indices.tolist())) == 5
    assert [words[index] for index in found.indices] == ["ant"] * 2 + ["wolf"] * 3
    assert bool((found.weights >= 0).all())
    assert found.weights.shape == (5,)


@every_selection
def test_the_same_seed_chooses_the_same(selection):
    rows, labels = two_classes(1)
    first, second = (selection(rows, labels, 2, generator=seeded(5)).indices for _ in range(2))
    assert torch.equal(first, second)


@every_selection
def test_shifted_and_integer_points_choose_the_same(selection):
    rows = torch.randint(0, 200, (30, 3), generator=seeded(2))
    labels = torch.arange(2).repeat(15)
    first = selection(rows, labels, 2, generator=seeded(0)).indices
    if getattr(selection, "affinity", "") != "linear":
        assert torch.equal(first, selection(rows.double() + 1e4, labels, 2, generator=seeded(0)).indices)


@pytest.mark.parametrize("far", [64, 1024, 16384])
@pytest.mark.parametrize(
    "selection",
    [each for each in EVERY if not isinstance(each, JOINT) and getattr(each, "affinity", "") != "linear"],
    ids=specimens.name,
)
def test_a_class_chooses_the_same_however_far_another_one_lies(selection, far):
    """Of tight classes far apart, in numbers that single precision holds; the first class draws first."""
    rows = (clustered(0) * 32).round() / 32
    together = torch.cat([rows + far, -rows - far])
    found = selection(together, torch.arange(2).repeat_interleave(len(rows)), COUNT, generator=seeded(0))
    itself = selection(rows, None, COUNT, generator=seeded(0))
    own = found.indices < len(rows)
    assert found.indices[own].tolist() == itself.indices.tolist()
    torch.testing.assert_close(found.weights[own], itself.weights, rtol=1e-3, atol=1e-3)


@every_selection
def test_points_all_in_one_place_are_still_chosen(selection):
    """Constant features, duplicates: nothing is divided by nothing, and no point comes twice."""
    labels = torch.arange(2).repeat(6)
    if isinstance(selection, ProtoSelectSelection) and selection.radius is None:
        with pytest.raises(DataError, match="classes that lie apart"):
            selection(torch.ones(12, 3), labels, 3)
        return
    found = selection(torch.ones(12, 3), labels, 3, generator=seeded(0))
    assert len(set(found.indices.tolist())) == 6
    assert bool(torch.isfinite(found.weights).all())


@every_selection
def test_all_points_of_a_class_may_be_chosen(selection):
    rows, labels = two_classes(3, n=4)
    found = selection(rows, labels, 4, generator=seeded(0))
    assert sorted(found.indices.tolist()) == list(range(8))


@every_selection
def test_bad_points_and_numbers_are_refused(selection):
    rows, labels = two_classes(0, n=4)
    broken = rows.clone()
    broken[3, 1] = float("nan")
    with pytest.raises(DataError, match="1 points with NaN or infinite values, the first at 3"):
        selection(broken, labels, 1)
    with pytest.raises(DataError, match="at least 5 points of class 0, to choose 5, got 4"):
        selection(rows, labels, 5)
    with pytest.raises(DataError, match="one label for each of 8 points"):
        selection(rows, labels[:5], 1)
    with pytest.raises(DataError, match="a number of points for each of 2 classes, got 3 numbers"):
        selection(rows, labels, [1, 1, 1])
    with pytest.raises(DataError, match="1 or above, got 0"):
        selection(rows, labels, 0)
    with pytest.raises(DataError, match="at least one point"):
        selection(rows[:0], labels[:0], 1)


def test_proto_select_agrees_with_its_oracle():
    for seed in specimens.SEEDS:
        rows, labels = two_classes(seed)
        selection = ProtoSelectSelection(radius=1.0)
        found = selection(rows, labels, 3).indices.tolist()
        values = rows.numpy()
        own = ORACLES["ProtoSelectSelection"](selection, values[:16], values[16:], 3)
        others = ORACLES["ProtoSelectSelection"](selection, values[16:], values[:16], 3)
        assert found == [*own, *(16 + place for place in others)]


def test_proto_select_finds_a_radius_and_says_so_where_there_is_none():
    rows, labels = two_classes(0)
    assert len(ProtoSelectSelection()(rows, labels, 2).indices) == 4
    with pytest.raises(DataError, match="classes that lie apart"):
        ProtoSelectSelection()(torch.zeros(8, 2), torch.arange(2).repeat(4), 1)


def test_no_swap_lowers_the_margin_loss():
    for seed in specimens.SEEDS:
        rows, labels = two_classes(seed, n=12)
        found = MarginSelection(candidates=24)(rows, labels, 2, generator=seeded(seed)).indices.tolist()
        values, targets, chosen = rows.numpy(), labels.tolist(), [found[:2], found[2:]]
        temperature = selections.best_temperature(values, targets, chosen)
        loss = ORACLES["MarginSelection"](values, targets, chosen, temperature)
        start = MedoidsSelection()(rows, labels, 2).indices.tolist()
        assert loss <= ORACLES["MarginSelection"](values, targets, [start[:2], start[2:]], temperature)
        for label, place in ((0, 0), (0, 1), (1, 0), (1, 1)):
            for coming in set(np.flatnonzero(labels.numpy() == label).tolist()) - set(chosen[label]):
                other = [list(each) for each in chosen]
                other[label][place] = coming
                # Up to the last hundredth: the temperatures are those of a grid here.
                assert ORACLES["MarginSelection"](values, targets, other, temperature) >= 0.99 * loss


def test_greedy_values_against_the_best_set_there_is():
    """Greedy facility location and criticism-free discrepancy are near the best of all sets of three."""
    for seed in specimens.SEEDS:
        rows = clustered(seed, n=12)
        location, critic = FacilityLocationSelection(bandwidth=1.0), MmdCriticSelection(bandwidth=1.0)
        kernel = selections.kernel_of(location, rows.numpy(), 0)
        sets = [list(each) for each in combinations(range(12), COUNT)]
        best = max(selections.facility_value(kernel, each) for each in sets)
        assert selections.facility_value(kernel, location(rows, None, COUNT).indices.tolist()) >= (1 - 1 / np.e) * best
        best = max(selections.critic_value(kernel, each) for each in sets)
        assert selections.critic_value(kernel, critic(rows, None, COUNT).indices.tolist()) >= (1 - 1 / np.e) * best
        dash = ProtoDashSelection(bandwidth=1.0)(rows, None, COUNT)
        weights, chosen = dash.weights.double().numpy(), dash.indices.tolist()
        value = weights @ kernel.mean(0)[chosen] - weights @ kernel[np.ix_(chosen, chosen)] @ weights / 2
        for other in sets:
            theirs = selections.best_weights(kernel[np.ix_(other, other)], kernel.mean(0)[other])
            best = theirs @ kernel.mean(0)[other] - theirs @ kernel[np.ix_(other, other)] @ theirs / 2
            assert value >= (1 - 1 / np.e) * best


def test_medoids_are_the_best_set_there_is_in_clusters():
    rows = clustered(0, n=12)
    distances = torch.cdist(rows, rows)
    best = min(medoid_loss(distances[:, list(each)]) for each in combinations(range(12), COUNT))
    assert medoid_loss(distances[:, MedoidsSelection()(rows, None, COUNT).indices]) == pytest.approx(best)


def test_medoids_of_many_points_are_as_good_as_with_all_distances():
    for seed in specimens.SEEDS:
        rows = torch.randn(900, 5, generator=seeded(seed)).float()
        distances = torch.cdist(rows, rows)
        sampled = medoids_of_points(rows, 8, 100, seeded(seed))
        assert len(set(sampled.tolist())) == 8
        assert medoid_loss(distances[:, sampled]) <= 1.01 * medoid_loss(distances[:, k_medoids(distances, 8)])


def test_weights_of_proto_dash_agree_with_the_oracle():
    for seed in specimens.SEEDS:
        rows, selection = clustered(seed), ProtoDashSelection(bandwidth=2.0)
        found = selection(rows, None, 4)
        wanted = selections.proto_dash_weights(selection, rows.numpy(), found.indices.tolist(), seed)
        np.testing.assert_allclose(found.weights.numpy(), wanted, atol=1e-3)


def test_criticisms_agree_with_the_oracle():
    for seed in specimens.SEEDS:
        rows, selection = clustered(seed), MmdCriticSelection(bandwidth=1.0, criticisms=2)
        found = selection(rows, None, 2)
        wanted = selections.criticisms(selection, rows.numpy(), found.indices.tolist(), seed)
        assert found.criticisms.tolist() == wanted


@pytest.mark.parametrize("kind", [FacilityLocationSelection, MmdCriticSelection, ProtoDashSelection, DppSelection])
def test_precomputed_kernels_serve_and_broken_ones_are_refused(kind):
    rows, labels = two_classes(0, n=8)
    kernel = torch.exp(-torch.cdist(rows, rows).square() / 2)
    assert torch.equal(
        kind(affinity="precomputed")(kernel, labels, 2).indices, kind(bandwidth=1.0)(rows, labels, 2).indices
    )
    with pytest.raises(DataError, match="a symmetric kernel"):
        kind(affinity="precomputed")(kernel + torch.arange(16.0)[:, None], labels, 2)
    with pytest.raises(DataError, match="a positive kernel, got one with the eigenvalue -1"):
        kind(affinity="precomputed")(kernel - 2 * torch.eye(16) + 0 * kernel, labels, 2)
    with pytest.raises(DataError, match=r"a precomputed kernel \(n, n\), got shape \(16, 3\)"):
        kind(affinity="precomputed")(rows, labels, 2)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (FacilityLocationSelection, {"affinity": "cubic"}),
        (FacilityLocationSelection, {"bandwidth": 0.0}),
        (FacilityLocationSelection, {"epsilon": 1.0}),
        (MmdCriticSelection, {"criticisms": -1}),
        (DppSelection, {"max_points": 0}),
        (ProtoSelectSelection, {"radius": 0.0}),
        (KmeansSelection, {"starts": 0}),
        (MedoidsSelection, {"max_matrix": 1}),
        (MeanShiftSelection, {"bandwidth": -1.0}),
        (MeanShiftSelection, {"starts": 0}),
        (MarginSelection, {"candidates": 0}),
        (MarginSelection, {"sweeps": 0}),
        (MarginSelection, {"max_points": 0}),
    ],
)
def test_options_out_of_range_are_refused(kind, options):
    with pytest.raises(ParameterError, match=next(iter(options))):
        kind(**options)


def test_sampled_sets_come_as_often_as_their_determinants_say():
    rows = torch.tensor([[0.0], [0.5], [1.0], [3.0]])
    kernel = np.exp(-((rows - rows.T).numpy() ** 2) / 2)
    pairs = list(combinations(range(4), 2))
    wanted = np.array([np.linalg.det(kernel[np.ix_(pair, pair)]) for pair in pairs])
    generator, selection = seeded(0), DppSelection(bandwidth=1.0, sampled=True)
    drawn = [tuple(sorted(selection(rows, None, 2, generator=generator).indices.tolist())) for _ in range(1500)]
    shares = np.array([drawn.count(pair) for pair in pairs]) / len(drawn)
    np.testing.assert_allclose(shares, wanted / wanted.sum(), atol=0.05)


def test_blocks_give_what_whole_matrices_give(monkeypatch):
    monkeypatch.setattr("lookalike.selection.kernels.TILE", 7)
    monkeypatch.setattr("lookalike.selection.modes.TILE", 7)
    monkeypatch.setattr("lookalike.selection.kernels._ROWS", 5)
    rows = torch.randn(40, 3, generator=seeded(0)).double()
    affinity = Affinity(rows, "gaussian", 1.3, seeded(0))
    whole = torch.exp(-torch.cdist(rows, rows).square() / (2 * 1.3**2))
    torch.testing.assert_close(affinity.means(), whole.mean(0))
    some, reached = torch.tensor([3, 0, 17]), torch.rand(40, generator=seeded(1)).double()
    torch.testing.assert_close(affinity.columns(some), whole[:, some])
    torch.testing.assert_close(affinity.gains(some, reached), (whole[:, some] - reached[:, None]).clamp_min(0).sum(0))
    torch.testing.assert_close(
        squared_distances(rows, rows[:4]), torch.cdist(rows, rows[:4]).square(), atol=1e-5, rtol=1e-5
    )
    densities, apart = peaks(rows, 1.3 * 2**0.5, seeded(0))
    torch.testing.assert_close(densities, whole.mean(0))
    distances = torch.cdist(rows, rows)
    denser = distances.masked_fill(densities[None] <= densities[:, None], torch.inf).amin(1)
    denser[densities.argmax()] = distances[densities.argmax()].max()
    torch.testing.assert_close(apart, denser, atol=1e-4, rtol=1e-4)


def test_widths_of_kernels():
    rows = torch.tensor([[0.0], [1.0], [4.0]])
    assert median_distance(rows, seeded(0)) == 3.0
    assert near_distance(rows, 0.1, seeded(0)) == 1.0
    assert median_distance(rows[:1], seeded(0)) == near_distance(rows[:1], 0.5, seeded(0)) == 1.0


def test_what_remains_of_a_variance_is_the_schur_complement():
    factor = torch.randn(6, 6, generator=seeded(0))
    kernel = factor @ factor.T
    remainder = Remainder(lambda indices: kernel[:, indices], kernel.diagonal())
    for point in (2, 4):
        remainder.without(point)
    own, rest = [2, 4], [0, 1, 3, 5]
    given = torch.linalg.solve(kernel[own][:, own], kernel[own][:, rest])
    wanted = kernel[rest][:, rest] - kernel[rest][:, own] @ given
    torch.testing.assert_close(remainder.variances[rest], wanted.diagonal(), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("options", "shape", "count"),
    [
        ({}, (400, 1), 30),
        ({}, (400, 2), 80),
        ({"affinity": "linear"}, (200, 4), 10),
        ({"bandwidth": 1000.0}, (60, 3), 9),
    ],
)
def test_proto_dash_of_kernels_without_full_rank(options, shape, count):
    rows = torch.randn(*shape, generator=seeded(0))
    selection = ProtoDashSelection(**options)
    found = selection(rows, None, count)
    assert len(set(found.indices.tolist())) == count
    assert bool((found.weights >= 0).all())
    rows = rows if options.get("affinity") == "linear" else rows - rows.mean(0)
    kernel = np.array(selections.kernel_of(selection, rows.double().numpy(), 0))
    own, means = kernel[np.ix_(found.indices, found.indices)], kernel.mean(0)[found.indices]
    weights = found.weights.double().numpy()
    value = weights @ means - weights @ own @ weights / 2
    assert value >= 0.98 * means.max() ** 2 / kernel.diagonal().max() / 2


@every_selection
@pytest.mark.parametrize("scale", [1e145, 1e-150])
def test_points_that_cannot_be_squared_are_refused(selection, scale):
    rows, labels = two_classes(0)
    if selection.affinity == "linear":
        rows = rows + 1
    with pytest.raises(DataError, match="scale the points"):
        selection(rows.double() * scale, labels, COUNT)


def test_medoids_beyond_a_matrix_are_never_taken_twice():
    for seed in range(20):
        found = MedoidsSelection(max_matrix=5)(
            torch.ones(12, 3), torch.arange(2).repeat(6), COUNT, generator=seeded(seed)
        )
        assert len(set(found.indices.tolist())) == 2 * COUNT


def test_the_linear_affinity_is_the_inner_product_of_the_points_as_they_are():
    rows = torch.randn(30, 3, generator=seeded(0)) + torch.tensor([3.0, 0.0, 0.0])
    for kind in (FacilityLocationSelection, MmdCriticSelection):
        itself = kind(affinity="linear")(rows, None, COUNT)
        products = kind(affinity="precomputed")(rows @ rows.T, None, COUNT)
        assert itself.indices.tolist() == products.indices.tolist()


def test_a_kernel_of_zeros_can_be_sampled():
    found = DppSelection(affinity="linear", sampled=True)(torch.zeros(12, 3), None, COUNT)
    assert len(set(found.indices.tolist())) == COUNT


@pytest.mark.parametrize("labels", [["a", None], ["a", float("nan")], np.array(["a", np.nan], dtype=object)])
def test_labels_that_are_missing_are_refused(labels):
    with pytest.raises(DataError, match="labels that name classes, got none at 1"):
        MedoidsSelection()(torch.randn(2, 2), labels, 1)


def test_numbers_of_any_library_are_numbers():
    rows, labels = two_classes(0)
    expected = MedoidsSelection()(rows, labels, 2).indices.tolist()
    for count in (np.int64(2), [2, np.int32(2)]):
        assert MedoidsSelection()(rows, labels, count).indices.tolist() == expected
    found = MedoidsSelection()(rows, np.array(labels.tolist(), dtype=object), 2)
    assert found.classes == (0, 1)
    with pytest.raises(DataError, match="a whole number of points"):
        MedoidsSelection()(rows, labels, 2.0)
