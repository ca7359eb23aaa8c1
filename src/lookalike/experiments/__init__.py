"""Experiments: a YAML file, read, checked and run."""

from lookalike.estimators.judging import passed_through, quality_of
from lookalike.experiments.cards import card_of, keep_card, kept_card
from lookalike.experiments.choosing import Choice, choose
from lookalike.experiments.config import RunConfig, assignments, config_from, read_settings
from lookalike.experiments.reporting import contents_of, explained, report_run
from lookalike.experiments.retraining import further_trainings, missing_trainings, retrain
from lookalike.experiments.run_data import data_of, learned_from, news_of, validation_of
from lookalike.experiments.running import run_study
from lookalike.experiments.runs import Run, fit_run, open_run
from lookalike.experiments.saved_pictures import verify_run
from lookalike.experiments.studies import Study, read_study
from lookalike.experiments.tables import write_table

__all__ = [
    "Choice",
    "Run",
    "RunConfig",
    "Study",
    "assignments",
    "card_of",
    "choose",
    "config_from",
    "contents_of",
    "data_of",
    "explained",
    "fit_run",
    "further_trainings",
    "keep_card",
    "kept_card",
    "learned_from",
    "missing_trainings",
    "news_of",
    "open_run",
    "passed_through",
    "quality_of",
    "read_settings",
    "read_study",
    "report_run",
    "retrain",
    "run_study",
    "validation_of",
    "verify_run",
    "write_table",
]
