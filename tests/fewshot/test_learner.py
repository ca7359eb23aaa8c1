"""The few-shot estimator: fit on some classes, adapt to others, explain, save, and what it refuses."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits
from torch import nn

from lookalike import PrototypeClassifier, recipes
from lookalike.backbones import MlpBackbone
from lookalike.errors import DataError, ModelFileError, ParameterError, TrainingError
from lookalike.fewshot import EpisodicLearner
from lookalike.metrics import mean_interval

DIGITS = load_digits()
PICTURES, LABELS = DIGITS.images.astype(np.float32), DIGITS.target
OLD, NEW = LABELS < 6, LABELS >= 6
SMALL = {"backbone": "mlp", "backbone__widths": [32, 32], "n_shot": (1, 3), "n_query": 2, "random_state": 0}
KINDS = {
    "mean": {},
    "picture": {"gathering": "picture", "gathering__pixels": 1},
    "aligned": {"gathering": "exemplar", "transforms": "shift", "transforms__pixels": 1},
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def forget_half(module, inputs, found):
    return torch.nn.functional.dropout(found, training=module.training)


def support_of(n, labels=LABELS, digits=(6, 7, 8, 9)):
    return np.concatenate([np.flatnonzero(labels == digit)[:n] for digit in digits])


def fitted(episodes=20, **options):
    return EpisodicLearner(**{**SMALL, "episodes": episodes, **options}).fit(PICTURES[OLD], LABELS[OLD])


@pytest.fixture(scope="module")
def learner():
    return fitted(20)


def test_new_classes_are_told_apart_by_three_drawings_of_each(learner):
    chosen = support_of(3)
    rest = np.setdiff1d(np.flatnonzero(NEW), chosen)
    words = np.array([*"012345", "six", "seven", "eight", "nine"])[LABELS]
    classifier = learner.adapt(PICTURES[chosen], words[chosen])
    assert classifier.classes_.tolist() == ["eight", "nine", "seven", "six"]
    assert classifier.score(PICTURES[rest], words[rest]) > 0.5
    probabilities = classifier.predict_proba(PICTURES[rest])
    np.testing.assert_allclose(probabilities.sum(1), 1)
    assert np.isfinite(probabilities).all()
    assert learner.classes_.tolist() == [0, 1, 2, 3, 4, 5]
    found = learner.episode_accuracies(PICTURES[NEW], LABELS[NEW], n_way=4, n_shot=3, n_query=5, episodes=50)
    low, high = mean_interval(found)
    assert 0.5 < low < found.mean() < high < 1
    again = learner.episode_accuracies(PICTURES[NEW], LABELS[NEW], n_way=4, n_shot=3, n_query=5, episodes=50)
    np.testing.assert_array_equal(found, again)


@every_kind
def test_an_adapted_classifier_explains_and_is_saved_like_any_other(kind, tmp_path):
    made = fitted(**KINDS[kind])
    chosen = support_of(2)
    classifier = made.adapt(PICTURES[chosen], LABELS[chosen])
    inputs = PICTURES[NEW][:7]
    explanation = classifier.explain(inputs)[0]
    total = explanation.bias + sum(match.contribution for match in explanation.matches)
    assert total == pytest.approx(explanation.logit, rel=1e-4, abs=1e-4)
    assert {neighbor.index for match in explanation.matches for neighbor in match.neighbors} <= set(range(8))
    counts = {"mean": 4, "picture": 4, "aligned": 8}
    assert classifier.transform(inputs).shape == (7, counts[kind])
    assert len(classifier.prototypes_) == (0 if kind == "mean" else counts[kind])
    if kind == "aligned":
        np.testing.assert_allclose(classifier.prototypes_[:, 0], PICTURES[chosen], atol=1e-4)
        assert {"down", "right"} <= set(explanation.matches[0].alignment)
    classifier.save(tmp_path)
    again = PrototypeClassifier.load(tmp_path)
    np.testing.assert_array_equal(classifier.decision_scores(inputs), again.decision_scores(inputs))
    assert again.predict(inputs).tolist() == classifier.predict(inputs).tolist()


@every_kind
def test_a_saved_learner_adapts_the_same(kind, tmp_path):
    made = fitted(**KINDS[kind])
    made.save(tmp_path)
    again = EpisodicLearner.load(tmp_path)
    chosen = support_of(2)
    first, second = (each.adapt(PICTURES[chosen], LABELS[chosen]) for each in (made, again))
    np.testing.assert_array_equal(first.decision_scores(PICTURES[NEW]), second.decision_scores(PICTURES[NEW]))
    assert again.get_params() == {**made.get_params(), **again.get_params()}
    assert again.history_ == made.history_
    assert again.classes_.tolist() == made.classes_.tolist()
    with pytest.raises(ModelFileError):
        PrototypeClassifier.load(tmp_path)
    first.save(tmp_path / "classifier")
    with pytest.raises(ModelFileError, match="an episodic learner, got another model"):
        EpisodicLearner.load(tmp_path / "classifier")


def test_one_drawing_stands_for_its_class_and_is_shown(learner):
    chosen = support_of(1)
    classifier = learner.adapt(PICTURES[chosen], LABELS[chosen])
    np.testing.assert_allclose(classifier.prototypes_[:, 0], PICTURES[chosen], atol=1e-4)
    assert [summary.source for summary in classifier.explanation_.prototypes] == [0, 1, 2, 3]


def test_adapting_changes_nothing_and_uneven_supports_will_do(learner):
    before = {name: tensor.clone() for name, tensor in learner.network_.state_dict().items()}
    chosen = support_of(3)[:-2]
    classifier = learner.adapt(PICTURES[chosen], LABELS[chosen])
    assert classifier.score(PICTURES[NEW], LABELS[NEW]) > 0.4
    assert all(torch.equal(before[name], tensor) for name, tensor in learner.network_.state_dict().items())
    reversed_support = learner.adapt(PICTURES[chosen][::-1].copy(), LABELS[chosen][::-1])
    np.testing.assert_allclose(
        classifier.decision_scores(PICTURES[NEW]),
        reversed_support.decision_scores(PICTURES[NEW]),
        rtol=1e-3,
        atol=1e-3,
    )


def test_the_same_space_serves_other_prototypes(learner):
    aligned = learner.gathered_by("exemplar", "shift", transforms__pixels=1)
    assert aligned.gathering == "exemplar"
    assert learner.gathering == "mean"
    state = learner.network_.backbone.state_dict()
    assert all(torch.equal(state[name], each) for name, each in aligned.network_.backbone.state_dict().items())
    chosen = support_of(3)
    assert aligned.adapt(PICTURES[chosen], LABELS[chosen]).score(PICTURES[NEW], LABELS[NEW]) > 0.5
    with pytest.raises(ParameterError, match="backbone"):
        learner.gathered_by("exemplar", backbone="mlp")


def test_seeds():
    first, second, other = fitted(5), fitted(5), fitted(5, random_state=1)
    states = [each.network_.state_dict() for each in (first, second, other)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not all(torch.equal(states[0][name], states[2][name]) for name in states[0])
    assert clone(first).get_params() == first.get_params()


@pytest.mark.parametrize(
    "own", [MlpBackbone((64,), widths=(16,)), nn.Sequential(nn.Linear(64, 16), nn.ReLU())], ids=["backbone", "module"]
)
def test_rows_of_a_table_and_components_of_ones_own(own, tmp_path):
    before = {name: tensor.clone() for name, tensor in own.state_dict().items()}
    rows = PICTURES.reshape(-1, 64)
    made = EpisodicLearner(backbone=own, episodes=5, n_shot=2, random_state=0).fit(rows[OLD], LABELS[OLD])
    assert made.n_features_in_ == 64
    chosen = support_of(2)
    classifier = made.adapt(rows[chosen], LABELS[chosen])
    assert classifier.predict(rows[NEW]).shape == (NEW.sum(),)
    made.save(tmp_path)
    with pytest.raises(ModelFileError, match=r"EpisodicLearner.load\(folder, backbone=...\)"):
        EpisodicLearner.load(tmp_path)
    again = EpisodicLearner.load(tmp_path, backbone=own)
    assert again.n_features_in_ == 64
    np.testing.assert_array_equal(again.adapt(rows[chosen], LABELS[chosen]).predict(rows), classifier.predict(rows))
    assert all(torch.equal(before[name], tensor) for name, tensor in own.state_dict().items())
    classifier.save(tmp_path / "adapted")
    adapted = PrototypeClassifier.load(tmp_path / "adapted", backbone=own)
    np.testing.assert_array_equal(adapted.predict(rows), classifier.predict(rows))
    with pytest.raises(ParameterError, match="pictures"):
        EpisodicLearner(gathering="exemplar", transforms="shift", episodes=1, n_shot=1).fit(rows[OLD], LABELS[OLD])


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda X, y: (X[:1], y[:1]), "at least two classes, got one class, 6; try: examples of a second class"),
        (lambda X, y: (X[:3], y[:3]), "at least two classes"),
        (lambda X, y: (np.where(np.arange(len(X))[:, None, None] == 4, np.nan, X), y), "NaN in 1 of 12 inputs"),
        (lambda X, y: (X[:, :7], y), r"inputs of shape \(1, 8, 8\)"),
        (lambda X, y: (X, y[:-1]), "12 inputs and 11 labels"),
        (lambda X, y: (X[:0], y[:0]), "at least one picture"),
    ],
)
def test_a_support_set_that_will_not_do(learner, change, match):
    chosen = support_of(3)
    with pytest.raises(DataError, match=match):
        learner.adapt(*change(PICTURES[chosen], LABELS[chosen]))


def test_base_classes_that_will_not_do():
    few = support_of(3)
    for options, match in (({"n_way": 5}, "at least 5 classes"), ({"n_shot": 3}, "at least 5 examples of every class")):
        with pytest.raises(DataError, match=match):
            EpisodicLearner(**{**SMALL, **options}).fit(PICTURES[few], LABELS[few])
    for options, match in (
        ({"gatherin": "mean"}, "did you mean 'gathering'"),
        ({"gathering": "meen"}, "did you mean 'mean'"),
        ({"gathering__pixels": 1}, "gathering__pixels"),
        ({"episodes": 0}, "episodes as a whole number"),
        ({"head": "linear"}, "without anything to learn"),
        ({"transforms": "shift"}, "gathering='exemplar'"),
    ):
        with pytest.raises(ParameterError, match=match):
            EpisodicLearner(**{**SMALL, **options}).fit(PICTURES[few], LABELS[few])
    with pytest.raises(DataError, match="16 pixels"):
        EpisodicLearner(n_shot=1).fit(PICTURES[few], LABELS[few])
    with pytest.raises(DataError, match="as many labels"):
        EpisodicLearner(n_shot=1).fit(PICTURES[few], LABELS[few][:-1])


def test_the_cosine_recipe_learns_its_scale():
    made = recipes.cosine_prototypical_network(**{**SMALL, "episodes": 10}).fit(PICTURES[OLD], LABELS[OLD])
    assert made.network_.similarity.scale().item() != pytest.approx(10.0, abs=1e-3)
    chosen = support_of(2)
    assert made.adapt(PICTURES[chosen], LABELS[chosen]).score(PICTURES[NEW], LABELS[NEW]) > 0.4


@pytest.mark.parametrize("make", [recipes.prototypical_network, recipes.siamese_few_shot, recipes.aligned_few_shot])
def test_recipes(make):
    made = make(**{**SMALL, "episodes": 10, "n_way": 4}).fit(PICTURES[OLD], LABELS[OLD])
    assert type(made.network_.similarity.kernel).__name__ == "NegativeKernel"
    assert not made.network_.similarity.mean
    chosen = support_of(2)
    assert made.adapt(PICTURES[chosen], LABELS[chosen]).score(PICTURES[NEW], LABELS[NEW]) > 0.4


def test_columns_keep_their_names(tmp_path):
    pandas = pytest.importorskip("pandas")
    rows = pandas.DataFrame(PICTURES.reshape(-1, 64), columns=[f"pixel {place}" for place in range(64)])
    learner = EpisodicLearner(**{**SMALL, "episodes": 2}).fit(rows[OLD], LABELS[OLD])
    learner.save(tmp_path)
    chosen, turned = support_of(2), rows[rows.columns[::-1]]
    for one in (learner, EpisodicLearner.load(tmp_path), learner.gathered_by("exemplar")):
        classifier = one.adapt(rows.iloc[chosen], LABELS[chosen])
        assert classifier.feature_names_in_.tolist() == rows.columns.tolist()
        with pytest.raises(ValueError, match="same order"):
            classifier.predict(turned)


def test_everything_random_follows_from_the_seed_and_weights_stay_finite():
    own, found = MlpBackbone((64,), widths=(16,)), []
    own.register_forward_hook(forget_half)
    begin = {name: values.clone() for name, values in own.state_dict().items()}
    for seed in (0, 1):
        torch.manual_seed(seed)
        own.load_state_dict(begin)
        learner = EpisodicLearner(backbone=own, episodes=2, n_shot=2, random_state=0)
        found.append(learner.fit(PICTURES.reshape(-1, 64)[OLD], LABELS[OLD]).network_.state_dict())
    for name, values in found[0].items():
        torch.testing.assert_close(values, found[1][name], rtol=0, atol=0)
    with pytest.raises(TrainingError, match="finite"):
        fitted(1, learning_rate=1e38, **KINDS["aligned"])
