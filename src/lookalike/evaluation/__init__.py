"""Evaluation: trains twins and judges, runs further passes, and hands plain arrays to metrics."""

from lookalike.evaluation.card import Card
from lookalike.evaluation.judges import Judge, judges_of
from lookalike.evaluation.quality import Quality, judge
from lookalike.evaluation.row import Row
from lookalike.evaluation.scorecard import JUDGED_ROWS, ROUGHNESS, ROW_NAMES, TRAINED_ROWS, scorecard
from lookalike.evaluation.subject import Pass, Subject
from lookalike.evaluation.twin import TwinNetwork
from lookalike.evaluation.verdict import Verdict, judged, judged_again, verdict_of
from lookalike.evaluation.verification import Verification, verify

__all__ = [
    "JUDGED_ROWS",
    "ROUGHNESS",
    "ROW_NAMES",
    "TRAINED_ROWS",
    "Card",
    "Judge",
    "Pass",
    "Quality",
    "Row",
    "Subject",
    "TwinNetwork",
    "Verdict",
    "Verification",
    "judge",
    "judged",
    "judged_again",
    "judges_of",
    "scorecard",
    "verdict_of",
    "verify",
]
