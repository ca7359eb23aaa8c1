"""Selection: which data points serve as prototypes; tensors in, indices out."""

from lookalike.selection.medoids import k_medoids, medoid_loss
from lookalike.selection.nearest import nearest_of_class

__all__ = ["k_medoids", "medoid_loss", "nearest_of_class"]
