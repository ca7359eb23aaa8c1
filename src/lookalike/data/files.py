"""A user's own pictures: folders of class sub-folders, and single files."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from lookalike.data.datasets import Dataset, Part, Progress
from lookalike.data.listing import PassedOver, entries, files_below, readable_name, require_data_folder
from lookalike.data.parts import part_folders
from lookalike.data.picture_sets import PictureSet, named, read_set, reason
from lookalike.data.pictures import FAILURES, PictureForm, depth_of, fit_raw, in_form, is_grey, is_picture, open_picture
from lookalike.data.pixel_scale import SIXTEEN_BITS
from lookalike.data.splits import stratified_split
from lookalike.errors import DataError, DataNotFoundError, describe

__all__ = ["fit_picture", "is_grey", "list_pictures", "load_folder", "read_pictures"]

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm", ".tga")


def load_folder(
    folder: Path,
    *,
    image_size: int | None = None,
    test_fraction: float = 0.2,
    strict: bool = False,
    form: PictureForm | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Pictures in one sub-folder per class, or in ``train``, ``test`` and ``val`` folders of such sub-folders.

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
    form : PictureForm, optional
        Size, channels and scale of a model, in place of those that suit the pictures.
    progress : callable, optional
        Called with the number of pictures read and of all.

    Raises
    ------
    DataNotFoundError
        If the folder is not there.
    DataError
        If it has fewer than two classes, a class is empty, or, under ``strict``, a file cannot be read.
    """
    _require_folder(folder)
    passed, parts = PassedOver(), part_folders(folder)
    if parts.train != folder:
        entries(folder, passed)
    listed = _list_classes(parts.train, passed)
    held = [_list_held(place, listed, passed) if place else [] for place in (parts.test, parts.validation)]
    everything = [*listed, *held[0], *held[1]]
    found = read_set([file for file, _ in everything], image_size=image_size, form=form, progress=progress)
    if found.failed and strict:
        raise DataError(describe("pictures that can be read", named(found.failed), "remove or replace them"))
    notes = [*passed.notes(), *parts.notes, *_notes_of(found, len(everything))]
    labels = np.array([everything[index][1] for index in found.arrays])
    names = np.array([readable_name(everything[index][0].relative_to(folder)) for index in found.arrays])
    whole = Part(np.stack(list(found.arrays.values())), labels, names=names)
    places = np.array(list(found.arrays))
    bounds = np.cumsum([len(listed), len(held[0])])
    train, test, validation = (np.flatnonzero(np.searchsorted(bounds, places, side="right") == n) for n in range(3))
    if not parts.test:
        train, test = stratified_split(labels, test_fraction, seed=0)
        notes += [f"no test folder: {len(test)} of {len(labels)} pictures set aside for testing"] if len(test) else []
    untested = sorted(set(labels.tolist()) - set(labels[test].tolist()))
    if untested and len(test):
        notes.append(f"no test pictures of {', '.join(untested)}: accuracy is about the other classes")
    _require_classes(listed, labels[train], parts.train)
    dataset = Dataset(str(folder), whole.select(train), whole.select(test), notes=tuple(notes), pixels=found.pixels)
    return replace(dataset, validation=whole.select(validation)) if len(validation) else dataset


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
            pictures.append(open_picture(file))
        except FAILURES as error:
            failed.append((file, reason(file, error)))
    return pictures, failed


def fit_picture(picture: Image.Image, size: tuple[int, int], grey: bool) -> np.ndarray:
    """A picture cut to the wanted proportions around its middle, resized, and made grey or colour, with 8 bits.

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

    Raises
    ------
    DataError
        For whole numbers that 16 bits do not hold, and floats that are not from 0 to 1.

    Notes
    -----
    White is 65535 for a picture of more bits, whatever its own brightness. Where a data set or a model has another
    scale, `lookalike.data.pictures.in_form` goes by it.
    """
    form, depth = PictureForm(size, 1 if grey else 3), depth_of(picture)
    if depth == "integer":
        form = replace(form, range=SIXTEEN_BITS, eight_bit=True)
    return in_form(fit_raw(picture, size, grey), depth, form)


def list_pictures(path: Path, passed: PassedOver | None = None) -> list[Path]:
    """The picture files in a folder and below it, sorted, or the file itself.

    Parameters
    ----------
    path : Path
    passed : PassedOver, optional
        Told what is left out: hidden files, saved models, files that are no pictures.
    """
    if path.is_dir():
        return files_below(path, PassedOver() if passed is None else passed, _is_wanted)
    return [path]


def _is_wanted(file: Path) -> bool:
    return file.suffix.lower() in PICTURE_ENDINGS or is_picture(file)


def _require_folder(folder: Path) -> None:
    if folder.is_file():
        raise DataError(
            describe("a folder with one sub-folder per class, an .npz or a .csv", f"the file {folder}", "its folder")
        )
    if not folder.is_dir():
        raise DataNotFoundError(describe("a folder of pictures", f"no folder {folder}", "check the path"))
    require_data_folder(folder)


def _list_classes(folder: Path, passed: PassedOver) -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    for child in entries(folder, passed):
        if not child.is_dir():
            passed.others[f"{child.suffix.lower() or 'no suffix'} beside the class folders"] += 1
            continue
        own = PassedOver()
        files = list_pictures(child, own)
        passed.add(own)
        if not files and own.models:
            continue  # a folder of runs, which are not data
        if not files:
            came = f"none in {child}" + (f" ({'; '.join(own.notes())})" if own.notes() else "")
            raise DataError(describe("pictures in every class folder", came, "fill the folder or remove it"))
        found += [(file, readable_name(child.name)) for file in files]
    if not found:
        raise DataError(
            describe(
                "one sub-folder of pictures per class",
                f"no such sub-folder in {folder}",
                f"{folder}/CLASS/picture.png for every class",
            )
        )
    return found


def _list_held(folder: Path, listed: list[tuple[Path, str]], passed: PassedOver) -> list[tuple[Path, str]]:
    """The files of a test or validation folder, whose classes must be those of training."""
    held = _list_classes(folder, passed)
    unknown = {name for _, name in held} - {name for _, name in listed}
    if unknown:
        raise DataError(describe(f"the training classes in the {folder.name} folder", f"also {sorted(unknown)}"))
    return held


def _notes_of(found: PictureSet, n: int) -> list[str]:
    notes = (
        [f"unreadable and left out: {len(found.failed)} of {n} files, {named(found.failed)}"] if found.failed else []
    )
    height, width = found.form.size
    if set(found.sizes) != {found.form.size}:
        notes.append(f"pictures cut and resized to {height}x{width}; data__image_size sets another size")
    if found.pixels.depth in ("integer", "float"):
        kind = "more than 8 bits" if found.pixels.depth == "integer" else "floats"
        notes.append(f"pictures of {kind}, learned from as they are, on one scale for all")
    return notes


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
