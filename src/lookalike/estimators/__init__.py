"""Estimators: scikit-learn's contract over everything below."""

from lookalike.estimators.classifier import PrototypeClassifier
from lookalike.estimators.judging import start_of, train_judges
from lookalike.estimators.progress import progress_bar

__all__ = ["PrototypeClassifier", "progress_bar", "start_of", "train_judges"]
