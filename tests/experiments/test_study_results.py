"""One results file, several processes: no run is lost or doubled, and what is damaged is named."""

import hashlib
import json
import multiprocessing
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

import pytest

from lookalike.atomic import locked
from lookalike.errors import DiskFullError, ParameterError, TrainingError
from lookalike.experiments import read_study, run_study, running, study_engines, write_table
from lookalike.experiments.study_results import add_run, held_runs, read_results
from tests.crash import full_at, killed_at, steps_of

_TEXT = "seeds: 3\ncommon: {data: digits, backbone: mlp}\narms: {a: {}, b: {similarity: dot}}\n"


def result(seed=0):
    figures = {"accuracy": 0.5, "calibration_error": 0.1, "minutes": 0.0}
    return figures | {"training_accuracy": [0.5], "validation_accuracy": [None], "n_test": 10 + seed}


@pytest.fixture
def study(tmp_path):
    (tmp_path / "own.yaml").write_text(_TEXT)
    return read_study(tmp_path / "own.yaml")


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results" / "own.json"


@pytest.fixture
def quick(monkeypatch):
    made = []

    def run_one(study, arm, seed, callbacks=()):
        made.append((arm.name, seed))
        return result()

    monkeypatch.setattr(running, "run_one", run_one)
    return made


def run_of(study, arm, seed):
    return {"arm": arm, "seed": seed, "config_hash": study.hash(study.named([arm])[0]), **result(seed)}


def pairs(file):
    return [(run["arm"], run["seed"]) for run in json.loads(file.read_text())["runs"]]


ALL = [(arm, seed) for arm in "ab" for seed in range(3)]


def test_two_processes_on_one_study_make_each_run_once(study, results, monkeypatch, caplog):
    made, both = [], threading.Barrier(2, timeout=20)

    def run_one(study, arm, seed, callbacks=()):
        if len(made) < 2:
            both.wait()  # two are at work at the same time
        made.append((arm.name, seed))
        return result()

    monkeypatch.setattr(running, "run_one", run_one)
    others = [threading.Thread(target=run_study, args=(study, results), kwargs={"workers": 1}) for _ in range(2)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert sorted(made) == ALL
    assert pairs(results) == ALL
    assert "left to another process" in caplog.text


def test_what_another_process_wrote_meanwhile_stays(study, results, monkeypatch):
    def run_one(study, arm, seed, callbacks=()):
        if (arm.name, seed) == ("a", 0):  # another process, with other seeds and the same one
            for place in (0, 7):
                add_run(study, {**run_of(study, "a", place), "n_test": 99}, results)
        return result()

    told = []
    monkeypatch.setattr(running, "run_one", run_one)
    run_study(study, results, workers=1, on_run=lambda arm, seed, run: told.append((arm.name, seed)))
    assert pairs(results) == sorted([*ALL, ("a", 7)])
    assert json.loads(results.read_text())["runs"][0]["n_test"] == 99
    assert ("a", 0) not in told


def test_a_repeated_arm_and_seed_is_refused_on_reading(study, results, quick):
    add_run(study, run_of(study, "a", 0), results)
    values = json.loads(results.read_text())
    results.write_text(json.dumps({**values, "runs": values["runs"] * 2}))
    with pytest.raises(ParameterError, match=r"one run of every arm and seed in .*own\.json, got 2 of 'a' with seed 0"):
        run_study(study, results, workers=1)
    assert quick == []


def damaged(run, **changes):
    return json.dumps({"study": "own", "runs": [{**run, **changes}]}).encode()


_RUN = {"arm": "a", "seed": 0, "config_hash": "x", **result()}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"runs": {}}',
        b'{"runs": [3]}',
        *(damaged(_RUN, **{name: value}) for name, value in
          [("arm", 1), ("seed", "0"), ("seed", True), ("config_hash", None), ("accuracy", "0.5"), ("accuracy", None),
           ("minutes", []), ("card", []), ("card", {"TRANSFER": "0.5"}), ("training_accuracy", 0.5), ("thumbnail", 3)]),
        json.dumps({"runs": [{name: value for name, value in _RUN.items() if name != "accuracy"}]}).encode(),
    ],
)  # fmt: skip
def test_own_damaged_results_are_refused_and_a_neighbours_passed_over(study, results, quick, content, tmp_path, caplog):
    (tmp_path / "near.yaml").write_text(_TEXT)
    results.parent.mkdir()
    results.with_name("near.json").write_bytes(content)
    run_study(study, results, workers=1)
    write_table(tmp_path)
    assert "near.json" in caplog.text
    assert "| 0.5000" in (tmp_path / "TABLE.md").read_text() or "0.500" in (tmp_path / "TABLE.md").read_text()
    near = read_study(tmp_path / "near.yaml")
    before = len(quick)
    with pytest.raises(ParameterError, match=r"near\.json"):
        run_study(near, results.with_name("near.json"), workers=1)
    assert len(quick) == before
    assert results.with_name("near.json").read_bytes() == content


def test_runs_without_accuracies_of_epochs_are_read(results):
    run = {name: _RUN[name] for name in _RUN if not name.endswith("_accuracy")}
    results.parent.mkdir()
    results.write_bytes(damaged(run))
    assert read_results(results)["runs"] == [run]


def test_a_results_folder_that_cannot_be_written_is_told_before_the_first_run(study, tmp_path, quick):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        run_study(study, tmp_path / "file" / "own.json", workers=1)
    assert quick == []


def test_a_study_killed_anywhere_keeps_every_run_that_was_written(study, results):
    action = partial(add_run, study, run_of(study, "a", 1), results)
    add_run(study, run_of(study, "a", 0), results)
    before = results.read_bytes()
    for step in range(len(steps_of(action))):
        results.write_bytes(before)
        killed_at(step, action)
        assert pairs(results) in ([("a", 0)], [("a", 0), ("a", 1)]), step
        add_run(study, run_of(study, "a", 1), results)
        assert pairs(results) == [("a", 0), ("a", 1)]
        results.write_bytes(before)
        error = full_at(step, action)
        assert error is None or (isinstance(error, DiskFullError) and results.name in str(error)), step
        assert len(held_runs(study, results)) in (1, 2)


def die_once(place, arm, seed):
    if arm.name == "a" and seed == 1 and not (place / "died").exists():
        (place / "died").write_text("")
        os.kill(os.getpid(), 9)
    return result(seed)


def always_die(arm, seed):
    raise BrokenProcessPool


def judge_nothing(config):
    return None


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_killed_worker_is_told_of_and_its_run_repeated(study, tmp_path, monkeypatch, caplog):
    # A spawned worker would import all of it for seconds.
    monkeypatch.setattr(study_engines, "get_context", lambda _: multiprocessing.get_context("fork"))
    tasks = [(arm, seed) for arm in study.arms for seed in range(2)]
    found = list(study_engines.by_processes(tasks, [], partial(die_once, tmp_path), judge_nothing, 1))
    assert sorted((arm.name, seed) for (arm, seed), _ in found) == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]
    assert caplog.text.count("a worker was killed") == 1


def test_workers_that_are_killed_again_and_again_end_the_study(study, monkeypatch):
    class Dying(ThreadPoolExecutor):
        def __init__(self, workers, **options):
            super().__init__(workers)

    monkeypatch.setattr(study_engines, "ProcessPoolExecutor", Dying)
    with pytest.raises(TrainingError, match="3 killed one after the other; try: fewer --workers"):
        list(study_engines.by_processes([(study.arms[0], 0)], [], always_die, judge_nothing, 1))


def test_all_committed_results_are_read():
    for file in (Path(__file__).parents[2] / "experiments" / "results").glob("*.json"):
        assert read_results(file)["study"] == file.stem


def test_a_claimed_run_is_left_to_the_process_that_is_at_it(study, results, quick):
    results.parent.mkdir()
    name = hashlib.sha256(json.dumps(["a", 0]).encode()).hexdigest()[:12]
    with locked(results.with_name(f"own-{name}")):
        run_study(study, results, workers=1)
    assert pairs(results) == ALL[1:]
    run_study(study, results, workers=1)
    assert pairs(results) == ALL
    assert not [file.name for file in results.parent.iterdir() if file.name.startswith(".")]
