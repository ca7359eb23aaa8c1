"""Selection: which data points serve as prototypes; tensors in, indices out."""

from lookalike.selection.nearest import nearest_of_class

__all__ = ["nearest_of_class"]
