"""Many picture files, brought into the one form that all of them can have."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from lookalike.data.datasets import Progress
from lookalike.data.pictures import FAILURES, PictureForm, depth_of, fit_raw, in_form, is_grey, open_picture
from lookalike.data.pixel_scale import BYTES, SIXTEEN_BITS, SURELY_SIXTEEN_BITS, PixelScale
from lookalike.errors import DataError, LookalikeError, describe

LARGEST_SIDE = 64
# Pictures of more pixels are not kept until the size of all is known, but at the size that photographs come to.
_LARGE = 65_536


@dataclass(frozen=True)
class PictureSet:
    """Pictures of one form.

    Attributes
    ----------
    arrays : dict of int to ndarray
        By the places of the files.
    failed : list of tuple
        ``(file, reason)`` of those that cannot be read.
    sizes : Counter
        Heights and widths before, and how many have them.
    greys : int
        How many are stored without colour.
    form : PictureForm
    pixels : PixelScale
        What the numbers mean.
    """

    arrays: dict[int, np.ndarray]
    failed: list[tuple[Path, str]]
    sizes: Counter[tuple[int, int]]
    greys: int
    form: PictureForm
    pixels: PixelScale


@dataclass(frozen=True)
class _Held:
    """A picture that was opened: still whole, or already fitted to some size."""

    size: tuple[int, int]
    grey: bool
    depth: str
    picture: Image.Image | None = None
    raw: np.ndarray | None = None

    def fitted(self, file: Path, size: tuple[int, int], grey: bool) -> np.ndarray:
        """Its numbers at a size; opened again where it was fitted to another."""
        if self.raw is not None and self.raw.shape[:2] == size and (not grey or self.raw.ndim == 2):
            return self.raw
        return fit_raw(self.picture or open_picture(file), size, grey or self.grey)


def read_set(
    files: Sequence[Path],
    *,
    image_size: int | None = None,
    form: PictureForm | None = None,
    progress: Progress | None = None,
) -> PictureSet:
    """Read files into one form: a model's, or the one that suits them all.

    Parameters
    ----------
    files : sequence of Path
    image_size : int, optional
        Height and width, where no form is given.
    form : PictureForm, optional
        That of a model.
    progress : callable, optional
        Called with the number of pictures read and of all.

    Raises
    ------
    DataError
        If none can be read, or they have no common scale.
    """
    held: dict[int, _Held] = {}
    failed: list[tuple[Path, str]] = []
    for index, file in enumerate(files):
        try:
            held[index] = _hold(open_picture(file), image_size, form)
        except FAILURES as error:
            failed.append((file, reason(file, error)))
        if progress:
            progress(index + 1, len(files))
    if not held:
        raise DataError(describe("pictures that can be read", named(failed), "remove or replace them"))
    sizes, greys = Counter(each.size for each in held.values()), sum(each.grey for each in held.values())
    size = form.size if form else common_size(sizes, image_size)
    grey = form.channels == 1 if form else greys == len(held)
    raws = {index: each.fitted(files[index], size, grey) for index, each in held.items()}
    depths = {index: each.depth for index, each in held.items()}
    if form is None:
        pixels = _common_scale(raws, depths, files)
        form = PictureForm(size, 1 if grey else 3, pixels.range, pixels.depth, eight_bit=pixels.depth == "8-bit")
    arrays, first = {}, None
    for index, raw in raws.items():
        try:
            arrays[index] = in_form(raw, depths[index], form)
        except LookalikeError as error:
            first = first or error
            failed.append((files[index], str(error)))
    if first is not None and not arrays:
        raise first
    return PictureSet(arrays, failed, sizes, greys, form, form.pixels)


def stacked(pictures: Sequence[Image.Image], form: PictureForm | None = None) -> tuple[np.ndarray, PixelScale]:
    """Pictures of one size in memory as one array, as `read_set` makes it of files; and what its numbers mean.

    Parameters
    ----------
    pictures : sequence of PIL.Image.Image
    form : PictureForm, optional
        Of a model, whose colours and scale they are brought to.

    Raises
    ------
    DataError
        For pictures of several sizes, or without a common scale.

    Examples
    --------
    >>> from PIL import Image
    >>> array, pixels = stacked([Image.new("L", (3, 2), 9), Image.new("RGB", (3, 2))])
    >>> array.shape, pixels.range
    ((2, 2, 3, 3), (0.0, 255.0))
    """
    sizes = list(dict.fromkeys((each.height, each.width) for each in pictures))
    if len(sizes) > 1:
        odd = next(index for index, each in enumerate(pictures) if (each.height, each.width) != sizes[0])
        expected = f"pictures of one size, {sizes[0]} as the first"
        raise DataError(describe(expected, f"{sizes[1]} at index {odd}", "resize them to one size"))
    grey = form.channels == 1 if form else all(is_grey(each) for each in pictures)
    raws = {index: fit_raw(each, sizes[0], grey or is_grey(each)) for index, each in enumerate(pictures)}
    depths = {index: depth_of(each) for index, each in enumerate(pictures)}
    if form is None:
        pixels = _common_scale(raws, depths, [Path(f"index {index}") for index in raws])
        form = PictureForm(sizes[0], 1 if grey else 3, pixels.range, pixels.depth, eight_bit=pixels.depth == "8-bit")
    return np.stack([in_form(raw, depths[index], form) for index, raw in raws.items()]), form.pixels


def common_size(sizes: Mapping[tuple[int, int], int], image_size: int | None) -> tuple[int, int]:
    """The size that pictures come to: a given one, their own where it is one and small, or their median short side.

    Parameters
    ----------
    sizes : mapping
        How many pictures have which height and width.
    image_size : int, optional

    Examples
    --------
    >>> common_size({(20, 30): 5}, None), common_size({(20, 30): 5, (40, 90): 1}, None), common_size({(9, 9): 1}, 4)
    ((20, 30), (20, 20), (4, 4))
    """
    if image_size:
        return image_size, image_size
    if len(sizes) == 1:
        height, width = next(iter(sizes))
        if max(height, width) <= LARGEST_SIDE:
            return height, width
    short_sides = np.repeat([min(size) for size in sizes], list(sizes.values()))
    side = int(min(np.median(short_sides), LARGEST_SIDE))
    return side, side


def reason(file: Path, error: BaseException) -> str:
    """Why a file cannot be read, in one line."""
    try:
        if file.stat().st_size == 0:
            return "empty file"
    except OSError:
        return "no such file, or not allowed"
    return " ".join(str(error).split()) or type(error).__name__


def named(failed: Sequence[tuple[Path, str]]) -> str:
    """The first files that cannot be read, each with the reason, and how many more there are."""
    shown = ", ".join(f"{file} ({why})" for file, why in failed[:5])
    return shown + (f" and {len(failed) - 5} more" if len(failed) > 5 else "")


def _hold(picture: Image.Image, image_size: int | None, form: PictureForm | None) -> _Held:
    held = _Held((picture.height, picture.width), is_grey(picture), depth_of(picture))
    if form:
        return replace(held, raw=fit_raw(picture, form.size, form.channels == 1 or held.grey))
    if picture.width * picture.height > _LARGE:
        side = image_size or LARGEST_SIDE
        return replace(held, raw=fit_raw(picture, (side, side), held.grey))
    return replace(held, picture=picture)


def _common_scale(raws: Mapping[int, np.ndarray], depths: Mapping[int, str], files: Sequence[Path]) -> PixelScale:
    """One scale for all: that of their depth, or 16 bits where these are surely meant, with bytes beside them."""
    kinds = sorted(set(depths.values()))
    if kinds == ["8-bit"]:
        return PixelScale(BYTES, "8-bit")
    deep = [raw for index, raw in raws.items() if depths[index] != "8-bit"]
    low, high = float(min(raw.min() for raw in deep)), float(max(raw.max() for raw in deep))
    if len(kinds) == 1:
        extremes = np.array([low, high], dtype=np.int64 if kinds == ["integer"] else np.float32)
        found = PixelScale.of(extremes, kinds[0])
        whole_floats = kinds == ["float"] and found.range not in (None, (0.0, 1.0))
        return PixelScale(None, "float") if whole_floats else found
    if kinds == ["8-bit", "integer"] and low >= 0 and SURELY_SIXTEEN_BITS < high <= SIXTEEN_BITS[1]:
        return PixelScale(SIXTEEN_BITS, "integer")
    examples = ", ".join(f"{files[next(i for i in depths if depths[i] == kind)]} ({kind})" for kind in kinds)
    came = f"several, with numbers up to {high:g}: {examples}"
    raise DataError(describe("pictures of one depth, or of 8 and of all 16 bits", came, "save all of them with 8 bits"))
