"""What the numbers of pictures mean: which of them are black and white, and what files they came from."""

from dataclasses import dataclass

import numpy as np

from lookalike.errors import ParameterError, describe

BYTES = (0.0, 255.0)
UNIT = (0.0, 1.0)
SIXTEEN_BITS = (0.0, 65535.0)
# Whole numbers up to this may as well be levels of another scale: masks of 0 and 1, scikit-learn's digits of 0 to 16.
_UNCLEAR = 16
# Of 16 bits, and not of 10, 12 or 14 in a file for 16.
SURELY_SIXTEEN_BITS = 16383


@dataclass(frozen=True)
class PixelScale:
    """What the numbers of pictures mean.

    Attributes
    ----------
    range : tuple of float or None
        Which numbers are black and white; ``None`` where that is unclear, so that no picture file can be brought to
        the same scale.
    depth : str
        Of the files that the pictures were read from: ``"8-bit"``, ``"integer"`` (more than 8 bits), ``"float"``; empty
        for arrays.

    Examples
    --------
    >>> import numpy as np
    >>> PixelScale.of(np.array([[[0, 200]]])).range
    (0.0, 255.0)
    >>> PixelScale.of(np.array([[[0.0, 0.4]]])).range
    (0.0, 1.0)
    >>> PixelScale.of(np.array([[[0, 4000]]])).range is None
    True
    """

    range: tuple[float, float] | None
    depth: str = ""

    @classmethod
    def of(cls, arrays: np.ndarray, depth: str = "") -> "PixelScale":
        """The scale of pictures, as far as their numbers tell it.

        Whole numbers up to 255 are bytes, and floats from 0 to 1 are shares of white. Whole numbers up to 16, and
        numbers of any other range, are unclear.

        Parameters
        ----------
        arrays : ndarray
            Pictures, any shape.
        depth : str
            As of the attribute.
        """
        if arrays.dtype.kind == "b":
            return cls(UNIT, depth)
        low, high = (float(arrays.min()), float(arrays.max())) if arrays.size else (0.0, 0.0)
        if low < 0 or not np.isfinite(high):
            return cls(None, depth)
        if arrays.dtype.kind == "f" and high <= 1:
            return cls(UNIT, depth)
        if high <= _UNCLEAR or not (arrays.dtype.kind in "iu" or bool((np.rint(arrays) == arrays).all())):
            return cls(None, depth)
        if high <= BYTES[1]:
            return cls(BYTES, depth)
        return cls(SIXTEEN_BITS if SURELY_SIXTEEN_BITS < high <= SIXTEEN_BITS[1] else None, depth)

    @classmethod
    def given(cls, value: object, depth: str = "") -> "PixelScale":
        """The scale that a user names.

        Parameters
        ----------
        value : object
            Black and white, two numbers, the smaller first.
        depth : str
            As of the attribute.

        Raises
        ------
        ParameterError
            If it is something else.
        """
        numbers = list(value) if isinstance(value, list | tuple) else []
        sound = len(numbers) == 2 and all(
            isinstance(number, int | float | np.number) and not isinstance(number, bool) and np.isfinite(number)
            for number in numbers
        )
        if not sound or not numbers[0] < numbers[1]:
            expected = "pixel_range as black and white, two numbers, the smaller first"
            raise ParameterError(describe(expected, repr(value), "pixel_range=(0, 4095) for 12 bits"))
        return cls((float(numbers[0]), float(numbers[1])), depth)
