"""Whoever is unlike what was learned gets no answer; how many do is calibrated on the validation part."""

import csv
import json

import numpy as np
import pytest

from lookalike import PrototypeClassifier, load_dataset
from lookalike.cli import main
from lookalike.errors import ModelFileError, ParameterError
from lookalike.estimators.abstaining import quantiles
from lookalike.experiments.runs import quality_of


@pytest.fixture(scope="module")
def data():
    return load_dataset("digits")


@pytest.fixture(scope="module")
def classifier(data):
    held = data.test.inputs[:200], data.test.labels[:200]
    options = {"backbone": "mlp", "training__epochs": 8, "random_state": 0}
    return PrototypeClassifier(**options).fit(data.train.inputs, data.train.labels, validation=held)


@pytest.mark.parametrize("by", ["similarity", "probability"])
def test_as_many_validation_inputs_are_answered_as_was_asked_for(classifier, data, by):
    held = data.test.inputs[:200]
    for coverage in (0.01, 0.5, 0.9, 1.0):
        share = classifier.answers(held, coverage, by).mean()
        assert coverage <= share <= coverage + 0.03
    few, many = classifier.answers(held, 0.5, by), classifier.answers(held, 0.9, by)
    assert (many | ~few).all()


@pytest.mark.parametrize("by", ["similarity", "probability"])
def test_the_answered_are_more_often_right_and_noise_gets_no_answer(classifier, data, by):
    inputs, labels = data.test.inputs[200:], data.test.labels[200:]
    right = classifier.predict(inputs) == labels
    answered = classifier.answers(inputs, 0.8, by)
    assert right[answered].mean() > right[~answered].mean()
    noise = np.random.default_rng(0).integers(0, 256, (200, 8, 8), dtype=np.uint8)
    assert classifier.answers(noise, 0.9, by).mean() < 0.5


def test_a_loaded_model_abstains_alike(classifier, data, tmp_path):
    classifier.save(tmp_path)
    loaded = PrototypeClassifier.load(tmp_path)
    assert (loaded.answers(data.test.inputs) == classifier.answers(data.test.inputs)).all()


def test_what_it_cannot_abstain_by_is_said(classifier, data, tmp_path):
    inputs = data.test.inputs[:5]
    with pytest.raises(ParameterError, match=r"expected coverage of above 0 and at most 1, got 1\.5"):
        classifier.answers(inputs, 1.5)
    with pytest.raises(ParameterError, match="probability"):
        classifier.answers(inputs, 0.9, "probabilty")
    unchecked = PrototypeClassifier(backbone="mlp", training__epochs=1, validation_fraction=0.0, random_state=0)
    unchecked.fit(data.train.inputs[:200], data.train.labels[:200])
    with pytest.raises(ParameterError, match="validation_fraction above 0"):
        unchecked.answers(inputs)
    classifier.save(tmp_path)
    document = json.loads((tmp_path / "model.json").read_text())
    document["sureness"]["similarity"].reverse()
    (tmp_path / "model.json").write_text(json.dumps(document))
    with pytest.raises(ModelFileError):
        PrototypeClassifier.load(tmp_path)


def test_a_quantile_is_a_value_that_the_wanted_share_reaches():
    values = np.random.default_rng(1).random(237)
    for place, value in enumerate(quantiles(values)):
        assert value in values
        assert (values >= value).mean() >= 1 - place / 100 - 1e-9


def test_the_curve_is_that_of_the_metric(classifier, data):
    quality = quality_of(classifier, data.test)
    similar = classifier.prototype_scores(data.test.inputs).max(1)
    right = classifier.predict(data.test.inputs) == data.test.labels
    shares, accuracies = zip(*quality.answered, strict=True)
    assert shares[-1] == 1
    assert accuracies[-1] == quality.accuracy
    assert len(shares) == 20
    for share, accuracy in quality.answered:
        most = np.argsort(-similar, kind="stable")[: round(share * len(right))]
        assert right[most].mean() == pytest.approx(accuracy)


def test_predict_says_whom_it_answers(classifier, data, tmp_path, monkeypatch, capsys):
    classifier.save(tmp_path / "run")
    np.savez(tmp_path / "some.npz", x=data.test.inputs[:20])
    arguments = ["predict", tmp_path / "run", tmp_path / "some.npz", "--coverage", "0.5"]
    monkeypatch.setattr("sys.argv", ["lookalike", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert not stopped.value.code
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    answered = [row["answered"] == "yes" for row in rows]
    assert answered == classifier.answers(data.test.inputs[:20], 0.5).tolist()
