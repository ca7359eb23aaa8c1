"""Whether pictures that a model is asked about have the range of those that it learned from."""

import torch
from torch import Tensor

from lookalike.data import Preprocessing
from lookalike.data.pixel_scale import BYTES, UNIT
from lookalike.errors import DataError, describe

# Shares of white go a little beyond 1 where they are noisy.
_MOST_OF_SHARES = 2
# Whole numbers that reach so far, and so many times as far as those of training, are bytes; dark ones are not told.
_SURELY_BYTES, _APART = 100, 8


def require_same_range(inputs: Tensor, preprocessing: Preprocessing) -> None:
    """Refuse bytes where shares of white, normalized numbers or 12 bits were learned from, and shares where bytes were.

    Parameters
    ----------
    inputs : Tensor
        Of the model's shape.
    preprocessing : Preprocessing

    Raises
    ------
    DataError

    Examples
    --------
    >>> pictures = torch.rand(2, 1, 3, 3)
    >>> require_same_range(pictures, Preprocessing.of(pictures))
    """
    if not len(inputs):
        return
    if preprocessing.divisor != 1:
        _require_bytes(inputs)
    elif preprocessing.pixel_range == UNIT or (inputs.dtype == torch.uint8 and max(preprocessing.high) <= 1):
        _require_shares(inputs, preprocessing)
    elif preprocessing.is_picture:
        _require_levels(inputs, preprocessing)


def _require_bytes(inputs: Tensor) -> None:
    if inputs.dtype != torch.uint8 and float(inputs.max()) > _MOST_OF_SHARES:
        raise DataError(
            describe(
                "pictures as 8-bit integers from 0 to 255, as in training, or floats from 0 to 1",
                f"numbers up to {float(inputs.max()):g} that are no 8-bit integers",
                "np.asarray(X, dtype='uint8'), or X / 255",
            )
        )


def _require_shares(inputs: Tensor, preprocessing: Preprocessing) -> None:
    high = max(preprocessing.high)
    if inputs.dtype == torch.uint8:
        came = "8-bit integers from 0 to 255"
    elif high <= 1 and float(inputs.max()) > _MOST_OF_SHARES:
        came = f"numbers up to {float(inputs.max()):g}"
    else:
        return
    advice = "X / 255, if that is how the training pictures were made"
    raise DataError(describe(f"floats up to {high:g}, as in training", came, advice))


def _require_levels(inputs: Tensor, preprocessing: Preprocessing) -> None:
    low, high = min(preprocessing.low), max(preprocessing.high)
    if preprocessing.pixel_range is None and _are_bytes(inputs, max(abs(low), abs(high))):
        came = f"whole numbers up to {float(inputs.max()):g}, which look like 8-bit pictures"
        raise DataError(
            describe(
                f"numbers from {low:g} to {high:g}, as in training", came, "what was done to the training pictures"
            )
        )
    if inputs.dtype == torch.uint8:
        if high > BYTES[1]:
            advice = "X.astype('uint16'), if these are the same numbers"
            raise DataError(describe(f"numbers up to {high:g}, as in training", "8-bit integers", advice))
        return
    white = preprocessing.pixel_range[1] if preprocessing.pixel_range else high * (preprocessing.depth == "integer")
    shares = white >= BYTES[1] and float(inputs.min()) >= 0 and 0 < float(inputs.max()) <= 1
    if shares and bool((inputs != inputs.round()).any()):
        came = f"floats up to {float(inputs.max()):g}, which look like shares of white"
        raise DataError(describe(f"numbers up to {high:g}, as in training", came, f"X * {white:g}"))


def _are_bytes(inputs: Tensor, largest: float) -> bool:
    """Whether pictures are bytes, while a model learned from numbers of quite another size."""
    most = float(inputs.max())
    if not max(_SURELY_BYTES, _APART * largest) < most <= BYTES[1] or float(inputs.min()) < 0:
        return False
    return inputs.dtype == torch.uint8 or bool((inputs == inputs.round()).all())
