"""Training in other precisions than single."""

import numpy as np
import pytest

from lookalike.data.knownproto import KnownWorld
from lookalike.estimators import PrototypeClassifier


def fitted(n=60, **options):
    samples = KnownWorld.of(0).sample("L0", n, seed=0)
    common = {"backbone": "convnet", "prototypes__n_per_class": 1, "random_state": 0}
    return PrototypeClassifier(**common, **options).fit(samples.inputs, samples.labels), samples


def test_the_defaults_learn_where_passes_are_cast():
    found, _ = fitted(300, backbone__widths=[8, 8, 8], training__epochs=4, training__precision="bf16-mixed")
    told = found.history_[-1].penalties
    assert told["ResidualSwapCounterfactual"] > 0
    assert told["AlignedMatchingRegularizer"] < -0.5


@pytest.mark.parametrize("precision", ["bf16-mixed", "bf16-true", "64-true"])
@pytest.mark.parametrize(
    "options",
    [{"regularizers": "spectrum"}, {"prototypes": "fourier"}, {"prototypes": "latent"}, {"transforms": "affine"}],
)
def test_what_has_no_half_precision_learns_in_single(precision, options):
    found, samples = fitted(backbone__widths=[4], training__epochs=2, training__precision=precision, **options)
    assert np.isfinite(found.decision_scores(samples.inputs)).all()
    assert len(found.history_) >= 2
