"""Where data may lie on this machine, and the one way to bring it from elsewhere."""

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import pooch

from lookalike.errors import DataNotFoundError, describe

_log = logging.getLogger(__name__)
_SYSTEM = (Path("/usr/share/datasets"), Path("node_modules"))


def cache_folder() -> Path:
    """Where downloads are kept: ``$XDG_CACHE_HOME/lookalike`` or what the system has in its place."""
    return Path(pooch.os_cache("lookalike"))


def roots() -> list[Path]:
    """Folders to look in, in order: ``$LOOKALIKE_DATA`` (one or several), system folders, the cache."""
    own = [Path(part).expanduser() for part in os.environ.get("LOOKALIKE_DATA", "").split(os.pathsep) if part]
    return [*own, *_SYSTEM, cache_folder()]


def search(candidates: Iterable[str]) -> Iterator[Path]:
    """Every file that exists under any root, the first root first.

    Parameters
    ----------
    candidates : iterable of str
        Paths below a root.
    """
    names = list(candidates)
    for root in roots():
        for name in names:
            if (root / name).exists():
                yield root / name


_is_local: ContextVar[bool] = ContextVar("_is_local", default=False)


@contextmanager
def without_downloads() -> Iterator[None]:
    """Take what is on this machine, and nothing else, while the context is open."""
    token = _is_local.set(True)
    try:
        yield
    finally:
        _is_local.reset(token)


def download(address: str, name: str, known_hash: str | None = None, *, unpacked_sha256: str = "") -> Path | None:
    """Bring a file into the cache.

    Parameters
    ----------
    address : str
    name : str
        Path below the cache folder.
    known_hash : str, optional
        ``"algorithm:value"``, checked if given.
    unpacked_sha256 : str
        By which the caller checks what is in the file; one of the two is needed for an address that is not https.

    Returns
    -------
    Path or None
        ``None`` where the file cannot be had: no network, ``LOOKALIKE_OFFLINE`` is set, or within `without_downloads`.
    """
    if not (address.startswith("https://") or (known_hash or "").startswith("sha256:") or unpacked_sha256):
        raise DataNotFoundError(describe("https, or a sha256 to check a download by", address, "an https:// address"))
    if os.environ.get("LOOKALIKE_OFFLINE") or _is_local.get():
        return None
    target = cache_folder() / name
    _log.info("downloading %s", address)
    try:
        found = pooch.retrieve(address, known_hash, fname=target.name, path=target.parent)
    except Exception as error:  # noqa: BLE001 (whatever a network raises means the same here: not to be had)
        _log.info("could not download %s: %s", address, error)
        return None
    return Path(found)
