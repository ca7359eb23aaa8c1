"""What is said before training: that nothing will be calibrated, and what becomes of colour photographs."""

import logging
import re

import numpy as np
import pytest
import torch
from sklearn.datasets import load_iris

from lookalike import PrototypeClassifier, recipes
from lookalike.training import Noted, Started

X, y = load_iris(return_X_y=True)
RANDOM = np.random.default_rng(0)
COLORS, LABELS = RANDOM.integers(0, 255, (24, 16, 16, 3), dtype=np.uint8), np.arange(24) % 2
SMALL = {"backbone__widths": [4], "training__epochs": 1, "random_state": 0, "prototypes__n_per_class": 1}


def told(classifier, inputs, labels, **options):
    events = []
    classifier.fit(inputs, labels, callbacks=[events.append], **options)
    started = next(place for place, event in enumerate(events) if isinstance(event, Started))
    assert not any(isinstance(event, Noted) for event in events[started:])
    return [event.note for event in events if isinstance(event, Noted)]


@pytest.mark.parametrize(
    ("options", "given", "says"),
    [
        ({}, {}, "15 validation examples, where 50 are needed; validation_fraction=0.34"),
        ({}, {"validation": (X[:49], y[:49])}, r"49 validation examples.* validation=\(X, y\)"),
        ({"validation_fraction": 0.34}, {}, None),
        ({}, {"validation": (X[:50], y[:50])}, None),
        ({"validation_fraction": 0.0}, {}, None),
    ],
)
def test_too_few_validation_examples_are_said(caplog, options, given, says):
    made = PrototypeClassifier(training__epochs=1, random_state=0, **options).fit(X, y, **given)
    warned = [record.getMessage() for record in caplog.records if "calibrated" in record.getMessage()]
    if says is None:
        assert not warned
        assert (made.temperature_ == 1.0) is (options.get("validation_fraction") == 0.0)
    else:
        assert len(warned) == 1
        assert re.search(says, warned[0])
        assert made.temperature_ == 1.0


def test_without_a_validation_part_it_is_logged_for_who_asks(caplog):
    with caplog.at_level(logging.INFO, "lookalike"):
        PrototypeClassifier(training__epochs=1, validation_fraction=0.0, random_state=0).fit(X, y)
    assert "0 validation examples, where 50 are needed" in caplog.text


def test_color_photographs_are_told_of_before_training():
    notes = told(PrototypeClassifier(**SMALL), COLORS, LABELS)
    assert "color pictures of 16x16 pixels: 22 to learn from, 2 set aside" in notes[0]
    assert "1 epoch, about " in notes[0]
    assert "recipe=photographs" in notes[1]


def test_grey_pictures_and_chosen_photographs_need_no_advice():
    assert told(PrototypeClassifier(**SMALL), COLORS[..., 0], LABELS) == []
    chosen = {**SMALL, "prototypes__candidates": 4}
    assert len(told(recipes.photographs(**chosen), COLORS, LABELS)) == 1


def test_a_forecast_changes_nothing():
    before = torch.random.get_rng_state()
    with_notes = PrototypeClassifier(**SMALL).fit(COLORS, LABELS, callbacks=[lambda event: None])
    assert torch.equal(before, torch.random.get_rng_state())
    without = PrototypeClassifier(**SMALL).fit(COLORS, LABELS)
    assert np.array_equal(with_notes.decision_scores(COLORS), without.decision_scores(COLORS))
