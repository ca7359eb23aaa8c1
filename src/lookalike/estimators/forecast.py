"""What is to be said before training: what will not work with so few examples, and what becomes of photographs."""

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from lookalike.data import Examples
from lookalike.estimators.abstaining import ENOUGH_VALIDATION
from lookalike.training import Callback, Job, Noted
from lookalike.training.duration import seconds_to_train

_log = logging.getLogger(__name__)
_MOST_SET_ASIDE = 0.5
_COLOR_CHANNELS = 3


def say_before_training(
    callbacks: Sequence[Callback], job: Job, validation: Examples, resolved: Mapping[str, Any], held_out: bool
) -> None:
    """Say everything that this module knows of; what callbacks are told takes a step of training to find out.

    Parameters
    ----------
    callbacks : sequence of callable
    job : Job
        About to be trained.
    validation : Examples
    resolved : mapping
        The parameters of the fit.
    held_out : bool
        Whether the caller gave the validation examples.
    """
    warn_of_few(len(job.training), len(validation), held_out, resolved["validation_fraction"])
    for note in notes_on_photographs(job, validation, resolved) if callbacks else ():
        for callback in callbacks:
            callback(Noted(note))


def warn_of_few(n_training: int, n_validation: int, held_out: bool, fraction: float) -> str:
    """Log, before training, that nothing will be calibrated; what was said, or nothing where there is enough.

    Parameters
    ----------
    n_training, n_validation : int
        Examples.
    held_out : bool
        Whether the caller gave the validation examples.
    fraction : float
        ``validation_fraction``.

    Examples
    --------
    >>> warn_of_few(900, 100, False, 0.1)
    ''
    """
    if n_validation >= ENOUGH_VALIDATION:
        return ""
    share = math.ceil(100 * ENOUGH_VALIDATION / max(n_training + n_validation, 1)) / 100
    advice = f"give a validation part of {ENOUGH_VALIDATION} or more: validation=(X, y), or a folder val"
    if not held_out and share <= _MOST_SET_ASIDE:
        advice = f"validation_fraction={share:.2g} sets enough aside"
    message = (
        f"probabilities are not calibrated and the model cannot abstain: {n_validation} validation examples, where "
        f"{ENOUGH_VALIDATION} are needed; {advice}"
    )
    # Who asks for no validation part knows that there is none.
    _log.log(logging.WARNING if held_out or fraction else logging.INFO, message)
    return message


def notes_on_photographs(job: Job, validation: Examples, resolved: Mapping[str, Any]) -> list[str]:
    """What a fit is going to do with colour pictures, about how long it takes, and what to choose instead.

    Parameters
    ----------
    job : Job
        About to be trained.
    validation : Examples
    resolved : mapping
        The parameters of the fit.
    """
    shape = job.training.preprocessing.shape
    if len(shape) != 3 or shape[0] < _COLOR_CHANNELS or not job.settings.epochs:
        return []
    _, height, width = shape
    settings = job.settings
    here = settings.devices == 1 and (settings.accelerator == "cpu" or not torch.cuda.is_available())
    took = f", {_duration(seconds_to_train(job))} on this machine when it is idle" if here else ""
    notes = [
        f"color pictures of {width}x{height} pixels: {len(job.training)} to learn from, {len(validation)} set aside to "
        f"choose the best epoch and to calibrate; {settings.epochs} epoch{'s' * (settings.epochs != 1)}{took} "
        "(fewer: training__epochs; smaller pictures: data__image_size)"
    ]
    regularizers = resolved["regularizers"]
    if resolved["prototypes"] == "pixel" and isinstance(regularizers, Mapping) and "aligned_matching" in regularizers:
        notes.append(
            "prototypes are learned pixel by pixel, which suits aligned pictures and makes blurs of photographs: for "
            "these recipe=photographs chooses prototypes among the training pictures (--set recipe=photographs; in "
            "Python lookalike.recipes.photographs())"
        )
    return notes


def _duration(seconds: float) -> str:
    """In words.

    Examples
    --------
    >>> _duration(5), _duration(100), _duration(1000)
    ('about 5 s', 'about 2 minutes', 'about 17 minutes')
    """
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    minutes = seconds / 60
    return f"about {minutes:.0f} minutes" if minutes < 120 else f"about {minutes / 60:.0f} hours"
