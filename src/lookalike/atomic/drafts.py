"""Names of drafts: unique across threads, processes and machines, and telling who made them."""

import hashlib
import os
import platform
import re
import secrets
import shutil
import time
from pathlib import Path

_OWNED = re.compile(r"\..*\.(?P<host>[0-9a-f]{8})-(?P<process>\d+)-[0-9a-f]{8}\.draft")
# Names keep room for what marks a draft: file systems allow 255 bytes.
_KEPT = 40
_DAY = 86_400.0


def draft_beside(place: Path) -> Path:
    """A new name beside a file or folder, for its draft.

    Parameters
    ----------
    place : Path

    Examples
    --------
    >>> first, second = draft_beside(Path("run/model.json")), draft_beside(Path("run/model.json"))
    >>> first.name.startswith(".model.json."), first.suffix, first == second
    (True, '.draft', False)
    """
    return place.with_name(f".{place.name[:_KEPT]}.{_host()}-{os.getpid()}-{secrets.token_hex(4)}.draft")


def is_draft(name: str) -> bool:
    """Whether a file of this name is a draft, of this version or of an earlier one.

    Examples
    --------
    >>> is_draft(".model.json.draft"), is_draft("model.json")
    (True, False)
    """
    return name.startswith(".") and name.endswith(".draft")


def sweep(folder: Path, of: str = "") -> None:
    """Remove drafts that processes left which are gone.

    Parameters
    ----------
    folder : Path
        That holds them.
    of : str
        Only the drafts of this file or folder; all of them unless given.
    """
    start = f".{of[:_KEPT]}." if of else "."
    for name in os.listdir(folder) if folder.is_dir() else ():
        if name.startswith(start) and _is_stale(folder / name):
            if (folder / name).is_dir():
                shutil.rmtree(folder / name, ignore_errors=True)
            else:
                (folder / name).unlink(missing_ok=True)


def _is_stale(place: Path) -> bool:
    """Whether nobody works on a draft any more; one of another machine is given a day."""
    owner = _OWNED.fullmatch(place.name)
    if owner is None:
        return False
    if owner["host"] == _host() and os.name == "posix":
        return not _is_alive(int(owner["process"]))
    try:
        return time.time() - place.stat().st_mtime > _DAY
    except FileNotFoundError:
        return False


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _host() -> str:
    return hashlib.sha256(platform.node().encode("utf-8", "surrogateescape")).hexdigest()[:8]
