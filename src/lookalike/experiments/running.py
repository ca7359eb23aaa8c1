"""Running studies: what is missing, one run after the other or several at once, each kept once it is done."""

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lookalike.atomic import locked, make_folder, require_writable
from lookalike.data import Dataset, Examples, foreign_inputs, load_dataset, require_consistent
from lookalike.data.classes import class_indices
from lookalike.errors import FolderInUseError, LookalikeError, ParameterError, describe, suggest
from lookalike.estimators import PrototypeClassifier, train_judges
from lookalike.estimators.fitting import calibrated, logits_of, prepare
from lookalike.estimators.inputs import table_or_pictures
from lookalike.estimators.storage import versions
from lookalike.evaluation import JUDGED_ROWS, ROUGHNESS, ROW_NAMES, Card, Row, TwinNetwork, judge
from lookalike.evaluation.picture_rows import by_cues
from lookalike.evaluation.quality import Quality
from lookalike.evaluation.stability import stability_row
from lookalike.experiments.again import compared, other_way
from lookalike.experiments.config import TENSORBOARD, RunConfig
from lookalike.experiments.runs import quality_of
from lookalike.experiments.studies import Arm, Study
from lookalike.experiments.study_engines import Task, by_processes, by_ray
from lookalike.experiments.study_results import add_run, drop_outdated, held_runs
from lookalike.experiments.thumbnails import thumbnail_of
from lookalike.objectives import CrossEntropyObjective
from lookalike.plain_data import parse_json
from lookalike.randomness import seeded
from lookalike.training import Callback, Learner, Phase, train

ENGINES = ("local", "ray")
_log = logging.getLogger(__name__)
OnRun = Callable[[Arm, int, dict[str, Any]], None]


def run_study(
    study: Study,
    results: Path,
    *,
    seeds: int | None = None,
    arms: Sequence[str] = (),
    engine: str = "local",
    workers: int | None = None,
    on_run: OnRun = lambda arm, seed, run: None,
    watching: Callable[[Arm, int], Sequence[Callback]] = lambda arm, seed: (),
) -> dict[str, Any]:
    """Run every arm with every seed that the results file does not hold yet, and write the file after each run.

    Parameters
    ----------
    study : Study
    results : Path
        JSON; runs of arms whose settings have changed are dropped from it.
    seeds : int, optional
        In place of the study's own number.
    arms : sequence of str
        Names of those to run now; all of them unless given.
    engine : str
        ``"local"``: processes on this machine. ``"ray"``: the Ray cluster that is connected to, or a local one.
    workers : int, optional
        Runs at a time, each with one thread; as many as there are cores unless given. With 1, and for a study that says
        so, runs follow each other in this process and have all cores.
    on_run : callable
        Told of every finished run.
    watching : callable
        Gives the callbacks for the training of a run that begins, where runs follow each other.

    Returns
    -------
    dict
        What the file holds.

    Raises
    ------
    ParameterError
        For an engine or an arm that does not exist.
    MissingExtraError
        If Ray is wanted and not installed.
    """
    if engine not in ENGINES:
        raise ParameterError(describe("an engine", repr(engine), suggest(engine, ENGINES)))
    chosen = study.named(arms)
    require_writable(results)
    if any(arm.config.parameters.get(TENSORBOARD) for arm in chosen):
        _log.warning("%s is ignored in %s: a study keeps no folder for each run", TENSORBOARD, study.name)
    done = {(run["arm"], run["seed"]) for run in held_runs(study, results)}
    tasks = [(arm, seed) for seed in range(seeds or study.seeds) for arm in chosen if (arm.name, seed) not in done]
    judged = _judged_data(study, tasks)
    at_once = min(workers or os.cpu_count() or 1, len(tasks))
    here = partial(make_unclaimed, study, results=results)
    finished: Iterable[tuple[Task, dict[str, Any] | None]]
    if engine == "ray" and tasks:
        made = by_ray(tasks, judged, partial(run_one, study), _train_judges, workers)
        finished = ((task, _kept(study, *task, result, results)) for task, result in made)
    elif at_once > 1 and not study.alone:
        finished = by_processes(tasks, judged, here, _train_judges, at_once)
    else:
        finished = ((task, here(*task, watching=watching)) for task in tasks)
    left = 0
    for (arm, seed), run in finished:
        if run is None:
            left += 1
        else:
            on_run(arm, seed, run)
            _require_figures(study, arm, run)
    if left:
        _log.warning("%s runs of %s were left to another process, which has made them or is at it", left, study.name)
    return drop_outdated(study, results)


def make_unclaimed(
    study: Study,
    arm: Arm,
    seed: int,
    *,
    results: Path,
    watching: Callable[[Arm, int], Sequence[Callback]] = lambda arm, seed: (),
) -> dict[str, Any] | None:
    """Make one run of a study and keep it, unless another process has made it or is at it; then there is none.

    Parameters
    ----------
    study : Study
    arm : Arm
    seed : int
    results : Path
        Of the study.
    watching : callable
        Gives the callbacks.
    """
    make_folder(results.parent)
    name = hashlib.sha256(json.dumps([arm.name, seed]).encode()).hexdigest()[:12]
    with ExitStack() as claim:
        try:
            claim.enter_context(locked(results.with_name(f"{results.stem}-{name}")))
        except FolderInUseError:
            return None
        if any((run["arm"], run["seed"]) == (arm.name, seed) for run in held_runs(study, results)):
            return None
        return _kept(study, arm, seed, run_one(study, arm, seed, watching(arm, seed)), results)


def _kept(study: Study, arm: Arm, seed: int, result: dict[str, Any], results: Path) -> dict[str, Any] | None:
    run = {"arm": arm.name, "seed": seed, "config_hash": study.hash(arm), **result}
    return run if add_run(study, run, results) else None


def run_one(study: Study, arm: Arm, seed: int, callbacks: Sequence[Callback] = ()) -> dict[str, Any]:
    """One run of a study, its data loaded.

    Parameters
    ----------
    study : Study
    arm : Arm
    seed : int
    callbacks : sequence of callable
    """
    config = study.config_of(arm, seed)
    dataset = _data_of(config)
    rows = (study.rows or ROW_NAMES) if study.card else ()
    return run_arm(replace(arm, config=config), seed, dataset, callbacks, rows=rows, again=study.again)


def run_arm(
    arm: Arm,
    seed: int,
    dataset: Dataset,
    callbacks: Sequence[Callback] = (),
    *,
    rows: Sequence[str] = (),
    again: Sequence[str] = (),
) -> dict[str, Any]:
    """Fit one arm with one seed and judge it on the test part.

    Parameters
    ----------
    arm : Arm
    seed : int
    dataset : Dataset
    callbacks : sequence of callable
        Told of every event of training.
    rows : sequence of str
        Also by these rows of the scorecard; of a twin only what it makes of a known world's cues is told.
    again : sequence of str
        Train a second time in each of these ways, of `lookalike.experiments.again`, and compare the prototypes; BIND
        also asks with those of another seed.

    Returns
    -------
    dict
        Accuracy, calibration, how training went, minutes, and a thumbnail of the prototypes where they are pictures.
    """
    classifier = arm.config.without_logs().classifier().set_params(random_state=seed)
    began = time.perf_counter()
    found: dict[str, Any] = {}
    if arm.twin:
        history, quality, cues = _fit_twin(classifier, dataset, callbacks)
        found |= {"card": cues} if cues else {}
    else:
        classifier.fit(
            dataset.train.inputs,
            dataset.train.labels,
            validation=dataset.held_out,
            callbacks=callbacks,
            pixels=dataset.pixels,
        )
        history, quality = classifier.history_, quality_of(classifier, dataset.test)
    minutes = round((time.perf_counter() - began) / 60, 2)
    if not arm.twin:
        if thumbnail := thumbnail_of(classifier):
            found["thumbnail"] = thumbnail
        others = _trained_again(arm, seed, dataset, again)
        if rows:
            found["card"] = _card(classifier, dataset, rows, others["seed"][0] if "seed" in others else None)
        if others:
            stabilities = _stabilities(f"{arm.name}, seed {seed}", dataset, classifier, others)
            found["card"] = {**found.get("card", {}), **stabilities}
    return {
        "accuracy": quality.accuracy,
        "calibration_error": quality.calibration_error,
        "training_accuracy": [round(epoch.accuracy, 5) for epoch in history],
        "validation_accuracy": [epoch.validation_accuracy for epoch in history],
        "minutes": minutes,
        "n_training": len(dataset.train),
        "n_test": len(dataset.test),
        "threads": torch.get_num_threads(),
        "versions": versions(),
        **found,
    }


def _require_figures(study: Study, arm: Arm, run: dict[str, Any]) -> None:
    """Stop a study whose contrast asks for a figure that its row, which is there, does not have beside it."""
    known = list(run.get("card", {}))
    for contrast in study.contrasts:
        row, _, figure = contrast.outcome.partition(": ")
        if arm.name in (contrast.arm, contrast.against) and figure and row in known and contrast.outcome not in known:
            beside = [name for name in known if name.startswith(f"{row}: ")]
            raise ParameterError(
                describe(
                    f"a figure that stands beside {row}",
                    repr(contrast.outcome),
                    f"{suggest(contrast.outcome, beside)}; the run is kept",
                )
            )


def _data_of(config: RunConfig) -> Dataset:
    return _loaded(config.data, json.dumps(config.data_options, sort_keys=True))


@lru_cache(maxsize=4)
def _loaded(data: str, options: str) -> Dataset:
    found = load_dataset(data, **parse_json(options, "options of data"))
    require_consistent(found)
    return found


def _figures(card: Card) -> dict[str, Any]:
    """A card as one table of names and numbers, and its verdict."""
    found: dict[str, Any] = {"verdict": card.verdict}
    found |= {name: round(card.diagnostics[name], 6) for name in ROUGHNESS if name in card.diagnostics}
    for row in card.rows:
        found |= _figures_of(row, row.name)
    return found | {name: round(value, 6) for name, value in card.evidence.items()}


def _figures_of(row: Row, name: str) -> dict[str, float]:
    if row.value is None:
        return {}
    return {name: round(row.value, 6)} | {
        f"{name}: {key}": round(value, 6) for key, value in (row.beside or {}).items()
    }


def _trained_again(
    arm: Arm, seed: int, dataset: Dataset, again: Sequence[str]
) -> dict[str, tuple[PrototypeClassifier, Dataset]]:
    """The same settings trained in other ways, and what on."""
    found = {}
    for way in again:
        config, other_seed = other_way(arm.config, way, seed)
        sample = dataset if way == "seed" else _data_of(config)
        other = config.without_logs().classifier().set_params(random_state=other_seed)
        train, held_out = sample.train, sample.held_out
        found[way] = other.fit(train.inputs, train.labels, validation=held_out, pixels=sample.pixels), sample
    return found


def _card(
    classifier: PrototypeClassifier,
    dataset: Dataset,
    rows: Sequence[str],
    other: PrototypeClassifier | None,
) -> dict[str, Any]:
    """The scorecard of a run, as one table; BIND also asks with the prototypes of another seed, where there is one."""
    judging = dataset.judging
    card = classifier.scorecard(
        dataset.test.inputs,
        dataset.test.labels,
        (dataset.train.inputs, dataset.train.labels),
        judging=None if judging is None else (judging.inputs, judging.labels),
        other_prototypes=None if other is None else (other.prototypes_, other.prototype_labels_),
        foreign=foreign_inputs(dataset, fetch=True),
        world=dataset.world,
        modes=dataset.test.modes,
        rows=rows,
    )
    return _figures(card)


def _stabilities(
    run: str,
    dataset: Dataset,
    classifier: PrototypeClassifier,
    others: Mapping[str, tuple[PrototypeClassifier, Dataset]],
) -> dict[str, float]:
    """How alike the prototypes of other trainings are to the first one's: SEED-R, and the same of bootstraps."""
    found: dict[str, float] = {}
    for way, (other, sample) in others.items():
        try:
            row = stability_row(compared([classifier, other], [dataset, sample]))
        except LookalikeError as error:
            # As a row of a card that cannot be computed; the run itself is none the worse.
            _log.info("no stability of %s: %s", run, error)
            continue
        found |= _figures_of(row, "SEED-R" if way == "seed" else f"SEED-R: {way}")
    return found


def _judged_data(study: Study, tasks: Sequence[Task]) -> list[RunConfig]:
    """Settings of one run for every data set that needs judges: two runs that meet a new one would both train them."""
    if not study.card or JUDGED_ROWS.isdisjoint(study.rows or ROW_NAMES):
        return []
    found: dict[str, RunConfig] = {}
    for arm, seed in tasks:
        if not arm.twin:
            config = study.config_of(arm, seed)
            options = dict(config.data_options)
            if options.get("judge_share"):
                # What is left out for judges is left out before either.
                options = {name: value for name, value in options.items() if name not in ("limit", "bootstrap")}
            found.setdefault(json.dumps([config.data, options], sort_keys=True), config)
    return list(found.values())


def _train_judges(config: RunConfig) -> None:
    dataset = _data_of(config)
    training, judging = dataset.train, dataset.judging
    try:
        train_judges(
            config.classifier(),
            (training.inputs, training.labels),
            None if judging is None else (judging.inputs, judging.labels),
        )
    except LookalikeError as error:
        # The rows of every card will say so.
        _log.info("no judges for %s: %s", config.data, error)


def _fit_twin(
    classifier: Any, dataset: Dataset, callbacks: Sequence[Callback]
) -> tuple[tuple, Quality, dict[str, float]]:
    """The arm's backbone, as it starts there, with a linear layer; same data, budget, schedule and augmentation."""
    request, classes = classifier.request(dataset.train.inputs, dataset.train.labels, dataset.held_out)
    prepared = prepare(request)
    job = prepared.job
    with seeded(request.seed):
        twin = TwinNetwork(prepared.network.backbone, len(classes))
    # A twin has no prototypes to project or to begin anew; where nothing is trained, it still has to learn its layer.
    plan = tuple(replace(phase, project=False, reseed=0.0, merge=False) for phase in job.plan) or (Phase("joint"),)
    history = train(replace(job, learner=Learner(twin, CrossEntropyObjective(), []), plan=plan), callbacks)

    def logits(inputs: Any, labels: np.ndarray) -> np.ndarray:
        rows = table_or_pictures(classifier, inputs, reset=False)
        return logits_of(twin, Examples(rows, torch.from_numpy(labels), job.training.preprocessing)).numpy()

    labels = class_indices(dataset.test.labels, classes)
    quality = judge(logits(dataset.test.inputs, labels), labels, request.classes, calibrated(twin, prepared.validation))
    if dataset.world is None:
        return history, quality, {}
    cues = by_cues(lambda rows: logits(rows.numpy(), np.zeros(len(rows), np.int64)).argmax(1), dataset.world)
    return history, quality, {f"TR*: {name}": round(value, 6) for name, value in cues.items()}
