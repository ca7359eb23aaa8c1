"""Everything that can be chosen for prototypes and beside decisions fits, is saved, and comes back the same."""

import numpy as np
import pytest

from lookalike import registry
from lookalike.data.knownproto import KnownWorld
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
    plain = fitted(regularizers="none", counterfactuals="none", training="joint")
    made = fitted(counterfactuals="none", training="joint", **options)
    told = type(registry.build("regularizer", name, {}, {"input_shape": (1, 28, 28)})).__name__
    assert all(np.isfinite(epoch.penalties[told]) for epoch in made.history_)
    assert not np.array_equal(plain.prototypes_, made.prototypes_)
    again = fitted(counterfactuals="none", training="joint", **options)
    assert np.array_equal(again.prototypes_, made.prototypes_)


@pytest.mark.parametrize("name", [name for name in registry.members("counterfactual") if name != "none"])
def test_counterfactuals_of_every_kind(name):
    plain = fitted(counterfactuals="none")
    made = fitted(counterfactuals={name: 1.0})
    told = type(registry.build("counterfactual", name, {}, {})).__name__
    assert made.history_[-1].penalties[told] > 0
    first, second = (each.network_.state_dict() for each in (plain, made))
    assert any(not np.array_equal(first[key], second[key]) for key in first if first[key].shape == second[key].shape)
