"""What users hand over, checked and brought into one form."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d, validate_data
from torch import Tensor

from lookalike.data import PixelScale, Preprocessing
from lookalike.data.classes import class_indices
from lookalike.data.labels import as_labels
from lookalike.data.pictures import PictureForm
from lookalike.data.pixel_scale import BYTES, UNIT
from lookalike.errors import DataError, describe
from lookalike.estimators.arrays import owned, plain_input
from lookalike.estimators.frames import names_of, place_of, require_numbers
from lookalike.estimators.pixel_ranges import require_same_range

_CHANNELS = (1, 3, 4)
_TO_TEXT = "y.astype(str), if each value is a class"


def table_or_pictures(estimator: Any, X: Any, *, reset: bool) -> Tensor:
    """Inputs as one tensor: pictures ``(n, channels, height, width)`` or rows ``(n, columns)``.

    Parameters
    ----------
    estimator : BaseEstimator
        Remembers names and number of columns, when ``reset``, or has them checked.
    X : array-like, DataFrame or Tensor
        Rows ``(n, columns)``; grey pictures ``(n, height, width)``; pictures ``(n, height, width, channels)`` or
        ``(n, channels, height, width)`` with 1, 3 or 4 channels; a list of pictures of one shape: arrays, lists of
        numbers, or PIL's, which are converted as files are. 8-bit integers, or numbers.
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
    if X is None:
        raise DataError(describe("pictures or rows of numbers", "None", "X as an array"))
    X, _ = plain_input(X, None if reset else _form_of(estimator))
    if getattr(X, "ndim", 2) > 2:
        return _pictures(X)
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
        column_or_1d(y.detach().cpu() if isinstance(y, Tensor) else y, warn=True)
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
    require_same_range(inputs, preprocessing)


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


def inputs_and_pixels(
    estimator: Any, X: Any, pixel_range: Any, pixels: PixelScale | None
) -> tuple[Tensor, PixelScale | None]:
    """Inputs to learn from, and what the numbers of pictures mean.

    Parameters
    ----------
    estimator : BaseEstimator
        Remembers names and number of columns.
    X : array-like
        As `table_or_pictures` takes it.
    pixel_range : str or tuple of float
        ``"auto"``, or black and white.
    pixels : PixelScale or None
        What the files say that ``X`` was read from.

    Raises
    ------
    DataError
        As `table_or_pictures`.
    ParameterError
        For a range that is none.
    """
    X, found = plain_input(X)
    known = pixels or found
    if not (isinstance(pixel_range, str) and pixel_range == "auto"):
        known = PixelScale.given(pixel_range, known.depth if known else "")
    return table_or_pictures(estimator, X, reset=True), known


def as_learned(X: Any, inputs: Tensor, pixels: PixelScale | None) -> Any:
    """Inputs to choose by, PIL's pictures among them in the form of those that are learned from.

    Parameters
    ----------
    X : array-like
        As `table_or_pictures` takes it.
    inputs, pixels : Tensor and PixelScale
        From `inputs_and_pixels`.
    """
    form = None
    if inputs.ndim == 4 and pixels is not None:
        divisor = BYTES[1] if inputs.dtype == torch.uint8 else 1.0
        units = pixels.range and (pixels.range[0] / divisor, pixels.range[1] / divisor)
        size = (inputs.shape[2], inputs.shape[3])
        form = PictureForm(size, inputs.shape[1], units, pixels.depth, eight_bit=divisor != 1 and units == UNIT)
    return plain_input(X, form)[0]


def _form_of(estimator: Any) -> PictureForm | None:
    """What pictures become for a model that was fitted on some."""
    preprocessing = getattr(estimator, "preprocessing_", None)
    return PictureForm.of(preprocessing) if preprocessing is not None and preprocessing.is_picture else None


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
        return torch.from_numpy(owned(pictures, np.uint8))
    if pictures.dtype.kind not in "fiub":
        raise DataError(describe("pictures of numbers", f"values of type {pictures.dtype}"))
    # Single precision holds smaller numbers exactly; whether it does for others, a model's preprocessing knows.
    exact = pictures.dtype.kind == "b" or pictures.dtype.itemsize < (4 if pictures.dtype.kind in "iu" else 8)
    return _finite(pictures, np.float32 if exact else np.float64)


def _finite(values: np.ndarray, dtype: DTypeLike, names: Sequence[str] = ()) -> Tensor:
    with np.errstate(over="ignore"):
        tensor = torch.from_numpy(owned(values, dtype))
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
