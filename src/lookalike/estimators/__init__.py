"""Estimators: scikit-learn's contract over everything below."""

from lookalike.estimators.abstaining import ENOUGH_VALIDATION
from lookalike.estimators.classifier import PrototypeClassifier
from lookalike.estimators.judging import start_of, train_judges
from lookalike.estimators.progress import progress_bar

__all__ = ["ENOUGH_VALIDATION", "PrototypeClassifier", "progress_bar", "start_of", "train_judges"]
