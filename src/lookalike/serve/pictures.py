"""What strangers send, read as inputs: pictures within limits, and rows of numbers."""

import base64
import binascii
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from lookalike.data import Preprocessing
from lookalike.data.pictures import FAILURES, PictureForm, depth_of, fit_raw, in_form, is_grey, open_picture
from lookalike.errors import DataError, describe

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
MOST_BYTES = 8 * 2**20
MOST_PIXELS = 24_000_000
Row = Sequence[float]


def inputs_from(given: Sequence[str | Row], preprocessing: Preprocessing) -> np.ndarray:
    """Inputs as a classifier takes them.

    Parameters
    ----------
    given : sequence of str or sequence of float
        Pictures as files in base64, with or without ``data:...;base64,`` before them; or rows of numbers.
    preprocessing : Preprocessing
        Of the model that is asked.

    Raises
    ------
    DataError
        For what is no picture or no row of the model's, or is too large.
    """
    if not given:
        raise DataError(describe("at least one input", "none"))
    if not preprocessing.is_picture:
        return np.stack([_row(each, preprocessing.shape[0], place) for place, each in enumerate(given)])
    form, left, fitted = PictureForm.of(preprocessing), MOST_PIXELS, []
    for place, each in enumerate(given):
        picture = opened(_content(each, place), left)
        left -= picture.width * picture.height
        raw = fit_raw(picture, form.size, grey=form.channels == 1 or is_grey(picture))
        fitted.append(in_form(raw, depth_of(picture), form))
    return np.stack(fitted)


def opened(content: bytes, most_pixels: int = MOST_PIXELS) -> Image.Image:
    """A picture, read whole; its size is looked at before its pixels are.

    Parameters
    ----------
    content : bytes
        Of a file.
    most_pixels : int

    Raises
    ------
    DataError
        For what is no picture, of another format, cut short, or too large.
    """
    if len(content) > MOST_BYTES:
        raise DataError(
            describe(f"a picture of at most {MOST_BYTES // 2**20} MiB", f"{len(content)} bytes", "a smaller one")
        )
    try:
        return open_picture(io.BytesIO(content), formats=FORMATS, most_pixels=most_pixels)
    except Image.DecompressionBombError as error:
        raise _too_large("one of many more") from error
    except FAILURES as error:
        if isinstance(error, DataError):
            raise
        kinds = ", ".join(FORMATS)
        raise DataError(describe(f"a picture: {kinds}", "something else, or one cut short", "another file")) from error


def _too_large(got: str) -> DataError:
    return DataError(
        describe(f"pictures of at most {MOST_PIXELS:,} pixels together", got, "smaller ones, or fewer at a time")
    )


def _content(given: str | Row, place: int) -> bytes:
    if not isinstance(given, str):
        raise DataError(describe(f"a picture in base64 as input {place}", "a list of numbers"))
    encoded = given.partition(",")[2] if given.startswith("data:") else given
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DataError(describe(f"base64 as input {place}", "other characters", "base64.b64encode")) from error


def _row(given: str | Row, columns: int, place: int) -> np.ndarray:
    if isinstance(given, str) or len(given) != columns:
        came = "a word" if isinstance(given, str) else f"{len(given)}"
        raise DataError(describe(f"{columns} numbers as input {place}", came))
    values = np.array(given, dtype=np.float64)
    if not np.isfinite(values).all() or np.abs(values).max(initial=0) > np.finfo(np.float32).max:
        raise DataError(describe(f"finite numbers as input {place}", "none, or too large"))
    return values
