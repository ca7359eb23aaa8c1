"""Training in other precisions than single."""

import pytest
import torch

from lookalike.data.knownproto import KnownWorld
from lookalike.estimators import PrototypeClassifier
from lookalike.training.projection import project
from lookalike.transforms import AffineTransform, ElasticTransform, RotationScaleTransform
from tests.training.jobs import examples, network


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
def test_every_precision_learns_much_the_same(precision, options):
    """Two epochs from one start: what differs is rounding."""
    common = {"backbone__widths": [4], "training__epochs": 2, **options}
    (found, _), (single, _) = (fitted(**common, training__precision=each) for each in (precision, "32-true"))
    first, other = (each.history_[0] for each in (found, single))
    assert first.loss == pytest.approx(other.loss, rel=0.05)
    for name, value in other.penalties.items():
        assert first.penalties[name] == pytest.approx(value, rel=0.05)
    apart = found.network_.prototypes() - single.network_.prototypes()
    # Latent ones are patches of training inputs in the end, and a near tie may go either way.
    if "latent" not in options.values():
        assert float(apart.norm() / single.network_.prototypes().norm()) < 0.02


@pytest.mark.parametrize(
    "family",
    [
        RotationScaleTransform(angles=3, scales=1),
        AffineTransform(),
        ElasticTransform(),
    ],
)
def test_views_are_made_in_single_precision(family):
    """A place between pixels that is rounded to half precision is up to a tenth of a pixel off."""
    prototypes = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    expected = family.deformed(prototypes)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(family.deformed(prototypes), expected)
    rounded = family.deformed(prototypes.bfloat16())
    assert rounded.dtype == torch.bfloat16
    torch.testing.assert_close(rounded.float(), expected, atol=0.01, rtol=0)


def test_projection_finds_the_nearest_in_half_precision():
    """Distances among many patches differ in digits that half precision does not have."""
    model, found = network(latent=True).bfloat16(), examples(600)
    values = model.prototypes().double().flatten(1)
    project(model, found)
    rows = model.eval().backbone(found.standardized().bfloat16()).double().flatten(1)
    distances = (rows[:, None] - values).square().sum(2)
    distances = distances.masked_fill(found.labels[:, None] != model.prototypes.labels, float("inf"))
    nearest = distances.gather(0, model.prototypes.sources[None])[0]
    torch.testing.assert_close(nearest, distances.amin(0), rtol=1e-6, atol=1e-6)
