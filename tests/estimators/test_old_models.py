"""Models that earlier versions saved still load, and answer as they did then."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from lookalike import PrototypeClassifier
from lookalike.experiments import kept_card, open_run
from lookalike.fewshot import EpisodicLearner

FOLDERS = sorted(path.parent for path in Path(__file__).parents[1].glob("fixtures/models/*/*/model.json"))
LEARNERS = [folder for folder in FOLDERS if folder.name in ("few-shot-mean", "few-shot-picture")]
RUNS = [folder for folder in FOLDERS if folder.name == "run"]
CLASSIFIERS = [folder for folder in FOLDERS if folder not in LEARNERS and folder not in RUNS]


def name_of(folder):
    return f"{folder.parent.name}-{folder.name}"


def test_every_kind_is_there():
    kinds = {"chosen", "exemplar", "fourier", "generated", "hull", "latent", "pixel", "table", "words"}
    assert kinds <= {folder.name for folder in CLASSIFIERS if folder.parent.name == "format-1"}
    assert LEARNERS
    assert RUNS


@pytest.mark.parametrize("folder", CLASSIFIERS, ids=name_of)
def test_a_classifier_answers_as_it_did(folder):
    expected = load_file(folder / "expected.safetensors")
    classifier = PrototypeClassifier.load(folder)
    np.testing.assert_allclose(classifier.predict_proba(expected["inputs"]), expected["probabilities"], atol=1e-5)
    np.testing.assert_allclose(classifier.decision_scores(expected["inputs"]), expected["scores"], atol=1e-4)
    explained = classifier.explain(expected["inputs"][:1])[0]
    assert explained.probability == pytest.approx(expected["probabilities"][0].max(), abs=1e-4)


@pytest.mark.parametrize("folder", LEARNERS, ids=name_of)
def test_a_learner_adapts_as_it_did(folder):
    expected = load_file(folder / "expected.safetensors")
    adapted = EpisodicLearner.load(folder).adapt(expected["support"], expected["labels"])
    np.testing.assert_allclose(adapted.predict_proba(expected["inputs"]), expected["probabilities"], atol=1e-5)


@pytest.mark.parametrize("folder", RUNS, ids=name_of)
def test_a_run_is_read_with_its_evaluation(folder):
    run = open_run(folder)
    assert len(run.classifier.classes_) == 3
    assert (folder / "scorecard.json").is_file()
    assert kept_card(run)["rows"]
