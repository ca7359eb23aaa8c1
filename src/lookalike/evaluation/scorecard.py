"""The scorecard: every row in its order, whatever becomes of the others."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import softmax

from lookalike.errors import DataError, LookalikeError
from lookalike.evaluation import binding, decision_rows, picture_rows
from lookalike.evaluation.card import Card
from lookalike.evaluation.row import Row
from lookalike.evaluation.subject import Subject, sample
from lookalike.evaluation.verdict import CONTRAST
from lookalike.metrics import displacement, expected_calibration_error, high_frequency_share, total_variation

_log = logging.getLogger(__name__)
ROUGHNESS = ("total variation, real pictures = 1", "high frequencies, real pictures = 1")
_SAMPLE = 1000
_FULL, _RETRAIN = "evaluate --full, or full=True in Python", "evaluate --retrain"


@dataclass(frozen=True)
class _Entry:
    name: str
    title: str
    compute: Callable[[Subject], Row] | None
    asked: str = ""
    judged: bool = False


# In the order of the table of rows.
_ROWS = (
    _Entry("ACC", "test accuracy", decision_rows.accuracy_row),
    _Entry("D-FROZEN", "accuracy beyond frozen prototypes", None, _RETRAIN),
    _Entry("OOD-AUROC", "largest similarity: known against foreign", decision_rows.rejection_row),
    _Entry("SIZE", "prototypes that share a decision", decision_rows.size_row),
    _Entry("SUFF@3", "same decision from the three prototypes shown", decision_rows.sufficiency_row),
    _Entry("TRANSFER", "judges see the prototype's class in it", picture_rows.transfer_row, judged=True),
    _Entry(
        "NN-PCTL", "distance to the training data, among test examples", picture_rows.typicality_row, _FULL, judged=True
    ),
    _Entry("PATH", "activations like those of real examples, at the worst layer", picture_rows.path_row, _FULL),
    _Entry(
        "STAND-IN", "accuracy with the nearest real examples as prototypes, over ACC", decision_rows.stand_in_row, _FULL
    ),
    _Entry(
        "COVER", "how well the prototypes cover their classes, best medoids = 1", picture_rows.cover_row, _FULL, True
    ),
    _Entry("SEED-R", "prototypes alike across seeds, beyond chance", None, _RETRAIN),
    _Entry("FLIP", "another prototype for the same class after a tiny change", decision_rows.flip_row, _FULL),
    _Entry("SIM@1", "decisions foreseen from the pictures, beyond the prior", picture_rows.simulation_row, _FULL, True),
    _Entry("TR*", "true prototypes recovered", picture_rows.recovery_row),
    _Entry("BIND", "decides by what the picture shows: accuracy on hybrids over ACC", binding.bind_row, _FULL),
)
ROW_NAMES = tuple(entry.name for entry in _ROWS)
JUDGED_ROWS = frozenset(entry.name for entry in _ROWS if entry.judged)
TRAINED_ROWS = frozenset(entry.name for entry in _ROWS if entry.compute is None)


def scorecard(
    subject: Subject,
    *,
    full: bool = False,
    rows: Collection[str] | None = None,
    progress: Callable[[str], None] = lambda name: None,
    retrained: Callable[[Subject, Row], Mapping[str, Row]] | None = None,
) -> Card:
    """Judge a model by every row that needs no retraining.

    Parameters
    ----------
    subject : Subject
    full : bool
        Otherwise only the rows that take seconds.
    rows : collection of str, optional
        Names of the rows to compute, in the place of ``full``.
    progress : callable
        Told the name of every row that is about to be computed.
    retrained : callable, optional
        Gives the rows that need further training, from the subject and its ACC.

    Returns
    -------
    Card
        With all fifteen rows: one that was not computed says why, or how to get it.
    """
    found: list[Row] = []
    further: Mapping[str, Row] = {}
    for entry in _ROWS:
        if entry.name in further:
            found.append(further[entry.name])
            continue
        wanted = full or entry.asked != _FULL if rows is None else entry.name in rows
        if entry.compute is None or not wanted:
            found.append(Row(entry.name, entry.title, note=f"not computed; {entry.asked or 'not asked for'}"))
            continue
        progress(entry.name)
        found.append(_computed(entry, subject))
        if entry.name == "ACC" and retrained is not None:
            further = _further(retrained, subject, found[0])
            found[0] = further.get("ACC", found[0])
    n_training = 0 if subject.training is None else len(subject.training)
    return Card(tuple(found), _diagnostics(subject), n_training, subject.prototypes_of)


def _computed(entry: _Entry, subject: Subject) -> Row:
    try:
        return entry.compute(subject)  # type: ignore[misc]
    except Exception as error:  # noqa: BLE001 (a row that fails may not take the card with it)
        return Row(entry.name, entry.title, note=_why(entry.name, error))


def _further(
    retrained: Callable[[Subject, Row], Mapping[str, Row]], subject: Subject, accuracy: Row
) -> Mapping[str, Row]:
    try:
        return retrained(subject, accuracy)
    except Exception as error:  # noqa: BLE001 (as above)
        why = _why("further training", error)
        return {entry.name: Row(entry.name, entry.title, note=why) for entry in _ROWS if entry.compute is None}


def _why(name: str, error: Exception) -> str:
    if isinstance(error, LookalikeError):
        return str(error)
    _log.error("%s", name, exc_info=error)
    return f"{type(error).__name__}: {error}"


def _diagnostics(subject: Subject) -> dict[str, float]:
    """What is worth knowing and not scored."""
    probabilities = softmax(subject.tested.logits.double().numpy() / subject.temperature, axis=1)
    found = {"calibration error": expected_calibration_error(probabilities, subject.test.labels.numpy())}
    if not subject.preprocessing.is_picture or len(subject.pictures) != len(subject.labels):
        return found | _moved(subject)
    real = subject.preprocessing.to_data_units(sample(subject.test, _SAMPLE).inputs).double().numpy()
    own = subject.pictures.double().numpy()
    # Of each channel, so that a color alone is none.
    usual = float(real.std((2, 3)).mean())
    if usual:
        found[CONTRAST] = float(own.std((2, 3)).mean()) / usual
    variation, share = (float(np.mean(measure(real))) for measure in (total_variation, high_frequency_share))
    if variation and share:
        roughness = (
            float(np.mean(total_variation(own))) / variation,
            float(np.mean(high_frequency_share(own))) / share,
        )
        found |= dict(zip(ROUGHNESS, roughness, strict=True))
    return found | _moved(subject)


def _moved(subject: Subject) -> dict[str, float]:
    """How far prototypes have gone from where they started, in standard units."""
    if subject.start is None or subject.start.shape != subject.pictures.shape:
        return {}
    order = torch.randperm(len(subject.test), generator=torch.Generator().manual_seed(0))[:_SAMPLE]
    units = (subject.pictures, subject.start, subject.test.inputs[order])
    try:
        each = displacement(*(subject.preprocessing.standardize(given).double().numpy() for given in units))
    except DataError:
        return {}
    return {"moved from the start, two real examples = 1": float(each.mean())}
