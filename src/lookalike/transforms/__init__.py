"""Transforms: small deformations under which a prototype may meet an input."""

from lookalike.transforms.base import Transform
from lookalike.transforms.identity import IdentityTransform
from lookalike.transforms.shift import Alignment, ShiftTransform, align, shifted

__all__ = ["Alignment", "IdentityTransform", "ShiftTransform", "Transform", "align", "shifted"]
