"""Studies: every file is read, built and makes a step; runs are resumed; tables say what the results say."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lookalike.data import Dataset, Part
from lookalike.errors import DataNotFoundError, ParameterError
from lookalike.experiments import read_study, run_study, write_table
from lookalike.experiments.running import run_arm

ROOT = Path(__file__).parents[2]
STUDIES = [read_study(file) for file in sorted((ROOT / "experiments").glob("*.yaml"))]
ARMS = [pytest.param(study, arm, id=f"{study.name}-{arm.name}") for study in STUDIES for arm in study.arms]


def small(shape):
    """Random pictures in place of a data set, of its shape."""
    labels = np.arange(40) % 10
    pictures = np.random.default_rng(0).integers(0, 256, (40, *shape), dtype=np.uint8)
    return Dataset("small", Part(pictures, labels), Part(pictures, labels))


def shape_of(data):
    return {"cifar10": (32, 32, 3), "digits": (8, 8)}.get(data, (28, 28))


@pytest.mark.parametrize(("study", "arm"), ARMS)
def test_every_arm_makes_a_step_and_is_judged(study, arm):
    one_step = {"training__epochs": 1, "training__batch_size": 40}
    quick = replace(arm, config=replace(arm.config, parameters={**arm.config.parameters, **one_step}))
    result = run_arm(quick, 0, small(shape_of(arm.config.data)))
    assert 0 <= result["accuracy"] <= 1
    assert result["n_training"] == 40
    trains = arm.config.classifier().training != "none"
    assert len(result["training_accuracy"]) == trains


def test_there_are_studies_and_their_names_say_whose():
    assert STUDIES
    for study in STUDIES:
        author, method, data = study.name.split("_")
        assert author[-4:].isdigit(), study.name
        assert all((method, data, study.source, study.question)), study.name
        assert study.seeds >= 3, study.name


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_results_belong_to_the_study_as_it_is(study):
    """Figures of settings that have since changed may not stay in the tables."""
    results = ROOT / "experiments" / "results" / f"{study.name}.json"
    runs = json.loads(results.read_text())["runs"] if results.exists() else []
    assert {(run["arm"], run["config_hash"]) for run in runs} <= {(arm.name, study.hash(arm)) for arm in study.arms}


def test_the_table_is_the_one_that_the_results_make(tmp_path):
    committed = (ROOT / "experiments" / "TABLE.md").read_text()
    for file in (ROOT / "experiments").rglob("*"):
        if file.suffix in (".yaml", ".json"):
            target = tmp_path / file.relative_to(ROOT / "experiments")
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(file.read_bytes())
    assert write_table(tmp_path).read_text() == committed


SMALL = """
title: Small
question: Does it run?
source: this test
seeds: 2
common: {data: digits, data__limit: 200, backbone: mlp, training__epochs: 4}
arms:
  cosine: {claim: 0.5}
  dot: {similarity: dot, claim: 0.9, comparable: fewer images}
  twin: {twin: true, label: "the twin"}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL)
    return tmp_path


def test_an_interrupted_study_goes_on(folder):
    study, results = read_study(folder / "small.yaml"), folder / "results" / "small.json"
    done = []

    def stop(arm, seed, run):
        done.append((arm.name, seed))
        if len(done) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(study, results, on_run=stop)
    run_study(study, results, on_run=lambda arm, seed, run: done.append((arm.name, seed)))
    assert sorted(done) == [(arm, seed) for arm in ("cosine", "dot", "twin") for seed in (0, 1)]
    whole = run_study(study, folder / "alone.json", on_run=lambda *_: None)
    kept = json.loads(results.read_text())
    assert [run["accuracy"] for run in kept["runs"]] == [run["accuracy"] for run in whole["runs"]]
    assert all(run["accuracy"] > 0.5 for run in kept["runs"])


def test_a_changed_arm_is_run_again_and_no_other(folder):
    results, done = folder / "results" / "small.json", []
    run_study(read_study(folder / "small.yaml"), results, seeds=1)
    (folder / "small.yaml").write_text(SMALL.replace("similarity: dot", "similarity: l2"))
    run_study(read_study(folder / "small.yaml"), results, seeds=1, on_run=lambda arm, *_: done.append(arm.name))
    assert done == ["dot"]


def test_tables_claim_nothing_that_was_not_run(folder):
    empty = write_table(folder).read_text()
    assert "| small | cosine | 0.5000 | not run yet |" in empty
    study = read_study(folder / "small.yaml")
    found = run_study(study, folder / "results" / "small.json", seeds=1)
    table = write_table(folder).read_text()
    accuracy = {run["arm"]: run["accuracy"] for run in found["runs"]}
    assert f"| small | cosine | 0.5000 | {accuracy['cosine']:.4f}, 1 | {accuracy['cosine'] - 0.5:+.4f} |" in table
    assert "| not comparable | fewer images |" in table
    assert f"| the twin | {accuracy['twin']:.4f}, 1 |" in table


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("arms: {a: {}}\ntitel: x", "did you mean 'title'"),
        ("title: x", "arms by name"),
        ("arms: [a]\ncommon: {data: digits}", "arms by name"),
        ("arms: {a: {similarty: dot}}\ncommon: {data: digits}", "did you mean 'similarity'"),
        ("arms: {a: {}}", "data: a name or a path"),
        ("- a", "names and values"),
        ("a: [", "YAML"),
    ],
)
def test_a_wrong_study_is_refused(tmp_path, text, match):
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(ParameterError, match=match):
        read_study(tmp_path / "study.yaml")
    with pytest.raises(DataNotFoundError, match="check the path"):
        read_study(tmp_path / "nothing.yaml")
