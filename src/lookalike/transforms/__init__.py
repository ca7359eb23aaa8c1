"""Transforms: small deformations under which a prototype may meet an input."""

from lookalike.transforms.averaging import aligned_means
from lookalike.transforms.base import Transform
from lookalike.transforms.decomposition import Decomposition, decompose
from lookalike.transforms.identity import IdentityTransform
from lookalike.transforms.poses import PoseTransform
from lookalike.transforms.predicted import PARAMETERS, AlignmentPredictor, warped
from lookalike.transforms.shift import (
    Alignment,
    ShiftTransform,
    align,
    directions,
    pictures_at_a_time,
    shifted,
    shifts_in_turn,
    sums_over_shifts,
    view_at,
)
from lookalike.transforms.tones import ColorTransform, ToneTransform
from lookalike.transforms.warps import AffineTransform, ElasticTransform, RotationScaleTransform

__all__ = [
    "PARAMETERS",
    "AffineTransform",
    "Alignment",
    "AlignmentPredictor",
    "ColorTransform",
    "Decomposition",
    "ElasticTransform",
    "IdentityTransform",
    "PoseTransform",
    "RotationScaleTransform",
    "ShiftTransform",
    "ToneTransform",
    "Transform",
    "align",
    "aligned_means",
    "decompose",
    "directions",
    "pictures_at_a_time",
    "shifted",
    "shifts_in_turn",
    "sums_over_shifts",
    "view_at",
    "warped",
]
