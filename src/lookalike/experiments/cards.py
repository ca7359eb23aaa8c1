"""The scorecard of a run, kept beside the model."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lookalike.atomic import locked, write_whole
from lookalike.data import Dataset, foreign_inputs
from lookalike.evaluation import Card, Pass, Row
from lookalike.experiments.retraining import other_classifiers, retrained_rows
from lookalike.experiments.runs import Run
from lookalike.plain_data import read_json

CARD = "scorecard.json"
_PATIENCE = 5.0


def card_of(
    run: Run,
    dataset: Dataset,
    learned: Dataset | None,
    *,
    full: bool = False,
    retrained: bool = False,
    progress: Callable[[str], None] = lambda name: None,
    made: Pass | None = None,
    fetch: bool = False,
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
    made : Pass, optional
        The pass over the test part, if it has been made.
    fetch : bool
        Download data that a row compares with.
    """
    training = None if learned is None else (learned.train.inputs, learned.train.labels)
    judging = None if learned is None else learned.judging
    others = other_classifiers(run) if retrained else []
    return run.classifier.scorecard(
        dataset.test.inputs,
        dataset.test.labels,
        training,
        judging=None if judging is None else (judging.inputs, judging.labels),
        foreign=foreign_inputs(dataset, fetch=fetch),
        world=dataset.world,
        modes=dataset.test.modes,
        made=made,
        full=full,
        other_prototypes=(others[0].prototypes_, others[0].prototype_labels_) if others else None,
        retrained=None
        if learned is None or not retrained
        else lambda subject, accuracy: retrained_rows(run, learned, subject.judges, accuracy),
        progress=progress,
    )


def keep_card(run: Run, card: Card) -> bool:
    """Write a card into the run's folder, where the report finds it; rows that a fuller card of it has stay.

    Parameters
    ----------
    run : Run
    card : Card

    Returns
    -------
    bool
        Whether the kept card has rows that this one lacks.
    """
    with locked(run.folder / CARD, _PATIENCE):
        return _keep_card(run, card)


def _keep_card(run: Run, card: Card) -> bool:
    values = card.to_dict()
    earlier = kept_card(run) or {"rows": [], "diagnostics": {}}
    before = {row["name"]: row for row in earlier["rows"]}
    rows = [
        before.get(row["name"], row) if row["value"] is None or row["light"] == "none" else row
        for row in values["rows"]
    ]
    diagnostics = {**earlier["diagnostics"], **values["diagnostics"]}
    kept = card_from([*rows], diagnostics, values["n_training"], _prototypes_of(run)).to_dict()
    write_whole(run.folder / CARD, json.dumps(kept, indent=1, allow_nan=False).encode())
    return any(row["value"] is not None and card.value_of(row["name"]) is None for row in kept["rows"])


def card_from(
    rows: list[dict[str, Any]],
    diagnostics: dict[str, float],
    n_training: int,
    prototypes: Mapping[str, Sequence[int]] | None = None,
) -> Card:
    """A card from plain values.

    Parameters
    ----------
    rows : list of dict
    diagnostics : dict
    n_training : int
    prototypes : mapping of str to sequence of int, optional
        Of every class.
    """
    made = [
        Row(
            **{
                **row,
                "interval": row["interval"] and tuple(row["interval"]),
                "failing": tuple(row["failing"]),
                "by_prototype": tuple(row.get("by_prototype", ())),
            }
        )
        for row in rows
    ]
    return Card(tuple(made), diagnostics, n_training, prototypes or {})


def kept_card(run: Run) -> dict[str, Any] | None:
    """The card in the run's folder as plain values, if there is one that can be read; with today's verdict on its rows.

    Parameters
    ----------
    run : Run
    """
    try:
        card = read_json(run.folder / CARD)
        found = card_from(card["rows"], card["diagnostics"], card["n_training"], _prototypes_of(run))
        return found.to_dict()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _prototypes_of(run: Run) -> dict[str, list[int]]:
    about = run.classifier.explanation_
    return {
        name: [each.prototype for each in about.prototypes if each.class_name == name]
        for name in map(str, about.classes)
    }
