"""Metrics: pure functions over arrays."""

from lookalike.metrics.calibration import best_temperature, expected_calibration_error, negative_log_likelihood
from lookalike.metrics.decisions import accuracy, confusion_matrix

__all__ = [
    "accuracy",
    "best_temperature",
    "confusion_matrix",
    "expected_calibration_error",
    "negative_log_likelihood",
]
