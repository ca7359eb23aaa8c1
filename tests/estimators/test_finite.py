"""What is not a number is an error, where it arises: in training, in a file, in an answer."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.datasets import load_iris
from torch import nn

from lookalike import PrototypeClassifier
from lookalike.errors import DataError, ModelFileError, TrainingError
from lookalike.estimators import storage
from lookalike.fewshot import EpisodicLearner
from lookalike.persistence import load_model

X, y = load_iris(return_X_y=True)


def small(**options):
    return PrototypeClassifier(**{"training__epochs": 1, "random_state": 0, **options})


def pictures(n, side):
    return np.random.default_rng(0).integers(0, 255, (n, side, side), dtype=np.uint8)


@pytest.mark.parametrize("fraction", [0, 0.3])
@pytest.mark.parametrize(
    ("inputs", "options"),
    [
        (pictures(20, 8), {"backbone": "convnet"}),
        (pictures(20, 8), {"backbone": "convnet", "prototypes": "latent"}),
        (X[::8], {"backbone": "mlp", "backbone__normalize": True}),
        (X[::8], {"backbone": nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))}),
    ],
)
def test_one_input_at_one_position_is_no_batch_to_normalize_by(inputs, options, fraction):
    labels = np.arange(len(inputs)) % 2
    with pytest.raises(DataError, match=r"expected two values of every channel.*training__batch_size=2"):
        small(training__batch_size=1, validation_fraction=fraction, **options).fit(inputs, labels)


@pytest.mark.parametrize(
    ("inputs", "options"),
    [
        (pictures(10, 28), {"backbone": "convnet"}),
        (pictures(10, 8), {"backbone": "mlp"}),
        (X[::8], {"backbone": "mlp"}),
        (X[::8], {"backbone": nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3).eval()), "training": "none"}),
    ],
)
def test_batches_of_one_train_where_there_is_something_to_normalize_by(inputs, options):
    labels = np.arange(len(inputs)) % 2
    classifier = small(training__batch_size=1, validation_fraction=0, **options).fit(inputs, labels)
    assert np.isfinite(classifier.predict_proba(inputs)).all()


def test_weights_that_leave_the_numbers_are_not_kept():
    with pytest.raises((TrainingError, DataError), match="finite"):
        small(training__learning_rate=1e9, training__epochs=3, validation_fraction=0).fit(X, y)


@pytest.mark.parametrize("value", [1e300, -1e300, 1e200])
@pytest.mark.parametrize("ask", ["predict", "predict_proba", "transform", "explain", "decision_scores", "compare"])
def test_an_input_without_an_answer_is_named(ask, value):
    classifier = small().fit(X, y)
    rows = X[:5].copy()
    rows[3] = value
    with pytest.raises(DataError, match=r"1 of 5 inputs, first at index 3; try: inputs of the range"):
        getattr(classifier, ask)(rows)


def test_pictures_that_overflow_are_named():
    shown = np.random.default_rng(0).normal(size=(20, 8, 8)).astype(np.float32)
    classifier = small(backbone="mlp").fit(shown, np.arange(20) % 2)
    shown[2] = 3e38
    with pytest.raises(DataError, match="first at index 2"):
        classifier.predict_proba(shown)


def test_a_column_of_any_size_is_learned():
    for factor in (1e160, 1e200, 1e300):
        classifier = small(training__epochs=20).fit(X * factor, y)
        assert np.isfinite(classifier.predict_proba(X * factor)).all()
        assert classifier.score(X * factor, y) > 0.9


@pytest.mark.parametrize(
    "edit",
    [
        lambda document, weights: document.update(temperature=float("nan")),
        lambda document, weights: document.update(temperature=float("inf")),
        lambda document, weights: document.update(temperature=0.0),
        lambda document, weights: document.update(temperature=-1.0),
        lambda document, weights: document["preprocessing"].update(mean=[float("nan")] * 4),
        lambda document, weights: document["preprocessing"].update(spread=[0.0] * 4),
        lambda document, weights: document["preprocessing"].update(divisor=float("inf")),
        lambda document, weights: weights["prototypes.values"].fill_(float("nan")),
        lambda document, weights: weights["prototypes.values"].view(-1)[:1].fill_(float("inf")),
    ],
)
def test_a_model_file_holds_numbers(tmp_path, edit):
    small().fit(X, y).save(tmp_path)
    stored = load_model(tmp_path)
    tensors = {**stored.tensors, "weights": {name: each.clone() for name, each in stored.tensors["weights"].items()}}
    edit(stored.document, tensors["weights"])
    with pytest.raises(ModelFileError, match="expected a model as this version writes it"):
        storage.from_stored(replace(stored, tensors=tensors), {}, PrototypeClassifier)


def test_a_file_of_a_few_shot_learner_holds_numbers(tmp_path):
    from lookalike.fewshot import storage as learners

    learner = EpisodicLearner(backbone="mlp", episodes=1, random_state=0).fit(X, y)
    learner.save(tmp_path)
    restored = learners.from_stored(load_model(tmp_path), {}, EpisodicLearner)
    broken = {name: torch.full_like(each, float("nan")) for name, each in restored.weights.items()}
    with pytest.raises(ModelFileError, match="NaN or infinity"):
        learners.load_weights(learner.network_, replace(restored, weights=broken))
