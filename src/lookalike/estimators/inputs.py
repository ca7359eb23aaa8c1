"""What users hand over, checked and brought into one form."""

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d, validate_data
from torch import Tensor

from lookalike.data import Preprocessing
from lookalike.data.classes import class_indices
from lookalike.data.labels import as_labels
from lookalike.errors import DataError, describe
from lookalike.estimators.frames import names_of, place_of, require_numbers

_CHANNELS = (1, 3, 4)
_TO_TEXT = "y.astype(str), if each value is a class"
_NAMES = (str, bytes, PathLike)


def table_or_pictures(estimator: Any, X: Any, *, reset: bool) -> Tensor:
    """Inputs as one tensor: pictures ``(n, channels, height, width)`` or rows ``(n, columns)``.

    Parameters
    ----------
    estimator : BaseEstimator
        Remembers names and number of columns, when ``reset``, or has them checked.
    X : array-like, DataFrame or Tensor
        Rows ``(n, columns)``; grey pictures ``(n, height, width)``; pictures ``(n, height, width, channels)`` or
        ``(n, channels, height, width)`` with 1, 3 or 4 channels; a list of pictures of one shape, arrays or lists of
        numbers. 8-bit integers, or numbers.
    reset : bool
        Whether this is training.

    Returns
    -------
    Tensor
        8-bit integers for 8-bit pictures; other pictures and rows as they come, in 32 or 64 bits.

    Raises
    ------
    DataError
        For values that are not finite or no numbers, two columns of one name, a shape that is none of these, pictures
        of different shapes or with uneven lines, or names of files.
    """
    X = _out_of_torch(X)
    if X is None:
        raise DataError(describe("pictures or rows of numbers", "None", "X as an array"))
    if isinstance(X, _NAMES):
        X = [X]
    if isinstance(X, list | tuple) and len(X):
        X = _joined(X)
    if getattr(X, "ndim", 2) > 2:
        return _pictures(np.asarray(X))
    names = names_of(X)
    require_numbers(X, names)
    table = validate_data(estimator, X, reset=reset, dtype=[np.float64, np.float32], ensure_all_finite=False)
    return _finite(table, table.dtype, names)


def labels_and_classes(y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Labels as integers, and the classes they count.

    Parameters
    ----------
    y : array-like
        Shape ``(n,)`` or ``(n, 1)``: text, integers or truth values.

    Returns
    -------
    tuple of ndarray
        Integer labels ``(n,)`` and the sorted classes ``(k,)``.

    Raises
    ------
    DataError
        For fewer than two classes, a label that is missing, and labels that are measurements and not classes.
    """
    given = as_labels(y)
    if getattr(y, "ndim", 1) == 2:
        column_or_1d(_out_of_torch(y), warn=True)
    try:
        check_classification_targets(given)
    except ValueError as error:
        raise DataError(
            describe("labels of classes: text, integers or truth values", f"y with measurements. {error}", _TO_TEXT)
        ) from error
    classes, labels = np.unique(given, return_inverse=True)
    if len(classes) < 2:
        only = np.asarray(classes).tolist()[0]
        raise DataError(describe("at least two classes", f"one class, {only!r}", "examples of a second class"))
    return labels, classes


def require_same_shape(inputs: Tensor, preprocessing: Preprocessing) -> None:
    """Refuse inputs whose shape the model was not made for.

    Raises
    ------
    DataError
    """
    if tuple(inputs.shape[1:]) != preprocessing.shape:
        raise DataError(
            describe(
                f"inputs of shape {_shown(preprocessing.shape)}, as in training",
                f"{_shown(tuple(inputs.shape[1:]))}",
                _advice(inputs, preprocessing),
            )
        )
    if preprocessing.divisor == 1 and inputs.dtype == torch.uint8 and max(preprocessing.high) <= 1:
        raise DataError(
            describe(
                f"floats up to {max(preprocessing.high):g}, as in training",
                "8-bit integers from 0 to 255",
                "X / 255, if that is how the training pictures were made",
            )
        )
    if preprocessing.divisor != 1 and inputs.dtype != torch.uint8 and len(inputs) and float(inputs.max()) > 2:
        raise DataError(
            describe(
                "pictures as 8-bit integers from 0 to 255, as in training, or floats from 0 to 1",
                f"numbers up to {float(inputs.max()):g} that are no 8-bit integers",
                "np.asarray(X, dtype='uint8'), or X / 255",
            )
        )


def _advice(inputs: Tensor, preprocessing: Preprocessing) -> str:
    """What to do about inputs of another shape."""
    shape, n = preprocessing.shape, inputs[0].numel()
    if not preprocessing.is_picture:
        return "X.reshape(len(X), -1)" if inputs.ndim > 2 and n == shape[0] else "the columns of training"
    channels, height, width = shape
    if inputs.ndim == 2 and channels == 1 and tuple(inputs.shape) == (height, width):
        return "X[None] for one picture"
    if inputs.ndim == 2 and n == channels * height * width:
        last, first = f"X.reshape(-1, {height}, {width}, {channels})", f"X.reshape(-1, {channels}, {height}, {width})"
        return f"X.reshape(-1, {height}, {width})" if channels == 1 else f"{last} or {first}, as rows were made"
    if inputs.ndim == 2:
        return f"pictures of shape {(height, width) if channels == 1 else (height, width, channels)}"
    return "resize pictures, or convert between grey and colour, before predicting"


def _shown(shape: tuple[int, ...]) -> str:
    if len(shape) != 3:
        return f"{shape} (columns)"
    return f"{shape} (channels, height, width)"


def _out_of_torch(values: Any) -> Any:
    return values.detach().cpu().numpy() if isinstance(values, Tensor) else values


def _joined(given: Sequence[Any]) -> Any:
    """A list of pictures as one array, those written out in numbers too; rows as they are."""
    first = given[0]
    if isinstance(first, _NAMES):
        raise DataError(
            describe("pictures or rows of numbers", f"names, {first!r} the first", "load_dataset('FOLDER').train")
        )
    try:
        is_row = np.ndim(_out_of_torch(first)) < 2
    except ValueError:  # of uneven lines, which only a picture can have
        is_row = False
    return given if is_row else _stacked(given)


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


def _pictures(pictures: np.ndarray) -> Tensor:
    if pictures.ndim == 3:
        pictures = pictures[:, None]
    elif pictures.ndim == 4 and pictures.shape[1] not in _CHANNELS and pictures.shape[3] in _CHANNELS:
        pictures = pictures.transpose(0, 3, 1, 2)
    if pictures.ndim != 4 or pictures.shape[1] not in _CHANNELS or not len(pictures):
        raise DataError(
            describe(
                "at least one picture, (n, height, width) or with an axis of 1, 3 or 4 channels second or last",
                f"an array of shape {pictures.shape}",
                "X of shape (n, height, width) or (n, height, width, 3)",
            )
        )
    if pictures.dtype == np.uint8:
        return torch.from_numpy(np.require(pictures, requirements=["C", "W"]))
    if pictures.dtype.kind not in "fiub":
        raise DataError(describe("pictures of numbers", f"values of type {pictures.dtype}"))
    # Single precision holds smaller numbers exactly; whether it does for others, a model's preprocessing knows.
    exact = pictures.dtype.kind == "b" or pictures.dtype.itemsize < (4 if pictures.dtype.kind in "iu" else 8)
    return _finite(pictures, np.float32 if exact else np.float64)


def _finite(values: np.ndarray, dtype: DTypeLike, names: Sequence[str] = ()) -> Tensor:
    with np.errstate(over="ignore"):
        tensor = torch.from_numpy(np.require(values, dtype=dtype, requirements=["C", "W"]))
    if not bool(torch.isfinite(tensor).all()):
        bad = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(1))
        came = "NaN" if np.isnan(values).any() else "inf (infinity, or beyond the range of floats)"
        where = f"{len(bad)} of {len(values)} inputs, first at index {bad[0]}" if len(bad) else "X"
        where = place_of(~np.isfinite(values), names) if names and len(bad) else where
        raise DataError(describe("finite values", f"{came} in {where}", "drop or fill them, with SimpleImputer say"))
    return tensor


def known_labels(y: Any, classes: np.ndarray, kind: str = "validation labels") -> np.ndarray:
    """Labels of classes that are known, as integers that count these.

    Parameters
    ----------
    y : array-like
    classes : ndarray
        Sorted, shape ``(k,)``.
    kind : str
        What the labels are, for the message.

    Raises
    ------
    DataError
        For a label that is not among them.
    """
    return class_indices(y, classes, kind)
