"""A user's own pictures: folders of class sub-folders, and single files."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from lookalike.data.datasets import Dataset, Part, Progress
from lookalike.data.splits import stratified_split
from lookalike.errors import DataError, DataNotFoundError, describe

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
_TEST_FOLDERS = ("test", "val", "validation")
_LARGEST_SIDE = 64
_GREY_MODES = ("1", "L", "I", "I;16", "LA", "F")


def load_folder(
    folder: Path,
    *,
    image_size: int | None = None,
    test_fraction: float = 0.2,
    strict: bool = False,
    progress: Progress | None = None,
) -> Dataset:
    """Pictures in one sub-folder per class, or in ``train`` and ``test`` folders of such sub-folders.

    Parameters
    ----------
    folder : Path
    image_size : int, optional
        Height and width that every picture is brought to. Unless given, pictures of one common size up to 64
        stay as they are, and others are brought to their median short side, at most 64.
    test_fraction : float
        Share of each class set aside for testing where there is no test folder.
    strict : bool
        Refuse a file that cannot be read; otherwise it is left out, named and counted in the notes.
    progress : callable, optional
        Called with the number of pictures read and of all.

    Raises
    ------
    DataNotFoundError
        If the folder is not there.
    DataError
        If it has fewer than two classes, a class is empty, or, under ``strict``, a file cannot be read.
    """
    if folder.is_file():
        raise DataError(
            describe("a folder with one sub-folder per class, an .npz or a .csv", f"the file {folder}", "its folder")
        )
    if not folder.is_dir():
        raise DataNotFoundError(describe("a folder of pictures", f"no folder {folder}", "check the path"))
    train_folder = folder / "train" if (folder / "train").is_dir() else folder
    test_folder = next((folder / name for name in _TEST_FOLDERS if (folder / name).is_dir()), None)
    if train_folder == folder:
        test_folder = None
    listed = _list_classes(train_folder)
    held = _list_classes(test_folder) if test_folder else []
    unknown = {name for _, name in held} - {name for _, name in listed}
    if unknown:
        raise DataError(describe("the training classes in the test folder", f"also {sorted(unknown)}"))
    pictures, labels, notes = _read_all(listed + held, image_size, strict, progress)
    is_test = np.array([index >= len(listed) for index in pictures])
    files = [file for file, _ in listed + held]
    names = np.array([str(files[index].relative_to(folder)) for index in pictures])
    whole = Part(np.stack(list(pictures.values())), labels, names=names)
    if test_folder:
        train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    else:
        train, test = stratified_split(labels, test_fraction, seed=0)
        notes += [f"no test folder: {len(test)} of {len(labels)} pictures set aside for testing"] if len(test) else []
    untested = sorted(set(labels.tolist()) - set(labels[test].tolist()))
    if untested and len(test):
        notes.append(f"no test pictures of {', '.join(untested)}: accuracy is about the other classes")
    _require_classes(listed, labels[train], train_folder)
    return Dataset(
        name=str(folder),
        train=whole.select(train),
        test=whole.select(test),
        notes=tuple(notes),
    )


def read_pictures(files: Sequence[Path]) -> tuple[list[Image.Image], list[tuple[Path, str]]]:
    """Pictures that can be read, and the files that cannot, each with the reason.

    Parameters
    ----------
    files : sequence of Path

    Returns
    -------
    tuple
        Decoded pictures in the order of the readable files, and ``(file, reason)`` of the others.
    """
    pictures, failed = [], []
    for file in files:
        try:
            pictures.append(_open(file))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            failed.append((file, _reason(file, error)))
    return pictures, failed


def fit_picture(picture: Image.Image, size: tuple[int, int], grey: bool) -> np.ndarray:
    """A picture cut to the wanted proportions around its middle, resized, and made grey or colour.

    Parameters
    ----------
    picture : PIL.Image.Image
    size : tuple of int
        Height and width.
    grey : bool

    Returns
    -------
    ndarray
        8-bit integers, ``(height, width)`` or ``(height, width, 3)``.
    """
    converted = _as_eight_bit(picture).convert("L" if grey else "RGB")
    if (converted.height, converted.width) != size:
        converted = ImageOps.fit(converted, (size[1], size[0]), Image.Resampling.BICUBIC)
    return np.asarray(converted)


def is_grey(picture: Image.Image) -> bool:
    """Whether a picture is stored without colour."""
    return picture.mode in _GREY_MODES


def list_pictures(path: Path) -> list[Path]:
    """The picture files in a folder and below it, sorted, or the file itself."""
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.suffix.lower() in PICTURE_ENDINGS)
    return [path]


def _open(file: Path) -> Image.Image:
    with Image.open(file) as picture:
        picture.load()
        return ImageOps.exif_transpose(picture)


def _reason(file: Path, error: Exception) -> str:
    if file.exists() and file.stat().st_size == 0:
        return "empty file"
    return " ".join(str(error).split()) or type(error).__name__


def _as_eight_bit(picture: Image.Image) -> Image.Image:
    if picture.mode in ("I", "I;16", "F"):
        values = np.asarray(picture, dtype=np.float64)
        top = 65535.0 if picture.mode != "F" and values.max() > 255 else 255.0
        return Image.fromarray((values / top * 255).clip(0, 255).astype(np.uint8))
    if picture.mode in ("RGBA", "LA", "PA", "P"):
        with_alpha = picture.convert("RGBA")
        background = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(background, with_alpha)
    return picture


def _list_classes(folder: Path) -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    for child in sorted(folder.iterdir()):
        if child.is_dir() and not child.name.startswith("."):
            files = list_pictures(child)
            if not files:
                raise DataError(
                    describe("pictures in every class folder", f"none in {child}", "fill the folder or remove it")
                )
            found += [(file, child.name) for file in files]
    if not found:
        raise DataError(
            describe(
                "one sub-folder of pictures per class",
                f"no such sub-folder in {folder}",
                f"{folder}/CLASS/picture.png for every class",
            )
        )
    return found


def _read_all(
    listed: list[tuple[Path, str]], image_size: int | None, strict: bool, progress: Progress | None
) -> tuple[dict[int, np.ndarray], np.ndarray, list[str]]:
    opened: dict[int, Image.Image] = {}
    failed: list[tuple[Path, str]] = []
    for index, (file, _) in enumerate(listed):
        pictures, errors = read_pictures([file])
        if pictures:
            opened[index] = _shrink(pictures[0], image_size)
        failed += errors
        if progress:
            progress(index + 1, len(listed))
    if failed and (strict or not opened):
        raise DataError(describe("pictures that can be read", _named(failed), "remove or replace them"))
    sizes = Counter((picture.height, picture.width) for picture in opened.values())
    size = _common_size(sizes, image_size)
    grey = all(is_grey(picture) for picture in opened.values())
    notes = [f"unreadable and left out: {len(failed)} of {len(listed)} files, {_named(failed)}"] if failed else []
    if set(sizes) != {size}:
        notes.append(f"pictures cut and resized to {size[0]}x{size[1]}; data__image_size sets another size")
    arrays = {index: fit_picture(picture, size, grey) for index, picture in opened.items()}
    return arrays, np.array([listed[index][1] for index in opened]), notes


def _shrink(picture: Image.Image, image_size: int | None) -> Image.Image:
    """Keep no more of a large photograph in memory than twice the size that will be asked for."""
    limit = 2 * max(image_size or 0, _LARGEST_SIDE)
    short = min(picture.size)
    if short <= limit or (is_grey(picture) and picture.mode != "L"):
        return picture
    return picture.resize((round(picture.width * limit / short), round(picture.height * limit / short)))


def _common_size(sizes: Counter, image_size: int | None) -> tuple[int, int]:
    if image_size:
        return image_size, image_size
    if len(sizes) == 1:
        height, width = next(iter(sizes))
        if max(height, width) <= _LARGEST_SIDE:
            return height, width
    short_sides = np.repeat([min(size) for size in sizes], list(sizes.values()))
    side = int(min(np.median(short_sides), _LARGEST_SIDE))
    return side, side


def _named(failed: list[tuple[Path, str]]) -> str:
    shown = ", ".join(f"{file} ({reason})" for file, reason in failed[:5])
    return shown + (f" and {len(failed) - 5} more" if len(failed) > 5 else "")


def _require_classes(listed: list[tuple[Path, str]], labels: np.ndarray, folder: Path) -> None:
    empty = sorted({name for _, name in listed} - set(labels.tolist()))
    if empty:
        raise DataError(
            describe("readable training pictures in every class", f"none in {folder / empty[0]}", "add pictures")
        )
    if len(set(labels.tolist())) < 2:
        raise DataError(
            describe("at least two classes", f"one, {str(labels[0])!r}", f"a second sub-folder of {folder}")
        )
