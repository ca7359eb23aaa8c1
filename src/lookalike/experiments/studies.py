"""A study: named arms that differ in a few parameters, each run with several seeds; resumable, one file of results."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lookalike.data import Dataset, Examples, load_dataset
from lookalike.errors import ParameterError, describe, suggest
from lookalike.estimators.fitting import calibrated, logits_of, prepare
from lookalike.estimators.inputs import table_or_pictures
from lookalike.estimators.parameters import options_of
from lookalike.estimators.storage import versions
from lookalike.evaluation import TwinNetwork, judge
from lookalike.experiments.config import RunConfig, config_from, read_settings
from lookalike.experiments.runs import quality_of
from lookalike.objectives import CrossEntropyObjective
from lookalike.persistence import write_whole
from lookalike.registry import FAMILIES, component, members, options
from lookalike.training import Callback, Learner, settings_from, train

_KEYS = ("title", "source", "question", "seeds", "common", "arms", "note")
_ARM_KEYS = ("claim", "comparable", "remark", "twin", "label")


@dataclass(frozen=True)
class Arm:
    """One way of doing it.

    Attributes
    ----------
    name : str
    config : RunConfig
    label : str
        What tables call it.
    twin : bool
        Train the same backbone with a linear layer in the place of the prototypes, under the same budget.
    claim : float or None
        The accuracy somebody printed.
    comparable : str
        Why the claim cannot be held against the result; empty where it can.
    remark : str
        What else differs from where the claim was printed.
    """

    name: str
    config: RunConfig
    label: str
    twin: bool = False
    claim: float | None = None
    comparable: str = ""
    remark: str = ""


@dataclass(frozen=True)
class Study:
    """What a study's file says.

    Attributes
    ----------
    name : str
        The file's, without its ending.
    title, question, source, note : str
    seeds : int
    arms : tuple of Arm
    """

    name: str
    title: str
    question: str
    source: str
    note: str
    seeds: int
    arms: tuple[Arm, ...]

    def hash(self, arm: Arm) -> str:
        """Changes with an arm's settings, with a recipe's, and with the defaults of whatever the arm chooses."""
        facts = [arm.config.to_dict(), arm.twin, _defaults(arm.config)]
        return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def read_study(file: Path) -> Study:
    """Read and check a study; nothing is run.

    Parameters
    ----------
    file : Path
        YAML with ``title``, ``seeds``, ``common`` (settings of all arms) and ``arms`` (settings by name; beside those
        of a run an arm may have ``claim``, ``comparable``, ``remark``, ``twin`` and ``label``).

    Raises
    ------
    ParameterError
        For an unknown key anywhere, or no arms.
    """
    settings = read_settings(file)
    for key in settings:
        if key not in _KEYS:
            raise ParameterError(describe(f"a key of a study in {file}", repr(key), suggest(key, _KEYS)))
    common, arms = settings.get("common") or {}, settings.get("arms")
    if not isinstance(common, Mapping) or not isinstance(arms, Mapping) or not arms:
        raise ParameterError(describe(f"arms by name in {file}", repr(arms), "arms: {default: {}}"))
    return Study(
        name=file.stem,
        title=str(settings.get("title", file.stem)),
        question=str(settings.get("question", "")),
        source=str(settings.get("source", "")),
        note=str(settings.get("note", "")),
        seeds=int(settings.get("seeds", 3)),
        arms=tuple(_arm(str(name), {**common, **(chosen or {})}) for name, chosen in arms.items()),
    )


def run_study(
    study: Study,
    results: Path,
    *,
    seeds: int | None = None,
    on_run: Callable[[Arm, int, dict[str, Any]], None] = lambda arm, seed, run: None,
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
    on_run : callable
        Told of every finished run.
    watching : callable
        Gives the callbacks for the training of a run that begins.

    Returns
    -------
    dict
        What the file holds.
    """
    current = {arm.name: study.hash(arm) for arm in study.arms}
    done = {(run["arm"], run["seed"]) for run in _held(current, results)}
    loaded: dict[str, Dataset] = {}
    for seed in range(seeds or study.seeds):
        for arm in study.arms:
            if (arm.name, seed) in done:
                continue
            key = json.dumps([arm.config.data, arm.config.data_options], sort_keys=True)
            if key not in loaded:
                loaded[key] = load_dataset(arm.config.data, **arm.config.data_options)
            result = run_arm(arm, seed, loaded[key], watching(arm, seed))
            run = {"arm": arm.name, "seed": seed, "config_hash": current[arm.name], **result}
            write_results(study, [*_held(current, results), run], results)
            on_run(arm, seed, run)
    return write_results(study, _held(current, results), results)


def _held(current: Mapping[str, str], results: Path) -> list[dict[str, Any]]:
    """Runs in the results file whose arms still have these hashes; another process may have added some."""
    runs = json.loads(results.read_text(encoding="utf-8"))["runs"] if results.exists() else []
    return [run for run in runs if current.get(run["arm"]) == run["config_hash"]]


def run_arm(arm: Arm, seed: int, dataset: Dataset, callbacks: Sequence[Callback] = ()) -> dict[str, Any]:
    """Fit one arm with one seed and judge it on the test part.

    Parameters
    ----------
    arm : Arm
    seed : int
    dataset : Dataset
    callbacks : sequence of callable
        Told of every event of training.

    Returns
    -------
    dict
        Accuracy, calibration, how training went, minutes.
    """
    classifier = arm.config.classifier().set_params(random_state=seed)
    began = time.perf_counter()
    if arm.twin:
        history, quality = _fit_twin(classifier, dataset, callbacks)
    else:
        classifier.fit(dataset.train.inputs, dataset.train.labels, callbacks=callbacks)
        history, quality = classifier.history_, quality_of(classifier, dataset.test)
    return {
        "accuracy": quality.accuracy,
        "calibration_error": quality.calibration_error,
        "training_accuracy": [round(epoch.accuracy, 5) for epoch in history],
        "validation_accuracy": [epoch.validation_accuracy for epoch in history],
        "minutes": round((time.perf_counter() - began) / 60, 2),
        "n_training": len(dataset.train),
        "n_test": len(dataset.test),
        "threads": torch.get_num_threads(),
        "versions": versions(),
    }


def write_results(study: Study, runs: list[dict[str, Any]], file: Path) -> dict[str, Any]:
    """Write results, whole or not at all; the runs are sorted, so that the same results make the same file."""
    order = {arm.name: place for place, arm in enumerate(study.arms)}
    values = {
        "study": study.name,
        "runs": sorted(runs, key=lambda run: (order[run["arm"]], run["seed"])),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, (json.dumps(values, indent=1) + "\n").encode())
    return values


def studies_in(folder: Path) -> Iterator[tuple[Study, dict[str, Any] | None]]:
    """Every study of a folder with its results, ``None`` before the first run."""
    for file in sorted(folder.glob("*.yaml")):
        results = folder / "results" / f"{file.stem}.json"
        yield read_study(file), json.loads(results.read_text(encoding="utf-8")) if results.exists() else None


def _defaults(config: RunConfig) -> dict[str, Any]:
    """Every parameter of the classifier, the defaults of the components they name, and of training."""
    parameters = config.classifier().get_params(deep=False)
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        family = "regularizer" if name == "regularizers" else name
        if family not in FAMILIES:
            continue
        for key in ("convnet", "mlp") if value == "auto" and family == "backbone" else (value,):
            if isinstance(key, str) and key in members(family):
                defaults = options(component(family, key))
                found[f"{family}/{key}"] = {option: repr(default.default) for option, default in defaults.items()}
    training = settings_from(options_of("training", parameters))
    found["training"] = [asdict(training.resolve(10_000, is_picture)) for is_picture in (True, False)]
    return {**parameters, **found}


def _arm(name: str, settings: dict[str, Any]) -> Arm:
    about = {key: settings.pop(key) for key in _ARM_KEYS if key in settings}
    return Arm(
        name=name,
        config=config_from(settings),
        label=str(about.get("label", name)),
        twin=bool(about.get("twin", False)),
        claim=about.get("claim"),
        comparable=str(about.get("comparable", "")),
        remark=str(about.get("remark", "")),
    )


def _fit_twin(classifier: Any, dataset: Dataset, callbacks: Sequence[Callback]) -> tuple[tuple, Any]:
    """The arm's backbone, as it starts there, with a linear layer; same data, budget, schedule and augmentation."""
    request, classes = classifier.request(dataset.train.inputs, dataset.train.labels)
    prepared = prepare(request)
    job = prepared.job
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(request.seed)
        twin = TwinNetwork(prepared.network.backbone, len(classes))
    history = train(replace(job, learner=Learner(twin, CrossEntropyObjective(), [])), callbacks)
    inputs = table_or_pictures(classifier, dataset.test.inputs, reset=False)
    test = Examples(inputs, torch.from_numpy(np.searchsorted(classes, dataset.test.labels)), job.training.preprocessing)
    temperature = calibrated(twin, prepared.validation)
    return history, judge(logits_of(twin, test).numpy(), test.labels.numpy(), request.classes, temperature)
