"""Arrays in an .npz file: the one place where they are read. What members will hold is checked before unpacking."""

import lzma
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.data.classes import renamed
from lookalike.data.datasets import Dataset, Part, split_off_test
from lookalike.data.labels import as_labels
from lookalike.errors import DataError, DataNotFoundError, describe

INPUT_ARRAYS = ("x_train", "X_train", "train_images", "x", "X", "images", "data")
LABEL_ARRAYS = ("y_train", "Y_train", "train_labels", "y", "Y", "labels", "label", "target")
TEST_INPUTS, TEST_LABELS = ("x_test", "X_test", "test_images"), ("y_test", "Y_test", "test_labels")
VALIDATION_INPUTS = ("x_val", "X_val", "val_images", "x_valid", "X_valid", "x_validation", "X_validation")
VALIDATION_LABELS = ("y_val", "Y_val", "val_labels", "y_valid", "Y_valid", "y_validation", "Y_validation")
CLASS_NAMES = ("class_names", "classes", "label_names", "target_names")
MAX_MEMBERS = 1000
# More than so much of memory is never filled by one file; and nothing honest is packed so densely.
_SHARE_OF_MEMORY = 0.5
_DENSE, _DENSE_BYTES = 300, 2**28
_KINDS = "biufSUM"
_DAMAGE = (
    *(ValueError, TypeError, OverflowError, RuntimeError, MemoryError, OSError, EOFError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
)
_ADVICE = "np.savez(file, x=pictures, y=labels) with plain arrays"


def load_npz(file: Path, *, test_fraction: float = 0.2) -> Dataset:
    """Arrays of inputs and labels as a data set: ``x``, ``y``; or ``x_train``, ``y_train``, ``x_test``, ``y_test``.

    Parameters
    ----------
    file : Path
        MedMNIST's names (``train_images``, ``train_labels`` ...) are known, too. ``x_val`` and ``y_val`` are the
        validation part where there is a test part, and the test part where there is none. ``class_names`` names
        classes that are integers from 0 on.
    test_fraction : float
        Share of each class set aside for testing where the file has no test arrays.

    Raises
    ------
    DataNotFoundError
        If the file is not there.
    DataError
        If it is damaged or too large, lacks an array, or holds Python objects, which are never unpacked; if shapes or
        labels do not fit each other.
    """
    pairs = {
        "training": (INPUT_ARRAYS, LABEL_ARRAYS),
        "test": (TEST_INPUTS, TEST_LABELS),
        "validation": (VALIDATION_INPUTS, VALIDATION_LABELS),
    }
    wanted = [name for names in pairs.values() for each in names for name in each]
    arrays = read_arrays(file, [*wanted, *CLASS_NAMES])
    parts = {kind: _part(arrays, *names, kind, file) for kind, names in pairs.items()}
    if parts["training"] is None:
        found = f"{member_names(file)}"
        raise DataError(describe(f"arrays x and y, or x_train and y_train, in {file}", found, "rename the arrays"))
    named = {kind: _named(part, arrays, file) for kind, part in parts.items() if part is not None}
    whole, test, validation = named["training"], named.get("test"), named.get("validation")
    notes = []
    if test is None and validation is not None:
        test, validation = validation, None
        notes = ["no test arrays: the validation arrays are the test part"]
    if test is not None:
        return Dataset(name=str(file), train=whole, test=test, validation=validation, notes=tuple(notes))
    return split_off_test(str(file), whole, test_fraction)


def inputs_of(file: Path) -> np.ndarray:
    """The inputs in an .npz file that is asked about: ``x``, or those of its test part.

    Parameters
    ----------
    file : Path

    Raises
    ------
    DataError, DataNotFoundError
        As `load_npz`.
    """
    names = ["x", "X", *TEST_INPUTS, "images", "data"]
    arrays = read_arrays(file, names)
    name = next((name for name in names if name in arrays), None)
    if name is None:
        raise DataError(describe(f"an array x in {file}", f"{member_names(file)}", "rename the array"))
    return _as_inputs(arrays[name], name, file)


def member_names(file: Path) -> list[str]:
    """The names of the arrays in a file, sorted."""
    with _opened(file) as packed:
        return sorted(_name_of(member) for member in packed.infolist())


def read_arrays(file: Path, wanted: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """The arrays of an .npz file by name.

    Parameters
    ----------
    file : Path
    wanted : collection of str, optional
        Those to read, as far as they are there; all of them unless given.

    Raises
    ------
    DataNotFoundError
        If the file is not there.
    DataError
        If it is damaged, would fill more than half of this machine's memory, or holds Python objects, which are never
        unpacked.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> file = Path(tempfile.mkdtemp()) / "two.npz"
    >>> np.savez(file, x=np.arange(3), other=np.zeros(9))
    >>> {name: array.tolist() for name, array in read_arrays(file, ["x", "y"]).items()}
    {'x': [0, 1, 2]}
    """
    with _opened(file) as packed:
        members = packed.infolist()
        if len(members) > MAX_MEMBERS:
            raise DataError(describe(f"at most {MAX_MEMBERS} arrays in {file}", f"{len(members)}", _ADVICE))
        chosen = [member for member in members if wanted is None or _name_of(member) in wanted]
        names = [_name_of(member) for member in chosen]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise DataError(describe(f"every array once in {file}", f"{twice!r} twice", _ADVICE))
        _require_room(chosen, file)
        try:
            return {_name_of(member): _read(packed, member, file) for member in chosen}
        except DataError:
            raise
        except _DAMAGE as error:
            raise DataError(describe(f"plain arrays in {file}", _reason(error), _ADVICE)) from error


def _opened(file: Path) -> zipfile.ZipFile:
    if not file.is_file():
        raise DataNotFoundError(describe("an .npz file", f"no file {file}", "check the path"))
    try:
        return zipfile.ZipFile(file)
    except _DAMAGE as error:
        raise DataError(describe(f"plain arrays in {file}", _reason(error), _ADVICE)) from error


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _name_of(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _require_room(members: Collection[zipfile.ZipInfo], file: Path) -> None:
    """Refuse what would fill the memory, by what the archive says of its members before any is unpacked."""
    total, packed = sum(member.file_size for member in members), sum(member.compress_size for member in members)
    room = int(_SHARE_OF_MEMORY * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    if total > room:
        expected = f"arrays of at most {_size(room)}, half of this machine's memory, in {file}"
        raise DataError(describe(expected, _size(total), "fewer or smaller inputs, or 8-bit integers"))
    if total > _DENSE_BYTES and total > _DENSE * max(packed, 1):
        expected = f"arrays packed at most {_DENSE} to 1 in {file}"
        raise DataError(
            describe(expected, f"{_size(total)} packed into {_size(packed)}", "np.savez without compression")
        )


def _size(n: int) -> str:
    return f"{n / 2**30:.1f} GiB" if n >= 2**30 else f"{n / 2**20:.1f} MiB"


def _read(packed: zipfile.ZipFile, member: zipfile.ZipInfo, file: Path) -> np.ndarray:
    """One array; its header must promise what the archive says that it holds."""
    with packed.open(member) as opened:
        shape, dtype = _header(opened)
        held = member.file_size - opened.tell()
    name = _name_of(member)
    if dtype.hasobject or dtype.kind not in _KINDS:
        kind = "Python objects" if dtype.hasobject else f"values of type {dtype}"
        raise DataError(describe(f"plain arrays of numbers or text in {file}", f"{kind} in {name!r}", _ADVICE))
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != held:
        promised = f"{name!r} of shape {shape} and type {dtype} with {held} bytes"
        raise DataError(describe(f"plain arrays, each as large as its header says, in {file}", promised, _ADVICE))
    with packed.open(member) as opened:
        return np.lib.format.read_array(opened, allow_pickle=False)


def _header(opened: Any) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(opened)
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise ValueError(f"an array of format {version}")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(opened)
    return shape, dtype


def _part(
    arrays: Mapping[str, np.ndarray], inputs: Collection[str], labels: Collection[str], kind: str, file: Path
) -> Part | None:
    """Inputs and labels of one part; both or neither must be there."""
    x = next((name for name in inputs if name in arrays), None)
    y = next((name for name in labels if name in arrays), None)
    if x is None and y is None:
        return None
    if x is None or y is None:
        missing, there = (next(iter(labels)), x) if y is None else (next(iter(inputs)), y)
        if kind != "training":
            missing = f"{'y' if y is None else 'x'}{str(there)[1:]}"
        expected = f"inputs and labels of the {kind} part in {file}"
        raise DataError(describe(expected, f"{there!r} alone", f"rename the arrays, or add {missing!r}"))
    return Part(_as_inputs(arrays[x], x, file), as_labels(arrays[y], f"labels {y!r} in {file}"))


def _as_inputs(array: np.ndarray, name: str, file: Path) -> np.ndarray:
    if array.dtype.kind not in "biuf":
        raise DataError(describe(f"numbers in {name!r} of {file}", f"values of type {array.dtype}", _ADVICE))
    if array.ndim not in (2, 3, 4):
        expected = f"{name!r} of shape (n, columns), (n, height, width) or (n, height, width, channels) in {file}"
        raise DataError(describe(expected, f"an array of shape {array.shape}", "reshape it"))
    if not array.size:
        raise DataError(describe(f"at least one value in {name!r} of {file}", f"shape {array.shape}", _ADVICE))
    return array


def _named(part: Part, arrays: Mapping[str, np.ndarray], file: Path) -> Part:
    """Integer labels under the names that the file gives them, where it does."""
    found = next((name for name in CLASS_NAMES if name in arrays), None)
    if found is None or part.labels.dtype.kind not in "iub":
        return part
    names = as_labels(arrays[found], f"names {found!r} in {file}")
    if names.dtype.kind != "U":
        return part
    if len(set(names.tolist())) < len(names):
        raise DataError(describe(f"another name for every class in {file}", f"{names.tolist()}", f"rename {found!r}"))
    return Part(part.inputs, renamed(part.labels, dict(enumerate(names.tolist())), f"labels in {file}"))
