"""Transforms: small deformations under which a prototype may meet an input."""

from lookalike.transforms.base import Transform
from lookalike.transforms.decomposition import Decomposition, decompose
from lookalike.transforms.identity import IdentityTransform
from lookalike.transforms.shift import Alignment, ShiftTransform, align, shifted, sums_over_shifts, view_at

__all__ = [
    "Alignment",
    "Decomposition",
    "IdentityTransform",
    "ShiftTransform",
    "Transform",
    "align",
    "decompose",
    "shifted",
    "sums_over_shifts",
    "view_at",
]
