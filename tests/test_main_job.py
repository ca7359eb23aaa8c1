"""The main job end to end, small: fit, predict, explain, save, load, verify."""

import numpy as np
import pytest
import torch

from lookalike.data import load_dataset
from lookalike.estimators import PrototypeClassifier


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits")


@pytest.fixture(scope="module")
def classifier(digits):
    small = PrototypeClassifier(
        backbone="mlp",
        prototypes__n_per_class=2,
        random_state=0,
        training__epochs=8,
    )
    return small.fit(digits.train.inputs, digits.train.labels)


def test_learns_digits(classifier, digits):
    assert classifier.score(digits.test.inputs, digits.test.labels) > 0.9


def test_contributions_sum_to_the_logit(classifier, digits):
    logits = classifier.decision_scores(digits.test.inputs[:20])
    for row, explanation in zip(logits, classifier.explain(digits.test.inputs[:20]), strict=True):
        total = explanation.bias + sum(match.contribution for match in explanation.matches)
        assert total == pytest.approx(explanation.logit, abs=1e-4)
        assert explanation.logit == pytest.approx(row.max(), abs=1e-6)


def test_a_saved_model_is_the_same_model(classifier, digits, tmp_path):
    classifier.save(tmp_path / "model")
    loaded = PrototypeClassifier.load(tmp_path / "model")
    inputs = digits.test.inputs[:50]
    assert np.array_equal(loaded.predict_proba(inputs), classifier.predict_proba(inputs))
    assert loaded.explain(inputs[:2]) == classifier.explain(inputs[:2])


def test_evaluation_mode_is_as_good_as_training_mode(digits):
    """Running statistics, which prediction uses, are those of the real inputs that training saw."""
    inputs, labels = digits.train.inputs, digits.train.labels
    classifier = PrototypeClassifier(backbone="convnet", random_state=0, training__epochs=6)
    network = classifier.fit(inputs, labels).network_
    evaluated = (classifier.predict(inputs) == labels).mean()
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
    network.train()
    right = 0
    with torch.no_grad():
        for rows in torch.randperm(len(inputs), generator=torch.Generator().manual_seed(0)).split(128):
            batch = classifier.preprocessing_.standardize(torch.from_numpy(inputs[rows.numpy()])[:, None])
            right += int((network(batch).logits.argmax(1).numpy() == labels[rows.numpy()]).sum())
    network.eval()
    changed = [name for name, buffer in network.named_buffers() if not torch.equal(buffers[name], buffer)]
    assert changed, "the pass in training mode used no batch statistics"
    assert evaluated > 0.95
    assert abs(evaluated - right / len(inputs)) <= 0.005
