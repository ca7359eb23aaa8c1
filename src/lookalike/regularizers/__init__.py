"""Regularizers: Comparison -> penalty."""

from lookalike.regularizers.base import NoRegularizer, Regularizer
from lookalike.regularizers.clustering import ClusterRegularizer, SeparationRegularizer
from lookalike.regularizers.diversity import DiversityRegularizer
from lookalike.regularizers.features import FeatureMatchingRegularizer, FeatureStatisticsRegularizer
from lookalike.regularizers.learned import AutoencoderRegularizer, CriticRegularizer
from lookalike.regularizers.matching import AlignedMatchingRegularizer
from lookalike.regularizers.pictures import PixelPullRegularizer, TotalVariationRegularizer
from lookalike.regularizers.spectrum import SpectrumRegularizer
from lookalike.regularizers.warped import WarpedMatchingRegularizer

__all__ = [
    "AlignedMatchingRegularizer",
    "AutoencoderRegularizer",
    "ClusterRegularizer",
    "CriticRegularizer",
    "DiversityRegularizer",
    "FeatureMatchingRegularizer",
    "FeatureStatisticsRegularizer",
    "NoRegularizer",
    "PixelPullRegularizer",
    "Regularizer",
    "SeparationRegularizer",
    "SpectrumRegularizer",
    "TotalVariationRegularizer",
    "WarpedMatchingRegularizer",
]
