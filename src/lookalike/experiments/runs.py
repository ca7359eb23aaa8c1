"""A run: a folder with a model, how it was made, how it went, and how good it is."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from lookalike.atomic import write_text, write_whole
from lookalike.data import Dataset, load_dataset, require_consistent
from lookalike.data.listing import require_outside
from lookalike.errors import (
    DataError,
    ModelFileError,
    describe,
    suggest,
)
from lookalike.estimators import PrototypeClassifier
from lookalike.estimators.classifier import CHECKPOINT
from lookalike.estimators.fitting import neighbor_indices
from lookalike.estimators.judging import quality_of
from lookalike.estimators.parameters import instances_for
from lookalike.estimators.storage import versions
from lookalike.evaluation import Quality
from lookalike.experiments.config import RunConfig, config_from
from lookalike.experiments.origins import note_examples, place_of
from lookalike.experiments.run_folder import (
    CONFIG,
    EVALUATION,
    HISTORY,
    in_training,
    missing_parts,
    require_finished,
    require_free,
    run_folder,
    tidy,
    whole_run,
)
from lookalike.persistence import finish_saving, has_model, load_document
from lookalike.plain_data import to_yaml
from lookalike.training import Callback, Noted
from lookalike.training.logs import csv_log


@dataclass(frozen=True)
class Run:
    """A finished run, opened.

    Attributes
    ----------
    folder : Path
    classifier : PrototypeClassifier
    config : RunConfig
    """

    folder: Path
    classifier: PrototypeClassifier
    config: RunConfig

    @property
    def extras(self) -> dict[str, Any]:
        """What was noted when the run was made: data, notes, command, seconds."""
        return self.classifier.extras_


def fit_run(
    config: RunConfig,
    folder: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    callbacks: Sequence[Callback] = (),
    reading: Callable[[int, int], None] | None = None,
    command: str = "",
    dataset: Dataset | None = None,
) -> tuple[Run, Quality]:
    """Fit a classifier and leave a run folder: model, pictures, configuration, history, evaluation.

    Parameters
    ----------
    config : RunConfig
    folder : Path
    resume : bool
        Go on from the checkpoint that an interrupted run left there.
    overwrite : bool
        Replace the model of another run, once the new one is whole.
    callbacks : sequence of callable
        Told of every event of training.
    reading : callable, optional
        Told how many pictures are read, and of how many.
    command : str
        To be noted with the model.
    dataset : Dataset, optional
        In place of what the configuration names.

    Returns
    -------
    tuple
        The run, and its quality on the test part.

    Raises
    ------
    FolderInUseError
        If the folder holds something else.
    """
    finished = _finished(folder, config) if resume else None
    if dataset is None:
        require_outside(folder, config.data)
    if finished is None:
        require_free(folder, resume=resume, overwrite=overwrite)
    classifier = config.classifier()
    if dataset is None:
        dataset = load_dataset(config.data, progress=reading, **config.data_options)
    if not len(dataset.test):
        found = f"none of {len(dataset.train)} set aside"
        larger = 0.5 if config.data_options.get("test_fraction", 0.2) else 0.2
        hint = f"data__test_fraction={larger}, or more examples"
        raise DataError(describe("at least one example to test on", found, hint))
    if finished is not None:
        return finished, quality_of(finished.classifier, dataset.test)
    require_consistent(dataset)
    began = time.perf_counter()
    with run_folder(folder, resume=resume, overwrite=overwrite):
        logs = [csv_log(in_training(folder, HISTORY))]
        for note in dataset.notes:
            for callback in callbacks:
                callback(Noted(note))
        classifier.fit(
            dataset.train.inputs,
            dataset.train.labels,
            validation=dataset.held_out,
            pixels=dataset.pixels,
            folder=folder,
            resume=resume,
            callbacks=[*logs, *callbacks],
        )
        seconds = round(time.perf_counter() - began, 1)
        extras = {**_about(config, dataset, classifier), "command": command, "seconds": seconds}
        quality = quality_of(classifier, dataset.test)
        with whole_run(folder) as draft:
            classifier.save(draft, **extras)
            note_examples(draft, dataset)
            write_whole(draft / CONFIG, to_yaml(config.to_dict()))
            write_text(draft / EVALUATION, json.dumps(quality.to_dict(), indent=1))
    classifier.extras_ = extras
    return Run(folder, classifier, config), quality


def _finished(folder: Path, config: RunConfig) -> Run | None:
    """A run that was made with the same settings to its end."""
    finish_saving(folder)
    if not has_model(folder) or (folder / CHECKPOINT).exists():
        return None
    run = open_run(folder)
    tidy(folder)
    return run if run.config.to_dict() == config.to_dict() and not lacking(run) else None


def lacking(run: Run) -> list[str]:
    """Files that a run should have and has not; see `lookalike.experiments.run_folder.missing_parts`."""
    shown = run.classifier.preprocessing_.is_picture and len(run.classifier.prototypes_) > 0
    return missing_parts(run.folder, run.extras, shown)


def _about(config: RunConfig, dataset: Dataset, classifier: PrototypeClassifier) -> dict[str, Any]:
    """What is noted with a model of what it was made from."""
    return {
        "config": config.to_dict(),
        "notes": [*dataset.notes, *_merged(classifier), *filter(None, [classifier.fitted_.warning])],
        "columns": list(dataset.columns),
        **({} if dataset.encoding is None else {"table": dataset.encoding.to_dict()}),
        "place": place_of(config.data),
        "names": _names(classifier, dataset),
        "n_test": len(dataset.test),
        "versions": versions(),
    }


def _names(classifier: PrototypeClassifier, dataset: Dataset) -> dict[str, str]:
    """Of the training examples that are prototypes or stand beside them."""
    if dataset.train.names is None:
        return {}
    about = classifier.explanation_
    mentioned = {*neighbor_indices(about), *(each.source for each in about.prototypes if each.source is not None)}
    return {str(index): dataset.train.name_of(index, "training") for index in sorted(mentioned)}


def _merged(classifier: PrototypeClassifier) -> list[str]:
    gone = classifier.fitted_.merged
    if not gone:
        return []
    left = len(classifier.prototype_labels_)
    return [f"{len(gone)} of {len(gone) + left} prototypes stood for nothing, or for what another shows, and went"]


def open_run(folder: Path, backbone: nn.Module | None = None) -> Run:
    """Read a run folder, or any model folder that notes its data.

    Parameters
    ----------
    folder : Path
    backbone : torch.nn.Module, optional
        The network of the user's own that the model was fitted with.

    Raises
    ------
    ModelFileError
        If there is no model in it, or it was fitted with a network of the user's own, which is not given.
    ParameterError
        If one is given, but the model was fitted without.
    """
    if not folder.exists() and folder.parent.is_dir():
        beside = [each.name for each in folder.parent.iterdir() if has_model(each)]
        if beside:
            raise ModelFileError(describe(f"a run folder {folder}", "no such folder", suggest(folder.name, beside)))
    if not has_model(folder):
        require_finished(folder)
    given = load_document(folder).get("parameters")
    classifier = PrototypeClassifier.load(folder, **instances_for(given, backbone))
    settings = classifier.extras_.get("config")
    config = config_from(settings) if settings else RunConfig(data="")
    return Run(folder, classifier, config)
