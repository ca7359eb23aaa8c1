"""The known world is what its description says, and the same everywhere."""

import hashlib

import numpy as np
import pytest

from lookalike.data import load_dataset
from lookalike.data.knownproto import ANCHORS, LEVELS, MODES_PER_CLASS, KnownWorld, level_named
from lookalike.errors import ParameterError
from lookalike.estimators import PrototypeClassifier
from lookalike.metrics import energy_shares, template_recovery

# Of values rounded to 1/4096; another NumPy, SciPy or number of threads may not change them.
TEMPLATES = ["e9935d8b330fb611", "26882bc2a926eb63", "1b5e82dcc0d7332d"]
SAMPLES = {
    "L0": "76165f752acf6eac",
    "L1": "266369bb839acfb0",
    "L2": "f19bce264a24c3b0",
    "L3": "4b2397e2e6c03541",
    "L4": "2ed24de8eb23d4e3",
    "L5": "3e58e6d914349b61",
}
WORLDS = {seed: KnownWorld.of(seed) for seed in range(3)}
every_level = pytest.mark.parametrize("level", LEVELS)
every_world = pytest.mark.parametrize("world", WORLDS.values(), ids=lambda world: f"world {world.seed}")


def digest(array):
    return hashlib.sha256(np.rint(np.asarray(array, dtype=np.float64) * 4096).astype("<i8").tobytes()).hexdigest()[:16]


def test_worlds_and_samples_are_the_same_everywhere():
    assert [digest(world.templates) for world in WORLDS.values()] == TEMPLATES
    found = {level: digest(WORLDS[0].sample(level, 200, seed=0).inputs) for level in LEVELS}
    assert found == SAMPLES


@every_world
def test_a_world_is_built_as_described(world):
    assert world.templates.shape == (12, 28, 28)
    assert np.bincount(world.template_labels).tolist() == list(MODES_PER_CLASS)
    assert world.templates.min() == 0
    assert world.templates.max() <= 1
    alike = np.corrcoef(world.templates.reshape(12, -1))
    assert alike[~np.eye(12, dtype=bool)].max() < 0.35
    glyphs = np.corrcoef(world.distractors.reshape(3, -1))
    assert np.abs(glyphs[~np.eye(3, dtype=bool)]).max() < 0.55
    for template, places in zip(world.templates, world.template_anchors, strict=True):
        assert len(set(places.tolist())) == 3
        covered = np.zeros((28, 28), dtype=bool)
        for row, column in np.array(ANCHORS)[places]:
            covered[row : row + 7, column : column + 7] = True
            assert template[row : row + 7, column : column + 7].max() == pytest.approx(1)
        assert not template[~covered].any()


@every_level
def test_a_sample_is_what_it_says_it_is(level):
    """Rebuilt from what it exports: what is left is noise of the stated size."""
    world, hard = WORLDS[1], level_named(level)
    samples = world.sample(level, 300, seed=3)
    assert (world.template_labels[samples.modes] == samples.labels).all()
    assert np.abs(samples.shifts).max() == hard.shift
    assert samples.distractor_boxes.shape == (300, hard.n_distractors, 4)
    for index in range(300):
        outside = np.ones((28, 28), dtype=bool)
        for top, left, bottom, right in (*samples.part_boxes[index], *samples.distractor_boxes[index]):
            assert (bottom - top, right - left) == (7, 7)
            outside[top:bottom, left:right] = False
        if hard.marked:
            outside &= world.marks[samples.marks[index]] == 0
        rest = samples.inputs[index].astype(float)
        if hard.code:
            rest = rest - hard.code * world.codes[samples.codes[index]]
        # Clipping at -.5 makes the strongest noise a little weaker.
        assert rest[outside].std() == pytest.approx(hard.noise, rel=0.2)
        shifted = np.roll(world.templates[samples.modes[index]], samples.shifts[index], (0, 1))
        top, left, bottom, right = samples.part_boxes[index, 0]
        inside = slice(top, bottom), slice(left, right)
        if not hard.n_distractors and hard.noise <= 0.2:
            assert np.corrcoef(rest[inside].ravel(), shifted[inside].ravel())[0, 1] > 0.4


@every_level
def test_distractors_keep_off_the_template_and_each_other(level):
    world = WORLDS[0]
    samples = world.sample(level, 200, seed=0)
    own = np.array(ANCHORS)[world.template_anchors[samples.modes]]
    for places, boxes in zip(own, samples.distractor_boxes, strict=True):
        corners = [tuple(corner) for corner in (*places.tolist(), *boxes[:, :2].tolist())]
        assert len(set(corners)) == len(corners)


def test_marks_and_codes_tell_the_class_in_training_only():
    world = WORLDS[0]
    shortcut = world.sample("L4", 2000, seed=0)
    # Nine in ten, and a sixth of the rest by chance.
    assert np.mean(shortcut.marks == shortcut.labels) == pytest.approx(0.9 + 0.1 / 6, abs=0.02)
    assert np.mean((tested := world.sample("L4", 2000, seed=0, training=False)).marks == tested.labels) < 0.25
    code = world.sample("L5", 200, seed=0)
    assert (code.codes == code.labels).all()
    tested = world.sample("L5", 2000, seed=0, training=False)
    assert np.mean(tested.codes == tested.labels) == pytest.approx(1 / 6, abs=0.04)
    assert set(np.unique(world.codes)) == {-1.0, 1.0}
    assert (world.sample("L3", 5, seed=0).marks == -1).all()


def test_a_cue_is_as_strong_as_asked_and_nothing_else_changes():
    world = WORLDS[0]
    usual, rarer, never = (world.sample(level, 2000, seed=0) for level in ("L4", "L4@0.5", "L4@0"))
    assert np.mean(rarer.marks == rarer.labels) == pytest.approx(0.5 + 0.5 / 6, abs=0.03)
    assert np.mean(never.marks == never.labels) == pytest.approx(1 / 6, abs=0.03)
    same = usual.marks == rarer.marks
    np.testing.assert_array_equal(usual.inputs[same], rarer.inputs[same])
    np.testing.assert_array_equal(usual.modes, rarer.modes)
    np.testing.assert_array_equal(world.sample("L4@0.9", 2000, seed=0).inputs, usual.inputs)
    faint, strong = (world.sample(f"L5@{amplitude}", 50, seed=0) for amplitude in (0.0, 0.25))
    added = 0.25 * world.codes[strong.codes]
    inside = (strong.inputs > -0.5) & (strong.inputs < 1.5) & (faint.inputs > -0.5) & (faint.inputs < 1.5)
    np.testing.assert_allclose((strong.inputs - faint.inputs)[inside], added[inside], atol=1 / 4096)
    none, hardly = (world.sample(f"L5@{amplitude}", 50, seed=0, training=False) for amplitude in ("0", "0.00001"))
    np.testing.assert_allclose(none.inputs, hardly.inputs, atol=1 / 4096)
    assert load_dataset("knownproto:L4@0.5:1").world.level == "L4@0.5"


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("L3@0.5", "a level with a mark or a code"),
        ("L4@", "from 0 to 1"),
        ("L4@2", "from 0 to 1"),
        ("L4@half", "from 0 to 1"),
        ("L4@0_1", "from 0 to 1"),
        ("L4@ 0.5", "from 0 to 1"),
        ("L5@nan", "from 0 to 1"),
        ("L9@0.5", "a level of knownproto"),
    ],
)
def test_a_cue_that_is_no_strength_is_refused(level, said):
    with pytest.raises(ParameterError, match=said):
        load_dataset(f"knownproto:{level}")


def test_classes_and_modes_are_uniform():
    samples = WORLDS[2].sample("L0", 6000, seed=0)
    assert np.bincount(samples.labels) / 6000 == pytest.approx(np.full(6, 1 / 6), abs=0.02)
    shares = np.bincount(samples.modes) / 6000 * 6
    assert shares == pytest.approx(np.repeat(1 / np.array(MODES_PER_CLASS), MODES_PER_CLASS), abs=0.08)


def test_other_seeds_give_other_pictures_of_the_same_world():
    world = WORLDS[0]
    first, second = world.sample("L3", 50, seed=0), world.sample("L3", 50, seed=1)
    assert not np.array_equal(first.inputs, second.inputs)
    assert np.array_equal(first.inputs, world.sample("L3", 50, seed=0).inputs)
    assert not np.array_equal(first.inputs, world.sample("L3", 50, seed=0, training=False).inputs)
    assert not np.array_equal(world.templates, WORLDS[1].templates)


def test_it_is_a_data_set_like_any_other():
    found = load_dataset("knownproto:L5:1")
    assert found.train.inputs.shape == (4000, 28, 28)
    assert found.test.inputs.shape == (1500, 28, 28)
    assert found.world.seed == 1
    assert load_dataset("knownproto").world.seed == 0
    assert len(load_dataset("knownproto:L0", limit=60).train) == 60
    for name, message in (
        ("knownproto:L7", "one of: L0, L1"),
        ("knownproto:L3:x", "0 or above"),
        ("knownproto:L3:-1", "0 or above"),
    ):
        with pytest.raises(ParameterError, match=message):
            load_dataset(name)


@every_world
def test_calibration_of_the_recovery(world):
    """Truth is 1, as much noise as signal about .71, uniform noise about .09, smooth noise corrects to 0."""
    labels, random = world.template_labels, np.random.default_rng(world.seed)
    truth = template_recovery(world.templates, labels, world.templates, labels)
    assert truth.recovered == pytest.approx(1)
    assert truth.corrected == pytest.approx(1)
    assert (truth.mode_recall, truth.precision, truth.class_identity, truth.ceiling) == (1, 1, 1, 1)
    spreads = world.templates.std((1, 2), keepdims=True)
    noisy = world.templates + spreads * random.standard_normal(world.templates.shape)
    assert template_recovery(noisy, labels, world.templates, labels).recovered == pytest.approx(0.71, abs=0.03)
    slots = np.repeat(np.arange(6), 3)
    noise = template_recovery(random.random((18, 28, 28)), slots, world.templates, labels)
    assert noise.recovered == pytest.approx(0.09, abs=0.03)
    assert abs(noise.corrected) < 0.05
    smooth = smoothed(random.standard_normal((10, 18, 28, 28)))
    corrected = [template_recovery(each, slots, world.templates, labels).corrected for each in smooth]
    assert abs(np.mean(corrected)) < 0.05


@every_world
def test_recovery_of_simple_starts(world):
    """Data points come half-way, class means a quarter, as in trials by hand."""
    samples = world.sample("L3", 4000, seed=0)
    random, slots = np.random.default_rng(0), np.repeat(np.arange(6), 3)
    points = [random.choice(np.flatnonzero(samples.labels == label)) for label in slots]
    found = template_recovery(samples.inputs[points], slots, world.templates, world.template_labels)
    assert found.recovered == pytest.approx(0.53, abs=0.08)
    means = np.stack([samples.inputs[samples.labels == label].mean(0) for label in range(6)])
    alone = template_recovery(means, np.arange(6), world.templates, world.template_labels)
    assert alone.ceiling == pytest.approx(0.5)
    assert alone.recovered < found.recovered


def test_energy_of_the_truth_and_of_noise():
    world = WORLDS[0]
    own = [world.templates[world.template_labels == label] for label in world.template_labels]
    shares = energy_shares(world.templates, {"own": own})
    assert shares == {"own": 1.0, "rest": 0.0}
    noise = np.random.default_rng(0).standard_normal((12, 28, 28))
    assert energy_shares(noise, {"own": own})["own"] < 0.02


def smoothed(pictures):
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(pictures, (0, 0, 1.5, 1.5))


@pytest.mark.parametrize(("level", "cue"), [("L4", "marks"), ("L5", "codes")])
def test_cues_can_be_the_own_classs_or_anothers_and_nothing_else_changes(level, cue):
    drawn, own, wrong = (
        WORLDS[1].sample(level, 60, seed=3, training=False, cues=cues) for cues in ("drawn", "own", "wrong")
    )
    assert (getattr(own, cue) == own.labels).all()
    assert (getattr(wrong, cue) != wrong.labels).all()
    same = getattr(drawn, cue) == getattr(wrong, cue)
    assert 0 < same.sum() < 60
    np.testing.assert_array_equal(drawn.inputs[same], wrong.inputs[same])
    np.testing.assert_array_equal(drawn.modes, wrong.modes)
    with pytest.raises(ParameterError, match="drawn or own or wrong"):
        WORLDS[1].sample(level, 2, seed=0, cues="none")


@pytest.mark.parametrize(("level", "split"), [("L0", False), ("L4", True)])
def test_accuracy_is_split_by_cues_where_there_are_some(level, split):
    known = load_dataset(f"knownproto:{level}", limit=300)
    small = {"backbone": "mlp", "prototypes__n_per_class": 1, "training__epochs": 2, "random_state": 0}
    classifier = PrototypeClassifier(**small).fit(known.train.inputs, known.train.labels)
    card = classifier.scorecard(known.test.inputs, known.test.labels, world=known.world, rows=["TR*"])
    beside = card.row("TR*").beside
    assert ("lost to wrong cues" in beside) is split
    if split:
        own, wrong = beside["accuracy, cues of the own class"], beside["accuracy, cues of a wrong class"]
        assert beside["lost to wrong cues"] == pytest.approx(own - wrong)
        assert own > wrong
