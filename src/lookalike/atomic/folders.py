"""Several files of a folder are replaced together: the old ones or the new ones, never some of each.

Where the system can exchange two folders in one step, a folder is built beside and exchanged. Elsewhere, and where a
folder has to stay what it is (a mounted one, or the one that a process works in), the new files wait in a folder of
their own within, under a name that says that they are whole: whoever opens the folder next brings them to their places.
"""

import contextlib
import ctypes
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from lookalike.atomic.drafts import draft_beside, is_draft, sweep
from lookalike.atomic.files import named, sync_file, sync_folder, write_whole
from lookalike.atomic.locks import LOCK

_WHOLE = ".replacement"
_GONE = ".gone"
_HERE, _EXCHANGE = -100, 2
# From there on it is faster to bring all to the disk than each.
_MANY = 64


@contextlib.contextmanager
def replaced(folder: Path, last: str, gone: Sequence[str] = ()) -> Iterator[Path]:
    """A draft to be filled; at the end its entries take the places of those of the same name, all at once.

    Parameters
    ----------
    folder : Path
        Is there, and locked by whoever asks.
    last : str
        The entry without which the folder counts as empty. Where it has none, entries come one by one, this one last.
    gone : sequence of str
        Patterns of entries that are not to stay if the draft has none of that name. All others stay.

    Yields
    ------
    Path
        An empty folder.

    Raises
    ------
    OSError
        If the disk is full or the folder cannot be written; what was there is there still.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     for text in ("old", "new"):
    ...         with replaced(Path(place), "last.txt") as draft:
    ...             _ = (draft / "first.txt").write_text(text), (draft / "last.txt").write_text(text)
    ...     sorted((each.name, each.read_text()) for each in Path(place).iterdir())
    [('first.txt', 'new'), ('last.txt', 'new')]
    """
    folder = Path(os.path.realpath(folder))
    finish_replacement(folder, last)
    sweep(folder)
    sweep(folder.parent, of=folder.name)
    draft = _draft_for(folder, last)
    try:
        with named(folder, 0, only_full=True):
            yield draft
        with named(folder, 0):
            _take_place(draft, folder, last, gone)
    finally:
        # What was replaced, or what came to nothing.
        shutil.rmtree(draft, ignore_errors=True)


def is_waiting(folder: Path) -> bool:
    """Whether whole files wait in a folder to be brought to their places."""
    return (folder / _WHOLE).is_dir()


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A draft to be filled, which becomes a folder, or takes the place of one, once it is whole.

    Parameters
    ----------
    folder : Path
        Nothing of what it holds stays.

    Yields
    ------
    Path
        An empty folder, in which files may be written as they come: nobody reads it yet.
    """
    draft = draft_beside(folder)
    draft.mkdir(parents=True)
    try:
        with named(folder, 0, only_full=True):
            yield draft
            _sync(draft)
            if not folder.exists() or not exchange(draft, folder):
                remove(folder)
                os.rename(draft, folder)
            sync_folder(folder.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _sync(folder: Path) -> None:
    files = list(folder.iterdir())
    if len(files) > _MANY and hasattr(os, "sync"):
        os.sync()
        return
    for each in files:
        sync_file(each)
    sync_folder(folder)


def finish_replacement(folder: Path, last: str) -> None:
    """Bring files to their places that a killed process had written whole; nothing where there are none.

    Parameters
    ----------
    folder : Path
    last : str
        As for `replaced`.
    """
    whole = folder / _WHOLE
    if not is_waiting(folder):
        return
    gone = (whole / _GONE).read_bytes().split(b"\0") if (whole / _GONE).exists() else []
    _move(whole, folder, last)
    for name in filter(None, gone):
        remove(folder / os.fsdecode(name))
    remove(whole)
    sync_folder(folder)


def exchange(first: Path, second: Path) -> bool:
    """Let two folders change names in one step.

    Returns
    -------
    bool
        Whether the system can; otherwise nothing has changed.
    """
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None
    return function is not None and not function(_HERE, os.fsencode(first), _HERE, os.fsencode(second), _EXCHANGE)


def remove(place: Path) -> None:
    """Remove a file, or a folder with all that is in it, if it is there."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _draft_for(folder: Path, last: str) -> Path:
    """A new folder: beside, where the two are to be exchanged; within, where that cannot be."""
    stays = os.path.ismount(folder) or Path(os.path.realpath(os.curdir)).is_relative_to(folder)
    if (folder / last).exists() and not stays:
        draft = draft_beside(folder)
        with contextlib.suppress(OSError):
            draft.mkdir()
            return draft
    draft = draft_beside(folder / last)
    with named(draft, 0):
        draft.mkdir()
    return draft


def _take_place(draft: Path, folder: Path, last: str, gone: Sequence[str]) -> None:
    sync_folder(draft)
    own = set(os.listdir(draft))
    left = [name for name in os.listdir(folder) if name not in own and any(fnmatchcase(name, each) for each in gone)]
    if not (folder / last).exists():
        _move(draft, folder, last)
        for name in left:
            remove(folder / name)
        sync_folder(folder)
    elif draft.parent != folder.parent or not _exchanged(draft, folder, own | set(left)):
        write_whole(draft / _GONE, b"\0".join(os.fsencode(name) for name in left))
        os.rename(draft, folder / _WHOLE)
        sync_folder(folder)
        finish_replacement(folder, last)


def _exchanged(draft: Path, folder: Path, without: set[str]) -> bool:
    """Give the draft whatever is to stay of the folder, under a second name, and exchange the two."""
    before = set(os.listdir(draft))
    try:
        for name in os.listdir(folder):
            if name not in without and not is_draft(name) and name not in (LOCK, _WHOLE):
                _link(folder / name, draft / name)
        shutil.copymode(folder, draft)
        sync_folder(draft)
    except OSError:
        # Where a file cannot have two names, as on some file systems, nothing may stand in the draft twice.
        for name in set(os.listdir(draft)) - before:
            remove(draft / name)
        return False
    if not exchange(draft, folder):
        for name in set(os.listdir(draft)) - before:
            remove(draft / name)
        return False
    sync_folder(folder.parent)
    return True


def _link(source: Path, target: Path) -> None:
    if source.is_dir() and not source.is_symlink():
        target.mkdir()
        for each in source.iterdir():
            _link(each, target / each.name)
        shutil.copystat(source, target)
    else:
        os.link(source, target, follow_symlinks=False)


def _move(draft: Path, folder: Path, last: str) -> None:
    """Bring every entry to its place, the last one last; to be repeated after a kill, as often as need be."""
    for name in sorted(os.listdir(draft), key=lambda name: (name == last, name)):
        if name == _GONE:
            continue
        target = folder / name
        if (draft / name).is_dir() or target.is_dir():
            remove(target)
        os.replace(draft / name, target)
