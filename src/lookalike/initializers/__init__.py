"""Initializers: first values of prototypes."""

from lookalike.initializers.base import Initializer, random_windows
from lookalike.initializers.examples import KmeansInitializer, MeansInitializer, PointsInitializer
from lookalike.initializers.noise import NormalInitializer, UniformInitializer

__all__ = [
    "Initializer",
    "KmeansInitializer",
    "MeansInitializer",
    "NormalInitializer",
    "PointsInitializer",
    "UniformInitializer",
    "random_windows",
]
