"""Data sets, folders and arrays: found, read, standardised and handed out in batches."""

from lookalike.data.augmentations import Augmentation, NoAugmentation, ShiftAugmentation
from lookalike.data.datasets import Dataset, Part, require_consistent
from lookalike.data.examples import Examples
from lookalike.data.foreign import foreign_inputs
from lookalike.data.pixel_scale import PixelScale
from lookalike.data.preprocessing import Preprocessing
from lookalike.data.resolver import load_dataset
from lookalike.data.splits import content_split, stratified_split

__all__ = [
    "Augmentation",
    "Dataset",
    "Examples",
    "NoAugmentation",
    "Part",
    "PixelScale",
    "Preprocessing",
    "ShiftAugmentation",
    "content_split",
    "foreign_inputs",
    "load_dataset",
    "require_consistent",
    "stratified_split",
]
