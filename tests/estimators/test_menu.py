"""Everything that can be chosen for prototypes and beside decisions fits, is saved, and comes back the same."""

from functools import cache

import numpy as np
import pytest

from lookalike import registry
from lookalike.data.knownproto import KnownWorld
from lookalike.errors import ParameterError
from lookalike.estimators import PrototypeClassifier

SMALL = {
    "backbone": "convnet",
    "backbone__widths": [4, 6],
    "prototypes__n_per_class": 2,
    "training__epochs": 2,
    "training__keep": "last",
    "random_state": 0,
}
SAMPLES = KnownWorld.of(0).sample("L0", 150, seed=0)


def fitted(**options):
    return PrototypeClassifier(**{**SMALL, **options}).fit(SAMPLES.inputs, SAMPLES.labels)


@cache
def plainly(**options):
    """Without counterfactuals; what several tests compare with is made once."""
    return fitted(counterfactuals="none", **options)


@pytest.mark.parametrize("kind", [name for name in registry.members("prototypes") if name != "latent"])
def test_prototypes_of_every_kind(kind, tmp_path):
    options = {"prototypes__steps": 5} if kind == "generated" else {}
    made = fitted(prototypes=kind, initializer="uniform", **options)
    made.save(tmp_path)
    again = PrototypeClassifier.load(tmp_path)
    assert np.array_equal(made.decision_scores(SAMPLES.inputs), again.decision_scores(SAMPLES.inputs))
    assert np.array_equal(made.prototypes_, again.prototypes_)
    same = fitted(prototypes=kind, initializer="uniform", **options)
    assert np.array_equal(made.prototypes_, same.prototypes_)
    if kind in ("chosen", "exemplar"):
        sources = [summary.source for summary in made.explanation_.prototypes]
        np.testing.assert_allclose(made.prototypes_[:, 0], SAMPLES.inputs[sources], atol=1e-5)


@pytest.mark.parametrize("name", [name for name in registry.members("regularizer") if name != "none"])
def test_regularizers_of_every_kind(name):
    options = {"regularizers": {name: 1.0}}
    plain = plainly(regularizers="none", training="joint")
    made = fitted(counterfactuals="none", training="joint", **options)
    told = type(registry.build("regularizer", name, {}, {"input_shape": (1, 28, 28)})).__name__
    assert all(np.isfinite(epoch.penalties[told]) for epoch in made.history_)
    assert not np.array_equal(plain.prototypes_, made.prototypes_)
    again = fitted(counterfactuals="none", training="joint", **options)
    assert np.array_equal(again.prototypes_, made.prototypes_)


@pytest.mark.parametrize("name", [name for name in registry.members("counterfactual") if name != "none"])
def test_counterfactuals_of_every_kind(name):
    plain = plainly()
    made = fitted(counterfactuals={name: 1.0})
    told = type(registry.build("counterfactual", name, {}, {})).__name__
    assert made.history_[-1].penalties[told] > 0
    first, second = (each.network_.state_dict() for each in (plain, made))
    assert any(not np.array_equal(first[key], second[key]) for key in first if first[key].shape == second[key].shape)


@pytest.mark.parametrize("name", ["aligned_matching", "feature_matching", "warped_matching"])
def test_the_rate_that_prototypes_need_comes_with_matching(name):
    plain = {key: value for key, value in SMALL.items() if key != "training__keep"}

    def resolved(**options):
        made = PrototypeClassifier(**{**plain, **options, "training__epochs": 1})
        return made.fit(SAMPLES.inputs[:60], SAMPLES.labels[:60]).fitted_.resolved

    found = resolved(regularizers={name: 100.0, "spectrum": 1.0})
    assert (found["training__prototype_learning_rate"], found["training__keep"]) == (0.2, "last")
    given = resolved(regularizers={name: 100.0}, training__prototype_learning_rate=None, training__keep="best")
    assert (given["training__prototype_learning_rate"], given["training__keep"]) == (None, "best")
    pair = (registry.build("regularizer", name, {}, {"input_shape": (1, 28, 28)}), 100.0)
    for way in (
        {"regularizers": name},
        {"regularizers": [pair]},
        {"regularizers": "none", f"regularizers__{name}": 5.0},
    ):
        assert resolved(**way)["training__prototype_learning_rate"] == 0.2
    without = [{"regularizers": {"spectrum": 1.0}}, {"regularizers": {name: 0.0}}]
    if name == "feature_matching":
        without.append({"regularizers": {name: 1.0}, "prototypes": "exemplar"})
    for way in without:
        assert "training__prototype_learning_rate" not in resolved(**way)


def test_shifts_in_matching_suit_the_size_of_the_pictures_however_it_is_chosen():
    small = SAMPLES.inputs[:60, :14, :14]
    options = {"training__epochs": 1, "regularizers": {"aligned_matching": 100.0}}
    for inputs, pixels in ((SAMPLES.inputs[:60], 2), (small, 1)):
        made = PrototypeClassifier(**{**SMALL, **options}).fit(inputs, SAMPLES.labels[:60])
        assert made.fitted_.resolved["regularizers__aligned_matching__pixels"] == pixels


def test_two_regularizers_of_a_class_are_told_together():
    pair = [registry.build("regularizer", "total_variation", {}, {}) for _ in range(2)]
    once = fitted(regularizers=[(pair[0], 2.0)])
    twice = fitted(regularizers=[(each, 1.0) for each in pair])
    name = type(pair[0]).__name__
    np.testing.assert_allclose(
        [epoch.penalties[name] for epoch in twice.history_],
        [2 * epoch.penalties[name] for epoch in once.history_],
        rtol=1e-4,
    )


def test_what_matching_cannot_deform_is_refused_before_training_with_what_it_can():
    begun = []
    options = {"regularizers__aligned_matching__transforms": "color"}
    with pytest.raises(ParameterError, match=r"color pictures.*'affine', 'elastic', 'identity'.*'tone'"):
        PrototypeClassifier(**{**SMALL, **options}).fit(SAMPLES.inputs, SAMPLES.labels, callbacks=[begun.append])
    options = {"counterfactuals__residual_swap__transforms": "color"}
    with pytest.raises(ParameterError, match=r"color pictures.*deformed in swap.*'affine', 'elastic', 'identity'"):
        PrototypeClassifier(**{**SMALL, **options}).fit(SAMPLES.inputs, SAMPLES.labels, callbacks=[begun.append])
    assert not begun
    rows = SAMPLES.inputs.reshape(len(SAMPLES.inputs), -1)
    with pytest.raises(ParameterError, match=r"whole pictures.*got shape \(784,\)"):
        PrototypeClassifier(regularizers={"warped_matching": 1.0}).fit(rows, SAMPLES.labels)


def test_without_a_number_there_are_four_prototypes_per_class_less_those_that_merging_takes():
    made = fitted(prototypes__n_per_class="auto", training__epochs=4)
    counts = np.bincount(np.searchsorted(made.classes_, made.prototype_labels_))
    assert counts.max() <= 4
    assert counts.min() >= 1
    assert counts.sum() + len(made.fitted_.merged) == 4 * len(counts)
