"""What a run's prototypes look like, small enough to be kept beside its numbers and drawn at its dot."""

import base64
import io

import numpy as np
import torch
from PIL import Image

from lookalike.estimators import PrototypeClassifier
from lookalike.report import image_address

_PER_SIDE = 2
_SIDE = 32
_GAP = 1
_WHITE = 255


def thumbnail_of(classifier: PrototypeClassifier) -> str | None:
    """Four prototypes of as many classes, evenly spread, as one picture in the PNG format; nothing for tables.

    Parameters
    ----------
    classifier : PrototypeClassifier
        Fitted.

    Returns
    -------
    str or None
        A ``data:`` address; each prototype has at most 32 pixels a side. ``None`` where prototypes are no pictures.
    """
    prototypes = classifier.network_.prototypes
    if prototypes.space != "input" or len(prototypes.shape) != 3:
        return None
    labels = classifier.prototype_labels_
    classes = np.unique(labels)
    chosen = classes[np.linspace(0, len(classes) - 1, min(len(classes), _PER_SIDE**2)).round().astype(int)]
    rows = [int(np.flatnonzero(labels == each)[0]) for each in chosen]
    pictures = torch.from_numpy(classifier.prototypes_[rows])
    shown = [_shrunk(each) for each in classifier.preprocessing_.to_eight_bit(pictures)]
    height, width = shown[0].shape[:2]
    sheet = np.full(
        (_PER_SIDE * (height + _GAP) - _GAP, _PER_SIDE * (width + _GAP) - _GAP, *shown[0].shape[2:]), _WHITE, np.uint8
    )
    for place, picture in enumerate(shown):
        top, left = (place // _PER_SIDE) * (height + _GAP), (place % _PER_SIDE) * (width + _GAP)
        sheet[top : top + height, left : left + width] = picture
    return image_address(sheet)


def picture_at(address: str) -> np.ndarray:
    """The picture of a ``data:`` address in the PNG format, 8-bit integers, ``(height, width, 3)``.

    Parameters
    ----------
    address : str

    Raises
    ------
    ValueError
        If it is none.
    OSError
        If what it holds is no picture.
    """
    head, _, held = address.partition(",")
    if head != "data:image/png;base64":
        raise ValueError(f"expected the data: address of a PNG picture, got {head[:40]!r}")
    with Image.open(io.BytesIO(base64.b64decode(held, validate=True)), formats=["PNG"]) as picture:
        return np.asarray(picture.convert("RGB"))


def _shrunk(picture: np.ndarray) -> np.ndarray:
    if max(picture.shape[:2]) <= _SIDE:
        return picture
    image = Image.fromarray(picture)
    image.thumbnail((_SIDE, _SIDE))
    return np.asarray(image)
