"""Which files of a folder are data: hidden entries, those of operating systems, and saved models are not."""

import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lookalike.errors import DataError, describe

_SYSTEM = frozenset(
    {
        "#recycle",
        "$recycle.bin",
        "@eadir",
        "@recently-snapshot",
        "@recycle",
        "__macosx",
        "__pycache__",
        "desktop.ini",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "icon\r",
        "lost+found",
        "recycler",
        "system volume information",
        "thumbs.db",
    }
)
_MODEL, _PROTOTYPES = "model.json", "prototypes"
_SHOWN = 5


@dataclass
class PassedOver:
    """What was found in a folder and is not read, to be said in notes.

    Attributes
    ----------
    hidden : list of str
        Names of hidden entries and of entries that operating systems leave behind.
    models : list of Path
        Folders that hold a saved model.
    loops : list of Path
        Links to folders that had been read before, on the way to them say.
    others : Counter
        How many files are no pictures, by their suffix.

    Examples
    --------
    >>> PassedOver(hidden=[".DS_Store"]).notes()
    ['hidden files and files of the system passed over: 1 (.DS_Store)']
    """

    hidden: list[str] = field(default_factory=list)
    models: list[Path] = field(default_factory=list)
    loops: list[Path] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)

    def add(self, other: "PassedOver") -> None:
        """What was passed over elsewhere, too."""
        self.hidden += other.hidden
        self.models += other.models
        self.loops += other.loops
        self.others += other.others

    def notes(self) -> list[str]:
        """One sentence for each kind of entry, with its count."""
        found = []
        if self.hidden:
            names = _named(list(dict.fromkeys(self.hidden)))
            found.append(f"hidden files and files of the system passed over: {len(self.hidden)} ({names})")
        if self.models:
            found.append(f"folders that hold a saved model passed over: {len(self.models)} ({_named(self.models)})")
        if self.loops:
            found.append(f"links to folders that are read already, not followed: {_named(self.loops)}")
        if self.others:
            counts = ", ".join(f"{suffix or 'no suffix'} {n}" for suffix, n in self.others.most_common(_SHOWN))
            found.append(f"files that are no pictures, not read: {sum(self.others.values())} ({counts})")
        return found


def is_system_entry(name: str) -> bool:
    """Whether a file or folder is hidden, or one that an operating system or an editor leaves behind.

    Examples
    --------
    >>> [is_system_entry(name) for name in (".ipynb_checkpoints", "._1.png", "__MACOSX", "cat")]
    [True, True, True, False]
    """
    return name.startswith(".") or name.lower() in _SYSTEM


def entries(folder: Path, passed: PassedOver) -> list[Path]:
    """What a folder holds, sorted, without system entries and saved models.

    Parameters
    ----------
    folder : Path
    passed : PassedOver
        Told what is left out.

    Raises
    ------
    DataError
        If the folder cannot be read.
    """
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(describe("a folder that can be read", f"{folder}: {error.strerror}", "its permissions")) from (
            error
        )
    kept = []
    for entry in found:
        if is_system_entry(entry.name):
            passed.hidden.append(entry.name)
        elif holds_model(entry):
            passed.models.append(entry)
        else:
            kept.append(entry)
    return kept


def files_below(folder: Path, passed: PassedOver, is_data: Callable[[Path], bool]) -> list[Path]:
    """The files of a folder and of all folders below it that are data, sorted; links are followed, each folder once.

    Parameters
    ----------
    folder : Path
    passed : PassedOver
        Told what is left out.
    is_data : callable
        Whether a file is wanted.
    """
    found: list[Path] = []
    seen: set[Path] = set()
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        place = current.resolve()
        if place in seen:
            passed.loops.append(current)
            continue
        seen.add(place)
        for entry in entries(current, passed):
            if entry.is_dir():
                waiting.append(entry)
            elif _is_regular(entry) and is_data(entry):
                found.append(entry)
            else:
                passed.others[entry.suffix.lower()] += 1
    return sorted(found)


def holds_model(folder: Path) -> bool:
    """Whether a saved model lies in a folder, so that its pictures are no data."""
    return (folder / _MODEL).is_file()


def require_data_folder(folder: Path) -> None:
    """Refuse a folder that is a saved model, or holds the pictures of one.

    Raises
    ------
    DataError
    """
    place = folder.resolve()
    model = place.parent if place.name == _PROTOTYPES else place
    if holds_model(model):
        raise DataError(describe("a folder of data", f"{folder}, a saved model", "the folder that holds the data"))


def require_outside(out: Path, data: str) -> None:
    """Refuse results in the folder of the data: the next fit would learn from them.

    Parameters
    ----------
    out : Path
        Where results are to be written.
    data : str
        What is learned from; only folders are looked at.

    Raises
    ------
    DataError
    """
    source = Path(data).expanduser()
    if not source.is_dir():
        return
    place, target = source.resolve(), out.expanduser().resolve()
    if target == place or place in target.parents:
        advice = f"--out {place.parent / 'runs' / place.name}"
        raise DataError(describe(f"results outside of the data folder {place}", f"{target}, inside of it", advice))


def _is_regular(file: Path) -> bool:
    """A file, or a link whose target is gone, which is named as unreadable; neither pipe nor device."""
    try:
        return stat.S_ISREG(file.stat().st_mode)
    except OSError:
        return True


def _named(names: Iterable[object]) -> str:
    shown = [str(name) for name in names]
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more


def readable_name(path: Path | str) -> str:
    r"""What a file or folder is called; bytes that are no UTF-8 are written out, as no report could show them.

    Parameters
    ----------
    path : path

    Examples
    --------
    >>> readable_name("caf\udce9.png")
    'caf\\xe9.png'
    """
    named = re.sub("[\udc80-\udcff]", lambda byte: f"\\x{ord(byte[0]) - 0xDC00:02x}", str(path))
    return named.encode(errors="backslashreplace").decode()
