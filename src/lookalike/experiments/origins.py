"""Where a run's data lie, and which of them it learned from: folders and tables move and grow after a fit."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from lookalike.data import Dataset, Part
from lookalike.data.resolver import NAMED
from lookalike.data.splits import content_digests
from lookalike.errors import DataError, ModelFileError, describe
from lookalike.experiments.config import RunConfig
from lookalike.persistence import write_whole

EXAMPLES = "examples.safetensors"


def place_of(data: str) -> str:
    """The whole path of data that lie in files; empty for those that have a name."""
    path = Path(data).expanduser()
    return str(path.resolve()) if data.partition(":")[0] not in NAMED and path.exists() else ""


def located(config: RunConfig, extras: Mapping[str, Any]) -> RunConfig:
    """The same settings, with data that are not found from here where they were when the run was made.

    Parameters
    ----------
    config : RunConfig
    extras : mapping
        What was noted with the run: ``place``, the whole path.
    """
    place = extras.get("place")
    if not place or Path(config.data).expanduser().exists() or not Path(place).exists():
        return config
    return replace(config, data=place)


def note_examples(folder: Path, dataset: Dataset) -> None:
    """Keep what the examples look like beside a run: eight bytes each, from which no example can be made again."""
    parts = {"train": dataset.train, "test": dataset.test, "validation": dataset.validation}
    digests = {name: content_digests(part.inputs) for name, part in parts.items() if part is not None}
    write_whole(folder / EXAMPLES, save(digests))


def as_learned(folder: Path, dataset: Dataset, own: bool = True) -> Dataset:
    """A data set without test examples that the run learned from.

    Parameters
    ----------
    folder : Path
        Of the run.
    dataset : Dataset
        As it is there now.
    own : bool
        Whether it is what the run was made from: then its training part is what the run learned from, too.

    Returns
    -------
    Dataset
        The same one where nothing has changed, or where the run does not say what it learned from; otherwise with a
        note.

    Raises
    ------
    DataError
        If no test example is left.
    ModelFileError
        If what the run noted cannot be read.
    """
    noted = _noted(folder)
    if noted is None:
        return dataset
    train, test = content_digests(dataset.train.inputs), content_digests(dataset.test.inputs)
    same_test = np.array_equal(test, noted["test"])
    if same_test and (not own or np.array_equal(train, noted["train"])):
        return dataset
    learned = np.concatenate([noted["train"], noted.get("validation", noted["train"][:0])])
    known = np.isin(test, learned) & (not same_test)
    if known.all():
        raise DataError(
            describe(
                "test examples that the model did not learn from",
                f"{len(test)}, and it learned from all of them",
                "other data, or learn anew",
            )
        )
    left_out = f"{known.sum()} of {len(test)} test examples were learned from, and are left out"
    if not own:
        notes = (*dataset.notes, left_out) if known.any() else dataset.notes
        return replace(dataset, test=dataset.test.select(np.flatnonzero(~known)), notes=notes)
    note = f"the data have changed since the model learned: {left_out}"
    changed = replace(dataset, test=dataset.test.select(np.flatnonzero(~known)), notes=(*dataset.notes, note))
    if dataset.validation is not None:
        return changed
    still = [part.select(np.flatnonzero(np.isin(digests, noted["train"]))) for part, digests in
             ((dataset.train, train), (dataset.test, test))]  # fmt: skip
    return replace(changed, train=_joined(*still))


def _joined(first: Part, second: Part) -> Part:
    modes = None if first.modes is None or second.modes is None else np.concatenate([first.modes, second.modes])
    inputs = np.concatenate([first.inputs, second.inputs])
    return Part(inputs, np.concatenate([first.labels, second.labels]), modes)


def _noted(folder: Path) -> dict[str, np.ndarray] | None:
    file = folder / EXAMPLES
    if not file.exists():
        return None
    try:
        return load(file.read_bytes())
    except (SafetensorError, OSError) as error:
        raise ModelFileError(
            describe(f"what the run learned from in {file}", str(error), "remove the file, and nothing is compared")
        ) from error
