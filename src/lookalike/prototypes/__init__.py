"""Prototypes: learnable or chosen pictures, rows or activations that stand for classes."""

from lookalike.prototypes.base import Prototypes, prototype_labels
from lookalike.prototypes.exemplar import ExemplarPrototypes
from lookalike.prototypes.latent import LatentPrototypes
from lookalike.prototypes.pixel import PixelPrototypes

__all__ = ["ExemplarPrototypes", "LatentPrototypes", "PixelPrototypes", "Prototypes", "prototype_labels"]
