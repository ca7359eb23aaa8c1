"""Transforms: small deformations under which a prototype may meet an input; one so far, none at all."""

from lookalike.transforms.base import Transform
from lookalike.transforms.identity import IdentityTransform

__all__ = ["IdentityTransform", "Transform"]
