"""What else is wanted of prototypes may not drown the decisions without a word."""

import pytest

from lookalike.data.knownproto import KnownWorld
from lookalike.estimators import PrototypeClassifier
from lookalike.estimators.drowning import drowned

QUICK = {"backbone": "mlp", "prototypes__n_per_class": 2, "training__epochs": 4, "random_state": 0}


def fitted(**options):
    samples = KnownWorld.of(0).sample("L0", 900, seed=0)
    return PrototypeClassifier(**QUICK, validation_fraction=0.2, **options).fit(samples.inputs, samples.labels)


def test_inputs_that_are_drawn_to_every_prototype_are_noticed_and_said(caplog):
    """Every input like some prototype of its class, at any price: soon everything is like everything."""
    drawn = fitted(regularizers={"cluster": 1e3}, counterfactuals="none", training="joint")
    assert "regularizers={'cluster': 1000.0} may drown the decisions" in drawn.fitted_.warning
    assert drawn.fitted_.warning in caplog.text


def test_defaults_and_decisions_alone_are_not():
    assert fitted().fitted_.warning == ""
    assert fitted(regularizers="none", counterfactuals="none", training="joint").fitted_.warning == ""


@pytest.mark.parametrize(
    ("found", "resolved", "said"),
    [
        (None, {"regularizers": "critic", "counterfactuals": "none"}, False),
        ((0.8, 0.84), {"regularizers": "critic", "counterfactuals": "none"}, False),
        ((0.8, 0.86), {"regularizers": "critic", "counterfactuals": "none"}, True),
        ((0.8, 0.86), {"regularizers": "none", "counterfactuals": "none"}, False),
    ],
)
def test_the_twin_is_the_yardstick(found, resolved, said):
    assert bool(drowned(found, resolved)) is said
