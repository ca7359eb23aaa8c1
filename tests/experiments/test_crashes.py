"""A run that is killed at any step of saving is the old one whole, the new one whole, or finished by --resume."""

import functools
import json
import shutil

import numpy as np
import pytest
import yaml
from PIL import Image

from lookalike.data import load_dataset
from lookalike.errors import DiskFullError, FolderInUseError, ModelFileError
from lookalike.estimators import PrototypeClassifier
from lookalike.estimators.classifier import CHECKPOINT
from lookalike.experiments import config_from, data_of, fit_run, open_run, quality_of
from lookalike.experiments.origins import EXAMPLES
from lookalike.training import EpochEnded
from lookalike.training.checkpoints import Checkpoint, write_checkpoint
from tests.crash import full_at, killed_at, steps_of

_FIT = {"backbone": "mlp", "backbone__widths": [4], "prototypes__n_per_class": 1, "training__epochs": 1}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    generator = np.random.default_rng(0)
    labels = np.arange(24) % 2
    pictures = generator.integers(0, 60, (24, 6, 6), dtype=np.uint8) + (labels * 120).astype(np.uint8)[:, None, None]
    file = tmp_path_factory.mktemp("data") / "few.npz"
    np.savez(file, x=pictures, y=labels)
    return file


@pytest.fixture(scope="module")
def fits(data, tmp_path_factory):
    """Two runs on different draws of the data, by their seeds; from then on fitting gives what these have learned."""
    place = tmp_path_factory.mktemp("made")
    runs = {}
    for seed in (0, 1):
        config = config_from({"data": str(data), "data__test_fraction": 0.25 + seed / 4, "random_state": seed, **_FIT})
        runs[seed] = fit_run(config, place / str(seed))[0]
        (place / str(seed) / "report.html").write_text(f"report of {seed}")
    return runs


def cache(read):
    """Data are read once."""
    known = {}

    def reading(data, progress=None, **options):
        key = json.dumps([data, options], sort_keys=True)
        known[key] = known.get(key) or read(data, **options)
        return known[key]

    return reading


@pytest.fixture(autouse=True)
def fitted_already(fits, monkeypatch):
    def fit(self, X, y, *, validation, folder, resume, callbacks, pixels):
        learned = fits[self.random_state].classifier
        write_checkpoint(folder / CHECKPOINT, Checkpoint({}, {"run": self.random_state}))
        for callback in callbacks:
            callback(EpochEnded(learned.history_))
        self.seed_ = learned.seed_
        return self.adopt(learned.fitted_, learned.classes_)

    monkeypatch.setattr(PrototypeClassifier, "fit", fit)
    monkeypatch.setattr("lookalike.experiments.runs.load_dataset", cache(load_dataset))
    monkeypatch.setattr("lookalike.atomic.drafts._is_alive", lambda process: False)
    known = {seed: quality_of(run.classifier, data_of(run).test) for seed, run in fits.items()}
    monkeypatch.setattr("lookalike.experiments.runs.quality_of", lambda made, part: known[made.random_state])


def seed_of(folder):
    """Whose run lies there, every file of it; no file of another one lies beside it."""
    run = open_run(folder)
    seed = run.classifier.random_state
    assert yaml.safe_load((folder / "config.yaml").read_text())["random_state"] == seed
    own = run.folder.parent / "made" / str(seed)
    for name in ("evaluation.json", EXAMPLES, "history.csv"):
        assert (folder / name).read_bytes() == (own / name).read_bytes(), name
    pictures = {file.name: file.read_bytes() for file in (own / "prototypes").iterdir()}
    assert {file.name: file.read_bytes() for file in (folder / "prototypes").iterdir()} == pictures
    assert len(list(folder.glob("weights-*"))) == 1
    assert not (folder / "report.html").exists() or (folder / "report.html").read_text() == f"report of {seed}"
    assert (folder / "letters" / "mine.txt").exists() == (folder.name == "old")
    return seed


@pytest.fixture
def place(fits, tmp_path):
    shutil.copytree(fits[0].folder.parent, tmp_path / "made")
    return tmp_path


def old_run(place):
    shutil.rmtree(place / "old", ignore_errors=True)
    shutil.copytree(place / "made" / "0", place / "old")
    (place / "old" / "letters").mkdir()
    (place / "old" / "letters" / "mine.txt").write_text("dear")
    return place / "old"


@pytest.mark.parametrize("exchanging", [True, False])
def test_an_overwriting_run_killed_anywhere_leaves_the_old_one_or_the_new_one(fits, place, exchanging):
    action = functools.partial(fit_run, fits[1].config, place / "old", overwrite=True)
    old_run(place)
    steps = steps_of(action, exchanging)
    assert seed_of(place / "old") == 1
    found = set()
    # Up to there it makes no difference whether the system can exchange.
    for step in range(0 if exchanging else steps.index("exchange"), len(steps)):
        folder = old_run(place)
        killed_at(step, action, exchanging)
        seed = json.loads((folder / "model.json").read_text())["parameters"]["random_state"]
        if exchanging:  # in one step, so that even a look at the files sees one run
            assert yaml.safe_load((folder / "config.yaml").read_text())["random_state"] == seed, step
        found.add(seed_of(folder))
        if step % 4 and seed == 0:
            continue
        data_of(open_run(folder))
        fit_run(fits[1].config, folder, overwrite=True, resume=True)
        assert seed_of(folder) == 1, step
        assert not [each for each in (*place.iterdir(), *folder.iterdir()) if each.name.startswith(".")], step
    assert found == {0, 1}


def test_a_new_run_killed_anywhere_is_finished_by_resume(fits, place):
    action = functools.partial(fit_run, fits[1].config, place / "new")
    n_steps = len(steps_of(action))
    shutil.rmtree(place / "new")
    for step in range(n_steps):
        killed_at(step, action)
        if not (place / "new" / "model.json").exists() and (place / "new" / CHECKPOINT).exists():
            with pytest.raises(ModelFileError, match=r"no model\.json.*--resume"):
                open_run(place / "new")
            with pytest.raises(FolderInUseError, match="--resume"):
                fit_run(fits[1].config, place / "new")
        fit_run(fits[1].config, place / "new", resume=True)
        assert seed_of(place / "new") == 1, step
        assert not (place / "new" / CHECKPOINT).exists()
        shutil.rmtree(place / "new")


def test_a_kill_before_the_first_checkpoint_blocks_nothing(fits, place):
    action = functools.partial(fit_run, fits[1].config, place / "new")
    for step in range(len(steps_of(action))):
        shutil.rmtree(place / "new")
        killed_at(step, action)
        if (place / "new" / CHECKPOINT).exists():
            break
        action()
        assert seed_of(place / "new") == 1, step
    assert step > 2


@pytest.mark.parametrize("exchanging", [True, False])
def test_a_full_disk_leaves_the_old_run_and_says_what_is_missing(fits, place, exchanging):
    action = functools.partial(fit_run, fits[1].config, place / "old", overwrite=True)
    old_run(place)
    for step in range(len(steps_of(action, exchanging, full=True))):
        folder = old_run(place)
        error = full_at(step, action, exchanging)
        assert seed_of(folder) in ((1,) if error is None else (0, 1)), step
        if error is not None:
            assert isinstance(error, DiskFullError), step
            assert "bytes are free" in str(error)


def test_a_new_run_on_a_full_disk_is_finished_by_resume(fits, place):
    action = functools.partial(fit_run, fits[1].config, place / "new")
    n_steps = len(steps_of(action, full=True))
    for step in range(n_steps):
        shutil.rmtree(place / "new", ignore_errors=True)
        full_at(step, action)
        fit_run(fits[1].config, place / "new", resume=True)
        assert seed_of(place / "new") == 1, step


def test_a_finished_run_is_resumed_at_once_but_not_as_another(fits, place, monkeypatch):
    monkeypatch.setattr(PrototypeClassifier, "fit", None)
    run, quality = fit_run(fits[0].config, place / "made" / "0", resume=True)
    assert quality.accuracy == json.loads((run.folder / "evaluation.json").read_text())["accuracy"]
    with pytest.raises(FolderInUseError, match="finished run"):
        fit_run(fits[1].config, place / "made" / "0", resume=True)


def test_what_an_earlier_version_left_unfinished_is_named_and_resumed(fits, place):
    folder = place / "made" / "0"
    (folder / "evaluation.json").unlink()
    (folder / EXAMPLES).unlink()
    (folder / CHECKPOINT).write_bytes(b"")
    with pytest.raises(ModelFileError, match=rf"no evaluation\.json, no {EXAMPLES}.*--resume"):
        data_of(open_run(folder))
    fit_run(fits[0].config, folder, resume=True)
    assert (folder / EXAMPLES).exists()
    data_of(open_run(folder))


def test_a_folder_that_another_run_holds_is_refused_before_data_are_read(fits, place, monkeypatch):
    from lookalike.atomic import locked

    monkeypatch.setattr("lookalike.experiments.runs.load_dataset", None)
    with locked(place / "made" / "0"), pytest.raises(FolderInUseError, match=r"one process at a time.*process \d+"):
        fit_run(fits[1].config, place / "made" / "0", overwrite=True)


def test_an_edited_run_is_not_said_to_lack_what_an_edit_does_not_keep(fits, place):
    Image.new("L", (6, 6)).save(place / "x.png")
    run = open_run(place / "made" / "0")
    run.classifier.save(place / "edited", **{**run.extras, "changes": [{"what": "one", "kind": "forget"}]})
    (place / "edited" / "config.yaml").write_text("data: x")
    from lookalike.experiments.runs import lacking

    assert lacking(open_run(place / "edited")) == []
