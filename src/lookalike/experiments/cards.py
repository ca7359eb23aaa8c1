"""The scorecard of a run, kept beside the model."""

import json
from collections.abc import Callable
from typing import Any

from lookalike.data import Dataset, foreign_inputs
from lookalike.evaluation import Card
from lookalike.experiments.retraining import other_classifiers, retrained_rows
from lookalike.experiments.runs import Run
from lookalike.persistence import write_whole

CARD = "scorecard.json"


def card_of(
    run: Run,
    dataset: Dataset,
    learned: Dataset | None,
    *,
    full: bool = False,
    retrained: bool = False,
    progress: Callable[[str], None] = lambda name: None,
) -> Card:
    """Judge a run on its data, or on other data of the same classes.

    Parameters
    ----------
    run : Run
    dataset : Dataset
        Whose test part the model is judged on.
    learned : Dataset or None
        Whose training part the model was trained on.
    full : bool
        Also the rows that take minutes.
    retrained : bool
        Also those that `lookalike.experiments.retrain` made possible.
    progress : callable
        Told what is about to be computed.
    """
    training = None if learned is None else (learned.train.inputs, learned.train.labels)
    judging = None if learned is None else learned.judging
    others = other_classifiers(run) if retrained else []
    return run.classifier.scorecard(
        dataset.test.inputs,
        dataset.test.labels,
        training,
        judging=None if judging is None else (judging.inputs, judging.labels),
        foreign=foreign_inputs(dataset),
        world=dataset.world,
        full=full,
        other_prototypes=others[0].prototypes_ if others else None,
        retrained=None
        if learned is None or not retrained
        else lambda subject, accuracy: retrained_rows(run, learned, subject.judges, accuracy),
        progress=progress,
    )


def keep_card(run: Run, card: Card) -> None:
    """Write a card into the run's folder, where the report finds it.

    Parameters
    ----------
    run : Run
    card : Card
    """
    write_whole(run.folder / CARD, json.dumps(card.to_dict(), indent=1, allow_nan=False).encode())


def kept_card(run: Run) -> dict[str, Any] | None:
    """The card in the run's folder as plain values, if there is one that can be read.

    Parameters
    ----------
    run : Run
    """
    try:
        card = json.loads((run.folder / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return card if isinstance(card, dict) and isinstance(card.get("rows"), list) else None
