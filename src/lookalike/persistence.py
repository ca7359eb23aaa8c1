"""A model folder: JSON that says what it is, safetensors that hold the numbers; nothing in it is ever executed.

``model.json`` names the weight file by its content. Saving fills a draft of the folder, which takes its place in one
step: a full disk or a kill on the way leaves the old model as it was.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from lookalike.atomic import finish_replacement, is_waiting, locked, make_folder, new_folder, replaced, write_whole
from lookalike.errors import FolderInUseError, ModelFileError, describe
from lookalike.plain_data import read_json

FORMAT = 1
DOCUMENT = "model.json"
_LONGEST_NAME = 100
NAMED_BY_CONTENT = f"*-{'[0-9a-f]' * 12}.safetensors"
# Saving takes seconds at most; a training holds its folder for longer than anybody waits.
_PATIENCE = 20.0


@dataclass(frozen=True)
class StoredModel:
    """What a model folder holds.

    Attributes
    ----------
    document : dict
        Plain values.
    tensors : dict of str to dict of Tensor
        Groups of tensors, one file each.
    """

    document: dict[str, Any]
    tensors: dict[str, dict[str, Tensor]]


@contextmanager
def model_folder(folder: Path, gone: Sequence[str] = ()) -> Iterator[Path]:
    """A draft of a model folder, to be filled; it takes the folder's place once it is whole.

    Parameters
    ----------
    folder : Path
        Made if it is not there; what else lies there stays.
    gone : sequence of str
        Patterns of what goes with an old model, beside its weights.

    Yields
    ------
    Path

    Raises
    ------
    FolderInUseError
        If it is a file, or another process is writing it.
    OSError
        If the disk is full or the folder cannot be written; the old model is still there.
    """
    require_no_file(folder)
    make_folder(folder)
    with locked(folder, _PATIENCE), replaced(folder, DOCUMENT, (NAMED_BY_CONTENT, *gone)) as draft:
        yield draft


def save_model(folder: Path, model: StoredModel) -> None:
    """Write a model folder; one that is there is replaced only when the new one is whole.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    model : StoredModel

    Raises
    ------
    FolderInUseError
        If it is a file, or another process is writing it.
    OSError
        If the disk is full or the folder cannot be written; the old model is still there.
    """
    with model_folder(folder) as draft:
        write_model(draft, model)


def write_model(draft: Path, model: StoredModel) -> None:
    """Write a model into a folder that nobody reads yet.

    Parameters
    ----------
    draft : Path
        From `model_folder`.
    model : StoredModel
    """
    files: dict[str, dict[str, str]] = {}
    for name, tensors in model.tensors.items():
        content = save_tensors({key: value.detach().cpu().contiguous() for key, value in tensors.items()})
        digest = hashlib.sha256(content).hexdigest()
        file = draft / f"{name}-{digest[:12]}.safetensors"
        write_whole(file, content)
        files[name] = {"file": file.name, "sha256": digest}
    document = sealed({"format": FORMAT, **model.document, "files": files})
    write_whole(draft / DOCUMENT, json.dumps(document, indent=1, allow_nan=False).encode())


def require_no_file(folder: Path) -> None:
    """Refuse to write a folder where a file is, or below one.

    Raises
    ------
    FolderInUseError
    """
    file = next((path for path in (folder, *folder.parents) if path.is_file()), None)
    if file is not None:
        raise FolderInUseError(describe(f"{folder} to be a folder, or new", f"a file, {file}", "another name"))


def require_own_pictures(folder: Path) -> None:
    """Refuse to replace a folder that holds anything but PNG files.

    Raises
    ------
    FolderInUseError
    """
    foreign = next((path for path in folder.iterdir() if path.suffix != ".png"), None) if folder.is_dir() else None
    if foreign is not None or folder.is_file():
        raise FolderInUseError(
            describe(
                f"{folder} to be new, or to hold pictures only", f"{foreign or 'a file'}", "save to another folder"
            )
        )


def save_pictures(folder: Path, pictures: Mapping[str, np.ndarray]) -> None:
    """Write pictures as PNG files into a folder of their own, which is replaced as a whole.

    Parameters
    ----------
    folder : Path
    pictures : mapping
        8-bit arrays by name; letters that a file's name cannot bear become dashes.
    """
    with new_folder(folder) as draft:
        for name, picture in pictures.items():
            Image.fromarray(picture).save(draft / f"{file_name(name)}.png")


def file_name(name: str) -> str:
    """A name as a file can bear it: other letters as dashes, and no more than 100 bytes.

    Parameters
    ----------
    name : str
        Those that begin with another number stay different.

    Examples
    --------
    >>> file_name("008 n02123045 tabby, tabby cat"), len(file_name("x" * 500))
    ('008-n02123045-tabby-tabby-cat', 100)
    """
    safe = re.sub(r"[^\w]+", "-", name).strip("-")
    return safe.encode()[:_LONGEST_NAME].decode(errors="ignore").strip("-") or "picture"


def load_model(folder: Path) -> StoredModel:
    """Read a model folder.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    ModelFileError
        If there is no model, it was written by a newer version, or a file is missing, truncated or altered.
    """
    finish_saving(folder)
    document = load_document(folder)
    try:
        return StoredModel(document, _tensors_of(folder, document))
    except ModelFileError:
        # Another process may have replaced the model after its description was read.
        now = load_document(folder)
        if now["sha256"] == document["sha256"]:
            raise
        return StoredModel(now, _tensors_of(folder, now))


def finish_saving(folder: Path) -> None:
    """Bring files to their places that a killed process had written whole; hardly ever are there any."""
    if is_waiting(folder):
        with locked(folder, _PATIENCE):
            finish_replacement(folder, DOCUMENT)


def _tensors_of(folder: Path, document: Mapping[str, Any]) -> dict[str, dict[str, Tensor]]:
    tensors: dict[str, dict[str, Tensor]] = {}
    for name, entry in document["files"].items():
        file = folder / Path(entry["file"]).name
        if not file.is_file():
            raise ModelFileError(describe(f"the file {file.name} in {folder}", "none", "copy the whole folder"))
        try:
            content = file.read_bytes()
        except FileNotFoundError as error:
            raise ModelFileError(describe(f"the file {file.name}", "one that has just gone", "try again")) from error
        if hashlib.sha256(content).hexdigest() != entry["sha256"]:
            raise ModelFileError(
                describe(
                    f"{file} as it was saved",
                    "one that was altered or cut short: its sha256 differs",
                    "copy the folder again or train anew",
                )
            )
        try:
            tensors[name] = load_tensors(content)
        except SafetensorError as error:
            raise ModelFileError(describe(f"tensors in {file}", str(error), "train anew")) from error
    return tensors


def load_document(folder: Path) -> dict[str, Any]:
    """What ``model.json`` says, without the tensors.

    Raises
    ------
    ModelFileError
        As `load_model`.
    """
    file = folder / DOCUMENT
    if not file.is_file():
        raise ModelFileError(
            describe(f"a model in {folder}", f"no {DOCUMENT} there", f"lookalike fit DATA --out {folder}")
        )
    document = read_json(file, ModelFileError, "copy the folder again or train anew")
    if not isinstance(document, dict) or not isinstance(document.get("format"), int):
        raise ModelFileError(describe(f"a model's description in {file}", "something else", "train anew"))
    if document["format"] > FORMAT:
        versions = document.get("versions")
        written = versions.get("lookalike", "unknown") if isinstance(versions, Mapping) else "unknown"
        raise ModelFileError(
            describe(
                f"a model of format {FORMAT} or older",
                f"format {document['format']}, written by version {written}",
                "pip install --upgrade lookalike",
            )
        )
    if document != sealed(document):
        raise ModelFileError(
            describe(
                f"{file} as it was saved",
                "one that was altered: its sha256 differs",
                "copy the folder again or train anew",
            )
        )
    if not _is_table_of_files(document.get("files")):
        raise ModelFileError(describe(f"a table of files in {file}", repr(document.get("files")), "train anew"))
    return document


def sealed(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document with the sha256 of everything else in it.

    Parameters
    ----------
    document : mapping
        Plain values; a seal that is there is replaced.

    Examples
    --------
    >>> sealed({"a": 1})["sha256"][:8]
    'f9d86028'
    """
    rest = {name: value for name, value in document.items() if name != "sha256"}
    digest = hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
    return {**rest, "sha256": digest}


def has_model(folder: Path) -> bool:
    """Whether the folder holds a model, whole or not."""
    return (folder / DOCUMENT).exists()


def _is_table_of_files(files: Any) -> bool:
    return isinstance(files, Mapping) and all(
        isinstance(entry, Mapping) and isinstance(entry.get("file"), str) and isinstance(entry.get("sha256"), str)
        for entry in files.values()
    )
