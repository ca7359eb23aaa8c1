"""Every branch of the verdict, and what it says of noise, of fog, and of real pictures under weak judges."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from lookalike.backbones import IdentityBackbone
from lookalike.data import Examples, Preprocessing
from lookalike.evaluation import Card, Judge, Row, Subject, judged, judged_again, scorecard
from lookalike.evaluation.row import light_of
from lookalike.heads import MaxHead
from lookalike.network import PrototypeNetwork
from lookalike.pooling import MaxPooling
from lookalike.prototypes import PixelPrototypes
from lookalike.registry import build
from lookalike.transforms import ShiftTransform

CLASSES, SIDE = ("Beagle", "Birman", "Ragdoll"), 16
ROWS = ["ACC", "TRANSFER", "NN-PCTL", "STAND-IN"]
RESULTS = Path(__file__).parents[2] / "experiments" / "results"


def row(name, value, interval=None, failing=(), **beside):
    return Row(name, "", value, interval, light_of(name, value, beside), beside, failing=failing)


def transfer(value=0.95, low=0.8, high=1.0, able=0.9, chance=0.1, failing=()):
    return row("TRANSFER", value, (low, high), failing, **{"judges on real examples": able, "chance": chance})


TYPICAL, STOOD_IN, BARELY = row("NN-PCTL", 0.6), row("STAND-IN", 0.99), row("STAND-IN", 0.5)
SEEDS = dict.fromkeys(
    ("residuals of other classes", "scaled and mirrored residuals", "prototypes of another seed"), 0.97
)


@pytest.mark.parametrize(
    ("rows", "name", "said"),
    [
        ([transfer(), TYPICAL, STOOD_IN], "picture", "the prototypes are pictures of their class"),
        ([transfer(), TYPICAL, row("BIND", 0.97, **SEEDS)], "picture, bound", "decides by what they show"),
        ([transfer(), TYPICAL, row("BIND", 0.97)], "picture", "pictures of their class"),
        ([transfer(), TYPICAL, row("BIND", 0.3)], "picture", "but the model decides by something else"),
        # What the judges cannot do themselves, or what may be chance, says nothing.
        ([transfer(0.5, 0.4, 0.6, able=0.54, chance=1 / 3), TYPICAL], "open", "only 0.54 of real examples, below 0.67"),
        ([transfer(0.6, 0.33, 0.72, able=0.66, chance=1 / 3), TYPICAL], "open", "halfway between chance (0.33) and 1"),
        ([transfer(0.5, 0.33, 0.72, able=0.9, chance=1 / 3), TYPICAL], "open", "does not differ from chance (0.33)"),
        ([transfer(1 / 3, 1 / 3, 1 / 3, chance=1 / 3), TYPICAL, STOOD_IN], "open", "does not differ from chance"),
        ([transfer(0.2, 0.05, 0.3), row("NN-PCTL", 0.99), STOOD_IN], "open", "does not differ from chance (0.10)"),
        ([transfer(able=0.55)], "open", "NN-PCTL is not computed"),
        ([], "open", "TRANSFER and NN-PCTL are not computed"),
        ([transfer(0.2, 0.15, 0.3), TYPICAL], "open", "STAND-IN is not computed"),
        ([transfer(0.95, able=0.55), TYPICAL], "picture", "pictures"),
        (
            [transfer(0.2, 0.15, 0.3), row("NN-PCTL", 0.99), STOOD_IN],
            "code",
            "the nearest real examples stand for them",
        ),
        ([transfer(0.0, 0.0, 0.0), TYPICAL, STOOD_IN], "code", "no pictures"),
        ([transfer(0.2, 0.15, 0.3), row("NN-PCTL", 0.99), BARELY], "unreliable", "neither"),
        ([transfer(0.7, 0.6, 0.8), TYPICAL, STOOD_IN], "mixed", "too few of them (TRANSFER 0.70)"),
        ([transfer(), row("NN-PCTL", 0.98), STOOD_IN], "mixed", "further from the training data"),
        # Another row contradicts.
        ([transfer(), TYPICAL, BARELY], "mixed", "STAND-IN 0.50"),
        ([transfer(), TYPICAL, row("PATH", 0.4)], "mixed", "PATH 0.40"),
        ([transfer(), TYPICAL, row("TR*", 0.1)], "mixed", "TR* 0.10"),
        ([transfer(), TYPICAL, row("SIM@1", 0.0, **{"real examples as prototypes": 0.5})], "mixed", "SIM@1 0.00"),
        ([transfer(), TYPICAL, row("PATH", 0.6), row("TR*", 0.3), STOOD_IN], "picture", "pictures"),
    ],
)
def test_every_branch(rows, name, said):
    found = judged(rows)
    assert found.name == name
    assert said in found.sentence


def test_a_class_without_a_prototype_that_passes_makes_it_mixed():
    prototypes = {"Beagle": [0, 1, 2, 3], "Birman": [4, 5], "Ragdoll": [6]}

    def card(transfer_fails, typical_fails, **given):
        rows = (transfer(failing=transfer_fails), row("NN-PCTL", 0.6, failing=typical_fails))
        return Card(rows, {}, 100, **{"prototypes": prototypes} | given)

    assert card((0, 4), (1,)).verdict == "picture"
    assert card((4, 5), ()).verdict == "mixed"
    assert "no prototype of Birman passes" in card((4, 5), ()).meaning
    # Each of them fails one of the two tests.
    assert "no prototype of Birman or Ragdoll passes" in card((4, 6), (5,)).meaning
    assert card((), (), prototypes=prototypes | {"Persian": []}).verdict == "mixed"
    assert card((4, 5), (), prototypes={}).verdict == "picture"
    assert card((4, 6), (5,)).to_dict()["failing_classes"] == ["Birman", "Ragdoll"]


def test_kept_figures_lead_to_the_same_verdict():
    for prototypes in ({}, {"Beagle": [0], "Birman": [1]}):
        for rows in ((transfer(0.95, 0.05, 1.0), TYPICAL), (transfer(failing=(1,)), TYPICAL), (transfer(), TYPICAL)):
            card = Card(rows, {}, 100, prototypes)
            figures = {each.name: each.value for each in rows} | dict(card.evidence)
            figures |= {f"TRANSFER: {name}": value for name, value in rows[0].beside.items()}
            assert judged_again(figures).name == card.verdict
    # Without an interval, that of as many draws as there are prototypes; not where all shares are the same.
    figures = {"TRANSFER": 0.5, "TRANSFER: chance": 1 / 3, "TRANSFER: judges on real examples": 0.9, "NN-PCTL": 0.5}
    assert judged_again(figures | {"SIZE: prototypes": 12.0}).name == "open"
    assert judged_again(figures | {"SIZE: prototypes": 200.0}).name == "mixed"
    assert judged_again(figures | {"TRANSFER": 0.0, "SIZE: prototypes": 6.0, "STAND-IN": 1.0}).name == "code"


@pytest.mark.parametrize("file", sorted(RESULTS.glob("*.json")), ids=lambda file: file.stem)
def test_committed_verdicts_follow_from_their_rows(file):
    cards = [run.get("card", {}) for run in json.loads(file.read_text(encoding="utf-8"))["runs"]]
    for card in cards:
        if "verdict" in card:
            assert card["verdict"] == judged_again(card).name


class Gratings:
    """Unaligned photographs: the class is the direction of stripes whose phase is random."""

    def __init__(self, seed, n=40):
        random = np.random.default_rng(seed)
        self.labels = np.arange(3 * n) % 3
        down, across = np.mgrid[:SIDE, :SIDE] * 2 * np.pi / 4
        waves = np.stack([down, across, (down + across) / 2])[self.labels]
        stripes = np.sin(waves + random.uniform(0, 2 * np.pi, (3 * n, 1, 1)))
        self.inputs = torch.from_numpy(stripes + random.normal(0, 0.3, stripes.shape)).float()[:, None]


class Eye(Judge):
    """Sees directions whatever the phase; as often as wanted it names a class at random."""

    def __init__(self, right=1.0):
        object.__setattr__(self, "right", right)

    def look(self, inputs):
        power = torch.fft.fft2(inputs[:, 0] - inputs[:, 0].mean((1, 2), keepdim=True)).abs()
        seen = torch.nn.functional.normalize(torch.stack([power[:, 4, 0], power[:, 0, 4], power[:, 2, 2]], 1)).numpy()
        decided = seen.argmax(1)
        random = np.random.default_rng(len(inputs))
        return seen, np.where(random.random(len(seen)) < self.right, decided, random.integers(0, 3, len(seen)))


@cache
def gratings(seed):
    return Gratings(seed)


def model(pictures, stand_ins, right=1.0):
    training, test = gratings(0), gratings(1)
    preprocessing = Preprocessing.of(training.inputs)
    prototypes = PixelPrototypes((1, SIDE, SIDE), 3, preprocessing.value_range(), n_per_class=len(pictures) // 3)
    prototypes.set_values(preprocessing.standardize(pictures))
    network = PrototypeNetwork(
        backbone=IdentityBackbone((1, SIDE, SIDE)),
        prototypes=prototypes,
        similarity=build("similarity", "cosine", {"scale": 1.0, "learn_scale": False}, {}),
        transform=ShiftTransform(pixels=2),
        pooling=MaxPooling(),
        head=MaxHead(prototypes.labels, 3),
    )
    known, asked = (Examples(each.inputs, torch.from_numpy(each.labels), preprocessing) for each in (training, test))
    return Subject(
        network=network.eval().requires_grad_(False),
        preprocessing=preprocessing,
        classes=CLASSES,
        temperature=1.0,
        pictures=pictures,
        stand_ins=stand_ins,
        test=asked,
        training=known,
        judges=[Eye(right), Eye(right), Eye(right)],
        overlap=False,
    )


def real_pictures(each=4):
    data = gratings(0)
    return torch.cat([data.inputs[data.labels == label][:each] for label in range(3)])


def test_real_pictures_are_pictures_under_able_judges_and_open_under_weak_ones():
    own = real_pictures()
    able = scorecard(model(own, own), rows=ROWS)
    assert able.row("TRANSFER").value == 1.0
    assert able.verdict == "picture"
    weak = scorecard(model(own, own, right=0.3), rows=ROWS)
    assert weak.row("TRANSFER").beside["judges on real examples"] < 2 / 3
    assert weak.verdict == "open"
    assert "the judges themselves" in weak.meaning


@pytest.mark.parametrize("right", [1.0, 0.3])
def test_fog_is_no_picture(right):
    data = gratings(0)
    means = torch.stack([data.inputs[data.labels == label].mean(0) for label in range(3)])
    card = scorecard(model(means, real_pictures(1), right), rows=ROWS)
    assert not card.verdict.startswith("picture")
    if right == 1.0:
        # These judges see the class in it, however faint it is.
        assert card.row("TRANSFER").light == "green"
        assert card.row("NN-PCTL").light != "red"
        assert card.verdict == "mixed"
        assert "of the contrast of real pictures" in card.meaning
        assert (
            judged_again(
                {
                    **{row.name: row.value for row in card.rows if row.value is not None},
                    **card.evidence,
                    "TRANSFER: judges on real examples": 1.0,
                    "TRANSFER: chance": 1 / 3,
                }
            ).name
            == "mixed"
        )


@pytest.mark.parametrize("right", [1.0, 0.3])
@pytest.mark.parametrize("seed", range(3))
def test_noise_is_no_picture(right, seed):
    noise = torch.randn(12, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))
    card = scorecard(model(noise, real_pictures(), right), rows=ROWS)
    assert not card.verdict.startswith("picture")
