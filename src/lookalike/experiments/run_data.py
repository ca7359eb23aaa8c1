"""The data of a run: its own, wherever they are now and however they have grown, or other data of the same classes."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone

from lookalike.data import Dataset, Part, load_dataset
from lookalike.data.delimited import is_table
from lookalike.data.encoding import Encoding
from lookalike.data.pictures import PictureForm
from lookalike.errors import DataError, DataNotFoundError, ParameterError, describe
from lookalike.estimators.fitting import split
from lookalike.experiments.origins import as_noted, in_classes, is_as_noted, unlearned
from lookalike.experiments.run_folder import require_finished
from lookalike.experiments.runs import Run, lacking

# Options that choose among the examples there are.
_DRAWN = ("limit", "bootstrap", "judge_share")


def data_of(run: Run, data: str | None = None) -> Dataset:
    """The data set of a run as far as it is still there, or another one without what the run learned from.

    Raises
    ------
    DataNotFoundError
        If the data are no longer where they were.
    DataError
        If the model does not say what it was trained on and none is named, or nothing is left to test on.
    """
    if data is None and not run.config.data:
        raise DataError(describe("the data that the model was trained on", "none noted", "--data NAME"))
    return in_classes(_own_data(run) if data is None else _other_data(run, data), run.classifier.classes_)


def _own_data(run: Run) -> Dataset:
    require_finished(run.folder, lacking(run))
    options = run.config.data_options
    found = read_data(run, options)
    if is_as_noted(run.folder, found):
        return found
    return as_noted(run.folder, read_data(run, {name: options[name] for name in options if name not in _DRAWN}))


def read_data(run: Run, options: Mapping[str, Any]) -> Dataset:
    """A run's data from where they are, as they are now.

    Parameters
    ----------
    run : Run
    options : mapping
        Of `lookalike.data.load_dataset`.

    Raises
    ------
    DataNotFoundError
        If they are no longer where they were.
    """
    place, data = run.extras.get("place"), run.config.data
    if not place:
        return load_dataset(data, **({**_shaped(run, data), **options} if is_table(data) else options))
    found = next((each for each in (place, data) if Path(each).expanduser().exists()), None)
    if found is None:
        looked = " or ".join(dict.fromkeys([data, place]))
        raise DataNotFoundError(describe("the data that the run learned from", f"nothing at {looked}", "--data PLACE"))
    return load_dataset(found, **{**_shaped(run, found), **options})


def news_of(run: Run, dataset: Dataset) -> list[str]:
    """What is to be said of a data set that was not said when the run was made.

    Parameters
    ----------
    run : Run
    dataset : Dataset
        From `data_of`.
    """
    gone = lacking(run)
    beside = [f"{run.folder} lacks {', '.join(gone)}, which a finished run has"] if gone else []
    return beside + [note for note in dataset.notes if note not in run.extras.get("notes", dataset.notes)]


def encoding_of(run: Run) -> Encoding | None:
    """How the model of a run reads tables; ``None`` where it learned from columns without names.

    Parameters
    ----------
    run : Run

    Raises
    ------
    ModelFileError
        If the model says it in a form that is not known.
    """
    stored = run.extras.get("table")
    if stored:
        return Encoding.from_dict(stored)
    columns: Any = run.extras.get("columns") or getattr(run.classifier, "feature_names_in_", [])
    return Encoding.of_numbers([str(name) for name in columns]) if len(columns) else None


def _shaped(run: Run, data: str) -> dict[str, Any]:
    """What data that may have grown must not choose anew: the form of pictures, the columns of a table."""
    if is_table(data):
        return {"encoding": encoding_of(run)}
    preprocessing = run.classifier.preprocessing_
    return {"form": PictureForm.of(preprocessing)} if preprocessing.is_picture else {}


def _other_data(run: Run, data: str) -> Dataset:
    shaped, own = _shaped(run, data), run.config.data_options
    with suppress(DataError, ParameterError):
        found = load_dataset(data, **{**shaped, **own})
        if is_as_noted(run.folder, found):  # its own, which have moved; or it does not say which are
            return found
    # What has no test part of its own is a test part.
    options = {**shaped, "test_fraction": 0.0, "label": own.get("label")}
    with suppress(ParameterError):  # of the wider classes already
        return unlearned(run.folder, load_dataset(data, superclasses=own.get("superclasses"), **options))
    return unlearned(run.folder, load_dataset(data, **options))


def learned_from(run: Run) -> Dataset | None:
    """The data set that a run was made from, if it says so and the data are still there.

    Parameters
    ----------
    run : Run
    """
    try:
        return data_of(run)
    except (DataError, DataNotFoundError):
        return None


def validation_of(run: Run, dataset: Dataset) -> Part:
    """What the fit of a run chose and calibrated by; empty where nothing was set aside, or that is not known any more.

    Parameters
    ----------
    run : Run
    dataset : Dataset
        From `data_of`.
    """
    if dataset.validation is not None:
        return dataset.validation
    if not is_as_noted(run.folder, dataset):
        return dataset.train.select(np.array([], dtype=int))
    request, classes = clone(run.classifier).request(dataset.train.inputs, dataset.train.labels)
    _, held, _ = split(replace(request, seed=run.classifier.seed_))
    return Part(held.inputs.numpy(), classes[held.labels.numpy()])
