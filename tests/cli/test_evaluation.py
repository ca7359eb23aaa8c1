"""The scorecard on the command line and in the report."""

import json
import shutil

import pytest

from lookalike.experiments import further_trainings, missing_trainings, open_run
from tests.cli.test_commands import QUICK, call, run_folder  # noqa: F401 (fixtures)


@pytest.fixture(scope="module")
def copy(run_folder, tmp_path_factory):  # noqa: F811
    folder = tmp_path_factory.mktemp("judged") / "digits"
    shutil.copytree(run_folder, folder)
    return folder


def values(out):
    return {row["name"]: row["value"] for row in json.loads(out)["scorecard"]["rows"]}


def nearly(found):
    """To rounding: many threads do not always add in one order."""
    return {name: None if value is None else pytest.approx(value, rel=1e-4) for name, value in found.items()}


def test_quick_then_full(copy, call):  # noqa: F811
    (copy / "scorecard.json").unlink(missing_ok=True)
    code, out, _ = call("evaluate", copy)
    assert code == 0
    assert "verdict: open" in out
    # One line for all rows that wait for the same.
    assert out.count("--full, or full=True") == 1
    assert "without D-FROZEN, SEED-R: not computed; evaluate --retrain" in out
    code, out, _ = call("evaluate", copy, "--full", "--json")
    assert code == 0
    full = values(out)
    assert {name for name, value in full.items() if value is None} == {"D-FROZEN", "SEED-R", "TR*"}
    card = json.loads(out)["scorecard"]
    assert card["verdict"] != "open"
    assert any("judges overlap" in row["note"] for row in card["rows"])
    # A quick card afterwards finds the judges, and does not throw away what the full one found.
    quick = values(call("evaluate", copy, "--json")[1])
    assert quick["TRANSFER"] == full["TRANSFER"]
    assert quick["BIND"] is None
    kept = json.loads((copy / "scorecard.json").read_text())
    assert {row["name"]: row["value"] for row in kept["rows"]} == full
    assert kept["verdict"] == card["verdict"]


def test_the_report_shows_the_card(copy, call):  # noqa: F811
    call("evaluate", copy)
    assert call("report", copy)[0] == 0
    page = (copy / "report.html").read_text()
    assert "Are these prototypes true?" in page
    assert "OOD-AUROC" in page
    (copy / "scorecard.json").write_text("[1")
    assert call("report", copy)[0] == 0
    assert "Are these prototypes true?" not in (copy / "report.html").read_text()


@pytest.mark.slow
def test_retraining_is_announced_kept_and_resumed(copy, call, caplog):  # noqa: F811
    run = open_run(copy)
    assert len(missing_trainings(run)) == len(further_trainings(run)) == 8
    code, out, err = call("evaluate", copy, "--retrain", "--json")
    assert code == 0
    assert "8 trainings to come" in err
    found = values(out)
    assert None not in {name: value for name, value in found.items() if name != "TR*"}.values()
    rows = {row["name"]: row for row in json.loads(out)["scorecard"]["rows"]}
    assert rows["ACC"]["light"] in ("green", "amber", "red")
    assert "twin" in rows["ACC"]["beside"]
    assert "what the start already had" in rows["SEED-R"]["beside"]
    assert 0 <= rows["SEED-R"]["beside"]["bootstrap: Jaccard, least stable prototype"] <= 1
    diagnostics = json.loads(out)["scorecard"]["diagnostics"]
    assert diagnostics["moved from the start, two real examples = 1"] > 0
    assert "prototypes of another seed" in rows["BIND"]["beside"]
    assert rows["SEED-R"]["note"] == "3 runs"
    call("report", copy, "--out", copy / "r.json")
    twins = json.loads((copy / "r.json").read_text())["twins"]
    assert {seed for each in twins.values() for seed in each} == {"1", "2"}
    assert all(-1 <= value <= 1 for each in twins.values() for value in each.values())
    # A twin that decides much better is said, and one that does not is not.
    twin = copy / "retrained" / "twin.json"
    kept = json.loads(twin.read_text())
    for ahead, said in ((0.04, False), (0.06, True)):
        twin.write_text(json.dumps({**kept, "accuracy": found["ACC"] + ahead}))
        card = json.loads(call("evaluate", copy, "--retrain", "--json")[1])["scorecard"]
        (note,) = (row["note"] for row in card["rows"] if row["name"] == "ACC")
        assert ("may drown the decisions" in note) is said
    twin.write_text(json.dumps(kept))
    (copy / "retrained" / "frozen-1.json").unlink()
    shutil.rmtree(copy / "retrained" / "seed-2")
    (copy / "retrained" / "bootstrap-1.json").write_text("{")
    (copy / "retrained" / "seed-1" / "model.json").write_text("{")
    assert {further.name for further in missing_trainings(run)} == {"frozen-1", "seed-1", "seed-2", "bootstrap-1"}
    # A damaged one is left out of a report, and said.
    caplog.clear()
    assert call("report", copy, "--out", copy / "less.json")[0] == 0
    assert "seed-1 cannot be used until it is trained again" in caplog.text
    assert json.loads((copy / "less.json").read_text())["twins"] == {}
    code, out, err = call("evaluate", copy, "--retrain", "--json")
    assert "4 trainings to come" in err
    assert values(out) == nearly(found)
    # A full card afterwards knows the further trainings; a quick one leaves them in the kept card.
    assert values(call("evaluate", copy, "--full", "--json")[1]) == nearly(found)
    assert "rows of an earlier, fuller evaluation are kept" in call("evaluate", copy)[2]
    kept = {row["name"]: row for row in json.loads((copy / "scorecard.json").read_text())["rows"]}
    assert kept["ACC"]["light"] == rows["ACC"]["light"]
    assert kept["SEED-R"]["value"] == pytest.approx(found["SEED-R"], rel=1e-4)
    assert json.loads((copy / "scorecard.json").read_text())["diagnostics"] == nearly(diagnostics)


def test_rows_that_latent_prototypes_and_patches_cannot_have_say_why(call, tmp_path):  # noqa: F811
    small = ["--set", "training__epochs=2", "--set", "data__limit=300"]
    projected = [*small, "--set", "backbone=mlp", "--set", "prototypes=latent"]
    assert call("fit", "digits", "--out", tmp_path / "latent", *projected)[0] == 0
    code, out, _ = call("evaluate", tmp_path / "latent", "--retrain", "--json")
    assert code == 0
    found = values(out)
    assert found["STAND-IN"] is None
    assert found["D-FROZEN"] is not None
    patches = [*small, "--set", "backbone=lenet", "--set", "prototypes__size=20"]
    assert call("fit", "knownproto:L0", "--out", tmp_path / "patches", *patches)[0] == 0
    code, out, _ = call("evaluate", tmp_path / "patches", "--full", "--json")
    assert code == 0
    notes = {row["name"]: row["note"] for row in json.loads(out)["scorecard"]["rows"]}
    assert "as large as inputs" in notes["TRANSFER"]
    assert "as large as inputs" in notes["STAND-IN"]


def test_a_table_has_a_card_too(call, tmp_path):  # noqa: F811
    assert call("fit", "wine", "--out", tmp_path / "wine", "--set", "training__epochs=5")[0] == 0
    code, out, _ = call("evaluate", tmp_path / "wine", "--retrain", "--json")
    assert code == 0
    rows = {row["name"]: row for row in json.loads(out)["scorecard"]["rows"]}
    assert {name for name, row in rows.items() if row["value"] is None} == {"FLIP", "SIM@1", "TR*", "BIND"}
    assert "rows of a table" in rows["BIND"]["note"]
    assert rows["SEED-R"]["beside"]["random real examples"] < 0.9


def test_retraining_is_for_the_runs_own_data(copy, call):  # noqa: F811
    code, _, err = call("evaluate", copy, "--retrain", "--data", "digits")
    assert code == 2
    assert "leave --data out" in err


def test_other_data_leave_the_kept_card_alone(copy, call):  # noqa: F811
    (copy / "scorecard.json").unlink(missing_ok=True)
    code, out, _ = call("evaluate", copy, "--data", "digits", "--json")
    assert code == 0
    assert values(out)["ACC"] > 0.5
    assert not (copy / "scorecard.json").exists()


def test_a_known_world_is_judged_by_its_truth(call, tmp_path):  # noqa: F811
    settings = [*QUICK, "--set", "data__judge_share=0.2"]
    assert call("fit", "knownproto:L3:1", "--out", tmp_path / "known", *settings)[0] == 0
    code, out, _ = call("evaluate", tmp_path / "known", "--json")
    assert code == 0
    rows = {row["name"]: row for row in json.loads(out)["scorecard"]["rows"]}
    assert 0 < rows["TR*"]["value"] < 1
    assert "unseen templates" in rows["OOD-AUROC"]["beside"]
