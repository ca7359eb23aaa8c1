"""TensorBoard where a training leaves no folder, and where several write into one."""

import pytest

from lookalike.errors import DataError
from lookalike.experiments import config_from, fit_run, read_study, run_study
from lookalike.experiments.run_folder import run_folder
from lookalike.training import train
from lookalike.training.logs import tensorboard_log
from tests.training.jobs import job

SETTINGS = {"data": "iris", "training__tensorboard": True, "training__epochs": 1, "backbone": "mlp"}


def test_studies_ignore_tensorboard_and_say_so_once(tmp_path, caplog):
    common = ", ".join(f"{name}: {str(value).lower()}" for name, value in SETTINGS.items())
    (tmp_path / "own.yaml").write_text(f"seeds: 1\ncommon: {{{common}}}\narms: {{a: {{}}, b: {{twin: true}}}}\n")
    study = read_study(tmp_path / "own.yaml")
    found = run_study(study, tmp_path / "own.json", workers=1)
    assert [run["arm"] for run in found["runs"]] == ["a", "b"]
    assert sum("training__tensorboard is ignored in own" in message for message in caplog.messages) == 1
    assert not list(tmp_path.rglob("events.*"))


def test_a_run_logs_into_its_folder(tmp_path):
    pytest.importorskip("tensorboard")
    fit_run(config_from(SETTINGS), tmp_path / "run")
    assert len(list((tmp_path / "run" / "tensorboard").glob("events.*"))) == 1


def test_a_training_that_is_repeated_takes_the_place_of_the_first(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    for epochs in (3, 2):
        train(job(epochs=epochs), [tensorboard_log(tmp_path)])
    events = accumulator.EventAccumulator(str(tmp_path))
    events.Reload()
    assert [event.step for event in events.Scalars("loss")] == [1, 2]


def fails_in(folder):
    with run_folder(folder, resume=False, overwrite=False):
        (folder / "tensorboard").mkdir()
        raise DataError("nothing came of it")


def test_a_run_that_fails_leaves_nothing_for_tensorboard(tmp_path):
    with pytest.raises(DataError, match="nothing came of it"):
        fails_in(tmp_path)
    assert not list(tmp_path.iterdir())
