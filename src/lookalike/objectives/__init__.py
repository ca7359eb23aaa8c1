"""Objectives: Comparison -> classification loss."""

from lookalike.objectives.base import Objective
from lookalike.objectives.classification import (
    CrossEntropyObjective,
    SignedTargetObjective,
    SquaredHingeObjective,
)
from lookalike.objectives.glvq import GlvqObjective

__all__ = [
    "CrossEntropyObjective",
    "GlvqObjective",
    "Objective",
    "SignedTargetObjective",
    "SquaredHingeObjective",
]
