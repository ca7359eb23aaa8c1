"""Lights, verdicts, and cards as data."""

import json

import numpy as np
import pytest

from lookalike.evaluation import Card, Row, verdict_of
from lookalike.evaluation.card import light, worst


@pytest.mark.parametrize(
    ("value", "green", "red", "expected"),
    [
        (0.9, 0.9, 0.6, "green"),
        (0.89, 0.9, 0.6, "amber"),
        (0.6, 0.9, 0.6, "amber"),
        (0.59, 0.9, 0.6, "red"),
        (3.0, 3, 10, "green"),
        (10.0, 3, 10, "amber"),
        (10.1, 3, 10, "red"),
        (0.0, 0.0, 0.0, "green"),
        (-0.1, 0.0, 0.0, "red"),
    ],
)
def test_lights(value, green, red, expected):
    assert light(value, green, red, larger_is_better=green >= red) == expected


def test_a_threshold_below_the_other_does_not_turn_a_light_around():
    assert light(1.0, 0.45, 0.5, larger_is_better=True) == "green"
    assert light(0.1, 0.45, 0.5, larger_is_better=True) == "red"


def test_the_worst_light():
    assert worst(["green", "red", "amber"]) == "red"
    assert worst([]) == "none"


@pytest.mark.parametrize(
    ("transfer", "typical", "stand_in", "bind", "expected"),
    [
        ("green", "green", "red", "green", "picture, bound"),
        ("green", "amber", "green", "none", "picture"),
        ("green", "red", "green", "green", "mixed"),
        ("red", "red", "green", "red", "code"),
        ("red", "green", "red", "green", "unreliable"),
        ("red", "red", "amber", "red", "mixed"),
        ("amber", "green", "green", "green", "mixed"),
        ("none", "green", "green", "green", "open"),
        ("green", "green", "none", "green", "picture, bound"),
        ("red", "green", "none", "green", "open"),
        ("green", "none", "green", "green", "open"),
    ],
)
def test_verdicts(transfer, typical, stand_in, bind, expected):
    lights = {"TRANSFER": transfer, "NN-PCTL": typical, "STAND-IN": stand_in, "BIND": bind}
    assert verdict_of(lights) == expected


def test_a_number_that_is_none_says_so():
    row = Row("SIZE", "size", float("nan"), (0.0, 1.0), "green", {"beside": 1.0})
    assert row.value is None
    assert row.light == "none"
    assert "not a number" in row.note
    assert Row("SIZE", "size", 1.0, beside={"x": np.inf}).value is None


def test_cards_are_plain_data():
    rows = (
        Row("TRANSFER", "seen", 0.2, (0.15, 0.3), "red", {"chance": 0.1}, failing=(3, 1)),
        Row("NN-PCTL", "far", 0.5, light="green", failing=(3,)),
        Row("STAND-IN", "as good", 1.0, light="green"),
    )
    card = Card(rows, {"calibration error": 0.01}, 100)
    values = json.loads(json.dumps(card.to_dict(), allow_nan=False))
    assert values["verdict"] == "code"
    assert values["failing"] == {"1": ["TRANSFER"], "3": ["TRANSFER", "NN-PCTL"]}
    assert values["rows"][0]["beside"] == {"chance": 0.1}
    assert card.row("BIND") is None
