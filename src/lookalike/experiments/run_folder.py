"""The folder of a run while it is made: who may write it, what an interruption leaves, and how it becomes whole."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lookalike.atomic import (
    LOCK,
    finish_replacement,
    is_draft,
    locked,
    make_folder,
    remove,
    replaced,
    require_unlocked,
    require_writable,
    sweep,
    write_whole,
)
from lookalike.errors import FolderInUseError, ModelFileError, describe
from lookalike.estimators.classifier import CHECKPOINT
from lookalike.estimators.storage import PROTOTYPES
from lookalike.experiments.origins import EXAMPLES
from lookalike.persistence import DOCUMENT, NAMED_BY_CONTENT, finish_saving, has_model, require_no_file

CONFIG, EVALUATION, HISTORY, FILM = "config.yaml", "evaluation.json", "history.csv", "film.gif"
# What training writes while the model of an earlier run is still there.
_NEW = ".{}.new"
# What is about another model once there is a new one.
_REPORTS = tuple(f"report.{kind}" for kind in ("html", "md", "json", "pdf"))
_OUTDATED = (
    *_REPORTS,
    "scorecard.json",
    CHECKPOINT,
    PROTOTYPES,
    HISTORY,
    FILM,
    EXAMPLES,
    NAMED_BY_CONTENT,
    _NEW.format("*"),
)
_NEWLY = (_NEW.format(HISTORY), _NEW.format(FILM))
_WRITTEN = (CONFIG, EVALUATION, HISTORY, FILM, EXAMPLES, PROTOTYPES, "tensorboard", *_NEWLY)


def in_training(folder: Path, name: str) -> Path:
    """Where training writes a file of a run: under another name while an earlier model is there.

    Parameters
    ----------
    folder : Path
    name : str
        ``"history.csv"`` or ``"film.gif"``.
    """
    return folder / (_NEW.format(name) if has_model(folder) else name)


@contextmanager
def run_folder(folder: Path, *, resume: bool, overwrite: bool) -> Iterator[None]:
    """Hold a run's folder while the run is made; one that fails leaves no trace unless it can be resumed.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    resume, overwrite : bool
        As for `require_free`.

    Raises
    ------
    FolderInUseError
        If another process makes a run there, or it holds something that must not be spoiled.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    make_folder(folder)
    is_ours = _is_leftover(folder)
    with locked(folder):
        finish_replacement(folder, DOCUMENT)
        if not is_ours:
            # Another process may have made a run since it was looked at.
            _require_free(folder, resume=resume, overwrite=overwrite)
        if not resume:
            (folder / CHECKPOINT).unlink(missing_ok=True)
        (folder / _NEW.format(FILM)).unlink(missing_ok=True)
        try:
            yield
        except BaseException:
            _undo(folder, missing)
            raise


@contextmanager
def whole_run(folder: Path) -> Iterator[Path]:
    """A draft for everything that a finished run leaves; it takes the place of the old run's in one step.

    Parameters
    ----------
    folder : Path
        Held by `run_folder`.

    Yields
    ------
    Path
        Where to write.
    """
    had_model = has_model(folder)
    with replaced(folder, DOCUMENT, _OUTDATED if had_model else (CHECKPOINT,)) as draft:
        yield draft
        for name in (HISTORY, FILM):
            kept = in_training(folder, name)
            if had_model and kept.exists():
                write_whole(draft / name, kept.read_bytes())


def tidy(folder: Path) -> None:
    """Remove what a process left that was killed when it had finished all but this.

    Parameters
    ----------
    folder : Path
        Of a finished run.
    """
    with locked(folder, wait=1.0):
        sweep(folder)
        sweep(folder.resolve().parent, of=folder.resolve().name)


def require_free(folder: Path, *, resume: bool, overwrite: bool) -> None:
    """Refuse a folder that holds something a new run would spoil, or that cannot be written.

    Parameters
    ----------
    folder : Path
    resume : bool
        Whether an interrupted run may be there.
    overwrite : bool
        Whether anything may be there.

    Raises
    ------
    FolderInUseError
        Also if another process makes a run there.
    OSError
        If nothing can be written there.
    """
    require_no_file(folder)
    require_writable(folder)
    require_unlocked(folder)
    _require_free(folder, resume=resume, overwrite=overwrite)


def _require_free(folder: Path, *, resume: bool, overwrite: bool) -> None:
    if overwrite or not folder.exists():
        return
    is_interrupted = (folder / CHECKPOINT).exists()
    if has_model(folder) and not (resume and is_interrupted):
        raise FolderInUseError(
            describe(
                f"{folder} to be empty or new",
                "a folder that holds a finished run",
                "another --out, or --overwrite to replace it",
            )
        )
    if is_interrupted and not resume:
        raise FolderInUseError(
            describe(
                f"{folder} to be empty or new",
                "a folder that holds an interrupted run",
                "--resume to go on with it, or --overwrite to start anew",
            )
        )
    if not is_interrupted and not _is_leftover(folder) and any(not is_draft(name.name) for name in folder.iterdir()):
        raise FolderInUseError(
            describe(f"{folder} to be empty or new", "a folder that holds other files", "another --out, or --overwrite")
        )


def missing_parts(folder: Path, extras: dict[str, Any], has_pictures: bool) -> list[str]:
    """Files of a run that are not there, though it noted how it was made.

    Parameters
    ----------
    folder : Path
    extras : dict
        What was noted with the model; a model that was saved from Python notes no configuration and misses nothing.
    has_pictures : bool
        Whether its prototypes are pictures.
    """
    if not extras.get("config"):
        return []
    expected = [CONFIG, *([] if extras.get("changes") else [EVALUATION, EXAMPLES])]
    expected += [PROTOTYPES] if has_pictures else []
    return [name for name in expected if not (folder / name).exists()]


def require_finished(folder: Path, missing: Sequence[str] = ()) -> None:
    """Refuse a run that was killed while it was trained, or while an earlier version saved it.

    Parameters
    ----------
    folder : Path
    missing : sequence of str
        From `missing_parts`, where there is a model.

    Raises
    ------
    ModelFileError
    """
    finish_saving(folder)
    interrupted = (folder / CHECKPOINT).exists()
    if not has_model(folder) and not interrupted and not (folder / LOCK).exists():
        return
    lacking = [DOCUMENT] if not has_model(folder) else list(missing) if interrupted else []
    if lacking:
        raise ModelFileError(
            describe(
                f"a finished run in {folder}",
                f"one that was interrupted: there is no {', no '.join(lacking)}",
                "the command that made it, with --resume",
            )
        )


def _is_leftover(folder: Path) -> bool:
    """Whether a killed process has left a folder in which it had not finished anything."""
    return (folder / LOCK).exists() and not has_model(folder) and not (folder / CHECKPOINT).exists()


def _undo(folder: Path, missing: Sequence[Path]) -> None:
    """Leave no trace of a run that failed, unless there is a checkpoint to go on from."""
    for name in (HISTORY, FILM):
        (folder / _NEW.format(name)).unlink(missing_ok=True)
    if (folder / CHECKPOINT).exists() or has_model(folder):
        return
    if missing:
        shutil.rmtree(folder)
        for place in missing[1:]:
            place.rmdir()
        return
    for place in [*(folder / name for name in _WRITTEN), *folder.glob(NAMED_BY_CONTENT)]:
        remove(place)
