"""Where a run's data lie, and which of them it learned from: folders and tables move and grow after a fit."""

from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from lookalike.atomic import write_whole
from lookalike.data import Dataset, Part
from lookalike.data.classes import labels_in, words_as_classes
from lookalike.data.delimited import is_table
from lookalike.data.resolver import NAMED
from lookalike.data.splits import content_digests
from lookalike.errors import DataError, ModelFileError, describe

EXAMPLES = "examples.safetensors"
_PARTS = ("train", "test", "validation", "judging")
_ALWAYS = ("train", "test")


def place_of(data: str) -> str:
    """The whole path of data that lie in files; empty for those that have a name."""
    path = Path(data).expanduser()
    return str(path.absolute()) if data.partition(":")[0] not in NAMED and path.exists() else ""


def note_examples(folder: Path, dataset: Dataset) -> None:
    """Keep what the examples look like beside a run: eight bytes each, from which no example can be made again."""
    write_whole(folder / EXAMPLES, save({name: content_digests(part.inputs) for name, part in _parts(dataset).items()}))


def is_as_noted(folder: Path, dataset: Dataset) -> bool:
    """Whether a data set holds what the run learned from and was tested on, or the run does not say what that is."""
    noted = _noted(folder)
    if noted is None:
        return True
    parts = _parts(dataset)
    return parts.keys() == noted.keys() and all(
        np.array_equal(content_digests(part.inputs), noted[name]) for name, part in parts.items()
    )


def as_noted(folder: Path, dataset: Dataset) -> Dataset:
    """What is left of the examples that a run learned from and was tested on, in their order.

    Parameters
    ----------
    folder : Path
        Of the run, which noted them.
    dataset : Dataset
        All that there is now, in any parts.

    Returns
    -------
    Dataset
        Without those that came later, and with a note.

    Raises
    ------
    DataError
        If none that it learned from is left, or none that it was tested on.
    ModelFileError
        If what the run noted cannot be read.
    """
    noted = _noted(folder) or {}
    pool = _joined(list(_parts(dataset).values()))
    digests = content_digests(pool.inputs)
    waiting: dict[int, list[int]] = defaultdict(list)
    for place in reversed(range(len(digests))):
        waiting[int(digests[place])].append(place)
    found: dict[str, Part] = {}
    for name, wanted in noted.items():
        # An example that lies there twice serves twice; one that was drawn twice, as often as it was drawn.
        places = [each.pop() if len(each) > 1 else each[0] for each in (waiting.get(int(d)) for d in wanted) if each]
        found[name] = pool.select(np.array(places, dtype=int))
    for name, what in (("train", "learned from"), ("test", "was tested on")):
        if not len(found[name]):
            expected = f"data with examples that the run {what}"
            raise DataError(describe(expected, f"others in {dataset.name}", "--data PLACE, or learn anew"))
    gone = {name: len(wanted) - len(found[name]) for name, wanted in noted.items()}
    known = np.concatenate(list(noted.values()))
    note = (
        f"the data have changed since the model learned: {int(np.sum(~np.isin(digests, known)))} examples are new and "
        f"not looked at; gone are {gone['train'] + gone.get('validation', 0)} that it learned from and {gone['test']} "
        "that it was tested on"
    )
    validation, judging = found.get("validation"), found.get("judging")
    kept = replace(dataset, train=found["train"], test=found["test"], validation=validation, judging=judging)
    return replace(kept, notes=(*dataset.notes, note))


def unlearned(folder: Path, dataset: Dataset) -> Dataset:
    """Another data set, without test examples that the run learned from.

    Parameters
    ----------
    folder : Path
        Of the run.
    dataset : Dataset
        If it has no test part, all of it is one.

    Raises
    ------
    DataError
        If no test example is left.
    ModelFileError
        If what the run noted cannot be read.
    """
    noted = _noted(folder)
    if not len(dataset.test):
        note = "no test part: all that the model did not learn from is tested on"
        dataset = replace(dataset, test=dataset.train, notes=(*dataset.notes, note))
    test = content_digests(dataset.test.inputs)
    # The run's own test part may hold what its training part holds as well.
    if noted is None or np.array_equal(test, noted["test"]):
        return dataset
    # Judges learned, too.
    known = np.isin(test, np.concatenate([noted[name] for name in noted if name != "test"]))
    if not known.any():
        return dataset
    if known.all():
        expected = "test examples that the model did not learn from"
        raise DataError(describe(expected, f"{len(test)}, and it learned from all of them", "other data"))
    note = f"{known.sum()} of {len(test)} test examples were learned from, and are left out"
    return replace(dataset, test=dataset.test.select(np.flatnonzero(~known)), notes=(*dataset.notes, note))


def in_classes(dataset: Dataset, classes: np.ndarray) -> Dataset:
    """A data set whose labels are the classes of a model wherever they are equal to them: ``0`` is ``0.0``.

    Parameters
    ----------
    dataset : Dataset
    classes : ndarray
        Of the model.
    """
    parts: dict[str, Any] = {}
    for name, part in _parts(dataset).items():
        labels = words_as_classes(part.labels, classes) if is_table(dataset.name) else part.labels
        with suppress(DataError):  # of other classes: whoever needs them known says so
            labels = labels_in(labels, classes)
        parts[name] = replace(part, labels=labels)
    return replace(dataset, **parts)


def _parts(dataset: Dataset) -> dict[str, Part]:
    parts = {name: getattr(dataset, name) for name in _PARTS}
    return {name: part for name, part in parts.items() if part is not None}


def _joined(parts: list[Part]) -> Part:
    beside = {}
    for name in ("modes", "names"):
        values = [getattr(part, name) for part in parts]
        beside[name] = None if any(value is None for value in values) else np.concatenate(values)
    return Part(
        np.concatenate([each.inputs for each in parts]), np.concatenate([each.labels for each in parts]), **beside
    )


def _noted(folder: Path) -> dict[str, np.ndarray] | None:
    file = folder / EXAMPLES
    if not file.exists():
        return None
    try:
        found = load(file.read_bytes())
        return {name: found[name] for name in _PARTS if name in _ALWAYS or name in found}
    except (SafetensorError, OSError, KeyError) as error:
        raise ModelFileError(
            describe(f"what the run learned from in {file}", str(error), "remove the file, and nothing is compared")
        ) from error
