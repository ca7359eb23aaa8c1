"""Explanations: plain data that say why, and what the model takes for each class."""

from lookalike.explanations.alignment import aligned_pictures, alignments_of, in_words
from lookalike.explanations.flipping import flipping_scores
from lookalike.explanations.local import explain_decisions
from lookalike.explanations.records import (
    Flip,
    GlobalExplanation,
    LocalExplanation,
    Neighbor,
    PrototypeMatch,
    PrototypeSummary,
)
from lookalike.explanations.summary import explain_prototypes

__all__ = [
    "Flip",
    "GlobalExplanation",
    "LocalExplanation",
    "Neighbor",
    "PrototypeMatch",
    "PrototypeSummary",
    "aligned_pictures",
    "alignments_of",
    "explain_decisions",
    "explain_prototypes",
    "flipping_scores",
    "in_words",
]
