"""A picture, from its file to the numbers that a model takes: the one way for training, prediction and the page."""

import struct
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageOps

from lookalike.data.pixel_scale import BYTES, SIXTEEN_BITS, SURELY_SIXTEEN_BITS, UNIT, PixelScale
from lookalike.data.preprocessing import Preprocessing
from lookalike.errors import DataError, describe

MOST_PIXELS = 100_000_000
# Nothing that runs a program (EPS), draws by what the system offers (WMF), or takes any bytes for a picture.
FORMATS = ("AVIF", "BMP", "DIB", "GIF", "ICO", "JPEG", "JPEG2000", "PCX", "PNG", "PPM", "QOI", "SGI", "TIFF", "WEBP")
_TGA_ENDINGS = (".tga", ".icb", ".vda", ".vst")
# What Pillow raises for damaged files.
FAILURES = (
    *(OSError, ValueError, SyntaxError, TypeError, AttributeError, LookupError, ArithmeticError, EOFError, MemoryError),
    *(RuntimeError, NotImplementedError, struct.error, zlib.error, Image.DecompressionBombError),
)
_GREY_MODES = ("1", "L", "LA", "La", "F", "I")
_ONE_BYTE_MODES = ("1", "L", "P", "RGB")
# A colour file of 16 bits whose upper bytes go no further may hold 14 bits or fewer.
_UNCLEAR_UPPER_BYTE = SURELY_SIXTEEN_BITS >> 8


@dataclass(frozen=True)
class PictureForm:
    """What a picture becomes.

    Attributes
    ----------
    size : tuple of int
        Height and width.
    channels : int
        1, 3, or 4, whose last is opaque.
    range : tuple of float or None
        Which numbers are black and white; ``None`` where that is unclear.
    depth : str
        Of files whose numbers are taken as they are: ``"integer"``, ``"float"``; else ``"8-bit"`` or empty.
    eight_bit : bool
        Whether the result is 8-bit integers.

    Examples
    --------
    >>> PictureForm((28, 28), 1).eight_bit
    True
    """

    size: tuple[int, int]
    channels: int
    range: tuple[float, float] | None = UNIT
    depth: str = "8-bit"
    eight_bit: bool = True

    @classmethod
    def of(cls, preprocessing: Preprocessing) -> "PictureForm":
        """What a model takes.

        Parameters
        ----------
        preprocessing : Preprocessing
            Of a model of pictures.
        """
        channels, height, width = preprocessing.shape
        pixel_range = preprocessing.pixel_range
        eight_bit = preprocessing.divisor != 1 and pixel_range == UNIT
        return cls((height, width), channels, pixel_range, preprocessing.depth, eight_bit)

    @property
    def pixels(self) -> PixelScale:
        """What the numbers of pictures in this form mean."""
        return PixelScale(BYTES if self.eight_bit else self.range, self.depth)


def open_picture(
    source: Path | IO[bytes], *, formats: Sequence[str] = FORMATS, most_pixels: int = MOST_PIXELS
) -> Image.Image:
    """A picture, decoded and turned as its file says; its size is looked at before its pixels are.

    Parameters
    ----------
    source : Path or file
    formats : sequence of str
        What to accept, by Pillow's names.
    most_pixels : int
        Of 8 bits; half as many of more bits, or with transparency, which take more memory.

    Raises
    ------
    DataError
        For a picture that is too large, or whose numbers are unclear.
    OSError
        And whatever else Pillow raises for damaged files, see `FAILURES`.
    """
    if isinstance(source, Path) and source.suffix.lower() in _TGA_ENDINGS:
        formats = (*formats, "TGA")
    with warnings.catch_warnings():
        # Of what may be a bomb (the limit here is its own), and of files with nonsense about themselves.
        warnings.simplefilter("ignore")
        with Image.open(source, formats=_at_hand(formats)) as picture:
            most = most_pixels if picture.mode in _ONE_BYTE_MODES else most_pixels // 2
            if picture.width * picture.height > most:
                raise DataError(
                    describe(
                        f"a picture of at most {most:,} pixels", f"{picture.width} x {picture.height}", "a smaller one"
                    )
                )
            deep = picture.mode[0] in "RL" and any(";16" in str(tile[3]) for tile in picture.tile)
            picture.load()
            if deep:
                _require_clear(picture)
            return _upright(picture)


def is_picture(file: Path) -> bool:
    """Whether a file of any name begins as a picture does."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(file, formats=_at_hand(FORMATS)):
                return True
    except FAILURES:
        return False


def depth_of(picture: Image.Image) -> str:
    """``"8-bit"``, ``"integer"`` for whole numbers of more bits, or ``"float"``."""
    if picture.mode == "F":
        return "float"
    return "integer" if picture.mode == "I" or picture.mode.startswith("I;") else "8-bit"


def is_grey(picture: Image.Image) -> bool:
    """Whether a picture is stored without colour."""
    return picture.mode in _GREY_MODES or picture.mode.startswith("I;")


def fit_raw(picture: Image.Image, size: tuple[int, int], grey: bool) -> np.ndarray:
    """A picture cut to the wanted proportions around its middle and resized, in the numbers of its file.

    Parameters
    ----------
    picture : PIL.Image.Image
        What is transparent becomes white.
    size : tuple of int
        Height and width.
    grey : bool
        Without colour; otherwise pictures of more than 8 bits, which have none, still come as one channel.

    Returns
    -------
    ndarray
        ``(height, width)`` or ``(height, width, 3)``: 8-bit or 32-bit integers, or floats.

    Raises
    ------
    DataError
        For numbers that are not finite.
    """
    wanted = (size[1], size[0])
    depth = depth_of(picture)
    if depth == "8-bit":
        opaque = _opaque(picture)
        if grey and opaque.mode == "LAB":  # which has no way to grey of its own
            opaque = opaque.convert("RGB")
        converted = opaque.convert("L" if grey else "RGB")
        if converted.size != wanted:
            converted = ImageOps.fit(converted, wanted, Image.Resampling.BICUBIC)
        return np.asarray(converted)
    values = np.asarray(picture)
    if not np.isfinite(values).all():
        raise DataError(describe("finite numbers in a picture", "NaN or infinity", "fill them"))
    if picture.size != wanted:
        low, high = values.min(), values.max()
        fitted = ImageOps.fit(Image.fromarray(values.astype(np.float32)), wanted, Image.Resampling.BICUBIC)
        values = np.asarray(fitted).clip(low, high)
        values = np.rint(values) if depth == "integer" else values
    return values.astype(np.int32 if depth == "integer" else np.float32)


def in_form(raw: np.ndarray, depth: str, form: PictureForm) -> np.ndarray:
    """Numbers of a file as a model takes them, by the model's scale, whatever the picture's own brightness.

    Parameters
    ----------
    raw : ndarray
        From `fit_raw`, of the form's size.
    depth : str
        Of the file.
    form : PictureForm

    Returns
    -------
    ndarray
        ``(height, width)`` or ``(height, width, channels)``; 8-bit integers, or numbers in the model's data units.

    Raises
    ------
    DataError
        If it is unclear what the numbers are in the model's scale.
    """
    if depth == form.depth and depth in ("integer", "float"):
        return _with_channels(raw, form, opaque=float(raw.max(initial=0)))
    if form.range is None:
        raise DataError(_unclear_model(depth))
    black, white = form.range
    if depth == "8-bit" and form.eight_bit:
        return _with_channels(raw, form, opaque=255)
    shares = _shares(raw, depth, form)
    if form.eight_bit:
        return _with_channels(np.rint(shares * 255).astype(np.uint8), form, opaque=255)
    numbers = (black + shares * (white - black)).astype(np.float32)
    if form.depth == "integer":
        numbers = np.rint(numbers).astype(np.int32)
    return _with_channels(numbers, form, opaque=white)


def _shares(raw: np.ndarray, depth: str, form: PictureForm) -> np.ndarray:
    """Numbers of a file as shares of white."""
    black, white = form.range or UNIT
    if depth == "8-bit":
        return raw / BYTES[1]
    low, high = float(raw.min(initial=0)), float(raw.max(initial=0))
    if depth == "integer" and white <= BYTES[1]:
        if low < 0 or not SURELY_SIXTEEN_BITS < high <= SIXTEEN_BITS[1]:
            expected = f"a picture of 8 bits, or of 16 with numbers above {SURELY_SIXTEEN_BITS}"
            came = f"one of more than 8 bits with numbers from {low:g} to {high:g}: what is white is unclear"
            raise DataError(describe(expected, came, "save it with 8 bits"))
        return raw / SIXTEEN_BITS[1]
    if low < black or high > white or (depth == "float" and 0 < high <= 1 < white):
        expected = f"numbers from {black:g} to {white:g}, as the model learned"
        raise DataError(describe(expected, f"a picture with {low:g} to {high:g}", "bring it to that range"))
    return (raw.astype(np.float64) - black) / (white - black)


def _unclear_model(depth: str) -> str:
    kind = {"8-bit": "8 bits", "integer": "more than 8 bits", "float": "floats"}[depth]
    return describe(
        "a model that knows which of its numbers are black and white, to ask it about a picture file",
        f"a file of {kind}, and a model of numbers whose range is unclear",
        "an .npz of arrays as in training, or train with pixel_range=(BLACK, WHITE)",
    )


def _with_channels(numbers: np.ndarray, form: PictureForm, opaque: float) -> np.ndarray:
    if form.channels == 1:
        return numbers
    colour = numbers if numbers.ndim == 3 else np.repeat(numbers[..., None], 3, axis=2)
    if form.channels == 3:
        return colour
    return np.dstack([colour, np.full(colour.shape[:2], opaque, colour.dtype)])


def _at_hand(formats: Sequence[str]) -> list[str]:
    """Those that this version of Pillow was built with."""
    Image.init()
    return [name for name in formats if name in Image.OPEN]


def _opaque(picture: Image.Image) -> Image.Image:
    """On white where it is transparent, by a channel, a palette or a colour that stands for it."""
    if not picture.has_transparency_data:
        return picture
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture.convert("RGBA"))


def _require_clear(picture: Image.Image) -> None:
    """Pillow keeps the upper byte of 16 bits of colour; that is enough where the numbers go up to white."""
    extrema = picture.getextrema()[:3]
    highest = max(int(each[1]) for each in extrema if isinstance(each, tuple))
    if 0 < highest <= _UNCLEAR_UPPER_BYTE:
        came = f"16 bits for each colour with numbers below {256 * (highest + 1)}: what is white is unclear"
        raise DataError(describe("colours of 8 bits, or of all 16", came, "save it with 8 bits"))


def _upright(picture: Image.Image) -> Image.Image:
    """Turned as its file says, where what the file says of itself can be read."""
    try:
        return ImageOps.exif_transpose(picture)
    except FAILURES:
        return picture.copy()
