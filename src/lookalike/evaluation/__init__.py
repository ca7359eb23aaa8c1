"""Evaluation: trains twins, runs further passes, and hands plain arrays to metrics."""

from lookalike.evaluation.quality import Quality, judge
from lookalike.evaluation.twin import TwinNetwork
from lookalike.evaluation.verification import Verification, verify

__all__ = [
    "Quality",
    "TwinNetwork",
    "Verification",
    "judge",
    "verify",
]
