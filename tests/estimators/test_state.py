"""A fit changes all attributes together, as the last thing that it does."""

import copy

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_iris

from lookalike import PrototypeClassifier
from lookalike.errors import DataError, LookalikeError
from lookalike.fewshot import EpisodicLearner

X, y = load_iris(return_X_y=True)
FRAME = pd.DataFrame(X, columns=list("abcd"))
DIGITS = load_digits()
PICTURES, DIGIT = (DIGITS.images[:60] * 15.9375).round().astype(np.uint8), DIGITS.target[:60]


def small(**options):
    return PrototypeClassifier(**{"training__epochs": 1, "random_state": 0, **options})


class InterruptedFitError(Exception):
    """What a callback raises in the middle of a training."""


def interrupt(event):
    if type(event).__name__ == "EpochEnded":
        raise InterruptedFitError


@pytest.mark.parametrize(
    ("error", "options", "arguments"),
    [
        (DataError, {}, {"y": np.full(150, np.nan)}),
        (DataError, {}, {"y": y[:-1]}),
        (DataError, {}, {"y": np.zeros(150)}),
        (LookalikeError, {"similarity": "nonsense"}, {}),
        (LookalikeError, {"training__epochs": -1}, {}),
        (DataError, {"prototypes__n_per_class": 1000}, {}),
        (ValueError, {}, {"validation": (FRAME, y)}),
        (InterruptedFitError, {}, {"callbacks": [interrupt]}),
    ],
)
def test_a_fit_that_fails_leaves_the_model_before_it_whole(tmp_path, error, options, arguments):
    classifier = small().fit(FRAME, y)
    before, kept = classifier.predict_proba(FRAME), dict(vars(classifier))
    classifier.set_params(**options)
    with pytest.raises(error):
        classifier.fit(**{"X": FRAME[["a", "b", "c"]], "y": y, **arguments})
    assert {name for name in vars(classifier) if name.endswith("_")} == {name for name in kept if name.endswith("_")}
    assert [name for name in kept if name.endswith("_") and vars(classifier)[name] is not kept[name]] == []
    assert classifier.n_features_in_ == 4
    assert classifier.feature_names_in_.tolist() == list("abcd")
    np.testing.assert_array_equal(classifier.predict_proba(FRAME), before)
    classifier.set_params(**{name: kept.get(name) for name in options})
    classifier.save(tmp_path / "model")
    loaded = PrototypeClassifier.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(FRAME), before)
    assert classifier.report(tmp_path / "report.json", FRAME[:20], y[:20]).exists()


def test_a_refit_keeps_nothing_of_the_columns_before(tmp_path):
    classifier = small().fit(FRAME, y)
    classifier.set_params(backbone="mlp").fit(PICTURES, DIGIT)
    assert not hasattr(classifier, "n_features_in_")
    assert not hasattr(classifier, "feature_names_in_")
    classifier.save(tmp_path, note="kept beside")
    loaded = PrototypeClassifier.load(tmp_path)
    assert not hasattr(loaded, "feature_names_in_")
    assert loaded.extras_ == {"note": "kept beside"}
    loaded.fit(X[:, :3], y)
    assert loaded.n_features_in_ == 3
    assert not hasattr(loaded, "extras_")


def test_asking_for_a_request_changes_nothing():
    classifier = small().fit(FRAME, y)
    request, _ = classifier.request(X[:, :2], y)
    assert classifier.n_features_in_ == 4
    assert dict(request.columns) == {"n_features_in_": 2}


@pytest.mark.parametrize(
    "edit",
    [
        lambda model: model.remove_class(1),
        lambda model: model.remove_prototypes([0]),
        lambda model: model.add_class(9, X[:5]),
        lambda model: model.add_prototype(0, X[:1]),
        lambda model: model.replace_prototype(3, X[:1]),
        lambda model: model.look_again(X[:30], y[:30]),
        lambda model: model.set_params(training__epochs=2).fit(X[y < 2], y[y < 2]),
    ],
)
def test_what_is_done_to_a_copy_does_not_reach_the_original(edit):
    classifier = small().fit(X, y)
    before, about = classifier.predict_proba(X), classifier.explanation_
    edit(copy.copy(classifier))
    np.testing.assert_array_equal(classifier.predict_proba(X), before)
    assert classifier.classes_.tolist() == [0, 1, 2]
    assert classifier.explanation_ is about
    assert classifier.n_features_in_ == 4


def test_a_few_shot_learner_whose_refit_fails_stays_as_it_was():
    learner = EpisodicLearner(backbone="mlp", episodes=1, random_state=0).fit(FRAME, y)
    with pytest.raises(DataError):
        learner.fit(X[:, :2], y[:-1])
    with pytest.raises(LookalikeError):
        learner.set_params(objective="nonsense").fit(X[:, :2], y)
    assert learner.n_features_in_ == 4
    assert learner.adapt(FRAME[::10], y[::10]).feature_names_in_.tolist() == list("abcd")
