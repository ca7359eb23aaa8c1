"""The command line: what it does, what it prints, and one clear line with exit code 2 for whatever is wrong."""

import base64
import csv
import hashlib
import html
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from lookalike.cli import main
from lookalike.estimators import PrototypeClassifier
from lookalike.estimators.abstaining import quantiles
from lookalike.evaluation import ROW_NAMES
from lookalike.experiments import contents_of, data_of, explained, open_run
from lookalike.experiments.retraining import twins_of
from lookalike.explanations import in_words
from lookalike.report import write_explanations

QUICK = ["--set", "backbone=mlp", "--set", "training__epochs=3", "--set", "data__limit=300"]


@pytest.fixture
def call(capfd, monkeypatch):
    """Run a command line in this process; exit code, standard output, standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["lookalike", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capfd.readouterr()
        return code, out, err

    return run


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """A finished run on digits."""
    folder = tmp_path_factory.mktemp("runs") / "digits"
    arguments = ["lookalike", "fit", "digits", "--out", str(folder), "--quiet", *QUICK]
    original = sys.argv
    sys.argv = arguments
    try:
        main()
    except SystemExit as stop:
        code = stop.code
    else:
        code = 0
    finally:
        sys.argv = original
    assert not code
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    generator = np.random.default_rng(0)
    for name in ("left", "right"):
        (folder / name).mkdir()
        for index in range(20):
            pixels = generator.integers(0, 60, (12, 12), dtype=np.uint8)
            pixels[:, : 6 if name == "left" else None][:, -6:] += 150
            Image.fromarray(pixels).save(folder / name / f"{index}.png")
    return folder


def one_line(err):
    assert err.startswith("error: expected "), err
    assert ", got " in err
    assert len(err.strip().splitlines()) == 1, err
    return err


def n_prototypes(folder):
    """Those that were left of 4 for each of 10 digits."""
    number = len(PrototypeClassifier.load(folder).prototypes_)
    assert 10 < number <= 40
    return number


def test_a_run_folder_holds_everything(run_folder):
    names = {path.name.split("-")[0] for path in run_folder.iterdir()}
    assert names == {
        "config.yaml",
        "evaluation.json",
        "examples.safetensors",
        "history.csv",
        "model.json",
        "pictures",
        "prototypes",
        "weights",
    }
    assert yaml.safe_load((run_folder / "config.yaml").read_text())["backbone"] == "mlp"
    assert len(list((run_folder / "prototypes").glob("*.png"))) == n_prototypes(run_folder)
    assert json.loads((run_folder / "evaluation.json").read_text())["accuracy"] > 0.7
    with (run_folder / "history.csv").open() as opened:
        assert len(list(csv.DictReader(opened))) == 3


def test_its_configuration_makes_it_again(run_folder, call, tmp_path):
    code, _, err = call("fit", "--config", run_folder / "config.yaml", "--out", tmp_path / "again", "--quiet")
    assert (code, err) == (0, "")
    first, again = (json.loads((f / "model.json").read_text()) for f in (run_folder, tmp_path / "again"))
    assert first["files"] == again["files"]


def test_a_film_shows_every_epoch_and_what_went(call, tmp_path):
    arguments = ["digits", "--out", tmp_path / "run", "--quiet", "--overwrite", "--set", "backbone=mlp"]
    arguments += ["--set", "training__epochs=3", "--set", "data__limit=300"]
    assert call("fit", *arguments, "--film")[0] == 0
    with Image.open(tmp_path / "run" / "film.gif") as film:
        assert film.n_frames == 4
        first = np.asarray(film.convert("L"))
        film.seek(3)
        last = np.asarray(film.convert("L"))
    assert first.shape == last.shape
    assert (first != last).mean() > 0.1
    assert call("fit", *arguments)[0] == 0
    assert not (tmp_path / "run" / "film.gif").exists()  # it would show another model
    code, _, err = call("fit", "iris", "--out", tmp_path / "iris", "--film", "--quiet")
    assert code != 0
    assert "prototypes that are pictures, to be filmed" in err
    assert not (tmp_path / "iris").exists()


def test_fit_says_what_came_of_it(call, tmp_path):
    code, out, _ = call("fit", "iris", "--out", tmp_path / "iris", "--epochs", "5", "--seed", "3")
    assert code == 0
    assert "test accuracy" in out
    assert "lookalike report" in out
    parameters = json.loads((tmp_path / "iris" / "model.json").read_text())["parameters"]
    assert parameters["random_state"] == 3
    assert parameters["training__epochs"] == 5
    call("fit", "iris", "--out", tmp_path / "both", "--epochs", "2", "--set", "training__epochs=5")
    assert json.loads((tmp_path / "both" / "model.json").read_text())["parameters"]["training__epochs"] == 2


def test_predict_writes_csv(run_folder, call, tmp_path):
    from lookalike.data import load_dataset

    test = load_dataset("digits").test
    for index in range(4):
        Image.fromarray(test.inputs[index]).save(tmp_path / f"{index}.png")
    code, out, err = call("predict", run_folder, tmp_path)
    rows = list(csv.DictReader(out.splitlines()))
    assert (code, err) == (0, "")
    assert [Path(row["input"]).name for row in rows] == ["0.png", "1.png", "2.png", "3.png"]
    shares = [float(value) for name, value in rows[0].items() if name.startswith("probability of")]
    assert sum(shares) == pytest.approx(1.0, abs=1e-4)
    assert max(shares) == pytest.approx(float(rows[0]["probability"]))
    code, out, _ = call("predict", run_folder, tmp_path, "--out", tmp_path / "p.csv")
    assert (code, out) == (0, "")
    assert len((tmp_path / "p.csv").read_text().splitlines()) == 5


def test_predict_abstains_by_similarity_or_by_probability(call, tmp_path):
    from lookalike.data import load_dataset
    from lookalike.experiments import open_run

    run = tmp_path / "run"
    assert call("fit", "digits", "--out", run, "--set", "training__epochs=2", "-q")[0] == 0
    shown = load_dataset("digits").test.inputs[:60]
    (asked := tmp_path / "asked").mkdir()
    for index, pixels in enumerate(shown):
        Image.fromarray(pixels).save(asked / f"{index:02}.png")
    classifier = open_run(run).classifier
    found = {}
    for by in ("similarity", "probability"):
        code, out, _ = call("predict", run, asked, "--coverage", "0.5", "--by", by)
        assert code == 0
        found[by] = [row["answered"] == "yes" for row in csv.DictReader(out.splitlines())]
        assert found[by] == classifier.answers(shown, 0.5, by).tolist()
    assert found["similarity"] != found["probability"]
    code, _, err = call("predict", run, asked, "--coverage", "0.5", "--by", "probabilty")
    assert code == 2
    assert "did you mean 'probability'" in one_line(err)
    code, _, err = call("predict", run, asked, "--by", "probability")
    assert code == 2
    assert "--by together with --coverage" in one_line(err)


def test_predict_reads_tables_by_column(call, tmp_path, monkeypatch):
    assert call("fit", "iris", "--out", tmp_path / "iris", "--set", "training__epochs=5", "-q")[0] == 0
    (tmp_path / "new.csv").write_text(
        "id,petal width (cm),petal length (cm),sepal width (cm),sepal length (cm)\n"
        "1,0.2,1.4,3.5,5.1\n2,2.5,6.0,3.3,6.3\n"
    )
    code, out, _ = call("predict", tmp_path / "iris", tmp_path / "new.csv")
    assert code == 0
    whole = list(csv.DictReader(out.splitlines()))
    assert [row["predicted"] for row in whole] == ["setosa", "virginica"]
    # What is printed is taken back.
    code, out, _ = call("predict", tmp_path / "iris", whole[1]["input"], whole[0]["input"])
    assert code == 0
    assert list(csv.DictReader(out.splitlines())) == whole[::-1]
    code, _, err = call("explain", tmp_path / "iris", f"{tmp_path / 'new.csv'}, line 4")
    assert code == 2
    assert "line 3'" in one_line(err)
    monkeypatch.chdir(tmp_path)
    code, out, _ = call("predict", tmp_path / "iris", "./new.csv, line 3", "new.csv, line 02")
    assert code == 0
    assert [row["predicted"] for row in csv.DictReader(out.splitlines())] == ["virginica", "setosa"]
    code, _, err = call("explain", tmp_path / "iris", whole[0]["input"], tmp_path / "new.csv")
    assert code == 2
    assert "rows of one file" in one_line(err)
    np.savez(tmp_path / "new.npz", x=np.array([[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]]))
    _, whole, _ = call("predict", tmp_path / "iris", tmp_path / "new.npz")
    _, second, _ = call("predict", tmp_path / "iris", f"{tmp_path / 'new.npz'}, 1")
    assert second.splitlines()[1:] == whole.splitlines()[2:]
    (tmp_path / "bad.csv").write_text("petal width (cm)\n0.2\n")
    code, _, err = call("predict", tmp_path / "iris", tmp_path / "bad.csv")
    assert code == 2
    assert "sepal length (cm)" in one_line(err)


def test_explain_as_table_json_and_page(run_folder, call, tmp_path):
    code, out, _ = call("explain", run_folder, "test:0", "test:1")
    assert code == 0
    assert out.count("logit") >= 2
    assert "measured similarity" in out
    code, out, _ = call("explain", run_folder, "test:0", "--json", "--html", tmp_path / "page.html")
    explained = json.loads(out)
    assert code == 0
    total = explained[0]["bias"] + sum(match["contribution"] for match in explained[0]["matches"])
    assert total == pytest.approx(explained[0]["logit"], abs=1e-4)
    page = (tmp_path / "page.html").read_text()
    assert "data:image/png" in page
    assert "http" not in page.replace("http-equiv", "")
    prototype = explained[0]["matches"][0]["prototype"]
    assert f"prototype {prototype} as it meets the input" in page
    words = in_words(explained[0]["matches"][0]["alignment"])
    assert words in page
    assert not words or f"it shows prototype {prototype}: {words}" in call("explain", run_folder, "test:0")[1]


def test_explain_shows_a_picture_of_another_size_and_says_so(run_folder, call, tmp_path):
    Image.new("RGB", (40, 30), "white").save(tmp_path / "shoe.png")
    code, _, err = call("explain", run_folder, tmp_path / "shoe.png")
    assert code == 0
    assert "resized to 8x8" in err
    assert "converted to grey" in err
    code, _, err = call("explain", run_folder, tmp_path / "shoe.png", "--strict")
    assert code == 2
    assert "grey pictures of 8x8" in one_line(err)


def test_evaluate_and_verify(run_folder, call):
    code, out, _ = call("evaluate", run_folder, "--json")
    assert code == 0
    found = json.loads(out)
    card = found.pop("scorecard")
    assert found == json.loads((run_folder / "evaluation.json").read_text())
    assert card == json.loads((run_folder / "scorecard.json").read_text())
    assert [row["name"] for row in card["rows"]] == list(ROW_NAMES)
    code, out, _ = call("verify", run_folder, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["holds"]
    assert found["float_difference"] <= 1e-5 * max(1, found["largest_logit"])
    assert found["png_difference"] > 0
    assert "verified" in call("verify", run_folder)[1]
    assert "accuracy" in call("evaluate", run_folder)[1]


def test_verify_fails_when_the_pictures_are_not_the_prototypes(run_folder, call, tmp_path):
    import shutil

    from lookalike.estimators import PrototypeClassifier

    shutil.copytree(run_folder, tmp_path / "copy")
    classifier = PrototypeClassifier.load(tmp_path / "copy")
    classifier.fitted_.pictures["prototypes"][0] += 0.01
    classifier.save(tmp_path / "copy", **classifier.extras_)
    code, out, _ = call("verify", tmp_path / "copy")
    assert code == 1
    assert "not verified" in out


def test_report_is_one_file_without_network(run_folder, call, tmp_path):
    code, out, _ = call("report", run_folder, "--out", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert code == 0
    assert out.strip().endswith("report.html")
    for expected in (
        "What stands for each class",
        "The scoring sheet",
        "Where prototypes lie among the data",
        "Explained test examples",
        "mistaken for",
        "How it was made",
        "What if it may decline?",
        "<svg",
    ):
        assert expected in page
    assert page.count('class="card" id="prototype-') == n_prototypes(run_folder)
    for outside in ('src="http', 'href="http', "url(http", "@import"):
        assert outside not in page
    assert re.findall("<script[^>]*>", page) == ['<script type="application/json" id="data">', "<script>"]
    script = page.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert html.unescape(page).count(f"script-src 'sha256-{digest}'") == 1
    assert len(page) < 5_000_000


def test_a_report_shows_what_a_prototype_leaves_of_an_input(run_folder, call, tmp_path):
    """Beside each prototype as it meets the input: both make the input again; grey, where nothing is left."""
    call("report", run_folder, "--out", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    picture = r'<img class="pixels" src="data:image/png;base64,([^"]+)" alt="{}"'
    strips = re.findall(r'<article class="strip.*?</article>', page, re.DOTALL)
    assert strips
    for strip in strips:
        own, met, left = (
            [
                np.asarray(Image.open(io.BytesIO(base64.b64decode(each)))).astype(float)
                for each in re.findall(picture.format(described), strip)
            ]
            for described in (
                '[^w][^"]*',
                r"prototype \d+ as it meets the input",
                r"what prototype \d+ leaves of the input",
            )
        )
        assert len(met) == len(left) > 0
        for aligned, residual in zip(met, left, strict=True):
            # What falls outside grey levels is cut off in the pictures.
            inside = (aligned > 0) & (aligned < 255) & (residual > 0) & (residual < 255)
            assert inside.any()
            np.testing.assert_allclose((aligned + 2 * residual - 255)[inside], own[0][inside], atol=3)


def test_a_report_leads_only_to_what_is_on_it(run_folder, call, tmp_path):
    call("report", run_folder, "--out", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    targets, names = set(re.findall('href="#([^"]+)"', page)), re.findall(' id="([^"]+)"', page)
    assert any(target.startswith("confused-") for target in targets)
    assert targets <= set(names)
    assert len(names) == len(set(names))


def test_a_reports_figures_are_those_of_its_json(run_folder, call, tmp_path):
    call("report", run_folder, "--out", tmp_path / "report.html")
    assert call("report", run_folder, "--out", tmp_path / "report.json")[0] == 0
    page, data = (tmp_path / "report.html").read_text(), json.loads((tmp_path / "report.json").read_text())
    inside = page.split('id="data">')[1].split("</script>")[0]
    assert json.loads(inside) == data
    assert page.count('<article class="strip') == len(data["examples"])
    assert page.count("Resembles none of the prototypes") == sum(each["resembles none"] for each in data["examples"])
    groups = [each["group"] for each in data["examples"]]
    order = ["Wrong, the surest first", "Right, but close to the border", "Like none of the prototypes", "Right"]
    assert {order[0], order[1], order[3]} <= set(groups)
    assert groups == sorted(groups, key=order.index)
    for each in data["examples"]:
        is_right = each["true"] == each["predicted"]
        assert each["group"] == "Like none of the prototypes" or is_right == each["group"].startswith("Right")


def test_a_report_counts_confusions_as_the_confusion_matrix_does(run_folder, call, tmp_path):
    call("report", run_folder, "--out", tmp_path / "report.json")
    data = json.loads((tmp_path / "report.json").read_text())
    matrix, names = np.array(data["quality"]["confusion"]), data["quality"]["classes"]
    found = data["overview"]["confusions"]
    assert found
    for each in found:
        assert each["count"] == matrix[names.index(each["true"]), names.index(each["predicted"])]
        assert sum(count for _, count in each["responsible"]) <= each["count"]
    counts = [each["count"] for each in found]
    off = matrix[~np.eye(len(names), dtype=bool)]
    assert counts == sorted(off[off > 0].tolist(), reverse=True)[:12]


def test_a_report_shows_each_prototypes_hardest_miss(run_folder, call, tmp_path):
    call("report", run_folder, "--out", tmp_path / "report.json")
    data = json.loads((tmp_path / "report.json").read_text())
    run = open_run(run_folder)
    classifier, test = run.classifier, data_of(run).test
    scores, logits = classifier.prototype_scores(test.inputs), classifier.decision_scores(test.inputs)
    hardest = {}
    for row in range(len(test)):
        true, decided = test.labels[row], classifier.classes_[logits[row].argmax()]
        if true != decided:
            own = [each for each in range(scores.shape[1]) if classifier.prototype_labels_[each] == true]
            nearest = max(own, key=lambda each: scores[row, each])
            lost = logits[row].max() - logits[row][classifier.classes_.tolist().index(true)]
            if lost > hardest.get(str(nearest), (0.0, None))[0]:
                hardest[str(nearest)] = (lost, f"test example {row}")
    assert hardest
    found = data["overview"]["misses"]
    assert {prototype: each["name"] for prototype, each in found.items()} == {
        prototype: name for prototype, (_, name) in hardest.items()
    }


def test_cards_carry_twins_of_other_seeds(run_folder, call, tmp_path, monkeypatch):
    run = open_run(run_folder)
    # As if another seed had found the same prototypes in another order, and one fewer.
    other = open_run(run_folder).classifier
    first = other.prototypes_[0]
    other.replace_prototype(0, other.prototypes_[1][None]).replace_prototype(1, first[None])
    last = len(other.prototypes_) - 1
    other.remove_prototypes([last])
    monkeypatch.setattr("lookalike.experiments.retraining.other_classifiers", lambda run, n_seeds: [other])
    twins = twins_of(run)
    assert set(twins) == set(range(last))
    shown = run.classifier.preprocessing_.to_eight_bit(torch.from_numpy(run.classifier.prototypes_))
    for prototype, (twin,) in twins.items():
        assert twin.correlation == pytest.approx(1, abs=1e-6)
        assert np.abs(twin.picture.astype(int) - shown[prototype]).max() <= 1
    call("report", run_folder, "--out", tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text().count("in its place in other seeds") == last


def test_cards_carry_what_judges_say(run_folder):
    rows = [
        {"name": "TRANSFER", "failing": [1], "by_prototype": [1.0, 0.0, 2 / 3]},
        {"name": "NN-PCTL", "failing": [2], "by_prototype": []},
    ]
    contents = contents_of(open_run(run_folder))
    assert contents.badges(0) == []
    told = replace(contents, card={"rows": rows})
    assert told.badges(0) == ["all judges see its class in it"]
    assert told.badges(1) == ["no judge sees its class in it"]
    assert told.badges(2) == ["67% of the judges see its class in it", "fails NN-PCTL"]


@pytest.mark.parametrize(("kind", "begins"), [("md", b"# digits"), ("pdf", b"%PDF-"), ("json", b"{")])
def test_a_report_comes_in_other_kinds(run_folder, call, tmp_path, kind, begins):
    code, _, _ = call("report", run_folder, "--format", kind, "--out", tmp_path / "deeper" / "r")
    assert code == 0
    assert (tmp_path / "deeper" / "r").read_bytes().startswith(begins)


def test_a_report_of_no_known_kind_is_refused(run_folder, call, tmp_path):
    code, _, err = call("report", run_folder, "--format", "docx", "--out", tmp_path / "r.docx")
    assert code == 2
    assert "html, json, md, pdf" in " ".join(err.split())
    assert not (tmp_path / "r.docx").exists()


def test_what_resembles_nothing_is_explained_without_prototypes(run_folder, tmp_path):
    run = open_run(run_folder)
    test = data_of(run).test
    usual = {"similarity": tuple(quantiles(run.classifier.prototype_scores(test.inputs).max(1) + 0.05))}
    run.classifier.fitted_ = replace(run.classifier.fitted_, sureness=usual)
    examples = explained(run, test.inputs, [str(row) for row in range(len(test))], [None] * len(test))
    declined = [each.resembles_none for each in examples]
    assert declined == (~run.classifier.answers(test.inputs, 0.95)).tolist()
    assert 0 < sum(declined) < len(declined)
    reasons = len(examples[0].explanation.reasons())
    assert reasons > 0
    for is_declined, shown in ((True, 0), (False, reasons)):
        example = replace(examples[0], resembles_none=is_declined, aligned={})
        write_explanations(tmp_path / "e.html", [example], contents_of(run))
        figures = (tmp_path / "e.html").read_text().split('<div class="why">')[0]
        assert figures.count('alt="prototype') == shown
        assert ("Resembles none of the prototypes" in figures) == is_declined
        assert 'class="axis"' in (tmp_path / "e.html").read_text()


def test_explaining_says_what_resembles_nothing(run_folder, call, monkeypatch):
    run = open_run(run_folder)
    largest = run.classifier.prototype_scores(data_of(run).test.inputs).max(1)
    least = float(np.median(largest))
    monkeypatch.setattr("lookalike.estimators.showing.least_similar", lambda classifier, coverage: least)
    for place in (int(largest.argmin()), int(largest.argmax())):
        code, out, _ = call("explain", run_folder, f"test:{place}")
        assert code == 0
        assert ("It resembles none of the prototypes" in out) == (largest[place] < least)
        told = json.loads(call("explain", run_folder, f"test:{place}", "--json")[1])
        assert told[0]["resembles none"] == (largest[place] < least)


def test_a_tables_report_sets_values_side_by_side(call, tmp_path):
    assert call("fit", "iris", "--out", tmp_path / "iris", "--set", "training__epochs=2")[0] == 0
    assert call("report", tmp_path / "iris")[0] == 0
    page = (tmp_path / "iris" / "report.html").read_text()
    prototypes = PrototypeClassifier.load(tmp_path / "iris").prototypes_
    for value in prototypes.ravel():
        assert f'<td class="number">{value:.4g}</td>' in page
    assert "<svg" in page
    assert "petal width" in page
    explained_by_values = page.count('<article class="strip') - page.count("Resembles none of the prototypes")
    assert explained_by_values >= 6
    assert page.count('class="values"') == 3 + explained_by_values
    assert set(re.findall('href="#([^"]+)"', page)) <= set(re.findall(' id="([^"]+)"', page))
    assert f'href="#prototype-{len(prototypes) - 1}"' in page


def test_a_tables_values_are_said_beside_those_of_its_prototypes(call, tmp_path):
    assert call("fit", "wine", "--out", tmp_path / "wine", "--set", "training__epochs=2", "-q")[0] == 0
    run = open_run(tmp_path / "wine")
    row, names = data_of(run).test.inputs[0], run.extras["columns"]
    code, out, _ = call("explain", tmp_path / "wine", "test:0", "--top", "1")
    assert code == 0
    (told,) = json.loads(call("explain", tmp_path / "wine", "test:0", "--json")[1])
    assert told["values"] == dict(zip(names, row.tolist(), strict=True))
    first = told["matches"][0]
    prototype = run.classifier.prototypes_[first["prototype"]]
    assert list(first["values"].values()) == pytest.approx(prototype.tolist())
    apart = np.abs(row - prototype) / np.array(run.classifier.preprocessing_.spread)
    # Thirteen columns: the five in which they are most alike, and the five in which they are least.
    order = np.argsort(apart)
    lines = [line.split() for line in out.splitlines() if line.split() and line.split()[0] in names]
    assert [line[0] for line in lines] == [names[place] for place in [*order[:5], *order[-5:]]]
    for line in lines:
        place = names.index(line[0])
        assert line[1:] == [f"{row[place]:.4g}", f"{prototype[place]:.4g}", f"{apart[place]:.2f}"]
    assert "3 columns in between are left out" in out


def test_examples_of_a_folder_have_names(call, pictures, tmp_path):
    code, out, _ = call("select", pictures, "-n", "4", "--out", tmp_path / "chosen")
    assert code == 0
    chosen = json.loads((tmp_path / "chosen" / "selection.json").read_text())["names"]
    assert len(chosen) == 4
    for name in chosen:
        assert (pictures / name).is_file()
        assert name in out
    assert call("fit", pictures, "--out", tmp_path / "run", *QUICK, "-q")[0] == 0
    shown = call("explain", tmp_path / "run", "test:0")[1]
    assert (pictures / shown.partition(":")[0]).is_file()
    assert call("report", tmp_path / "run", "--data", pictures)[0] == 0
    page = (tmp_path / "run" / "report.html").read_text()
    named = set(re.findall(r'alt="((?:left|right)/\d+\.png), ', page))
    assert named
    assert all((pictures / name).is_file() for name in named)
    assert "training example" not in " ".join(re.findall('alt="[^"]*"', page))


def test_names_are_escaped(call, tmp_path):
    (tmp_path / "t.csv").write_text(
        "x,label\n" + "\n".join(f"{i},{'<script>alert(1)</script>' if i % 2 else 'b'}" for i in range(40))
    )
    assert call("fit", tmp_path / "t.csv", "--out", tmp_path / "r", "--set", "training__epochs=1", "-q")[0] == 0
    assert call("report", tmp_path / "r")[0] == 0
    page = (tmp_path / "r" / "report.html").read_text()
    assert "<script>alert" not in page
    assert "alert(1)</script>" not in page
    # The page's own, at its end, which its policy names.
    assert page.count("<script>") == 1
    assert "&lt;script&gt;" in page
    assert call("report", tmp_path / "r", "--format", "md")[0] == 0
    told = (tmp_path / "r" / "report.md").read_text()
    assert "<script>" not in told
    assert "&lt;script>" in told


def test_list_advises_recipes_for_a_slip(call):
    code, _, err = call("list", "recpies")
    assert code == 2
    assert "did you mean 'recipes'?" in one_line(err)


@pytest.mark.parametrize("asked", [["recipes"], []])
def test_list_names_recipes(call, asked):
    code, out, _ = call("list", *asked)
    assert code == 0
    assert "singh2019_siamese" in out
    assert "photographs" in out


@pytest.mark.parametrize("family", ["similarities", "head", None])
def test_list_names_components_and_options(call, family):
    code, out, _ = call("list", *([family] if family else []))
    assert code == 0
    if family != "head":
        assert "cosine" in out
        assert "learn_scale=True" in out.replace("\n", "")
    if family != "similarities":
        assert "log_sum_exp" in out


def test_a_folder_of_pictures(call, pictures, tmp_path):
    code, out, err = call("fit", pictures, "--out", tmp_path / "run", "--set", "training__epochs=4")
    assert code == 0
    assert "set aside for testing" in err
    assert call("verify", tmp_path / "run")[0] == 0
    code, out, _ = call("predict", tmp_path / "run", pictures / "left")
    assert {row["predicted"] for row in csv.DictReader(out.splitlines())} <= {"left", "right"}


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["fit", "nowhere/pictures"], "no folder nowhere/pictures"),
        (["fit", "fashion-mnits"], "did you mean 'fashion-mnist'"),
        (["fit"], "lookalike fit mnist-5k"),
        (["fit", "digits", "--set", "similarity=cosin"], "did you mean 'cosine'"),
        (["fit", "digits", "--set", "simlarity=dot"], "did you mean 'similarity'"),
        (["fit", "digits", "--set", "training__epochs=many"], "training__epochs"),
        (["fit", "digits", "--set", "epochs=3"], "try: training__epochs"),
        (["fit", "digits", "--set", "data__limit=few"], "data__limit to be int"),
        (["fit", "digits", "--set", "data__limits=3"], "did you mean 'limit'"),
        (["fit", "digits", "--set", "recipe=glvk"], "did you mean 'glvq'"),
        (["fit", "digits", "--set", "similarity"], "name=value"),
        (["fit", "digits", "--set", "training__precision=float3"], "Fabric"),
        (["fit", "digits", "--set", "training__accelerator=abacus"], "Fabric"),
        (["fit", "digits", "--set", "random_state=abc"], "random_state as"),
        (["fit", "digits", "--set", "data__test_fraction=1.5"], "test_fraction from 0"),
        (["fit", "digits", "--set", "data__limit=0"], "limit of at least 1"),
        (["fit", "digits", "--set", "a=[1"], "a value for a"),
        (["fit", "digits", "--set", "prototypes__n_per_class=1000"], "at least 1000 training examples"),
        (["fit", "--config", "none.yaml"], "no file none.yaml"),
        (["predict", "nowhere", "x.png"], "no model.json"),
        (["evaluate", "nowhere"], "lookalike fit"),
        (["report", "nowhere"], "lookalike fit"),
        (["verify", "nowhere"], "lookalike fit"),
        (["list", "similarites"], "did you mean 'similarities'"),
    ],
)
def test_what_is_wrong_gets_one_line_and_exit_code_2(call, tmp_path, monkeypatch, arguments, match):
    monkeypatch.chdir(tmp_path)
    code, out, err = call(*arguments)
    assert code == 2
    assert match in one_line(err)
    assert out == ""
    assert list(tmp_path.iterdir()) == [], "nothing may be left behind"


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "3: x", ""])
def test_a_configuration_that_is_none(call, tmp_path, text):
    (tmp_path / "my.yaml").write_text(text)
    code, _, err = call("fit", "--config", tmp_path / "my.yaml", "--out", tmp_path / "run")
    assert code == 2
    one_line(err)
    assert not (tmp_path / "run").exists()


def test_existing_runs_are_left_untouched(call, run_folder, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in run_folder.rglob("*")}
    for arguments, match in (
        (["fit", "digits", "--out", run_folder], "a finished run"),
        (["fit", "digits", "--out", run_folder, "--overwrite", "--set", "similarity=cosin"], "did you mean"),
        (["fit", "nowhere/x", "--out", run_folder, "--overwrite"], "no folder"),
        (["fit", "digits", "--out", run_folder, "--overwrite", "--set", "training__learning_rate=1e9"], "finite loss"),
        (["explain", run_folder, "test:99999"], "test:N"),
        (["explain", run_folder, "none.png"], "nothing at none.png"),
        (["explain", run_folder, "test:0", "none.png"], "either files or test:N"),
        (["fit", run_folder / "model.json", "--out", run_folder / "x"], "the file"),
        (["predict", run_folder, run_folder / "model.json"], "pictures that can be read"),
    ):
        code, _, err = call(*arguments)
        assert code == 2, arguments
        assert match in one_line(err)
    assert {path: path.stat().st_mtime_ns for path in run_folder.rglob("*")} == before


def test_a_run_that_fails_late_leaves_the_old_one_whole(call, tmp_path):
    """The first epochs succeed; then the training accuracy collapses."""
    out = tmp_path / "run"
    assert call("fit", "digits", "--out", out, *QUICK)[0] == 0
    before = {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    failing = ["--set", "training__epochs=6", "--set", "training__learning_rate=3000", "--set", "similarity=dot"]
    failing += ["--set", "training__schedule=one_cycle", "--set", "training__warmup=0.9", "--set", "backbone=mlp"]
    code, _, err = call("fit", "digits", "--out", out, "--overwrite", "--set", "training__gradient_clip=null", *failing)
    assert code == 2, err
    one_line(err)
    left = {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    left.pop("checkpoint.safetensors", None)
    assert left == before


def test_overwriting_replaces_what_belonged_to_the_old_model(call, tmp_path):
    out = tmp_path / "run"
    assert call("fit", "digits", "--out", out, *QUICK)[0] == 0
    assert call("report", out)[0] == 0
    assert call("fit", "digits", "--out", out, "--overwrite", *QUICK, "--set", "training__epochs=2")[0] == 0
    assert not (out / "report.html").exists()
    with (out / "history.csv").open() as opened:
        assert len(list(csv.DictReader(opened))) == 2
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


def test_a_folder_with_other_files_is_not_taken(call, tmp_path):
    (tmp_path / "letters.txt").write_text("dear")
    code, _, err = call("fit", "digits", "--out", tmp_path, *QUICK)
    assert code == 2
    assert "other files" in one_line(err)
    (tmp_path / "file").write_text("")
    assert call("fit", "digits", "--out", tmp_path / "file", *QUICK)[0] == 2


def test_unreadable_pictures_are_skipped_with_a_note_or_refused(call, pictures, tmp_path):
    import shutil

    shutil.copytree(pictures, tmp_path / "p")
    (tmp_path / "p" / "left" / "bad.png").write_bytes(b"")
    code, _, err = call("fit", tmp_path / "p", "--out", tmp_path / "run", "--set", "training__epochs=1")
    assert code == 0
    assert "unreadable and left out: 1 of" in err.replace("\n", " ")
    code, _, err = call("fit", tmp_path / "p", "--out", tmp_path / "other", "--strict")
    assert code == 2
    assert "bad.png (empty file)" in one_line(err)
    (tmp_path / "p" / "empty").mkdir()
    code, _, err = call("fit", tmp_path / "p", "--out", tmp_path / "other")
    assert code == 2
    assert "empty" in one_line(err)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"words", None])
def test_damaged_arrays_are_refused(call, run_folder, tmp_path, content):
    file = tmp_path / "x.npz"
    if content is None:
        np.savez(file, x=np.array([{"an": "object"}], dtype=object))
    else:
        file.write_bytes(content)
    for command in ("predict", "explain"):
        code, _, err = call(command, run_folder, file)
        assert code == 2
        assert "plain arrays" in one_line(err)


def test_an_edited_picture_is_refused_by_verify(call, run_folder, tmp_path):
    import shutil

    shutil.copytree(run_folder, tmp_path / "run")
    file = sorted((tmp_path / "run" / "prototypes").iterdir())[3]
    Image.new("L", (9, 9)).save(file)
    code, _, err = call("verify", tmp_path / "run")
    assert code == 1
    assert "(8, 8)" in " ".join(err.split())
    file.write_bytes(b"no picture")
    code, _, err = call("verify", tmp_path / "run")
    assert code == 1
    assert file.name in "".join(err.split())


def test_other_data_are_brought_to_the_models_size_or_refused(call, pictures, tmp_path):
    out = tmp_path / "run"
    size = ["--set", "data__image_size=10", "--set", "training__epochs=1", "--set", "backbone=mlp"]
    assert call("fit", pictures, "--out", out, *size)[0] == 0
    assert call("evaluate", out, "--data", pictures)[0] == 0
    assert call("verify", out, "--data", pictures)[0] == 0
    code, _, err = call("verify", out, "--data", "digits")
    assert code == 2
    assert "(1, 10, 10)" in one_line(err)


def test_names_with_markup_are_printed_as_they_are(call, tmp_path):
    values = np.random.default_rng(0).normal(size=(40, 3))
    rows = [[*map(str, row), "cat [old]" if row[0] > 0 else "[/b]"] for row in values]
    file = tmp_path / "cats.csv"
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows([["a", "b", "c", "label"], *rows])
    assert call("fit", file, "--out", tmp_path / "run", "--set", "training__epochs=2")[0] == 0
    code, out, _ = call("explain", tmp_path / "run", "test:0", "test:1", "test:2", "test:3")
    assert code == 0
    assert "cat [old]" in out
    assert "[/b]" in out
    code, out, _ = call("evaluate", tmp_path / "run")
    assert code == 0
    assert "not calibrated: below 50 validation examples" in out


def test_nothing_to_test_on_is_said_before_training(call, pictures, tmp_path):
    code, _, err = call("fit", pictures, "--out", tmp_path / "run", "--set", "data__test_fraction=0.0")
    assert code == 2
    assert "test_fraction=0.2" in one_line(err)
    assert not (tmp_path / "run").exists()


def test_a_table_of_three_rows_is_not_told_the_fraction_that_it_has(call, tmp_path):
    (tmp_path / "rows.csv").write_text("first,second,kind\n1,2,x\n3,4,y\n5,6,x\n")
    code, _, err = call("fit", tmp_path / "rows.csv", "--out", tmp_path / "run", "--set", "data__label=kind")
    assert code == 2
    assert "none of 3 set aside; try: data__test_fraction=0.5" in one_line(err)


def test_an_interruption_says_how_to_go_on(call, tmp_path, monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("lookalike.experiments.runs.require_free", interrupt)
    code, _, err = call("fit", "digits", "--out", tmp_path / "run", *QUICK)
    assert code == 130
    assert "--resume" in err


def test_an_interruption_of_many_trainings_says_that_they_are_kept(call, run_folder, tmp_path, monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    (tmp_path / "own.yaml").write_text("common: {data: digits, backbone: mlp}\narms: {a: {}}\n")
    monkeypatch.setattr("lookalike.experiments.run_study", interrupt)
    code, _, err = call("reproduce", tmp_path / "own.yaml")
    assert (code, "finished runs are in" in " ".join(err.split())) == (130, True)
    monkeypatch.setattr("lookalike.experiments.retrain", interrupt)
    code, _, err = call("evaluate", run_folder, "--retrain")
    assert (code, "trainings that are done are kept" in " ".join(err.split())) == (130, True)


def test_a_picture_of_an_explanation(call, run_folder, tmp_path):
    code, _, err = call("explain", run_folder, "test:0", "--picture", tmp_path / "why.png")
    assert code == 0
    assert "why.png" in err
    with Image.open(tmp_path / "why.png") as drawn:
        assert drawn.width > 800
        assert np.asarray(drawn.convert("L")).std() > 20
    assert call("explain", run_folder, "test:0", "--picture", tmp_path / "why.svg")[0] == 0
    assert (tmp_path / "why.svg").read_text().count("<image") >= 4
    code, _, err = call("explain", run_folder, "test:0", "--picture", tmp_path / "why.bmp")
    assert code == 2
    assert ".png" in one_line(err)


def test_a_model_of_a_newer_version_and_a_damaged_one(call, run_folder, tmp_path):
    import shutil

    shutil.copytree(run_folder, tmp_path / "copy")
    document = json.loads((tmp_path / "copy" / "model.json").read_text())
    (tmp_path / "copy" / "model.json").write_text(json.dumps({**document, "format": 99}))
    code, _, err = call("evaluate", tmp_path / "copy")
    assert code == 2
    assert "pip install --upgrade" in one_line(err)
    (tmp_path / "copy" / "model.json").write_text(json.dumps(document)[:-30])
    assert call("evaluate", tmp_path / "copy")[0] == 2


@pytest.mark.slow
@pytest.mark.parametrize("options", [["backbone=mlp"], ["backbone__widths=[8,16]"]], ids=["mlp", "convnet"])
def test_a_killed_run_resumes_to_the_same_model(call, tmp_path, options):
    command = ["fit", "digits", "--epochs", "15"]
    small = ["data__limit=300", "training__batch_size=100"]
    command += [word for option in [*small, *options] for word in ("--set", option)]
    folder = tmp_path / "run"
    environment = {**os.environ, "LOOKALIKE_OFFLINE": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "lookalike", *command, "--out", str(folder), "--quiet"], env=environment
    )
    deadline = time.monotonic() + 90
    while not (folder / "checkpoint.safetensors").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    code, _, err = call(*command, "--out", folder)
    assert code == 2
    assert "--resume" in err
    assert call(*command, "--out", folder, "--quiet", "--resume")[0] == 0
    assert call(*command, "--out", tmp_path / "alone", "--quiet")[0] == 0
    documents = [json.loads((f / "model.json").read_text()) for f in (folder, tmp_path / "alone")]
    assert documents[0]["files"] == documents[1]["files"]
    assert not (folder / "checkpoint.safetensors").exists()


HELP = """
import sys
import lookalike.cli
assert "torch" not in sys.modules and "sklearn" not in sys.modules, "the command line imports too much"
import lookalike
assert "torch" not in sys.modules, "the package imports too much"
"""


def test_version(call):
    code, out, err = call("--version")
    assert (code, err) == (0, "")
    assert out.startswith("lookalike ")


def test_help_imports_nothing_heavy():
    subprocess.run([sys.executable, "-c", HELP], check=True)
    shown = subprocess.run([sys.executable, "-m", "lookalike", "--help"], capture_output=True, text=True, check=True)
    for command in ("fit", "predict", "explain", "evaluate", "verify", "report", "list"):
        assert command in shown.stdout


def test_select_chooses_examples_and_says_how_well_they_do(call, run_folder, tmp_path):
    code, out, _ = call("select", "digits", "--method", "density_peaks", "-n", "20", "--out", tmp_path / "chosen")
    assert code == 0
    assert "20 examples by density_peaks" in out
    left = json.loads((tmp_path / "chosen" / "selection.json").read_text())
    assert len(left["indices"]) == 20
    assert left["accuracy"] > 0.7
    with Image.open(tmp_path / "chosen" / "selection.png") as sheet:
        assert sheet.size[0] > 100
    code, out, _ = call("select", "digits", "-n", "15", "--method", "mmd_critic", "--set", "criticisms=1", "--json")
    found = json.loads(out)
    assert [found["labels"].count(label) for label in (0, 4, 5, 9)] == [2, 2, 1, 1]
    assert len(found["criticisms"]) == 10
    code, out, _ = call("select", "digits", "--space", run_folder, "-n", "10", "--json", "--stability", "2")
    found = json.loads(out)
    assert code == 0
    assert found["space"] == str(run_folder)
    assert found["accuracy"] > 0.7
    assert -1 <= found["stability"] <= 1


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["digits", "-n", "5"], "at least 10 examples to choose"),
        (["digits", "--method", "medoid"], "did you mean 'medoids'"),
        (["digits", "--set", "radius=1.0"], "an option of selection='medoids'"),
        (["digits", "--stability", "1"], "0 repetitions, or at least 2"),
        (["iris", "-n", "600"], "to choose 200, got 40"),
    ],
)
def test_select_refuses_in_one_line(call, arguments, match):
    code, _, err = call("select", *arguments)
    assert code == 2
    assert match in err
    assert err.count("\n") == 1


def test_select_of_a_table_weighs(call, tmp_path):
    code, out, _ = call("select", "iris", "--method", "proto_dash", "-n", "6", "--out", tmp_path)
    assert code == 0
    assert "weights" in out
    assert not (tmp_path / "selection.png").exists()


def test_serving_tells_where_and_closes_off_other_machines(run_folder, call, monkeypatch):
    begun, threads = [], torch.get_num_threads()
    monkeypatch.setattr("uvicorn.Server.run", lambda server, sockets: begun.append(sockets[0].getsockname()))
    code, _, err = call("serve", run_folder, "--port", "8123")
    assert code == 0
    assert "http://127.0.0.1:8123/ " in err
    assert "token" not in err
    code, _, err = call("serve", run_folder, "--host", "0.0.0.0", "--port", "8123")
    assert code == 0
    assert re.search(r"http://0\.0\.0\.0:8123/\?token=[\w-]{43} ", err)
    assert begun == [("127.0.0.1", 8123), ("0.0.0.0", 8123)]
    with socket.create_server(("127.0.0.1", 8124)):
        code, _, err = call("serve", run_folder, "--port", "8124")
    assert code == 2
    assert "in use" in err
    assert "http" not in err
    assert torch.get_num_threads() == threads


def test_serving_without_its_packages_says_which(run_folder, call, monkeypatch):
    monkeypatch.setitem(sys.modules, "lookalike.serve", None)
    code, _, err = call("serve", run_folder)
    assert code == 2
    assert "lookalike[serve]" in err


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, "5000"), ({"OMP_WAIT_POLICY": "active"}, None), ({"GOMP_SPINCOUNT": "1000"}, "1000")],
)
def test_threads_spin_for_a_moment_only_unless_somebody_says_how(call, monkeypatch, given, expected):
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert call("--version")[0] == 0
    assert os.environ.get("GOMP_SPINCOUNT") == expected
    # What main set is not taken back by monkeypatch, which was told of its absence only.
    os.environ.pop("GOMP_SPINCOUNT", None)


def test_a_misspelled_run_is_told_its_name(run_folder, call):
    code, _, err = call("verify", run_folder.with_name("digts"))
    assert code == 2
    assert "did you mean 'digits'" in one_line(err)


def test_a_warning_is_said_once(tmp_path, call, caplog):
    drawn = ["--set", "regularizers={cluster: 1000.0}", "--set", "counterfactuals=none", "--set", "training=joint"]
    enough = [*QUICK[:2], "--set", "training__epochs=4", "--set", "prototypes__n_per_class=2"]
    code, _, err = call("fit", "knownproto:L0", "--out", tmp_path / "run", *drawn, *enough)
    assert code == 0
    # What is logged goes to standard error where nobody takes it.
    assert " ".join((err + caplog.text).split()).count("may drown the decisions") == 1
