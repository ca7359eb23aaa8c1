"""Rows of the scorecard that ask how the model decides."""

import io

import numpy as np
import torch
from PIL import Image
from scipy.stats import binomtest
from torch import Tensor

from lookalike.distances import squared_distances
from lookalike.errors import DataError, describe
from lookalike.evaluation.row import Row, light, light_of
from lookalike.evaluation.subject import Pass, Subject, sample
from lookalike.metrics import (
    accuracy,
    accuracy_coverage,
    area_under_roc,
    dead_prototypes,
    effective_size,
    flip_rate,
    mean_interval,
)
from lookalike.transforms import shifted

_SHOWN = 3
_BATCH = 500
_FLIPPED = 1000
_COVERAGE = 0.9
_JPEG_QUALITY, _NOISE, _CONTRAST = 20, 0.05, 0.1


def accuracy_row(subject: Subject) -> Row:
    """ACC: test accuracy; its light needs the twin's, which retraining gives."""
    right = subject.right
    interval = binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
    return Row(
        "ACC",
        "test accuracy",
        accuracy(subject.tested.decisions, subject.test.labels.numpy()),
        (float(interval.low), float(interval.high)),
        note="the light compares with a linear head on the same network: evaluate --retrain",
    )


def rejection_row(subject: Subject) -> Row:
    """OOD-AUROC: largest similarity, test inputs against inputs of no class; the set that is told apart worst."""
    if not subject.foreign:
        raise DataError(describe("inputs of no class to compare with", "none", "foreign={'noise': ...} in Python"))
    known = subject.tested.scores.max(1).values.numpy()
    unknown = {name: subject.passed(inputs).scores.max(1).values.numpy() for name, inputs in subject.foreign.items()}
    values = {name: area_under_roc(known, scores) for name, scores in unknown.items()}
    coverage, accuracies = accuracy_coverage(known, subject.right)
    worst = min(values, key=lambda name: values[name])
    answered = float(accuracies[np.searchsorted(coverage, _COVERAGE)])
    return Row(
        "OOD-AUROC",
        "largest similarity: known against foreign",
        values[worst],
        _auroc_interval(known, unknown[worst]),
        light(values[worst], 0.9, 0.6, larger_is_better=True),
        {
            "chance": 0.5,
            **values,
            f"accuracy of the {_COVERAGE:.0%} most similar": answered,
        },
        f"the worst set: {worst}",
    )


@torch.no_grad()
def size_row(subject: Subject) -> Row:
    """SIZE: effective number of prototypes in a decision, beyond what they contribute to a typical input."""
    head, scores, decisions = subject.network.head, subject.tested.scores, subject.tested.decisions
    usual = head.contributions(subject.typical_scores[None])[0]
    sizes = []
    for start in range(0, len(scores), _BATCH):
        chosen = torch.from_numpy(decisions[start : start + _BATCH])
        whole = head.contributions(scores[start : start + _BATCH]) - usual
        sizes.append(effective_size(whole[torch.arange(len(chosen)), :, chosen].numpy()))
    deciding = np.zeros(len(decisions))
    for prototype in range(scores.shape[1]):
        without = scores.clone()
        without[:, prototype] = subject.typical_scores[prototype]
        deciding += subject.logits_of(without).argmax(1).numpy() != decisions
    every = np.concatenate(sizes)
    return Row(
        "SIZE",
        "prototypes that share a decision",
        float(every.mean()),
        mean_interval(_some(every)),
        light(float(every.mean()), 3, 10, larger_is_better=False),
        {
            "prototypes": float(scores.shape[1]),
            "of them live": float((~dead_prototypes(subject.wins, subject.labels)).sum()),
            "whose removal changes the decision": float(deciding.mean()),
        },
    )


@torch.no_grad()
def sufficiency_row(subject: Subject) -> Row:
    """SUFF@3: the decision when all but the three prototypes that are shown have their usual scores."""
    scores, decisions = subject.tested.scores, torch.from_numpy(subject.tested.decisions)
    runner_ups = subject.tested.logits.topk(2, dim=1).indices[:, 1]
    shown = min(_SHOWN, scores.shape[1])
    kept = {
        "shown": _top(subject, decisions, shown),
        "runner-up": _top(subject, runner_ups, shown),
        "random": torch.rand(scores.shape, generator=torch.Generator().manual_seed(0)).topk(shown, dim=1).indices,
    }
    decided = {name: _decided_by(subject, places) for name, places in kept.items()}
    agreement = decided["shown"] == decisions.numpy()
    return Row(
        "SUFF@3",
        "same decision from the three prototypes shown",
        float(agreement.mean()),
        mean_interval(_some(agreement)),
        light(float(agreement.mean()), 0.95, 0.8, larger_is_better=True),
        {
            "random three": float((decided["random"] == decisions.numpy()).mean()),
            "the runner-up's three give the runner-up": float((decided["runner-up"] == runner_ups.numpy()).mean()),
        },
    )


@torch.no_grad()
def stand_in_row(subject: Subject) -> Row:
    """STAND-IN: accuracy with each prototype replaced by the nearest real training input of its class, over ACC."""
    if len(subject.stand_ins) != len(subject.labels):
        raise DataError(
            describe("the nearest training example of every prototype", "none kept", "train the model anew")
        )
    if subject.network.prototypes.space != "input":
        raise DataError(describe("prototypes that are inputs", "prototypes in activation space", "prototypes='pixel'"))
    subject.require_pictures()
    whole = subject.right.mean()
    if not whole:
        raise DataError(describe("a model that is ever right", "accuracy 0"))
    network = subject.network
    real = subject.preprocessing.standardize(subject.stand_ins, subject.activations.dtype)
    activations = network.backbone(network.transform.views(real))
    decided = subject.passed(subject.test.inputs, activations).decisions
    ratio = float((decided == subject.test.labels.numpy()).mean() / whole)
    return Row(
        "STAND-IN",
        "accuracy with the nearest real examples as prototypes, over ACC",
        ratio,
        None,
        light_of("STAND-IN", ratio),
        {"the model itself": 1.0},
    )


def flip_row(subject: Subject) -> Row:
    """FLIP: how often another prototype is named for the same class after a change nobody would call one."""
    subject.require_images()
    if subject.preprocessing.shape[0] not in (1, 3):
        raise DataError(describe("grey or colour pictures", f"{subject.preprocessing.shape[0]} channels"))
    examples = sample(subject.test, _FLIPPED)
    before = subject.passed(examples.inputs)
    reference = None if subject.training is None else sample(subject.training, 2 * _FLIPPED)
    rates, neighbors = {}, {}
    for name, changed in disturbed(subject, examples.inputs).items():
        after = subject.passed(changed)
        rates[name] = flip_rate(
            _top_of_class(subject, before), _top_of_class(subject, after), before.decisions, after.decisions
        )
        if reference is not None:
            found = [_nearest(inputs, reference.inputs, subject) for inputs in (examples.inputs, changed)]
            seen = [reference.labels.numpy()[nearest] for nearest in found]
            neighbors[name] = flip_rate(*found, *seen)
    value = float(np.mean(list(rates.values())))
    beside = {**rates}
    if neighbors:
        beside["nearest neighbour"] = float(np.mean(list(neighbors.values())))
    return Row(
        "FLIP",
        "another prototype for the same class after a tiny change",
        value,
        None,
        light(value, 0.05, 0.2, larger_is_better=False),
        beside,
    )


def disturbed(subject: Subject, inputs: Tensor) -> dict[str, Tensor]:
    """Pictures with small changes that leave them the same picture: compression, a pixel's shift, noise, contrast.

    Parameters
    ----------
    subject : Subject
    inputs : Tensor
        Shape ``(n, c, h, w)``.

    Returns
    -------
    dict
        By the kind of change, floats in data units.
    """
    preprocessing = subject.preprocessing
    units = preprocessing.to_data_units(inputs)
    low, high = preprocessing.eight_bit_range
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(units.shape, generator=generator) * _NOISE * (high - low)
    steps = torch.randint(0, 4, (len(units),), generator=generator)
    # Up, left, right and down, in the three by three of all shifts by at most a pixel.
    moved = shifted(units, 1)[torch.arange(len(units)), torch.tensor((1, 3, 5, 7))[steps]]
    middle = units.mean((1, 2, 3), keepdim=True)
    contrast = 1 + _CONTRAST * (2 * torch.randint(0, 2, (len(units), 1, 1, 1), generator=generator) - 1)
    return {
        f"JPEG quality {_JPEG_QUALITY}": preprocessing.from_eight_bit(_compressed(preprocessing.to_eight_bit(inputs))),
        "shift by 1 pixel": moved,
        f"noise {_NOISE}": (units + noise).clamp(low, high),
        f"contrast {_CONTRAST:.0%}": (middle + (units - middle) * contrast).clamp(low, high),
    }


def _compressed(arrays: np.ndarray) -> np.ndarray:
    found = []
    for array in arrays:
        held = io.BytesIO()
        Image.fromarray(array).save(held, "JPEG", quality=_JPEG_QUALITY)
        with Image.open(held) as opened:
            found.append(np.asarray(opened))
    return np.stack(found)


def _top(subject: Subject, classes: Tensor, n: int) -> Tensor:
    """The prototypes that an explanation of given classes shows: the largest contributions; ``(n_inputs, n)``."""
    head = subject.network.head
    found = []
    for scores, chosen in zip(subject.tested.scores.split(_BATCH), classes.split(_BATCH), strict=True):
        whole = head.contributions(scores)
        found.append(whole[torch.arange(len(chosen)), :, chosen].abs().topk(n, dim=1).indices)
    return torch.cat(found)


def _decided_by(subject: Subject, places: Tensor) -> np.ndarray:
    """Decisions when only the prototypes at these places have the scores they have; shape ``(n,)``."""
    scores = subject.typical_scores.expand_as(subject.tested.scores).clone()
    scores.scatter_(1, places, subject.tested.scores.gather(1, places))
    return subject.logits_of(scores).argmax(1).numpy()


def _top_of_class(subject: Subject, passed: Pass) -> np.ndarray:
    scores, decisions = passed.scores, torch.from_numpy(passed.decisions)
    own = decisions[:, None] == subject.network.prototypes.labels[None]
    return scores.masked_fill(~own, float("-inf")).argmax(1).numpy()


def _some(values: np.ndarray, n: int = 2000) -> np.ndarray:
    """At most so many of the values, spread over all of them."""
    return np.random.default_rng(0).permutation(values)[:n]


def _nearest(inputs: Tensor, reference: Tensor, subject: Subject) -> np.ndarray:
    units = [subject.preprocessing.to_data_units(each).flatten(1) for each in (inputs, reference)]
    return squared_distances(units[0], units[1]).argmin(1).numpy()


def _auroc_interval(known: np.ndarray, unknown: np.ndarray, n_resamples: int = 100) -> tuple[float, float]:
    """Percentile bootstrap over both sets."""
    random = np.random.default_rng(0)
    values = [
        area_under_roc(random.choice(known, len(known)), random.choice(unknown, len(unknown)))
        for _ in range(n_resamples)
    ]
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
