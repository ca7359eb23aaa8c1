"""Prototypes that are forgotten, kept, replaced and added, with the effect told before."""

import json
import re

import numpy as np
import pytest

from lookalike.errors import DataError, ParameterError
from lookalike.estimators import PrototypeClassifier
from lookalike.experiments import contents_of, data_of, open_run
from lookalike.experiments.origins import EXAMPLES
from lookalike.serve import Desk
from tests.serve.conftest import encoded


@pytest.fixture
def saved_beside(digits_folder):
    yield lambda: sorted(digits_folder.parent.glob("digits-changed-*"))
    for folder in digits_folder.parent.glob("digits-changed-*"):
        for file in sorted(folder.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        folder.rmdir()


def test_an_effect_is_what_then_happens(client, desk):
    change = {"kind": "forget", "prototype": 3}
    before = desk.standing.run.classifier
    effect = client.post("/changes/preview", json=change).json()
    assert desk.standing.run.classifier is before
    accepted = client.post("/changes", json=change).json()
    after = desk.standing.run.classifier
    right = [(each.predict(desk.validation.inputs) == desk.validation.labels) for each in (before, after)]
    assert effect["n"] == len(desk.validation)
    assert [effect["before"], effect["after"]] == [each.mean() for each in right]
    assert effect["mended"] - effect["spoiled"] == right[1].sum() - right[0].sum()
    assert effect["spoiled"] == (right[0] & ~right[1]).sum()
    assert len(accepted["prototypes"]) == len(before.prototype_labels_) - 1
    assert accepted["changes"][0]["what"] == f"forgot prototype 3, class {before.prototype_labels_[3]}"
    undone = client.delete("/changes/last").json()
    assert undone["changes"] == []
    assert desk.standing.run.classifier is before
    assert client.delete("/changes/last").status_code == 422


def test_validation_examples_are_those_of_the_fit(desk):
    classifier = desk.standing.run.classifier
    assert len(desk.validation) == classifier.fitted_.n_validation
    # The percentiles that the fit kept are of the same examples.
    largest = classifier.prototype_scores(desk.validation.inputs).max(1)
    kept = classifier.fitted_.sureness["similarity"]
    assert np.quantile(largest, np.arange(101) / 100, method="lower") == pytest.approx(kept, rel=1e-5)


def test_what_is_kept_cannot_go(client, desk):
    client.post("/changes", json={"kind": "keep", "prototype": 4})
    for kind, more in (("forget", {}), ("replace", {"test": 0})):
        refused = client.post("/changes/preview", json={"kind": kind, "prototype": 4, **more})
        assert refused.status_code == 422
        assert "keep" in refused.json()["error"]
    # It stays kept under its new number.
    client.post("/changes", json={"kind": "forget", "prototype": 0})
    assert desk.standing.kept_prototypes == [3]
    assert [each["kept"] for each in client.get("/prototypes").json()["prototypes"]].index(True) == 3
    assert 3 in desk.standing.at_most(1)[1]
    assert client.post("/changes", json={"kind": "keep", "prototype": 3}).status_code == 422
    client.post("/changes", json={"kind": "release", "prototype": 3})
    assert desk.standing.kept_prototypes == []
    assert client.post("/changes/preview", json={"kind": "forget", "prototype": 3}).status_code == 200


def test_what_is_kept_is_kept_when_it_is_saved(client, saved_beside):
    client.post("/changes", json={"kind": "keep", "prototype": 4})
    client.post("/changes", json={"kind": "forget", "prototype": 0})
    client.post("/save")
    (saved,) = saved_beside()
    assert Desk(open_run(saved)).standing.kept_prototypes == [3]
    # It knows again what it was learned from.
    assert (saved / EXAMPLES).read_bytes() == (
        saved.parent / saved.name.partition("-changed")[0] / EXAMPLES
    ).read_bytes()


def test_a_change_of_what_the_model_was_is_refused(client, desk):
    seen = client.post("/changes/preview", json={"kind": "forget", "prototype": 5}).json()
    client.post("/changes", json={"kind": "forget", "prototype": 0})
    stale = client.post("/changes", json={"kind": "forget", "prototype": 5, "version": seen["version"]})
    assert stale.status_code == 409
    assert len(desk.standing.changes) == 1
    now = client.post("/changes/preview", json={"kind": "forget", "prototype": 5}).json()
    assert (
        client.post("/changes", json={"kind": "forget", "prototype": 5, "version": now["version"]}).status_code == 200
    )


def test_usage_is_counted_anew_when_a_prototype_goes(client, desk):
    client.post("/changes", json={"kind": "forget", "prototype": 0})
    about = desk.standing.run.classifier.explanation_.prototypes
    assert sum(each.usage for each in about if each.class_name == "0") == pytest.approx(1)


def test_a_pasted_picture_becomes_a_prototype(client, desk, saved_beside):
    picture = np.zeros((8, 8), np.uint8)
    picture[2:6, 3] = 255
    before = desk.standing.run.classifier
    client.post("/changes", json={"kind": "replace", "prototype": 2, "inputs": [encoded(picture)]})
    client.post("/changes", json={"kind": "add", "class_name": "9", "inputs": [encoded(picture)]})
    after = desk.standing.run.classifier
    shown = after.preprocessing_.from_eight_bit(picture[None])[0].numpy()
    assert after.prototypes_[2] == pytest.approx(shown, abs=1e-5)
    assert after.prototypes_[-1] == pytest.approx(shown, abs=1e-5)
    assert after.prototype_labels_.tolist() == [*before.prototype_labels_.tolist(), 9]
    others = [place for place in range(len(before.prototypes_)) if place != 2]
    assert np.array_equal(after.prototypes_[others], before.prototypes_[others])
    name = client.post("/save").json()["folder"]
    assert [folder.name for folder in saved_beside()] == [name]
    reopened = open_run(saved_beside()[0])
    assert reopened.classifier.predict_proba(desk.test.inputs) == pytest.approx(after.predict_proba(desk.test.inputs))
    assert [each["what"] for each in reopened.extras["changes"]] == [
        f"replaced prototype 2, class {before.prototype_labels_[2]}",
        "added a prototype of class 9",
    ]
    assert "added a prototype of class 9" in contents_of(reopened).making["changes by hand"]
    assert client.post("/save").json()["folder"] != name


def test_a_prototype_that_is_there_already_is_refused(client, desk):
    picture = np.zeros((8, 8), np.uint8)
    picture[2:6, 3] = 255
    again = {"inputs": [encoded(picture)]}
    client.post("/changes", json={"kind": "add", "class_name": "9", **again})
    last = len(desk.standing.run.classifier.prototypes_) - 1
    other = int(np.flatnonzero(desk.standing.run.classifier.prototype_labels_ == 9)[0])
    for change in ({"kind": "add", "class_name": "9"}, {"kind": "replace", "prototype": other}):
        refused = client.post("/changes/preview", json={**change, **again})
        assert refused.status_code == 422
        assert "does not have yet" in refused.json()["error"]
    # Of another class, or in its own place, it is another matter.
    for change in ({"kind": "add", "class_name": "8"}, {"kind": "replace", "prototype": last}):
        assert client.post("/changes/preview", json={**change, **again}).status_code == 200


def test_a_class_is_added(client, desk):
    pictures = [encoded(np.full((8, 8), value, np.uint8)) for value in (200, 220, 240)]
    refused = client.post("/changes", json={"kind": "add_class", "class_name": "ten", "inputs": pictures})
    assert refused.status_code == 422
    client.post("/changes", json={"kind": "add_class", "class_name": " 10 ", "inputs": pictures})
    assert desk.standing.run.classifier.classes_.tolist() == list(range(11))
    assert client.post("/predict", json={"inputs": pictures[:1]}).json()["predictions"][0]["predicted"] == "10"


def test_neighbors_of_a_new_prototype_are_looked_up(client, desk, iris_folder):
    client.post("/changes", json={"kind": "add", "class_name": "4", "test": 0})
    classifier = desk.standing.run.classifier
    new = next(each for each in classifier.explanation_.prototypes if not np.isin(each.prototype, _before(desk)))
    # The model's own similarity says which training examples of the class are nearest.
    data = data_of(desk.standing.run).train
    scores = classifier.prototype_scores(data.inputs)[:, new.prototype]
    own = np.flatnonzero(data.labels == 4)
    assert [each.index for each in new.neighbors] == own[np.argsort(-scores[own], kind="stable")[:5]].tolist()
    table = open_run(iris_folder).classifier
    iris = data_of(open_run(iris_folder)).train
    table.look_again(iris.inputs, iris.labels)
    assert all(len(each.neighbors) == 5 for each in table.explanation_.prototypes)
    with pytest.raises(DataError, match="labels among"):
        table.look_again(iris.inputs, np.full(len(iris), "tulip"))


def _before(desk):
    """The numbers, now, of the prototypes that were there when the desk was opened."""
    values = {each.tobytes() for each in desk.began.run.classifier.prototypes_}
    return [place for place, each in enumerate(desk.standing.run.classifier.prototypes_) if each.tobytes() in values]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "forget"},
        {"kind": "forget", "prototype": 999},
        {"kind": "keep", "prototype": 999},
        {"kind": "replace", "prototype": 0},
        {"kind": "add", "class_name": "nobody", "test": 0},
        {"kind": "add", "class_name": "1"},
        {"kind": "add", "test": 0},
        {"kind": "add_class", "class_name": "1", "test": 0},
        {"kind": "add_class", "class_name": "\n", "test": 0},
        {"kind": "add_class", "class_name": "1_1", "test": 0},
        {"kind": "add_class", "class_name": "9" * 20, "test": 0},
        {"kind": "release", "prototype": 0},
        {"kind": "burn", "prototype": 0},
    ],
)
def test_changes_that_cannot_be_made(client, desk, change):
    before = desk.standing
    for path in ("/changes/preview", "/changes"):
        refused = client.post(path, json=change)
        assert refused.status_code == 422
        assert refused.json()["error"]
    assert desk.standing is before
    assert client.post("/save").status_code == 422


def test_the_last_prototype_of_a_class_stays(desk):
    classifier = desk.standing.run.classifier
    own = np.flatnonzero(classifier.prototype_labels_ == 0).tolist()
    with pytest.raises(DataError, match="none of 0"):
        classifier.remove_prototypes(own)
    assert (classifier.prototype_labels_ == 0).sum() == len(own)


def test_heads_that_learned_refuse(desk):
    made = PrototypeClassifier(head="linear", training__epochs=1, random_state=0)
    made.fit(desk.test.inputs, desk.test.labels)
    with pytest.raises(ParameterError, match="head"):
        made.remove_prototypes([0])
    with pytest.raises(ParameterError, match="head"):
        made.replace_prototype(0, desk.test.inputs[:1])


def test_exchanging_by_hand(desk):
    classifier = open_run(desk.standing.run.folder).classifier
    n = len(classifier.prototypes_)
    assert classifier.replace_prototype(0, desk.test.inputs[:1]) is classifier
    assert len(classifier.prototypes_) == n
    # A prototype that is an input is as like it as can be.
    assert classifier.prototype_scores(desk.test.inputs[:1])[0].argmax() == 0
    for which in (-1, n, True):
        with pytest.raises(DataError, match="prototype from 0"):
            classifier.remove_prototypes([which])
    with pytest.raises(DataError, match="one input"):
        classifier.add_prototype(3, desk.test.inputs[:2])
    with pytest.raises(DataError, match="one of the classes"):
        classifier.add_prototype("three", desk.test.inputs[:1])


def test_fewer_prototypes_are_the_most_used(client, desk):
    one, stay = desk.standing.at_most(1)
    assert one.prototype_labels_.tolist() == list(range(10))
    about = desk.standing.run.classifier.explanation_.prototypes
    for label, values in zip(one.prototype_labels_, one.prototypes_, strict=True):
        own = [each for each in about if each.class_name == str(label)]
        best = max(own, key=lambda each: each.usage)
        assert np.array_equal(values, desk.standing.run.classifier.prototypes_[best.prototype])
        assert best.prototype in stay
    sizes = client.get("/sizes").json()["accuracies"]
    assert sizes[0] == (one.predict(desk.validation.inputs) == desk.validation.labels).mean()
    assert sizes[-1] == (desk.standing.run.classifier.predict(desk.validation.inputs) == desk.validation.labels).mean()
    alike = int(desk.scores[:, stay].max(1).argmax())
    few = client.post("/strip", json={"test": alike, "most": 1}).json()["html"]
    shown = [int(each) for each in re.findall('<figure data-prototype="([0-9]+)"', few)]
    # By the numbers that they have on the page, all of those that stay.
    assert shown
    assert set(shown) <= set(stay)
    for prototype in shown:
        assert f"prototype {prototype}, class {desk.standing.run.classifier.prototype_labels_[prototype]}" in few


def test_curve_declines_the_least_alike(desk):
    classifier = desk.standing.run.classifier
    largest = classifier.prototype_scores(desk.validation.inputs).max(1)
    right = classifier.predict(desk.validation.inputs) == desk.validation.labels
    assert desk.curve[0] == {"coverage": 1.0, "accuracy": right.mean()}
    half = largest >= np.quantile(largest, 0.5, method="lower")
    assert desk.curve[-1]["accuracy"] == pytest.approx(right[half].mean())


def test_a_stricter_threshold_declines_more(client, desk):
    def declined(coverage):
        answers = [
            client.post("/strip", json={"test": place, "coverage": coverage}).json()["html"] for place in range(30)
        ]
        return sum("Resembles none" in each for each in answers)

    assert declined(1.0) < declined(0.3)


def test_blending_ends_at_the_prototype(client, desk):
    steps = client.post("/blend", json={"test": 0, "prototype": 5}).json()["steps"]
    classifier = desk.standing.run.classifier
    scale = classifier.explanation_.scale
    assert [step["share"] for step in steps] == pytest.approx(np.linspace(0, 1, 21).round(2).tolist())
    first = classifier.prototype_scores(desk.test.inputs[:1])[0, 5] / scale
    assert steps[0]["similarity"] == pytest.approx(first, abs=1e-5)
    last = classifier.prototype_scores(classifier.prototypes_[5][None])
    assert steps[-1]["similarity"] == pytest.approx(last[0, 5] / scale, abs=1e-5)
    assert steps[-1]["predicted"] == str(classifier.prototype_labels_[5])


def test_blending_colour_pictures(drawn_folder):
    desk = Desk(open_run(drawn_folder))
    classifier, scale = desk.standing.run.classifier, desk.standing.run.classifier.explanation_.scale
    steps = desk.blend(desk.test.inputs[3:4], 1)
    first, last = (
        classifier.prototype_scores(desk.test.inputs[3:4]),
        classifier.prototype_scores(classifier.prototypes_[1][None]),
    )
    assert steps[0]["similarity"] == pytest.approx(first[0, 1] / scale, abs=1e-5)
    assert steps[-1]["similarity"] == pytest.approx(last[0, 1] / scale, abs=1e-5)


def test_a_self_test_is_graded_and_kept(client, desk, digits_folder):
    seed = 7
    asked = client.get(f"/self-test?seed={seed}").json()["trials"]
    assert len(asked) == 20
    assert "answer" not in asked[0]
    trials = desk.trials(seed)
    matched = desk.scores.argmax(1)
    for trial in trials:
        right, wrong = trial.choices[trial.answer], trial.choices[1 - trial.answer]
        assert matched[right] == trial.prototype
        assert matched[wrong] != trial.prototype
    answers = [trial.answer for trial in trials]
    answers[0] = 1 - answers[0]
    result = client.post("/self-test", json={"seed": seed, "answers": answers}).json()
    assert result["right"] == 19
    # 19 or 20 of 20 heads: 21 of 2^20.
    assert result["by_chance"] == pytest.approx(21 / 2**20)
    kept = json.loads((digits_folder / "self-tests.json").read_text())
    assert kept[-1]["seed"] == seed
    assert client.post("/self-test", json={"seed": seed, "answers": answers[:3]}).status_code == 422
    assert "graded" in client.post("/self-test", json={"seed": seed, "answers": answers}).json()["error"]
    (digits_folder / "self-tests.json").write_text("[1")
    assert client.post("/self-test", json={"seed": seed, "answers": answers}).status_code == 200
    assert (digits_folder / "self-tests.damaged.json").read_text() == "[1"
