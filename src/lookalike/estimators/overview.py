"""From one pass over a test part to what a report shows of the whole."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from lookalike.comparison import Comparison
from lookalike.data import Part
from lookalike.data.classes import class_indices
from lookalike.estimators.inputs import table_or_pictures
from lookalike.evaluation import Pass
from lookalike.report import Confusion, Map, Miss, Overview

if TYPE_CHECKING:
    from lookalike.estimators.classifier import PrototypeClassifier

_CONFUSIONS, _RESPONSIBLE, _PICTURES = 12, 3, 6
_PLACED = 600


@torch.no_grad()
def overview_of(classifier: "PrototypeClassifier", test: Part, records: Sequence[Comparison], passed: Pass) -> Overview:
    """Which prototypes are like which class, what is mistaken for what and by whose doing, and a map.

    Parameters
    ----------
    classifier : PrototypeClassifier
        Fitted.
    test : Part
        Of the classes that the model knows.
    records : sequence of Comparison
        From `PrototypeClassifier.compare`, of the test inputs.
    passed : Pass
        The same in one piece.
    """
    scores, decided = passed.scores, torch.from_numpy(passed.decisions)
    labels = torch.from_numpy(class_indices(test.labels, classifier.classes_))
    measured = scores / classifier.explanation_.scale
    sheet = [
        [None] * scores.shape[1] if not bool((labels == label).any()) else measured[labels == label].mean(0).tolist()
        for label in range(len(classifier.classes_))
    ]
    own = torch.cat([_flat(each.activations) for each in records])
    prototypes = _flat(records[0].prototype_activations)
    return Overview(
        sheet=tuple(tuple(row) for row in sheet),
        confusions=_confusions(classifier, test, scores, decided, labels),
        map=_map(own, labels, prototypes) if len(prototypes) == scores.shape[1] else None,
        misses=_misses(classifier, test, passed, labels),
    )


def _confusions(
    classifier: "PrototypeClassifier", test: Part, scores: Tensor, decided: Tensor, labels: Tensor
) -> tuple[Confusion, ...]:
    names = [str(name) for name in classifier.classes_.tolist()]
    wrong = (decided != labels).nonzero()[:, 0]
    pairs = Counter(zip(labels[wrong].tolist(), decided[wrong].tolist(), strict=True))
    found = []
    for (true, predicted), count in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:_CONFUSIONS]:
        rows = wrong[(labels[wrong] == true) & (decided[wrong] == predicted)]
        contributions = classifier.network_.head.contributions(scores[rows])
        responsible, missed = (
            tuple(Counter(contributions[:, :, label].argmax(1).tolist()).most_common(_RESPONSIBLE))
            for label in (predicted, true)
        )
        pictures = _pictures(classifier, test, rows[:_PICTURES].tolist())
        found.append(Confusion(names[true], names[predicted], count, responsible, missed, pictures))
    return tuple(found)


def _misses(classifier: "PrototypeClassifier", test: Part, passed: Pass, labels: Tensor) -> dict[int, Miss]:
    """For each prototype, of the wrong examples of its class that are nearest to it the one that is lost by most."""
    own = classifier.network_.prototypes.labels
    decided = torch.from_numpy(passed.decisions)
    nearest = passed.scores.masked_fill(labels[:, None] != own[None], float("-inf")).argmax(1)
    lost = passed.logits.amax(1) - passed.logits.gather(1, labels[:, None])[:, 0]
    found = {}
    for prototype in range(len(own)):
        rows = ((nearest == prototype) & (decided != labels)).nonzero()[:, 0]
        if len(rows):
            row = int(rows[lost[rows].argmax()])
            pictures = _pictures(classifier, test, [row])
            found[prototype] = Miss(
                name=test.name_of(row, "test"),
                picture=pictures[0][1] if pictures else None,
                predicted=str(classifier.classes_[passed.decisions[row]]),
                similarity=float(passed.scores[row, prototype]) / classifier.explanation_.scale,
            )
    return found


def _pictures(classifier: "PrototypeClassifier", test: Part, rows: list[int]) -> tuple[tuple[str, np.ndarray], ...]:
    if not classifier.preprocessing_.is_picture:
        return ()
    shown = classifier.preprocessing_.to_eight_bit(table_or_pictures(classifier, test.inputs[rows], reset=False))
    names = [test.name_of(row, "test") for row in rows]
    return tuple(zip(names, shown, strict=True))


def _flat(activations: Tensor) -> Tensor:
    """Mean over positions, at length 1, shape ``(n, d)``."""
    return torch.nn.functional.normalize(activations.flatten(2).mean(2), dim=1)


def _map(examples: Tensor, labels: Tensor, prototypes: Tensor) -> Map | None:
    placed = torch.linspace(0, len(examples) - 1, min(len(examples), _PLACED)).long()
    together = torch.cat([examples[placed], prototypes]).double()
    centered = together - together.mean(0)
    if min(centered.shape) < 2:
        return None
    axes, sizes, _ = torch.linalg.svd(centered, full_matrices=False)
    places = axes[:, :2] * sizes[:2]
    share = float(sizes[:2].square().sum() / sizes.square().sum().clamp_min(1e-12))
    points = places[: len(placed)].tolist()
    return Map(
        examples=tuple((x, y, int(label)) for (x, y), label in zip(points, labels[placed].tolist(), strict=True)),
        prototypes=tuple((x, y) for x, y in places[len(placed) :].tolist()),
        share=share,
    )
