"""CIFAR-10: the official binary batches, folders of pictures, or a packed npz, whichever is found first."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lookalike.data.archives import read_arrays
from lookalike.data.classes import renamed
from lookalike.data.datasets import Dataset, Part, Progress
from lookalike.data.files import load_folder
from lookalike.data.labels import as_labels
from lookalike.data.places import cache_folder, download, search
from lookalike.errors import DataError, DataNotFoundError, describe

CIFAR_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
_BATCHES = "cifar-10-batches-bin"
_ADDRESS = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
_HASH = "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
_MOST_UNPACKED = 200_000_000
_RECORD = 1 + 3 * 32 * 32


def load_cifar10(progress: Progress | None = None) -> Dataset:
    """CIFAR-10, as many pictures of 32x32 as the copy that is found holds.

    Parameters
    ----------
    progress : callable, optional
        Called with the number done and the number of all, where pictures are read one by one.

    Raises
    ------
    DataNotFoundError
        If it is nowhere to be found and cannot be downloaded.
    DataError
        If a batch is damaged.
    """
    for folder in search([_BATCHES, f"cifar10/{_BATCHES}"]):
        return _from_batches(folder)
    for file in search(["cifar10_10k_2k.npz", "cifar10.npz"]):
        return _from_npz(file)
    for folder in search(["cifar10", "CIFAR-10", "cifar-10"]):
        if (folder / "train").is_dir():
            return load_folder(folder, image_size=32, progress=progress)
    archive = download(_ADDRESS, "cifar-10-binary.tar.gz", _HASH)
    if archive is not None:
        with tarfile.open(archive) as packed:
            packed.extractall(cache_folder(), members=_bounded(packed), filter="data")
        return _from_batches(cache_folder() / _BATCHES)
    came = "none on this machine"
    for folder in search(["cifar-10-batches-py", "cifar10/cifar-10-batches-py"]):
        came = f"only {folder}, the Python version, which would have to be executed to be read"
    raise DataNotFoundError(
        describe(
            "CIFAR-10",
            came,
            "download the official binary version, unpack it, and set LOOKALIKE_DATA to the folder "
            f"that holds {_BATCHES}",
        )
    )


def _bounded(packed: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members as they are unpacked, as long as they are no larger together than the data set."""
    left = _MOST_UNPACKED
    for member in packed:
        left -= member.size
        if left < 0:
            raise DataError(describe(f"at most {_MOST_UNPACKED} bytes in the archive", "more", "remove the download"))
        yield member


def _from_batches(folder: Path) -> Dataset:
    train = [_read_batch(folder / f"data_batch_{number}.bin") for number in range(1, 6)]
    return Dataset(
        name="cifar10",
        train=Part(np.concatenate([part.inputs for part in train]), np.concatenate([part.labels for part in train])),
        test=_read_batch(folder / "test_batch.bin"),
    )


def _read_batch(file: Path) -> Part:
    if not file.is_file():
        raise DataNotFoundError(describe(f"the batch {file.name} of CIFAR-10", f"none in {file.parent}"))
    content = np.frombuffer(file.read_bytes(), np.uint8)
    if len(content) == 0 or len(content) % _RECORD or content[::_RECORD].max() > 9:
        raise DataError(
            describe(f"records of {_RECORD} bytes in {file}", f"{len(content)} bytes", "unpack the archive once more")
        )
    records = content.reshape(-1, _RECORD)
    pictures = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return Part(np.ascontiguousarray(pictures), np.array(CIFAR_CLASSES)[records[:, 0]])


def _from_npz(file: Path) -> Dataset:
    names = dict(enumerate(CIFAR_CLASSES))
    arrays = read_arrays(file)
    missing = [name for name in ("x_train", "y_train", "x_test", "y_test") if name not in arrays]
    if missing:
        raise DataError(describe(f"x_train, y_train, x_test and y_test in {file}", f"no {missing}"))
    train = Part(arrays["x_train"], renamed(as_labels(arrays["y_train"]), names))
    test = Part(arrays["x_test"], renamed(as_labels(arrays["y_test"]), names))
    note = f"CIFAR-10 from {file.name}: {len(train)} training and {len(test)} test pictures, not the official 50,000"
    return Dataset(name="cifar10", train=train, test=test, notes=(note,) if len(train) != 50000 else ())
