"""Training: the schedule as data, the loop, what it writes down, and projection."""

from lookalike.training.history import (
    Callback,
    Epoch,
    EpochEnded,
    Event,
    Finished,
    Noted,
    Seen,
    Started,
    Stepped,
    Stopped,
)
from lookalike.training.learner import Learner
from lookalike.training.loop import Job, train
from lookalike.training.merging import superfluous, unused
from lookalike.training.phases import PLANS, Phase, plan_from
from lookalike.training.reseeding import reseed
from lookalike.training.settings import TrainingSettings, is_training_option, settings_from

__all__ = [
    "PLANS",
    "Callback",
    "Epoch",
    "EpochEnded",
    "Event",
    "Finished",
    "Job",
    "Learner",
    "Noted",
    "Phase",
    "Seen",
    "Started",
    "Stepped",
    "Stopped",
    "TrainingSettings",
    "is_training_option",
    "plan_from",
    "reseed",
    "settings_from",
    "superfluous",
    "train",
    "unused",
]
