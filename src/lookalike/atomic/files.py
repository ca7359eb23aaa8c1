"""A file is written whole or not at all, and a place that cannot be written is named before the work."""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from lookalike.atomic.drafts import draft_beside, sweep
from lookalike.errors import DiskFullError, describe

_FULL = (errno.ENOSPC, errno.EDQUOT)
# What stands here is written to, never replaced: standard output, a pipe, nothing at all.
_STREAMS = ("/dev/", "/proc/")
_LONGEST = 255


def write_whole(file: Path, content: bytes) -> None:
    """Write a file whole or not at all: what was there stays until the last step.

    Parameters
    ----------
    file : Path
        A link is followed; a pipe or a device is written to as it is.
    content : bytes

    Raises
    ------
    DiskFullError
        If the disk is full; it says for which file, and how many bytes are missing.
    OSError
        If the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder, "a.txt"), b"whole")
    ...     Path(folder, "a.txt").read_bytes(), len(list(Path(folder).iterdir()))
    (b'whole', 1)
    """
    with named(file, len(content)):
        if file.absolute().as_posix().startswith(_STREAMS) or (file.exists() and not file.is_file()):
            file.write_bytes(content)
            return
        target = Path(os.path.realpath(file))
        try:
            _replace(target, content)
        except FileNotFoundError:
            # The folder was replaced as a whole meanwhile, and the draft went with the old one.
            _replace(target, content)


def write_text(file: Path, text: str) -> None:
    """Write text as UTF-8, whole or not at all; half letters, as in names of files that are no UTF-8, are spelled out.

    Parameters
    ----------
    file : Path
    text : str
    """
    write_whole(file, text.encode("utf-8", "backslashreplace"))


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, where they are missing; errors as of `write_whole`."""
    with named(folder, 0):
        folder.mkdir(parents=True, exist_ok=True)


def require_writable(place: Path, *, is_file: bool = False) -> None:
    """Refuse a file that cannot be written, or a folder that cannot be written into, before there is anything to write.

    Parameters
    ----------
    place : Path
        A file to be, or a folder; whatever is missing above it is made later.
    is_file : bool
        Refuse a folder, too.

    Raises
    ------
    OSError
        If it, or the nearest folder above it that is there, cannot be written.
    """
    if place.exists() and not place.is_dir() and not place.is_file():
        return
    if place.absolute().as_posix().startswith(_STREAMS):
        return
    if is_file and place.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(place))
    folder = place if place.is_dir() else place.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    probe = draft_beside(Path(os.path.realpath(folder)) / "probe")
    with named(place, 0):
        try:
            probe.touch(exist_ok=False)
        finally:
            with contextlib.suppress(OSError):
                probe.unlink()
        if any(len(os.fsencode(part)) > _LONGEST for part in place.parts):
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))


@contextlib.contextmanager
def named(file: Path, size: int, *, only_full: bool = False) -> Iterator[None]:
    """Errors of the disk name the file that was to be written, and what is missing.

    Parameters
    ----------
    file : Path
    size : int
        Bytes that it needs.
    only_full : bool
        Leave other errors as they came.

    Raises
    ------
    DiskFullError
        For a full disk.
    OSError
        For any other error, as it came.
    """
    try:
        yield
    except DiskFullError:
        raise
    except OSError as error:
        if error.errno in _FULL:
            raise disk_full(file, size, error) from error
        if error.errno is None or only_full:
            raise
        raise OSError(error.errno, error.strerror, str(file)) from error


def disk_full(file: Path, size: int, error: OSError) -> DiskFullError:
    """The error for a disk on which a file has no room.

    Parameters
    ----------
    file : Path
    size : int
        Bytes that it needs.
    error : OSError
    """
    folder = next(place for place in file.absolute().parents if place.exists())
    free = shutil.disk_usage(folder).free
    missing = max(size - free, 0)
    lacking = f"{missing} bytes are missing" if missing else "none for this user, or no room for another file"
    return DiskFullError(
        describe(
            f"room for the {size} bytes of {file}",
            f"{error.strerror or 'a full disk'}: {free} bytes are free, {lacking}",
            "make room and repeat the command, or write to another disk",
        ),
        error.errno,
    )


def sync_file(file: Path) -> None:
    """Bring a file's content to the disk."""
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system lets one."""
    if os.name != "posix":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError as error:
        # Some network file systems do not know how; they have written by themselves.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(opened)


def _replace(target: Path, content: bytes) -> None:
    draft = draft_beside(target)
    try:
        with draft.open("xb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        if target.exists():
            shutil.copymode(target, draft)
        os.replace(draft, target)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
    sync_folder(target.parent)
    sweep(target.parent, of=target.name)
