"""The one door for whatever holds pictures in memory: arrays of any layout, tensors, lists, and PIL's pictures."""

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from lookalike.data import PixelScale
from lookalike.data.picture_sets import stacked
from lookalike.data.pictures import PictureForm
from lookalike.errors import DataError, describe

NAMES = (str, bytes, PathLike)


def plain_input(X: Any, form: PictureForm | None = None) -> tuple[Any, PixelScale | None]:
    """Inputs as numpy and scikit-learn take them, and what the numbers of pictures mean.

    Parameters
    ----------
    X : array-like, DataFrame, Tensor, PIL picture or list of these
    form : PictureForm, optional
        Of a model: PIL's pictures are brought to its colours and scale, as files are.

    Returns
    -------
    tuple
        An array where inputs are pictures, ``X`` or a list of rows otherwise; and the scale, ``None`` for rows.

    Raises
    ------
    DataError
        For pictures of different shapes or with uneven lines, names of files, or masked values.

    Examples
    --------
    >>> array, pixels = plain_input([Image.new("L", (3, 2), 200)])
    >>> array.shape, pixels.depth
    ((1, 2, 3), '8-bit')
    """
    if isinstance(X, Tensor):
        X = X.detach().cpu().numpy()
    if isinstance(X, (*NAMES, Image.Image)):
        X = [X]
    if isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X):
        raise DataError(describe("values everywhere", "a masked array", "X.filled(...)"))
    if isinstance(X, np.ndarray) and X.dtype.kind == "O":
        X = _without_objects(X)
    pixels = None
    if isinstance(X, list | tuple) and len(X):
        X, pixels = _joined(X, form)
    if getattr(X, "ndim", 2) <= 2:
        return X, None
    array = np.asarray(X)
    if pixels is None and array.dtype.kind in "fiub":
        pixels = PixelScale.of(array)
    return array, pixels


def owned(values: np.ndarray, dtype: Any) -> np.ndarray:
    """A writable array in C order and this machine's byte order, which torch can share; copied where it is not yet."""
    found = np.require(values, dtype=np.dtype(dtype).newbyteorder("="), requirements=["C", "W"])
    # An axis of length 1 may still run backwards.
    return found.copy() if any(step < 0 for step in found.strides) else found


def _without_objects(X: np.ndarray) -> Any:
    """An array of pictures as a list of them, and numbers kept as objects as numbers."""
    if X.ndim == 1:
        return list(X) if any(np.ndim(each) or isinstance(each, Image.Image) for each in X) else X
    if X.ndim == 2:
        return X
    try:
        return np.array(X.tolist())
    except ValueError:
        return X


def _joined(given: Sequence[Any], form: PictureForm | None) -> tuple[Any, PixelScale | None]:
    """A list of pictures as one array, those written out in numbers too; rows as they are."""
    first = given[0]
    if isinstance(first, NAMES):
        raise DataError(
            describe("pictures or rows of numbers", f"names, {first!r} the first", "load_dataset('FOLDER').train")
        )
    of_pillow = [isinstance(each, Image.Image) for each in given]
    if all(of_pillow):
        return stacked(given, form)
    if any(of_pillow):
        odd = of_pillow.index(not of_pillow[0])
        raise DataError(describe("either PIL pictures or arrays", f"the other at index {odd}", "one kind for all"))
    try:
        is_row = np.ndim(_out_of_torch(first)) < 2
    except ValueError:  # of uneven lines, which only a picture can have
        is_row = False
    return (given if is_row else _stacked(given)), None


def _out_of_torch(values: Any) -> Any:
    return values.detach().cpu().numpy() if isinstance(values, Tensor) else values


def _stacked(pictures: Sequence[Any]) -> np.ndarray:
    arrays = [_array(picture, index) for index, picture in enumerate(pictures)]
    shapes = list(dict.fromkeys(array.shape for array in arrays))
    if len(shapes) > 1:
        odd = next(index for index, array in enumerate(arrays) if array.shape != shapes[0])
        raise DataError(
            describe(
                f"pictures of one shape, {shapes[0]} as the first",
                f"{shapes[1]} at index {odd}",
                "resize them to one shape",
            )
        )
    return np.stack(arrays)


def _array(picture: Any, index: int) -> np.ndarray:
    try:
        return np.asarray(_out_of_torch(picture))
    except ValueError as error:
        found = f"others in the picture at index {index}"
        raise DataError(describe("lines of one length", found, "as many numbers in every line")) from error
