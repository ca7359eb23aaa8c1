"""BIND: whether the model decides by what its prototypes show."""

import numpy as np
import torch
from torch import Tensor

from lookalike.errors import DataError, describe
from lookalike.evaluation.row import HYBRIDS, Row, light_of
from lookalike.evaluation.subject import Subject, sample
from lookalike.transforms import decompose

SHIFT = 2
_SAMPLE = 2000


def bind_row(subject: Subject) -> Row:
    """BIND: accuracy on hybrids of what a prototype explains of an input and what is left of one of another class."""
    pictures = subject.require_images()
    test = sample(subject.test, _SAMPLE)
    labels, prototype_labels = test.labels, torch.from_numpy(subject.labels)
    _require_every_class(subject, labels, prototype_labels, "a prototype")
    units = subject.preprocessing.to_data_units(test.inputs).float()
    parts = decompose(units, labels, pictures.float(), prototype_labels, SHIFT)
    partners = _partners(labels)
    residuals = parts.residuals[partners]
    whole = float(np.mean(subject.passed(test.inputs).decisions == labels.numpy()))
    if not whole:
        raise DataError(describe("a model that is ever right", "accuracy 0"))
    as_trained = subject.passed(parts.explained + residuals).decisions
    held_out = subject.passed(parts.explained + _changed(residuals)).decisions
    decided = dict(zip(HYBRIDS, (as_trained, held_out), strict=False))
    if subject.other_prototypes is not None:
        other_pictures, other_labels = subject.other_prototypes
        _require_every_class(subject, labels, other_labels, "another seed's prototype")
        others = decompose(units, labels, other_pictures.float(), other_labels, SHIFT)
        decided[HYBRIDS[-1]] = subject.passed(others.explained + residuals).decisions
    ratios = {name: float(np.mean(each == labels.numpy()) / whole) for name, each in decided.items()}
    followed = float(np.mean(as_trained == labels[partners].numpy()))
    return Row(
        "BIND",
        "decides by what the picture shows: accuracy on hybrids over ACC",
        min(ratios.values()),
        None,
        light_of("BIND", min(ratios.values()), ratios),
        {
            **ratios,
            "given the residual's class": followed,
            "chance": 1 / len(subject.classes),
        },
        ""
        if subject.other_prototypes is not None
        else "not green without prototypes of another seed: evaluate --retrain",
    )


def _require_every_class(subject: Subject, labels: Tensor, prototype_labels: Tensor, wanted: str) -> None:
    missing = sorted(set(labels.tolist()) - set(prototype_labels.tolist()))
    if missing:
        raise DataError(describe(f"{wanted} of every class", f"none of {subject.classes[missing[0]]!r}"))


def _partners(labels: Tensor) -> Tensor:
    """For every input another one of another class, drawn once and for all; shape ``(n,)``."""
    generator = torch.Generator().manual_seed(0)
    keys = torch.rand(len(labels), generator=generator)
    found = torch.empty(len(labels), dtype=torch.long)
    for label in labels.unique().tolist():
        own, others = (labels == label).nonzero()[:, 0], (labels != label).nonzero()[:, 0]
        if not len(others):
            raise DataError(describe("test examples of two classes", "one class"))
        order = others[keys[others].argsort()]
        found[own] = order[torch.arange(len(own)) % len(order)]
    return found


def _changed(residuals: Tensor) -> Tensor:
    """Residuals as training does not make them: scaled by .5 to 1.5, and mirrored left and right."""
    generator = torch.Generator().manual_seed(1)
    factors = 0.5 + torch.rand(len(residuals), generator=generator)
    return residuals.flip(3) * factors[:, None, None, None]
