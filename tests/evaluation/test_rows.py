"""Every row on models whose prototypes are true, and on models whose prototypes are not."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lookalike.backbones import ModuleBackbone
from lookalike.errors import DataError
from lookalike.evaluation import ROW_NAMES, judges_of, scorecard
from lookalike.evaluation.binding import bind_row
from lookalike.evaluation.decision_rows import (
    accuracy_row,
    disturbed,
    flip_row,
    rejection_row,
    size_row,
    stand_in_row,
    sufficiency_row,
)
from lookalike.evaluation.picture_rows import (
    cover_row,
    path_row,
    recovery_row,
    simulation_row,
    transfer_row,
    typicality_row,
)
from lookalike.transforms import decompose
from tests.evaluation.subjects import LABELS, TEMPLATES, WORLD, examples, marked_subject, subject
from tests.oracles import figures

NOISE = torch.rand(TEMPLATES.shape, generator=torch.Generator().manual_seed(0))
JUDGING = examples("L1", 600, seed=7)


@pytest.fixture(scope="module")
def judges(own_judges):
    return judges_of(JUDGING, 6)


@pytest.fixture(scope="module")
def true(judges):
    """The matched filter with the true templates."""
    return subject(judges=judges, overlap=False)


@pytest.fixture(scope="module")
def noisy(judges):
    return subject(NOISE, judges=judges, overlap=False)


def test_a_matched_filter_with_true_templates_is_right(true, noisy):
    assert accuracy_row(true).value > 0.95
    row = accuracy_row(noisy)
    assert row.value < 0.5
    assert row.interval[0] < row.value < row.interval[1]


def test_inputs_of_no_class_are_less_alike(true):
    unseen = torch.from_numpy(type(WORLD).of(9).sample("L1", 200, seed=0).inputs)[:, None]
    row = rejection_row(replace(true, foreign={"unseen": unseen, "the test part": true.test.inputs}))
    assert row.beside["unseen"] > 0.8
    assert row.beside["the test part"] == 0.5
    assert row.value == 0.5
    assert row.light == "red"
    assert "the test part" in row.note
    assert row.beside["accuracy of the 90% most similar"] >= accuracy_row(true).value
    with pytest.raises(DataError):
        rejection_row(true)


def test_the_max_head_explains_with_one_prototype_per_class(true):
    row = size_row(true)
    assert 1 <= row.value <= 12
    assert row.beside["prototypes"] == 12
    assert 0 < row.beside["whose removal changes the decision"] <= 12
    shown = sufficiency_row(true)
    assert shown.value > 0.9
    assert shown.value >= shown.beside["random three"]


def test_judges_see_templates_and_not_noise(true, noisy):
    row = transfer_row(true)
    assert row.value > 0.9
    assert row.light == "green"
    assert row.note == ""
    found = transfer_row(noisy)
    assert found.value < 0.5
    assert found.light == "red"
    assert len(found.failing) >= 6
    assert found.failing == tuple(place for place, share in enumerate(found.by_prototype) if share < 0.5)
    assert np.mean(found.by_prototype) == pytest.approx(found.value)
    assert "overlap" in transfer_row(replace(true, overlap=True)).note


def test_points_are_typical_and_noise_is_not(judges, noisy):
    training = examples("L1")
    points = torch.stack([training.inputs[(training.labels == label).nonzero()[0, 0]] for label in LABELS])
    assert typicality_row(subject(points, judges=judges)).value < 0.1
    row = typicality_row(noisy)
    assert row.value > 0.97
    assert row.failing == tuple(range(12))


def test_a_path_of_real_pictures_is_one_and_of_noise_less():
    torch.manual_seed(0)
    backbone = torch.nn.Sequential(torch.nn.Conv2d(1, 3, 3), torch.nn.ReLU(inplace=True), torch.nn.Flatten())
    training = examples("L0")
    points = torch.stack([training.inputs[(training.labels == label).nonzero()[3, 0]] for label in LABELS])
    real, noise = (
        path_row(subject(each, ModuleBackbone((1, 28, 28), module=backbone), "L0")) for each in (points, NOISE)
    )
    assert real.value == pytest.approx(1, abs=0.25)
    assert noise.value < 0.5
    assert noise.light == "red"
    # A class with one example cannot be measured, and fails nobody.
    lone = training.select((training.labels != 5).nonzero()[:, 0])
    without = path_row(replace(subject(points, ModuleBackbone((1, 28, 28), module=backbone), "L0"), training=lone))
    assert not set(without.failing) & {9, 10, 11}


def test_cover_of_points_medoids_and_copies(true, judges):
    training = examples("L1")
    copies = torch.stack([training.inputs[(training.labels == label).nonzero()[0, 0]] for label in LABELS])
    assert cover_row(true).value > cover_row(subject(NOISE, judges=judges)).value
    row = cover_row(subject(copies, judges=judges))
    assert {"k-means", "random points"} <= row.beside.keys()
    assert row.beside["duplicates"] == 6
    assert row.beside["dead"] == 6
    assert row.light != "green"
    assert len(row.failing) == 6


def test_stand_ins_are_what_the_model_uses(true):
    assert stand_in_row(replace(true, stand_ins=TEMPLATES)).value == pytest.approx(1)
    assert stand_in_row(replace(true, stand_ins=NOISE)).value < 0.7
    with pytest.raises(DataError, match="nearest training example"):
        stand_in_row(true)


def test_true_templates_are_foreseen_and_noise_is_not(true, noisy):
    row = simulation_row(true)
    assert row.value > 0.5
    assert row.value > simulation_row(noisy).value
    assert "real examples as prototypes" in row.beside


def test_flips(true):
    row = flip_row(true)
    assert 0 <= row.value < 0.2
    assert len(row.beside) == 5
    assert row.value < row.beside["nearest neighbour"]


def test_disturbances_are_small_and_seen():
    model = subject()
    inputs = model.test.inputs[:20]
    for name, changed in disturbed(model, inputs).items():
        assert changed.shape == inputs.shape
        assert 0 < float((changed - inputs).abs().mean()) < 0.35, name
    eight_bit = replace(model, preprocessing=type(model.preprocessing).of((inputs.clamp(0, 1) * 255).to(torch.uint8)))
    for name, changed in disturbed(eight_bit, (inputs.clamp(0, 1) * 255).to(torch.uint8)).items():
        assert float(changed.min()) >= 0, name
        assert float(changed.max()) <= 1, name


def test_cover_counts_the_modes_that_some_prototype_stands_for(true, judges):
    samples = WORLD.sample("L1", len(true.test), seed=0, training=False)
    judged = replace(true, judges=judges, modes=samples.modes)
    assert cover_row(judged).beside["mode recall"] == 1
    copies = TEMPLATES.clone()
    copies[11] = copies[10]
    assert cover_row(subject(copies, judges=judges, modes=samples.modes)).beside["mode recall"] == pytest.approx(
        11 / 12
    )
    assert "mode recall" not in cover_row(replace(true, judges=judges)).beside


def test_a_card_of_chosen_rows_computes_these_and_no_other(true):
    card = scorecard(true, full=True, rows=["TR*"], retrained=lambda subject, accuracy: {})
    assert [row.name for row in card.rows if row.value is not None] == ["TR*"]
    assert len(card.rows) == 15


def test_how_far_prototypes_have_moved_is_told_where_their_start_is_known(true):
    name = "moved from the start, two real examples = 1"
    assert scorecard(replace(true, start=true.pictures), rows=[]).diagnostics[name] == 0
    assert scorecard(replace(true, start=true.pictures + 10), rows=[]).diagnostics[name] > 1
    assert name not in scorecard(true, rows=[]).diagnostics
    assert name not in scorecard(replace(true, start=true.pictures[:3]), rows=[]).diagnostics


def test_recovery_of_truth_and_of_noise(true, noisy):
    row = recovery_row(true)
    assert row.value == pytest.approx(1)
    assert row.light == "green"
    shares = {name: share for name, share in row.beside.items() if name.startswith("energy")}
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["energy: own templates"] == pytest.approx(1, abs=1e-6)
    assert abs(recovery_row(noisy).value) < 0.1
    with pytest.raises(DataError, match="knownproto"):
        recovery_row(replace(true, world=None))


def test_a_picture_is_its_prototype_and_a_rest():
    test = examples("L1", 40)
    parts = decompose(test.inputs, test.labels, TEMPLATES, LABELS, 2)
    torch.testing.assert_close(parts.explained + parts.residuals, test.inputs)
    assert bool((LABELS[parts.prototypes] == test.labels).all())
    for index in range(6):
        own = (test.labels[index] == LABELS).nonzero()[:, 0].tolist()
        found = {p: figures.aligned(test.inputs[index].numpy(), TEMPLATES[p].numpy(), 2) for p in own}
        best = max(found, key=lambda p: found[p]["correlation"])
        assert int(parts.prototypes[index]) == best
        flat = parts.residuals[index].numpy()
        assert flat.std() == pytest.approx(
            test.inputs[index].numpy().std() * np.sqrt(1 - found[best]["correlation"] ** 2), rel=1e-3
        )


def test_a_matched_filter_is_bound_and_a_reader_of_marks_is_not(true):
    alone = bind_row(true)
    assert alone.value > 0.95
    assert alone.light == "amber"
    bound = bind_row(replace(true, other_prototypes=(TEMPLATES, LABELS)))
    assert bound.value > 0.95
    assert bound.light == "green"
    assert bound.beside["given the residual's class"] < 0.05
    # Another seed may have kept fewer prototypes, or more, in whatever order.
    for places in ([11, 9, 7, 5, 3, 1, 0], [*range(12), 6, 7, 8]):
        other = bind_row(replace(true, other_prototypes=(TEMPLATES[places], LABELS[places])))
        assert other.beside["prototypes of another seed"] > 0.95
    with pytest.raises(DataError, match="another seed's prototype of every class"):
        bind_row(replace(true, other_prototypes=(TEMPLATES[2:], LABELS[2:])))
    reader = marked_subject()
    assert accuracy_row(reader).value > 0.95
    assert reader.right.mean() > 0.95
    bare = replace(reader, pictures=TEMPLATES)
    found = bind_row(bare)
    assert found.value < 0.3
    assert found.light == "red"
    assert found.beside["given the residual's class"] > 0.9


def test_a_full_card_has_every_row_in_its_order(true):
    whole = replace(true, stand_ins=TEMPLATES, foreign={"noise": NOISE}, other_prototypes=(TEMPLATES, LABELS))
    card = scorecard(whole, full=True)
    assert tuple(row.name for row in card.rows) == ROW_NAMES
    missing = {row.name for row in card.rows if row.value is None}
    # The identity backbone has no layers to follow.
    assert missing == {"D-FROZEN", "SEED-R", "PATH"}
    assert card.verdict == "picture, bound"
    assert card.n_training == 300
    assert "calibration error" in card.diagnostics


def test_noise_prototypes_are_no_pictures(noisy):
    card = scorecard(replace(noisy, stand_ins=TEMPLATES), full=True)
    # Judges see no more than chance in them.
    assert card.verdict in ("code", "unreliable", "mixed", "open")
    assert card.failing


def test_a_quick_card_says_what_the_full_one_has():
    card = scorecard(subject())
    notes = {row.name: row.note for row in card.rows if row.value is None}
    assert "--full" in notes["BIND"]
    assert "--retrain" in notes["SEED-R"]
    assert "judges" in notes["TRANSFER"]
    assert card.verdict == "open"


def test_a_row_that_breaks_does_not_take_the_card_with_it(monkeypatch, true):
    def broken(*_args, **_options):
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr("lookalike.evaluation.decision_rows.area_under_roc", broken)
    card = scorecard(replace(true, foreign={"noise": NOISE}))
    assert card.row("OOD-AUROC").value is None
    assert "of all things" in card.row("OOD-AUROC").note
    assert card.row("SIZE").value is not None
