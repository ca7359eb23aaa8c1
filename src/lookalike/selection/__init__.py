"""Selection: which data points serve as prototypes; tensors in, indices out."""

from lookalike.selection.base import Selected, Selection, drawn_by_weight
from lookalike.selection.centers import KmeansSelection, MeansSelection, MedoidsSelection
from lookalike.selection.covering import FacilityLocationSelection, FarthestFirstSelection, ProtoSelectSelection
from lookalike.selection.discrepancy import MmdCriticSelection, ProtoDashSelection
from lookalike.selection.diverse import DppSelection, RandomSelection
from lookalike.selection.margin import MarginSelection
from lookalike.selection.medoids import k_medoids, medoid_loss
from lookalike.selection.modes import DensityPeaksSelection, MeanShiftSelection, QuickShiftSelection
from lookalike.selection.nearest import nearest_label, nearest_of_class

__all__ = [
    "DensityPeaksSelection",
    "DppSelection",
    "FacilityLocationSelection",
    "FarthestFirstSelection",
    "KmeansSelection",
    "MarginSelection",
    "MeanShiftSelection",
    "MeansSelection",
    "MedoidsSelection",
    "MmdCriticSelection",
    "ProtoDashSelection",
    "ProtoSelectSelection",
    "QuickShiftSelection",
    "RandomSelection",
    "Selected",
    "Selection",
    "drawn_by_weight",
    "k_medoids",
    "medoid_loss",
    "nearest_label",
    "nearest_of_class",
]
