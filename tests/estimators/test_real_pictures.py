"""Prototypes that are training examples: what is saved of them, said of them, and how they are exchanged."""

import copy

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sklearn.datasets import load_digits

from lookalike import PrototypeClassifier
from lookalike.data import Part
from lookalike.estimators.judging import _stand_ins
from lookalike.prototypes import ChosenPrototypes
from lookalike.serve.changes import Change, effect_of

X, y = load_digits(return_X_y=True)
X, y = (X.reshape(-1, 8, 8)[:200] / 16).astype(np.float32), y[:200]
OPTIONS = {"backbone": "mlp", "training__epochs": 1, "prototypes__n_per_class": 2, "random_state": 0}


def same(first, second):
    return np.allclose(first, second, rtol=0, atol=1e-6)


@pytest.fixture(scope="module", params=["exemplar", "chosen"])
def fitted(request):
    return PrototypeClassifier(prototypes=request.param, **OPTIONS).fit(X, y)


def test_a_training_example_is_not_its_own_nearest_example(fitted):
    for summary in fitted.explanation_.prototypes:
        assert same(fitted.prototypes_[summary.prototype], X[summary.source][None])
        assert summary.source not in [near.index for near in summary.neighbors]
        assert len(summary.neighbors) == 5
    match = fitted.explain(X[:1])[0].matches[0]
    assert fitted.explanation_.prototypes[match.prototype].source not in [near.index for near in match.neighbors]
    # But it is what stands in for itself.
    assert same(_stand_ins(fitted.fitted_).numpy(), fitted.prototypes_)


def test_it_is_not_said_to_be_moved_or_dimmed(fitted):
    explanation = fitted.explain(X[:1])[0]
    assert not any(match.alignment for match in explanation.matches)
    assert "px" not in str(explanation)
    assert "fainter" not in str(explanation)
    pixels = PrototypeClassifier(prototypes="pixel", training="none", **OPTIONS).fit(X, y)
    assert pixels.explain(X[:1])[0].matches[0].alignment


def test_it_can_be_exchanged_for_other_examples(fitted):
    zero, three = (int(np.flatnonzero(y == label)[-1]) for label in (0, 3))
    changed = copy.copy(fitted).replace_prototype(0, X[zero : zero + 1]).add_prototype(3, X[three : three + 1])
    changed.remove_prototypes([2]).look_again(X, y)
    sources = [summary.source for summary in changed.explanation_.prototypes]
    before = [summary.source for summary in fitted.explanation_.prototypes]
    assert sources == [zero, before[1], *before[3:8], three, *before[8:]]
    assert same(changed.prototypes_, X[sources][:, None])
    assert len(fitted.prototypes_) == 20
    grown = copy.copy(fitted).add_class(10, X[:3], n_prototypes=2)
    assert all(any(same(each[0], given) for given in X[:3]) for each in grown.prototypes_[-2:])


def test_the_page_changes_them(fitted):
    place = int(np.flatnonzero(y == 0)[-1])
    replaced = Change("replace", 0, inputs=X[place : place + 1]).applied_to(fitted)
    added = Change("add", class_name="3", inputs=X[y == 3][-1:]).applied_to(replaced)
    left = Change("forget", 1).applied_to(added)
    assert same(left.prototypes_[0], X[place][None])
    assert len(left.prototypes_) == 20
    assert effect_of(fitted, left, Part(X, y)).n == len(X)


def test_changed_or_not_it_is_saved_and_loaded(fitted, tmp_path):
    changed = copy.copy(fitted).add_prototype(3, X[:1])
    for name, model in (("as fitted", fitted), ("changed", changed)):
        model.save(tmp_path / name)
        loaded = PrototypeClassifier.load(tmp_path / name)
        assert np.array_equal(loaded.decision_scores(X), model.decision_scores(X))
        assert np.array_equal(loaded.prototypes_, model.prototypes_)


def test_a_saved_model_has_the_chosen_examples_only(tmp_path):
    options = {**OPTIONS, "prototypes__candidates": 15}
    made = PrototypeClassifier(prototypes="chosen", **options).fit(X, y)
    made.save(tmp_path / "model")
    weights = load_file(next((tmp_path / "model").glob("weights*")))
    held = [value for name, value in weights.items() if name.startswith("prototypes.")]
    assert sum(value.numel() for value in held if value.is_floating_point()) == 20 * 64 + 20


def test_what_older_versions_saved_is_loaded_and_answers_alike():
    torch.manual_seed(0)
    old = ChosenPrototypes((4,), 2, n_per_class=[1, 2], candidates=3)
    inputs, labels = torch.randn(8, 4), torch.arange(8) % 2
    old.begin(torch.randn(3, 4), inputs, labels, torch.Generator().manual_seed(0))
    torch.nn.init.normal_(old.values)
    before = old.eval()()
    training = {name: value.clone() for name, value in old.state_dict().items()}
    resumed = ChosenPrototypes((4,), 2, n_per_class=[1, 2], candidates=3)
    resumed.load_state_dict(training)
    # What training has written on its way keeps all candidates.
    assert not resumed.settled
    assert resumed.values.shape == (3, 3)
    finished = training | {"sources": old.candidate_sources[old._best()]}
    loaded = ChosenPrototypes((4,), 2, n_per_class=[1, 2], candidates=3)
    loaded.load_state_dict(finished)
    old.settle()
    for each in (loaded, old, copy.deepcopy(loaded)):
        assert each.settled
        assert torch.equal(each.train()(), before)
        assert torch.equal(each.sources, finished["sources"])
        assert torch.equal(inputs[each.sources], before)
    again = copy.deepcopy(ChosenPrototypes((4,), 2, n_per_class=[1, 2], candidates=3))
    again.load_state_dict(old.state_dict())
    assert torch.equal(again(), before)
