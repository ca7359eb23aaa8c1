"""Studies: every file is read, built and makes a step; runs are resumed; tables say what the results say."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from sklearn.datasets import load_digits

from lookalike import PrototypeClassifier
from lookalike.data import Dataset, Part
from lookalike.errors import DataNotFoundError, ParameterError, TrainingError
from lookalike.experiments import read_study, run_study, running, write_table
from lookalike.experiments.analysis import contrasts_of, correlations_of, outcomes
from lookalike.experiments.contrasts import Contrast
from lookalike.experiments.figures import write_scatter
from lookalike.experiments.running import run_arm
from lookalike.experiments.tables import study_section
from lookalike.experiments.thumbnails import picture_at, thumbnail_of
from lookalike.report import image_address
from lookalike.training import PLANS, Phase

ROOT = Path(__file__).parents[2]
STUDIES = [read_study(file) for file in sorted((ROOT / "experiments").glob("*.yaml"))]
ARMS = [(study, arm) for study in STUDIES for arm in study.arms]


def small(shape, n=40):
    """Random pictures in place of a data set, of its shape."""
    labels = np.arange(n) % 10
    pictures = np.random.default_rng(0).integers(0, 256, (n, *shape), dtype=np.uint8)
    return Dataset("small", Part(pictures, labels), Part(pictures, labels))


def shape_of(data):
    return {"cifar10": (32, 32, 3), "digits": (8, 8)}.get(data, (28, 28))


def distinct(arms):
    """One arm, made quick, for all that would train the same here, on random pictures whatever their data."""
    found = {}
    for study, arm in arms:
        one_step = {"training__epochs": 1, "training__batch_size": 40}
        if arm.config.parameters.get("prototypes") == "generated":
            one_step["prototypes__steps"] = 5
        quick = replace(arm, config=replace(arm.config, parameters={**arm.config.parameters, **one_step}))
        wanted = arm.config.parameters.get("prototypes__n_per_class", "auto")
        shape, n = shape_of(arm.config.data), 10 * max(4, wanted if wanted != "auto" else 0)
        facts = json.dumps(
            [shape, n, arm.twin, quick.config.recipe, quick.config.parameters], sort_keys=True, default=str
        )
        found.setdefault(facts, pytest.param(quick, shape, n, id=f"{study.name}-{arm.name}"))
    return list(found.values())


@pytest.mark.parametrize(("arm", "shape", "n"), distinct(ARMS))
def test_every_arm_makes_a_step_and_is_judged(arm, shape, n):
    result = run_arm(arm, 0, small(shape, n))
    assert 0 <= result["accuracy"] <= 1
    assert result["n_training"] == n
    trains = arm.config.classifier().training != "none"
    assert len(result["training_accuracy"]) == trains


def test_every_arm_is_built_and_known_by_its_settings():
    for study, arm in ARMS:
        assert arm.config.classifier().get_params().items() >= arm.config.parameters.items(), (study.name, arm.name)
        assert len(study.hash(arm)) == 16


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


def test_the_table_is_the_one_that_the_results_make(tmp_path, monkeypatch):
    """Figures are made, and not drawn: what they look like nobody asks here."""
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda self, file, **options: file.write(b"<svg/>"))
    committed = (ROOT / "experiments" / "TABLE.md").read_text()
    for file in (ROOT / "experiments").rglob("*"):
        if file.suffix in (".yaml", ".json"):
            target = tmp_path / file.relative_to(ROOT)
            target.parent.mkdir(exist_ok=True, parents=True)
            target.write_bytes(file.read_bytes())
    assert write_table(tmp_path / "experiments").read_text() == committed


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
        run_study(study, results, workers=1, on_run=stop)
    run_study(study, results, workers=1, on_run=lambda arm, seed, run: done.append((arm.name, seed)))
    assert sorted(done) == [(arm, seed) for arm in ("cosine", "dot", "twin") for seed in (0, 1)]
    whole = run_study(study, folder / "alone.json", workers=1)
    kept = json.loads(results.read_text())
    assert [run["accuracy"] for run in kept["runs"]] == [run["accuracy"] for run in whole["runs"]]
    assert all(run["accuracy"] > 0.5 for run in kept["runs"])


def test_a_changed_arm_is_run_again_and_no_other(folder):
    results, done = folder / "results" / "small.json", []
    run_study(read_study(folder / "small.yaml"), results, seeds=1, workers=1)
    (folder / "small.yaml").write_text(SMALL.replace("similarity: dot", "similarity: l2"))
    run_study(
        read_study(folder / "small.yaml"), results, seeds=1, workers=1, on_run=lambda arm, *_: done.append(arm.name)
    )
    assert done == ["dot"]


def test_a_file_beside_a_study_that_is_none_stops_nothing(folder, caplog):
    (folder / "broken.yaml").write_text("titel: x\n")
    study = read_study(folder / "small.yaml")
    run_study(study, folder / "results" / "small.json", seeds=1, workers=1, arms=["cosine"])
    for _ in range(2):
        assert "| small | cosine | 0.5000 | 0." in write_table(folder).read_text()
    assert caplog.text.count("broken.yaml is left out of the tables") == 1


def test_studies_without_claims_have_no_table_of_them(folder):
    claims = "Claimed and reproduced"
    assert claims in write_table(folder).read_text()
    (folder / "small.yaml").write_text(
        SMALL.replace("claim: 0.5", "").replace(", claim: 0.9, comparable: fewer images", "")
    )
    assert claims not in write_table(folder).read_text()


def test_tables_claim_nothing_that_was_not_run(folder):
    empty = write_table(folder).read_text()
    assert "| small | cosine | 0.5000 | not run yet |" in empty
    study = read_study(folder / "small.yaml")
    found = run_study(study, folder / "results" / "small.json", seeds=1, workers=1)
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


WITH_CARD = """
title: With a card
question: Do runs at once give the numbers of runs one by one?
source: this test
seeds: 2
worlds: 2
card: true
common:
  data: "knownproto:L0:{world}"
  data__limit: 300
  data__judge_share: 0.15
  backbone: mlp
  prototypes__n_per_class: 3
  training__epochs: 2
arms:
  points: {}
  noise: {initializer: uniform, label: "from noise"}
contrasts:
  - {arm: points, against: noise, outcome: TR*, smallest: 0.05}
"""


@pytest.fixture
def carded(tmp_path, monkeypatch):
    """A study whose judges are small: what is asked here is what becomes of their answers."""
    monkeypatch.setattr("lookalike.evaluation.judges.PICTURE_JUDGES", (("mlp", 0), ("mlp", 1)))
    (tmp_path / "carded.yaml").write_text(WITH_CARD)
    return read_study(tmp_path / "carded.yaml")


def figures_of(found):
    return [(run["arm"], run["seed"], run["accuracy"], run.get("card")) for run in found["runs"]]


@pytest.mark.slow
def test_engines_give_the_same_numbers(folder):
    study, done = read_study(folder / "small.yaml"), []
    local = run_study(
        study, folder / "local.json", workers=2, on_run=lambda arm, seed, run: done.append((arm.name, seed))
    )
    assert sorted(done) == [(arm, seed) for arm in ("cosine", "dot", "twin") for seed in (0, 1)]
    assert all(run["threads"] == 1 for run in local["runs"])
    ray = pytest.importorskip("ray")
    try:
        distributed = run_study(study, folder / "ray.json", engine="ray", workers=2)
    finally:
        ray.shutdown()
    assert figures_of(local) == figures_of(distributed)


def test_a_study_with_cards_has_contrasts_and_a_figure(carded, tmp_path):
    found = run_study(carded, tmp_path / "results" / "carded.json", workers=1)
    assert len({run["card"]["TR*"] for run in found["runs"] if run["arm"] == "points"}) == 2
    assert all({"TRANSFER", "BIND", "verdict"} <= run["card"].keys() for run in found["runs"])
    table = write_table(tmp_path).read_text()
    assert "| points less from noise | TR* |" in table
    assert "exploratory, 2 pairs" in table
    assert "| arm | ACC | OOD-AUROC |" in table
    figure = (tmp_path / "figures" / "carded.svg").read_bytes()
    assert figure.startswith(b"<?xml")
    write_table(tmp_path)
    assert (tmp_path / "figures" / "carded.svg").read_bytes() == figure


def test_a_study_trains_again_and_computes_only_the_rows_it_asks_for(tmp_path):
    text = WITH_CARD.replace("card: true", 'card: ["TR*"]\nagain: [seed, bootstrap]').replace("seeds: 2", "seeds: 3")
    (tmp_path / "again.yaml").write_text(text.replace("noise: {", "noise: {training__epochs: 0, "))
    study = read_study(tmp_path / "again.yaml")
    found = run_study(study, tmp_path / "again.json", seeds=1, workers=1)
    points, noise = (run["card"] for run in found["runs"])
    assert {"TR*", "SEED-R", "SEED-R: bootstrap", "SEED-R: bootstrap: winning prototype (ARI)"} <= points.keys()
    assert not {"TRANSFER", "BIND", "ACC"} & points.keys()
    # The start follows from the seed alone where it is noise; training has not moved it.
    assert noise["SEED-R: bootstrap: uncorrected"] == pytest.approx(1)
    assert noise["SEED-R: uncorrected"] < 0.2
    assert noise["SEED-R"] == pytest.approx(noise["SEED-R: what the start already had"])
    assert study.hash(study.arms[0]) != replace(study, again=("seed",)).hash(study.arms[0])
    assert study.hash(study.arms[0]) != replace(study, rows=()).hash(study.arms[0])
    twin = replace(study.arms[0], twin=True)
    assert study.hash(twin) == replace(study, rows=(), again=()).hash(twin)


def test_a_twin_is_asked_with_cues_of_a_wrong_class_too(tmp_path):
    """Every training picture has the mark of its class, and the twin learns nothing else: so wrong marks mislead it."""
    (tmp_path / "cues.yaml").write_text(
        "title: t\nquestion: q\nseeds: 1\n"
        "common: {backbone: mlp, prototypes__n_per_class: 1, training__epochs: 3, data__limit: 1200}\n"
        "arms: {marked: {twin: true, data: 'knownproto:L4@1'}, plain: {twin: true, data: 'knownproto:L0'}}\n"
    )
    runs = run_study(read_study(tmp_path / "cues.yaml"), tmp_path / "cues.json", workers=1)["runs"]
    found = {run["arm"]: run.get("card", {}) for run in runs}
    own, wrong = (found["marked"][f"TR*: accuracy, cues of {whose} class"] for whose in ("the own", "a wrong"))
    assert own > 0.9 > 0.5 > wrong
    assert found["marked"]["TR*: lost to wrong cues"] == pytest.approx(own - wrong, abs=1e-6)
    assert found["plain"] == {}


def test_binding_is_asked_with_the_prototypes_of_another_seed_where_there_is_one(tmp_path):
    asked = {}
    for again in ("seed", "bootstrap"):
        text = WITH_CARD[: WITH_CARD.index("contrasts")].replace("card: true", f"card: [BIND]\nagain: [{again}]")
        (tmp_path / "bound.yaml").write_text(text)
        study = read_study(tmp_path / "bound.yaml")
        found = run_study(study, tmp_path / f"{again}.json", seeds=1, arms=["points"], workers=1)
        (asked[again],) = (run["card"] for run in found["runs"])
    assert 0 < asked["seed"]["BIND: prototypes of another seed"] <= 1.5
    assert "BIND: prototypes of another seed" not in asked["bootstrap"]
    same = "BIND: residuals of other classes"
    assert asked["seed"][same] == asked["bootstrap"][same]


def test_a_thumbnail_shows_prototypes_of_several_classes_and_tables_have_none():
    X, y = load_digits(return_X_y=True)
    pictures = X.reshape(-1, 8, 8)
    options = {"prototypes": "exemplar", "prototypes__n_per_class": 1, "training__epochs": 0, "validation_fraction": 0}
    classifier = PrototypeClassifier(backbone="mlp", **options).fit(pictures[:300], y[:300])
    shown = picture_at(thumbnail_of(classifier))
    assert shown.shape == (17, 17, 3)
    own = classifier.preprocessing_.to_eight_bit(torch.from_numpy(classifier.prototypes_))
    # Digits 0, 3, 6 and 9.
    for label, (top, left) in {0: (0, 0), 3: (0, 9), 6: (9, 0), 9: (9, 9)}.items():
        assert np.array_equal(shown[top : top + 8, left : left + 8, 0], own[label])
    assert thumbnail_of(PrototypeClassifier(backbone="mlp", **options).fit(X[:300], y[:300])) is None
    for wrong in ("https://example.org/a.png", "data:image/png;base64,AAAA", "data:image/svg+xml;base64,AAAA"):
        with pytest.raises((ValueError, OSError)):
            picture_at(wrong)


def test_arms_are_chosen_by_name(folder):
    study = read_study(folder / "small.yaml")
    name = study.arms[-1].name
    found = run_study(study, folder / "results.json", seeds=1, arms=[name], workers=1)
    assert [run["arm"] for run in found["runs"]] == [name]
    with pytest.raises(ParameterError, match=f"did you mean '{name}'"):
        run_study(study, folder / "results.json", arms=[name[:-1]])


def test_another_default_plan_is_another_arm_where_the_plan_is_left_to_the_library(tmp_path, monkeypatch):
    arms = {
        "auto": {},
        "named": {"training": "reseeded"},
        "another": {"training": "merged"},
        "spelled": {"training": [{"name": "joint", "reseed": 0.04, "merge": True}]},
        "plain": {"recipe": "siamese"},
        "twin": {"twin": True},
    }
    document = {"title": "Plans", "source": "here", "seeds": 1, "common": {"data": "knownproto:L0:0"}, "arms": arms}
    (tmp_path / "plans.yaml").write_text(yaml.safe_dump(document))
    study = read_study(tmp_path / "plans.yaml")
    before = {arm.name: study.hash(arm) for arm in study.arms}
    monkeypatch.setitem(PLANS, "reseeded", (Phase("joint", reseed=0.5, merge=True),))
    assert {arm.name for arm in study.arms if study.hash(arm) != before[arm.name]} == {"auto", "named"}
    monkeypatch.setitem(PLANS, "merged", (Phase("joint", merge=True, doubles=0.5),))
    assert study.hash(study.named(["another"])[0]) != before["another"]


def test_what_comes_with_matching_is_part_of_an_arm_that_chose_it(tmp_path, monkeypatch):
    rate = {"training__prototype_learning_rate": 0.3}
    arms = {
        "left": {"regularizers": {"feature_matching": 1.0}, "training__keep": "last"},
        "given": {"regularizers": {"feature_matching": 1.0}, "training__keep": "last", **rate},
        "other": {"regularizers": {"spectrum": 1.0}},
        "auto": {},
    }
    document = {"title": "Rates", "source": "here", "seeds": 1, "common": {"data": "knownproto:L0:0"}, "arms": arms}
    (tmp_path / "rates.yaml").write_text(yaml.safe_dump(document))
    study = read_study(tmp_path / "rates.yaml")
    before = {arm.name: study.hash(arm) for arm in study.arms}
    monkeypatch.setattr("lookalike.estimators.assembly.PROTOTYPE_LEARNING_RATE", 0.1)
    assert {arm.name for arm in study.arms if study.hash(arm) != before[arm.name]} == {"left", "auto"}


def test_judges_are_trained_once_before_the_runs(carded, tmp_path, monkeypatch):
    monkeypatch.setattr("lookalike.evaluation.judges.cache_folder", lambda: tmp_path / "cache")
    seen = []
    monkeypatch.setattr(running, "by_processes", lambda tasks, judged, *rest: seen.extend(judged) or iter(()))
    run_study(carded, tmp_path / "carded.json", workers=2)
    assert [config.data for config in seen] == ["knownproto:L0:0", "knownproto:L0:1"]
    running._train_judges(seen[0])
    kept = sorted(file for file in (tmp_path / "cache").rglob("*") if file.is_file())
    assert kept
    stamps = [file.stat().st_mtime_ns for file in kept]
    one = replace(carded, rows=("TRANSFER",), arms=carded.arms[:1], contrasts=())
    run_study(one, tmp_path / "one.json", seeds=1, workers=1)
    assert sorted(file for file in (tmp_path / "cache").rglob("*") if file.is_file()) == kept
    assert [file.stat().st_mtime_ns for file in kept] == stamps
    seen.clear()
    run_study(replace(carded, rows=("TR*",)), tmp_path / "rows.json", workers=2)
    assert seen == []


def test_a_run_that_fails_says_so_and_keeps_what_is_done(folder):
    text = SMALL.replace("dot: {similarity: dot,", "dot: {training__learning_rate: 1.0e+9, training__optimizer: sgd,")
    (folder / "small.yaml").write_text(text)
    study, results = read_study(folder / "small.yaml"), folder / "results" / "small.json"
    with pytest.raises(TrainingError):
        run_study(study, results, workers=1)
    assert [run["arm"] for run in json.loads(results.read_text())["runs"]] == ["cosine"]


def test_an_unknown_engine_and_wrong_results_are_refused(folder):
    study = read_study(folder / "small.yaml")
    with pytest.raises(ParameterError, match="did you mean 'local'"):
        run_study(study, folder / "x.json", engine="locl")
    (folder / "x.json").write_text("[]")
    with pytest.raises(ParameterError, match="move it away"):
        run_study(study, folder / "x.json")


@pytest.mark.parametrize(
    ("extra", "match"),
    [
        ("contrasts: [{arm: cosin, against: dot}]", "did you mean 'cosine'"),
        ("contrasts: [{arm: cosine, against: dot, outcom: x}]", "did you mean 'outcome'"),
        ("contrasts: [{arm: cosine, against: dot, outcome: accurcy}]", "did you mean 'accuracy'"),
        ("contrasts: [{arm: cosine, against: dot, outcome: BIND}]", "an outcome that the study computes"),
        ('contrasts: [{arm: cosine, against: dot, outcome: "speed: x"}]', "an outcome"),
        ("card: [TR*]\ncontrasts: [{arm: cosine, against: dot, outcome: BIND}]", "TR"),
        ("card: true\ncontrasts: [{arm: cosine, against: dot, outcome: D-FROZEN}]", "an outcome"),
        ('again: [seed]\ncontrasts: [{arm: cosine, against: dot, outcome: "SEED-Q"}]', "did you mean 'SEED-R'"),
        ('again: [seed]\ncontrasts: [{arm: cosine, against: dot, outcome: "SEED-R: bootstrap"}]', "an outcome"),
        ("contrasts: [{arm: cosine}]", "against"),
        ("contrasts: [a]", "a contrast as"),
        ("card: perhaps", "as a list"),
        ("card: [TRANSFR]", "did you mean 'TRANSFER'"),
        ("card: [SEED-R]", "rows"),
        ("again: [seeds]", "did you mean 'seed'"),
        ("again: seed", "as a list"),
        ("worlds: many", "to be int"),
        ("worlds: 0", "worlds from 1 to 10000"),
        ("contrasts: [{arm: dot, against: dot}]", "between two arms"),
        ("common: {data: digits}", "'common' is there twice"),
    ],
)
def test_a_wrong_contrast_is_refused(folder, extra, match):
    (folder / "small.yaml").write_text(f"{SMALL}\n{extra}\n")
    with pytest.raises(ParameterError, match=match):
        read_study(folder / "small.yaml")


def test_a_contrast_of_a_figure_that_its_row_does_not_have_stops_after_the_first_run(tmp_path):
    text = WITH_CARD.replace("card: true", 'card: ["TR*"]')
    (tmp_path / "wrong.yaml").write_text(text.replace("outcome: TR*", 'outcome: "TR*: mode recal"'))
    with pytest.raises(ParameterError, match=r"did you mean 'TR\*: mode recall'.*the run is kept"):
        run_study(read_study(tmp_path / "wrong.yaml"), tmp_path / "wrong.json", workers=1)
    assert len(json.loads((tmp_path / "wrong.json").read_text())["runs"]) == 1


@pytest.mark.slow
def test_workers_end_with_a_study_that_is_killed(folder):
    """A worker that outlives its study would train what nobody keeps, beside the study that goes on."""
    (folder / "small.yaml").write_text(SMALL.replace("training__epochs: 4", "training__epochs: 4000"))
    command = [sys.executable, "-m", "lookalike", "reproduce", str(folder / "small.yaml")]
    study = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    workers = []
    for _ in range(600):
        listed = Path(f"/proc/{study.pid}/task/{study.pid}/children").read_text().split()
        workers = [int(each) for each in listed if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()]
        if len(workers) >= 2:
            break
        time.sleep(0.1)
    assert len(workers) >= 2
    time.sleep(5)
    study.kill()
    study.wait()
    for _ in range(300):
        if not any(Path(f"/proc/{worker}").exists() for worker in workers):
            return
        time.sleep(0.1)
    pytest.fail("workers live on")


def test_speed_is_compared_over_the_same_epochs(folder):
    contrast = "\ncontrasts: [{arm: cosine, against: dot, outcome: speed}]\n"
    (folder / "small.yaml").write_text(SMALL + contrast)
    assert read_study(folder / "small.yaml").contrasts[0].outcome == "speed"
    for change in ("training__epochs: 5,", "training__patience: 2,"):
        (folder / "small.yaml").write_text(SMALL.replace("dot: {", "dot: {" + change) + contrast)
        with pytest.raises(ParameterError, match="same number of epochs"):
            read_study(folder / "small.yaml")


def test_a_run_that_cannot_be_compared_with_its_repetition_is_kept(tmp_path):
    text = SMALL.replace("common: {", "common: {prototypes: latent, training: joint, ").replace(
        "seeds: 2", "again: [seed]"
    )
    (tmp_path / "latent.yaml").write_text(text)
    found = run_study(read_study(tmp_path / "latent.yaml"), tmp_path / "latent.json", seeds=1, workers=1)
    assert len(found["runs"]) == 3
    assert "SEED-R" not in found["runs"][0].get("card", {})
    assert "| small |" not in write_table(tmp_path).read_text().split("## Studies")[1]


def test_judges_are_asked_for_once_whatever_else_of_the_data_differs(tmp_path):
    arms = "arms: {few: {data__limit: 200}, more: {data__limit: 800}, drawn: {data__bootstrap: 1}, twin: {twin: true}}"
    (tmp_path / "judged.yaml").write_text(
        f"card: true\ncommon: {{data: digits, data__judge_share: 0.2, backbone: mlp}}\n{arms}"
    )
    study = read_study(tmp_path / "judged.yaml")
    tasks = [(arm, seed) for arm in study.arms for seed in (0, 1)]
    assert len(running._judged_data(study, tasks)) == 1
    assert len(running._judged_data(study, tasks[-2:])) == 0
    (tmp_path / "own.yaml").write_text((tmp_path / "judged.yaml").read_text().replace(" data__judge_share: 0.2,", ""))
    study = read_study(tmp_path / "own.yaml")
    assert len(running._judged_data(study, [(arm, 0) for arm in study.arms])) == 3


def test_contrasts_are_paired_by_seed():
    study = replace(
        STUDIES[0],
        contrasts=(Contrast("a", "b", "accuracy", 0.01), Contrast("a", "c", "accuracy", 0.01)),
    )
    runs = [{"arm": "a", "seed": seed, "accuracy": 0.9 + 0.001 * seed} for seed in range(12)]
    runs += [{"arm": "b", "seed": seed, "accuracy": 0.8 + 0.001 * seed} for seed in range(2, 12)]
    runs += [{"arm": "c", "seed": seed, "accuracy": 0.9 + 0.001 * (11 - seed)} for seed in range(12)]
    clear, null = contrasts_of(study, {"runs": runs})
    assert len(clear.differences) == 10
    assert clear.mean == pytest.approx(0.1)
    assert clear.p == pytest.approx(2 * 2 / 2**10)
    assert clear.reading == "higher"
    assert null.mean == pytest.approx(0, abs=1e-12)
    assert null.reading == "no difference that matters"
    (few, *_) = contrasts_of(study, {"runs": [run for run in runs if run["seed"] < 5]})
    assert few.p is None
    assert few.reading == "exploratory, 3 pairs"
    assert contrasts_of(study, None) == []


def test_speed_is_the_mean_over_epochs_of_what_was_validated():
    runs = [
        {"arm": "a", "seed": 0, "accuracy": 0.9, "validation_accuracy": [0.2, 0.6]},
        {"arm": "a", "seed": 1, "accuracy": 0.9, "validation_accuracy": [None, None]},
        {"arm": "a", "seed": 2, "accuracy": 0.9, "validation_accuracy": []},
    ]
    assert outcomes({"runs": runs}, "a", "speed") == {0: pytest.approx(0.4)}


def _require_thumbnails_drawn(study, runs, folder):
    """One of every arm: of its first run that has kept one."""
    plain = (folder / "pairs.svg").read_text().count("<image")
    pictured = [dict(run) for run in runs]
    for run in pictured[1:6]:
        run["thumbnail"] = image_address(np.full((9, 9), 20 * run["seed"], np.uint8))
    for name in ("pictured.svg", "again.svg"):
        assert write_scatter(study, {"runs": pictured}, folder / name)
    drawn = (folder / "pictured.svg").read_text()
    # Two arms have pictures, and two outcomes go together with a third.
    assert (plain, drawn.count("<image")) == (0, 4)
    assert (folder / "again.svg").read_text() == drawn


def test_outcomes_that_go_together_are_found_over_runs_and_over_arms(tmp_path):
    """Ranks of means, and an interval that does not count runs of one arm as so many observations."""
    head, file = "title: pairs\ncommon: {data: digits}\narms: {a: {}, b: {}, c: {}, d: {}}\n", tmp_path / "pairs.yaml"
    file.write_text(head + "card: ['TR*', BIND]\ncorrelations:\n- ['TR*', BIND]\n- [accuracy, BIND]\n")
    study = read_study(file)
    runs = [
        {"arm": arm, "seed": seed, "accuracy": 0.5, "calibration_error": 0.0, "minutes": 1.0}
        | {"card": {"TR*": place + 0.1 * seed, "BIND": place**2 - 0.1 * seed}}
        for place, arm in enumerate("abcd")
        for seed in range(3)
    ]
    together, constant = correlations_of(study, {"runs": runs})
    assert together.by_arm == pytest.approx(1)
    assert 0.5 < together.by_run < 1
    assert together.interval[0] <= together.by_run <= together.interval[1] + 1e-9
    assert (together.n_runs, together.n_arms) == (12, 4)
    assert np.isnan(constant.by_run)
    assert correlations_of(study, {"runs": runs[:6]}) == []
    assert any("TR* and BIND | +0." in line for line in study_section(study, {"runs": runs}))
    assert write_scatter(study, {"runs": runs}, tmp_path / "pairs.svg")
    assert not write_scatter(study, None, tmp_path / "none.svg")
    _require_thumbnails_drawn(study, runs, tmp_path)
    for wrong in ("[TR*]", "{first: TR*}", "[TR*, NONSENSE]"):
        file.write_text(head + f"card: true\ncorrelations: [{wrong}]\n")
        with pytest.raises(ParameterError):
            read_study(file)
