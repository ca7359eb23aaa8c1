"""Regularizers: Comparison -> penalty."""

from lookalike.regularizers.base import NoRegularizer, Regularizer
from lookalike.regularizers.clustering import ClusterRegularizer, SeparationRegularizer
from lookalike.regularizers.matching import AlignedMatchingRegularizer
from lookalike.regularizers.pictures import PixelPullRegularizer, TotalVariationRegularizer

__all__ = [
    "AlignedMatchingRegularizer",
    "ClusterRegularizer",
    "NoRegularizer",
    "PixelPullRegularizer",
    "Regularizer",
    "SeparationRegularizer",
    "TotalVariationRegularizer",
]
