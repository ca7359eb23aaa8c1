"""Prototypes: learnable or chosen pictures, rows or activations that stand for classes."""

from lookalike.prototypes.base import Prototypes, prototype_labels
from lookalike.prototypes.chosen import ChosenPrototypes
from lookalike.prototypes.exemplar import ExemplarPrototypes
from lookalike.prototypes.fourier import FourierPrototypes
from lookalike.prototypes.generated import GeneratedPrototypes
from lookalike.prototypes.hull import HullPrototypes
from lookalike.prototypes.latent import LatentPrototypes
from lookalike.prototypes.pixel import PixelPrototypes

__all__ = [
    "ChosenPrototypes",
    "ExemplarPrototypes",
    "FourierPrototypes",
    "GeneratedPrototypes",
    "HullPrototypes",
    "LatentPrototypes",
    "PixelPrototypes",
    "Prototypes",
    "prototype_labels",
]
