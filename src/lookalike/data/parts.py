"""Which folders of a data set are its training, test and validation parts, and which are classes."""

from dataclasses import dataclass
from pathlib import Path

from lookalike.data.listing import PassedOver, entries
from lookalike.errors import DataError, describe

_NAMES = {
    "train": ("train", "training"),
    "test": ("test", "testing"),
    "validation": ("val", "valid", "validation", "dev", "eval", "evaluation"),
}
_PART_OF = {name: part for part, names in _NAMES.items() for name in names}


@dataclass(frozen=True)
class PartFolders:
    """Where the parts of a data set lie.

    Attributes
    ----------
    train : Path
        The folder of class folders to learn from.
    test, validation : Path or None
    notes : tuple of str
        What should be said of the choice.
    """

    train: Path
    test: Path | None = None
    validation: Path | None = None
    notes: tuple[str, ...] = ()


def part_folders(folder: Path) -> PartFolders:
    """The parts of a data set: folders are parts only where all their names are names of parts, in any case.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    PartFolders
        ``train`` is the folder itself where its sub-folders are classes.

    Raises
    ------
    DataError
        If two folders may be the same part, or there is a test part and none to learn from.

    Notes
    -----
    Folders with other names beside a training and a test folder of the same classes hold no class; they are not read,
    and named in a note.
    """
    children = _folders(folder)
    found: dict[str, list[Path]] = {}
    for child in children:
        found.setdefault(_PART_OF.get(child.name.lower(), ""), []).append(child)
    others = found.pop("", [])
    if not found or (others and not _share_classes(found)):
        return PartFolders(folder)
    double = next((places for places in found.values() if len(places) > 1), None)
    if double:
        names = " and ".join(str(place) for place in double)
        raise DataError(describe("one folder for each part", names, "rename or move one of them"))
    if "train" not in found:
        names = ", ".join(child.name for child in children)
        raise DataError(describe(f"a folder to learn from in {folder}", f"only {names}", f"{folder}/train/CLASS"))
    parts = {part: places[0] for part, places in found.items()}
    notes = [f"folders that are no part, not read: {', '.join(each.name for each in others)}"] if others else []
    test, validation = parts.get("test"), parts.get("validation")
    if validation and not test:
        notes.append(f"the folder {validation.name!r} is the test part, as there is no other")
        test, validation = validation, None
    elif validation:
        notes.append(f"the folder {validation.name!r} is the validation part")
    return PartFolders(parts["train"], test, validation, tuple(notes))


def _share_classes(found: dict[str, list[Path]]) -> bool:
    """Whether there are a training folder and another part with sub-folders of the same names."""
    names = {part: {each.name for place in places for each in _folders(place)} for part, places in found.items()}
    train = names.pop("train", set())
    return any(train & each for each in names.values())


def _folders(folder: Path) -> list[Path]:
    return [entry for entry in entries(folder, PassedOver()) if entry.is_dir()]
