"""Similarities: activations x prototypes -> maps; one direction, larger is more alike."""

from lookalike.similarities.base import Similarity, scale_of
from lookalike.similarities.cosine import CosineSimilarity
from lookalike.similarities.dot import DotSimilarity
from lookalike.similarities.kernels import GaussianKernel, Kernel, LogRatioKernel, NegativeKernel
from lookalike.similarities.l2 import L2Similarity
from lookalike.similarities.lk import LkSimilarity

__all__ = [
    "CosineSimilarity",
    "DotSimilarity",
    "GaussianKernel",
    "Kernel",
    "L2Similarity",
    "LkSimilarity",
    "LogRatioKernel",
    "NegativeKernel",
    "Similarity",
    "scale_of",
]
