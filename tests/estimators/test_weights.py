"""Weights of examples: checked, and used wherever a mean over examples is."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_iris
from sklearn.utils.class_weight import compute_class_weight

from lookalike import PrototypeClassifier
from lookalike.errors import DataError, LookalikeError, ParameterError
from lookalike.estimators.abstaining import quantiles
from lookalike.estimators.weights import checked_weights, class_factors, example_weights
from lookalike.experiments import assignments, config_from, fit_run
from lookalike.experiments.studies import _defaults
from lookalike.initializers import Initializer

X, y = load_iris(return_X_y=True)
QUICK = {"training__epochs": 2, "random_state": 0}
RANDOM = np.random.default_rng(0)


def scores(classifier: PrototypeClassifier) -> np.ndarray:
    return classifier.decision_scores(X)


@pytest.mark.parametrize("start", [{}, {"initializer": "kmeans"}, {"initializer": "means"}, {"selection": "medoids"}])
def test_weight_zero_is_as_good_as_not_there(start: dict) -> None:
    there = RANDOM.random(len(y)) < 0.7
    weights = np.where(there, 1 + RANDOM.random(len(y)), 0)
    weighed = PrototypeClassifier(**QUICK, **start).fit(X, y, weights)
    without = PrototypeClassifier(**QUICK, **start).fit(X[there], y[there], sample_weight=weights[there])
    assert np.array_equal(scores(weighed), scores(without))
    assert weighed.temperature_ == without.temperature_
    named = {each.index for summary in weighed.explanation_.prototypes for each in summary.neighbors}
    assert named <= set(np.flatnonzero(there).tolist())


@pytest.mark.parametrize("weights", [np.full(len(y), 3.0), 2, [True] * len(y), np.full(len(y), 1e-310)])
def test_equal_weights_are_none(weights: object) -> None:
    plain = PrototypeClassifier(**QUICK).fit(X, y)
    assert np.array_equal(scores(plain), scores(PrototypeClassifier(**QUICK).fit(X, y, sample_weight=weights)))


def test_only_ratios_of_weights_matter() -> None:
    weights = 2.0 ** RANDOM.integers(0, 4, len(y))
    first = PrototypeClassifier(**QUICK).fit(X, y, weights)
    second = PrototypeClassifier(**QUICK).fit(X, y, torch.from_numpy(weights * 2.0**900))
    assert np.array_equal(scores(first), scores(second))
    assert not np.array_equal(scores(first), scores(PrototypeClassifier(**QUICK).fit(X, y)))


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        (np.full(len(y), np.nan), "150 NaN or infinite"),
        (np.r_[np.inf, np.ones(149)], "index 0"),
        (np.r_[np.ones(149), -1e-9], "1 negative"),
        (np.zeros(len(y)), "150 weights that are all zero"),
        (np.ones(149), "150 inputs"),
        (np.ones((150, 2)), r"\(150, 2\)"),
        (["heavy"] * 150, "numbers"),
        ([None] * 150, "NaN"),
        (np.ones(150) * 1j, "numbers"),
        (np.where(y == 2, 0.0, 1.0), "class 2 with weights of 0"),
    ],
)
def test_weights_that_are_none_are_refused(weights: object, says: str) -> None:
    with pytest.raises(DataError, match=says):
        PrototypeClassifier(**QUICK).fit(X, y, sample_weight=weights)


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ("even", "balanced"),
        ([1, 2, 3], "balanced"),
        ({3: 1.0}, "3"),
        ({"setosa": 1.0}, "among 0, 1, 2"),
        ({0: -1.0}, "0 or above"),
        ({0: float("nan")}, "0 or above"),
        ({0: "2"}, "0 or above"),
        ({0: True}, "0 or above"),
        ({1: 1.0, "1": 2.0}, "two for 1"),
    ],
)
def test_class_weights_that_are_none_are_refused(choice: object, says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        PrototypeClassifier(class_weight=choice, **QUICK).fit(X, y)


def test_a_class_of_weight_zero_is_refused() -> None:
    with pytest.raises(LookalikeError, match="class 1"):
        PrototypeClassifier(class_weight={1: 0}, **QUICK).fit(X, y)


def test_text_that_equals_a_class_as_a_number_is_another_class() -> None:
    with pytest.raises(ParameterError):
        class_factors({1: 2.0}, np.array([0, 1]), np.array(["01", "2"]))
    assert class_factors({1: 2.0}, np.array([0, 1]), np.array(["1", "2"])).tolist() == [2.0, 1.0]


def test_balanced_is_as_scikit_learn_has_it() -> None:
    labels = np.array([0] * 6 + [1] * 3 + [2])
    ours = class_factors("balanced", labels, np.arange(3))
    np.testing.assert_allclose(ours, compute_class_weight("balanced", classes=np.arange(3), y=labels))


def test_balanced_counts_weights_as_repetitions() -> None:
    times = RANDOM.integers(1, 4, 30)
    labels = RANDOM.integers(0, 3, 30)
    weighed = class_factors("balanced", labels, np.arange(3), times.astype(float))
    repeated = class_factors("balanced", np.repeat(labels, times), np.arange(3))
    np.testing.assert_allclose(weighed, repeated)


def test_class_weights_are_weights_of_their_examples() -> None:
    by_class = PrototypeClassifier(class_weight={0: 2.0, 2: 0.5}, **QUICK).fit(X, y)
    by_example = PrototypeClassifier(**QUICK).fit(X, y, np.array([2.0, 1.0, 0.5])[y])
    assert np.array_equal(scores(by_class), scores(by_example))
    both = example_weights(np.full(len(y), 7.0), {0: 2.0}, y, np.arange(3))
    np.testing.assert_allclose(both, np.array([1.0, 0.5, 0.5])[y])


def test_class_weights_are_kept_with_a_model(tmp_path: object) -> None:
    made = PrototypeClassifier(class_weight={0: 2.0}, **QUICK).fit(X, y)
    made.save(tmp_path / "model")  # type: ignore[operator]
    again = PrototypeClassifier.load(tmp_path / "model")  # type: ignore[operator]
    assert np.array_equal(scores(made), scores(again))
    refitted = PrototypeClassifier(**again.get_params()).fit(X, y)
    assert np.array_equal(scores(made), scores(refitted))


def test_heavy_examples_are_learned_first() -> None:
    """The same inputs under two labels: what weighs more decides."""
    inputs, labels = np.concatenate([X[:100], X[:100]]), np.r_[y[:100], 1 - y[:100]]
    for favoured in (0, 1):
        weights = np.where(np.arange(200) // 100 == favoured, 20.0, 1.0)
        model = PrototypeClassifier(random_state=0, training__epochs=8).fit(inputs, labels, weights)
        truth = y[:100] if favoured == 0 else 1 - y[:100]
        assert model.score(X[:100], truth) > 0.9


def test_calibration_is_weighed_as_repetitions_are() -> None:
    """Validation of which one half is labelled wrongly: the temperature follows what it weighs."""
    held = np.concatenate([X, X]), np.r_[y, (y + 1) % 3]
    found = []
    for wrong in (1e-6, 0.1, 1.0):
        weights = np.r_[np.ones(len(y)), np.full(len(y), wrong)]
        found.append(PrototypeClassifier(random_state=0, training__epochs=3).fit(X, y, validation=(*held, weights)))
    temperatures = [each.temperature_ for each in found]
    assert temperatures[0] < temperatures[1] < temperatures[2]
    twice = tuple(np.concatenate([each, each[:150]]) for each in held)
    weighed = np.r_[np.full(150, 2.0), np.ones(150)]
    repeated = PrototypeClassifier(random_state=0, training__epochs=3, training__keep="last").fit(
        X, y, validation=twice
    )
    once = PrototypeClassifier(random_state=0, training__epochs=3, training__keep="last").fit(
        X, y, validation=(*held, weighed)
    )
    assert once.temperature_ == pytest.approx(repeated.temperature_, rel=1e-3)


def test_held_out_weights_are_checked() -> None:
    with pytest.raises(DataError, match="negative"):
        PrototypeClassifier(**QUICK).fit(X, y, validation=(X, y, -np.ones(len(y))))


def test_weighted_quantiles() -> None:
    values, times = RANDOM.random(40), RANDOM.integers(1, 6, 40)
    weighed, repeated = quantiles(values, times.astype(float)), np.sort(np.repeat(values, times))
    for percent, value in enumerate(weighed):
        assert np.mean(repeated < value) <= percent / 100 + 1e-9
        larger = repeated[repeated > value]
        assert not len(larger) or np.mean(repeated < larger[0]) > percent / 100 - 1e-9


def test_a_selection_without_weights_says_so() -> None:
    weights = RANDOM.random(len(y)) + 0.5
    with pytest.raises(ParameterError, match="kmeans"):
        PrototypeClassifier(selection="farthest_first", **QUICK).fit(X, y, weights)
    # Within a class all count alike.
    PrototypeClassifier(selection="farthest_first", class_weight={0: 3.0}, **QUICK).fit(X, y)


def test_weights_of_numbers_in_any_form() -> None:
    assert checked_weights(np.array([1, 2], dtype=np.uint8), 2).tolist() == [0.5, 1.0]
    assert checked_weights((True, False), 2).tolist() == [1.0, 0.0]


def test_a_class_that_counts_for_next_to_nothing_has_one_prototype() -> None:
    made = PrototypeClassifier(class_weight={0: 1e-6}, **QUICK).fit(X, y)
    assert np.bincount(made.prototype_labels_).tolist() == [1, 4, 4]
    given = PrototypeClassifier(class_weight={0: 1e-6}, prototypes__n_per_class=3, **QUICK).fit(X, y)
    assert np.bincount(given.prototype_labels_).tolist() == [3, 3, 3]
    assert np.bincount(
        PrototypeClassifier(class_weight="balanced", **QUICK).fit(X[:110], y[:110]).prototype_labels_
    ).tolist() == [4, 4, 4]


class _FirstOnes(Initializer):
    """The first examples of each class; knows nothing of weights."""

    def __call__(self, shape, prototype_labels, *, inputs, labels, generator):  # type: ignore[no-untyped-def]
        firsts = [inputs[labels == label] for label in prototype_labels.unique()]
        counts = prototype_labels.bincount().tolist()
        return torch.cat([own[:count] for own, count in zip(firsts, counts, strict=True)])


def test_an_initializer_that_knows_no_weights_is_refused_where_they_matter() -> None:
    PrototypeClassifier(initializer=_FirstOnes(), class_weight={0: 2.0}, **QUICK).fit(X, y)
    with pytest.raises(ParameterError, match="weights=None"):
        PrototypeClassifier(initializer=_FirstOnes(), **QUICK).fit(X, y, sample_weight=RANDOM.random(len(y)) + 1)


def test_weights_by_class_on_the_command_line(tmp_path: Path) -> None:
    settings = assignments(["class_weight={setosa: 2, virginica: 0.5}", "training__epochs=1"])
    run, _ = fit_run(config_from({"data": "iris", **settings}), tmp_path / "run")
    assert run.classifier.get_params()["class_weight"] == {"setosa": 2, "virginica": 0.5}
    with pytest.raises(ParameterError, match="versicolour"):
        fit_run(config_from({"data": "iris", **assignments(["class_weight={versicolour: 2}"])}), tmp_path / "other")
    assert not (tmp_path / "other").exists()
    fit_run(
        config_from({"data": "iris", **assignments(["class_weight=balanced", "training__epochs=1"])}), tmp_path / "b"
    )


def test_class_weight_leaves_the_hash_of_studies() -> None:
    assert "class_weight" not in str(_defaults(config_from({"data": "iris"})))
    assert "class_weight" in str(_defaults(config_from({"data": "iris", "class_weight": "balanced"})))
