"""How prototypes meet inputs: in numbers, in words and as pictures."""

import json

import numpy as np
import pytest
import torch

from lookalike.errors import DataError
from lookalike.estimators import PrototypeClassifier
from lookalike.explanations import LocalExplanation, aligned_pictures, alignments_of, in_words
from lookalike.transforms import PoseTransform, RotationScaleTransform, ShiftTransform, ToneTransform
from tests.conformance.test_priors import pictured


def glyphs(n=3, side=15):
    pictures = torch.zeros(n, 1, side, side)
    pictures[:, :, 4:11, 4:11] = torch.rand(n, 1, 7, 7, generator=torch.Generator().manual_seed(0))
    return pictures


def met(inputs, prototypes):
    n = len(prototypes)
    return pictured(inputs, torch.zeros(len(inputs)).long(), prototypes, torch.arange(n))


def test_an_alignment_says_what_was_done_to_a_prototype():
    prototypes = glyphs()
    inputs = 0.5 * prototypes.roll((1, -1), (2, 3)) - 0.2
    record = met(inputs, prototypes)
    found = {name: values[:, 0] for name, values in alignments_of(record, torch.arange(3)[:, None]).items()}
    assert found["down"].tolist() == [1, 1, 1]
    assert found["right"].tolist() == [-1, -1, -1]
    torch.testing.assert_close(found["gain"], torch.full((3,), 0.5))
    torch.testing.assert_close(found["correlation"], torch.ones(3))
    assert bool((found["brightness"] < -0.2).all())
    words = in_words({name: float(values[0]) for name, values in found.items()})
    assert words == "1 px lower, 1 px to the left, fainter, darker"
    aligned = aligned_pictures(record, ShiftTransform(), torch.arange(3)[:, None])
    torch.testing.assert_close(aligned[:, 0], inputs)


def test_the_picture_is_as_strong_as_is_said():
    prototypes = glyphs(1)
    clutter = torch.randn(1, 1, 15, 15, generator=torch.Generator().manual_seed(1))
    record = met(0.6 * prototypes + 0.5 * clutter, prototypes)
    gain = float(alignments_of(record, torch.tensor([[0]]))["gain"])
    assert float(record.inputs.std() / prototypes.std()) > 1.15 > 1 / 1.15 > gain
    aligned = aligned_pictures(record, ShiftTransform(), torch.tensor([[0]]))
    moved = prototypes - prototypes.mean()
    torch.testing.assert_close(aligned[0, 0] - aligned.mean(), gain * moved[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(aligned.mean(), record.inputs.mean())


@pytest.mark.parametrize("strength", [1.0, 0.4])
def test_where_the_network_only_moves_prototypes_their_strength_stays(strength):
    prototypes = glyphs(1)
    record = met(strength * prototypes, prototypes)
    record = type(record)(**{**vars(record), "alignments": {"down": torch.zeros(1, 1), "right": torch.zeros(1, 1)}})
    wanted = torch.tensor([[0]])
    said = {name: float(values[0, 0]) for name, values in alignments_of(record, wanted).items()}
    assert in_words(said) == "as it is"
    torch.testing.assert_close(aligned_pictures(record, ShiftTransform(), wanted)[0], prototypes)


def test_where_the_network_changes_the_gain_no_other_is_fitted():
    family = ToneTransform(gain=1.25, offset=0.0, steps=3)
    prototypes = glyphs(1)
    record = met(2 * prototypes, prototypes)
    changed = {"gain": torch.tensor([[1.25]]), "offset": torch.zeros(1, 1)}
    record = type(record)(**{**vars(record), "alignments": changed})
    aligned = aligned_pictures(record, family, torch.tensor([[0]]))
    torch.testing.assert_close(aligned[0, 0], 1.25 * prototypes[0])


def test_what_the_network_deformed_is_what_is_said():
    family = RotationScaleTransform(degrees=20.0, angles=3, scales=1)
    prototypes = glyphs(2)
    views = family.views(prototypes).view(2, 3, 1, 15, 15)
    degrees = torch.tensor([[20.0, 0.0], [-20.0, 20.0]])
    record = met(torch.stack([views[0, 2], views[1, 2]]), prototypes)
    record = type(record)(**{**vars(record), "alignments": {"degrees": degrees, "scale": torch.ones(2, 2)}})
    aligned = aligned_pictures(record, family, torch.tensor([[0], [1]]))
    torch.testing.assert_close(aligned[:, 0], record.inputs)
    found = alignments_of(record, torch.tensor([[1], [1]]))
    assert set(found) == {"degrees", "scale"}
    assert found["degrees"].tolist() == [[0.0], [20.0]]


def test_a_pose_is_said_and_drawn_whole():
    family = PoseTransform(pixels=2, degrees=8.0)
    prototypes = glyphs(2)
    asked = {"down": 2.0, "right": 0.0, "degrees": -8.0, "scale": 1.0, "gain": 1.0, "offset": -0.25}
    place = list(zip(*family.members.values(), strict=True)).index(tuple(asked.values()))
    record = met(family.deformed(prototypes)[:1, place], prototypes)
    alignments = {name: torch.tensor([[value, 0.0]]) for name, value in asked.items()}
    record = type(record)(**{**vars(record), "alignments": alignments})
    wanted = torch.tensor([[0]])
    torch.testing.assert_close(aligned_pictures(record, family, wanted)[0], record.inputs)
    said = {name: float(values[0, 0]) for name, values in alignments_of(record, wanted).items()}
    assert in_words(said) == "2 px lower, turned 8 degrees to the left, darker"
    small = {"backbone": "mlp", "backbone__widths": [8], "prototypes__n_per_class": 1, "training__epochs": 1}
    pictures = (255 * glyphs(4)[:, 0]).byte().numpy().repeat(10, axis=0)
    posed = PrototypeClassifier(transforms="pose", random_state=0, **small).fit(pictures, np.arange(40) // 20)
    assert list(posed.explain(pictures[:1])[0].matches[0].alignment) == list(asked)


@pytest.mark.parametrize(
    ("alignment", "words"),
    [
        ({}, ""),
        ({"down": 0.0, "right": 0.0, "gain": 1.0, "brightness": 0.05, "correlation": 0.9}, "as it is"),
        ({"degrees": -8.0, "scale": 1.15}, "turned 8 degrees to the left, larger"),
        ({"stretch": 0.9, "slant": 0.2}, "narrower, slanted to the right"),
        ({"red": 1.25, "green": 1.0, "blue": 0.8}, "more red, less blue"),
        ({"gain": 1.25, "offset": 0.25}, "stronger in contrast, brighter"),
        ({"down_01": 1.5, "right_01": 0.0}, "bent by 1.5 px"),
        ({"correlation": -0.3, "right": 2.0}, "not alike in pixels"),
    ],
)
def test_alignments_in_words(alignment, words):
    assert in_words(alignment) == words


def test_a_fitted_model_shows_how_prototypes_meet_pictures():
    pictures = (255 * glyphs(4)[:, 0]).byte().numpy()
    inputs = np.concatenate([np.roll(pictures, shift, axis=1) for shift in (-1, 0, 1)] * 10)
    labels = np.tile(np.arange(4) // 2, 30)
    small = {"backbone__widths": [4], "prototypes__n_per_class": 2, "training__epochs": 2, "random_state": 0}
    classifier = PrototypeClassifier(backbone="convnet", **small).fit(inputs, labels)
    explanation = classifier.explain(inputs[:2])[0]
    assert {"down", "right", "correlation"} <= set(explanation.matches[0].alignment)
    assert LocalExplanation.from_dict(json.loads(json.dumps(explanation.to_dict()))) == explanation
    aligned, residual = classifier.aligned(inputs[:2], [[0, 1], [1, 0]])
    assert aligned.shape == residual.shape == (2, 2, 1, 15, 15)
    np.testing.assert_allclose(aligned + residual, np.repeat(inputs[:2, None, None] / 255, 2, axis=1), atol=1e-5)
    for wrong in ([[0, 1]], [[0], [99]], [[-1], [0]], [[0], [0, 1]]):
        with pytest.raises(DataError, match="for each of 2 inputs"):
            classifier.aligned(inputs[:2], wrong)
    rows = inputs.reshape(len(inputs), -1)[:, 60:80].astype(float)
    table = PrototypeClassifier(prototypes__n_per_class=1, training__epochs=1).fit(rows, labels)
    assert table.explain(rows[:1])[0].matches[0].alignment == {}
    toned = PrototypeClassifier(prototypes__n_per_class=1, training__epochs=1, transforms="tone").fit(rows, labels)
    assert set(toned.explain(rows[:1])[0].matches[0].alignment) == {"gain", "offset"}
    with pytest.raises(DataError, match="prototypes='pixel'"):
        table.aligned(rows[:1], [[0]])


def test_alignments_do_not_depend_on_how_many_are_found_at_a_time(monkeypatch):
    prototypes = glyphs(4)
    record = met(glyphs(6).roll((1, -1), (2, 3)), prototypes)
    wanted = torch.tensor([[0, 3, 2]]).repeat(6, 1)
    whole = alignments_of(record, wanted)
    monkeypatch.setattr("lookalike.transforms.shift._NUMBERS", 5000)
    parts = alignments_of(record, wanted)
    for name, values in whole.items():
        torch.testing.assert_close(parts[name], values)
    assert float(whole["down"].abs().max()) == 1
