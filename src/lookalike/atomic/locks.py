"""One writer at a time, across processes: a lock that ends with its process, however that ends."""

import contextlib
import errno
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from lookalike.atomic.files import named
from lookalike.errors import FolderInUseError, describe

_log = logging.getLogger(__name__)
LOCK = ".lookalike.lock"
_PAUSE = 0.05
_HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
_UNKNOWN = (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK, errno.EOPNOTSUPP)


def lock_of(place: Path) -> Path:
    """Where the lock of a file or folder lies: inside a folder, beside a file."""
    return place / LOCK if place.is_dir() else place.with_name(f".{place.name}.lock")


@contextlib.contextmanager
def locked(place: Path, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock of a file or folder; whoever is killed lets go of it.

    Parameters
    ----------
    place : Path
        A folder that is there, or a file to be in one.
    wait : float
        For how many seconds to wait for another process.

    Raises
    ------
    FolderInUseError
        If another process holds it still.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with locked(Path(folder)):
    ...         within = [file.name for file in Path(folder).iterdir()]
    ...     within, list(Path(folder).iterdir())
    (['.lookalike.lock'], [])
    """
    file = lock_of(place)
    until = time.monotonic() + wait
    while (held := _taken(file)) is None:
        if time.monotonic() >= until:
            raise _in_use(place, file)
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        _release(file, held)


def require_unlocked(place: Path) -> None:
    """Refuse what another process is writing, before there is anything to write.

    Parameters
    ----------
    place : Path
        A file or folder; the lock that a killed process left stays as a sign of that.

    Raises
    ------
    FolderInUseError
    """
    file = lock_of(place)
    try:
        with file.open("ab", buffering=0) if file.exists() else contextlib.nullcontext() as opened:
            if opened is not None:
                _lock(opened)
    except OSError as error:
        if error.errno not in _HELD:
            raise
        raise _in_use(place, file) from error


def _in_use(place: Path, file: Path) -> FolderInUseError:
    return FolderInUseError(
        describe(
            f"{place} to be written by one process at a time",
            f"another one that writes it{_owner(file)}",
            "wait until that one has ended, or write to another place",
        )
    )


def _taken(file: Path) -> IO[bytes] | None:
    """The lock's file, opened and locked; ``None`` while another process holds it."""
    while True:
        with named(file, 0):
            opened = file.open("ab", buffering=0)
        try:
            _lock(opened)
            if _is_at(opened, file):
                with contextlib.suppress(OSError):  # it says who holds the lock, no more
                    opened.truncate(0)
                    opened.write(str(os.getpid()).encode())
                return opened
        except OSError as error:
            opened.close()
            if error.errno in _HELD:
                return None
            raise
        # Whoever held it took the file away when letting go: that one locks nobody out any more.
        opened.close()


def _release(file: Path, held: IO[bytes]) -> None:
    # Only while it is held: another process must never lock a file that is taken away afterwards.
    try:
        if os.name == "posix" and _is_at(held, file):
            with contextlib.suppress(OSError):
                file.unlink()
    finally:
        held.close()


def _is_at(opened: IO[bytes], file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(opened.fileno()), file.stat())
    except FileNotFoundError:
        return False


def _owner(file: Path) -> str:
    try:
        known = file.read_text(encoding="ascii", errors="replace")[:20]
    except OSError:
        return ""
    return f" (process {known})" if known.isdigit() else ""


def _lock(opened: IO[bytes]) -> None:
    try:
        if os.name == "posix":
            import fcntl

            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            opened.seek(0)
            msvcrt.locking(opened.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
        _log.warning("%s lies where files cannot be locked: let one process write there at a time", opened.name)
