"""Metrics: pure functions over arrays."""

from lookalike.metrics.agreement import beyond_prior, flip_rate
from lookalike.metrics.by_class import ClassFigures, areas_one_against_rest, class_figures
from lookalike.metrics.calibration import best_temperature, expected_calibration_error, negative_log_likelihood
from lookalike.metrics.choices import choice_stability
from lookalike.metrics.contrasts import holm, sign_flip_p
from lookalike.metrics.decisions import accuracy, confusion_matrix
from lookalike.metrics.intervals import mean_interval
from lookalike.metrics.judged import percentile_among, rank_correlations, transfer
from lookalike.metrics.matching import beyond_chance, consensus, matched, matched_similarity, winner_overlap
from lookalike.metrics.pictures import displacement, high_frequency_share, total_variation
from lookalike.metrics.recovery import Recovery, energy_shares, shifted_similarity, template_recovery
from lookalike.metrics.rejection import accuracy_coverage, area_under_roc
from lookalike.metrics.sizes import DEAD, dead_prototypes, duplicates, effective_size, mode_recall

__all__ = [
    "DEAD",
    "ClassFigures",
    "Recovery",
    "accuracy",
    "accuracy_coverage",
    "area_under_roc",
    "areas_one_against_rest",
    "best_temperature",
    "beyond_chance",
    "beyond_prior",
    "choice_stability",
    "class_figures",
    "confusion_matrix",
    "consensus",
    "dead_prototypes",
    "displacement",
    "duplicates",
    "effective_size",
    "energy_shares",
    "expected_calibration_error",
    "flip_rate",
    "high_frequency_share",
    "holm",
    "matched",
    "matched_similarity",
    "mean_interval",
    "mode_recall",
    "negative_log_likelihood",
    "percentile_among",
    "rank_correlations",
    "shifted_similarity",
    "sign_flip_p",
    "template_recovery",
    "total_variation",
    "transfer",
    "winner_overlap",
]
