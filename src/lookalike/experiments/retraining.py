"""What only further training can tell: the twin, frozen prototypes, and other seeds."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lookalike.data import Dataset, Examples
from lookalike.errors import DataError, LookalikeError, describe
from lookalike.estimators import PrototypeClassifier
from lookalike.estimators.fitting import prepare
from lookalike.estimators.inputs import table_or_pictures
from lookalike.evaluation import Judge, Row
from lookalike.evaluation.card import light
from lookalike.evaluation.stability import PrototypeSet, Stability, stability_of, stability_row
from lookalike.experiments.config import RunConfig
from lookalike.experiments.running import run_arm
from lookalike.experiments.runs import Run, fit_run, open_run
from lookalike.experiments.studies import Arm
from lookalike.metrics import mean_interval
from lookalike.persistence import has_model, write_whole
from lookalike.training import Callback

FOLDER = "retrained"
LEAST_SEEDS = 3
_FIXED = 2000


@dataclass(frozen=True)
class Further:
    """One training that a full account of a run needs.

    Attributes
    ----------
    name : str
        Of its file or folder.
    kind : str
        ``"twin"``, ``"frozen"`` or ``"seed"``.
    config : RunConfig
    seed : int
    """

    name: str
    kind: str
    config: RunConfig
    seed: int


def further_trainings(run: Run, n_seeds: int = LEAST_SEEDS) -> list[Further]:
    """The twin, the frozen control with every seed, and the seeds beside the run's own.

    Parameters
    ----------
    run : Run
    n_seeds : int
        With the run's own, at least 2.
    """
    config = run.config
    first = int(config.parameters.get("random_state") or 0)
    seeds = [first + step for step in range(n_seeds)]
    kept = {name: value for name, value in config.parameters.items() if name.partition("__")[0] != "initializer"}
    frozen = replace(config, parameters={**kept, "initializer": "points", "training": "frozen_prototypes"})
    return [
        Further("twin", "twin", config, first),
        *(Further(f"frozen-{seed}", "frozen", frozen, seed) for seed in seeds),
        *(Further(f"seed-{seed}", "seed", config, seed) for seed in seeds[1:]),
    ]


def missing_trainings(run: Run, n_seeds: int = LEAST_SEEDS) -> list[Further]:
    """Those that the run's folder does not hold yet, for these very settings.

    Parameters
    ----------
    run : Run
    n_seeds : int
    """
    return [further for further in further_trainings(run, n_seeds) if _kept(run, further) is None]


def retrain(
    run: Run,
    dataset: Dataset,
    n_seeds: int = LEAST_SEEDS,
    *,
    progress: Callable[[str], None] = lambda name: None,
    callbacks: Sequence[Callback] = (),
) -> None:
    """Train what is missing; each training is kept once it is done, so that an interrupted account goes on there.

    Parameters
    ----------
    run : Run
    dataset : Dataset
        The run's own.
    n_seeds : int
    progress : callable
        Told the name of every training that begins.
    callbacks : sequence of callable
        Told of every event of training.
    """
    for further in missing_trainings(run, n_seeds):
        progress(further.name)
        place = run.folder / FOLDER / further.name
        place.parent.mkdir(exist_ok=True)
        if further.kind == "seed":
            config = replace(further.config, parameters={**further.config.parameters, "random_state": further.seed})
            _, quality = fit_run(config, place, overwrite=True, callbacks=callbacks)
            accuracy = quality.accuracy
        else:
            arm = Arm(further.name, further.config, further.name, twin=further.kind == "twin")
            accuracy = run_arm(arm, further.seed, dataset, callbacks)["accuracy"]
        found = {"accuracy": accuracy, "hash": _hash(further)}
        write_whole(place.with_suffix(".json"), json.dumps(found, indent=1).encode())


def retrained_rows(
    run: Run, dataset: Dataset, judges: Sequence[Judge], accuracy: Row, n_seeds: int = LEAST_SEEDS
) -> dict[str, Row]:
    """ACC with its light, D-FROZEN and SEED-R.

    Parameters
    ----------
    run : Run
        All of whose further trainings are done.
    dataset : Dataset
        The run's own.
    judges : sequence of Judge
    accuracy : Row
        ACC.
    n_seeds : int
    """
    found: dict[str, list[float]] = {"twin": [], "frozen": [], "seed": []}
    for further in further_trainings(run, n_seeds):
        kept = _kept(run, further)
        if kept is None:
            raise DataError(describe(f"the training {further.name}", "none kept", "evaluate --retrain"))
        found[further.kind].append(kept["accuracy"])
    twin, frozen = found["twin"][0], found["frozen"]
    own = [float(accuracy.value or 0.0), *found["seed"]]
    classifiers = [run.classifier, *other_classifiers(run, n_seeds)]
    return {
        "ACC": replace(
            accuracy,
            light=light(twin - own[0], 0.01, 0.05, larger_is_better=False),
            beside={"twin": twin, "mean of the seeds": float(np.mean(own))},
            note="",
        ),
        "D-FROZEN": _frozen_row(own, frozen),
        "SEED-R": _seed_row(run, classifiers, dataset, judges),
    }


def _seed_row(run: Run, classifiers: Sequence[PrototypeClassifier], dataset: Dataset, judges: Sequence[Judge]) -> Row:
    try:
        return stability_row(_stability(run, classifiers, dataset, judges))
    except LookalikeError as error:
        return Row("SEED-R", "prototypes alike across seeds, beyond chance", note=str(error))


def other_classifiers(run: Run, n_seeds: int = LEAST_SEEDS) -> list[PrototypeClassifier]:
    """The same model with other seeds, as far as they are trained.

    Parameters
    ----------
    run : Run
    n_seeds : int
    """
    further = [each for each in further_trainings(run, n_seeds) if each.kind == "seed" and _kept(run, each)]
    return [open_run(run.folder / FOLDER / each.name).classifier for each in further]


def _frozen_row(own: Sequence[float], frozen: Sequence[float]) -> Row:
    differences = np.array(own) - np.array(frozen)
    low, high = mean_interval(differences)
    value = float(differences.mean())
    colour = "red" if value <= 0 else "green" if low > 0 else "amber"
    return Row(
        "D-FROZEN",
        "accuracy beyond frozen prototypes",
        value,
        (low, high),
        colour,
        {"frozen at random training examples": float(np.mean(frozen))},
        f"{len(own)} seeds",
    )


def _stability(
    run: Run, classifiers: Sequence[PrototypeClassifier], dataset: Dataset, judges: Sequence[Judge]
) -> Stability:
    order = np.random.default_rng(0).permutation(len(dataset.test))
    fixed = dataset.test.inputs[np.sort(order[:_FIXED])]
    sets = [
        PrototypeSet(
            torch.from_numpy(classifier.prototypes_),
            classifier.network_.prototypes.labels.numpy(),
            classifier.transform(fixed),
        )
        for classifier in classifiers
    ]
    training = Examples(
        table_or_pictures(run.classifier, dataset.train.inputs, reset=False),
        torch.from_numpy(np.searchsorted(run.classifier.classes_, dataset.train.labels)),
        run.classifier.preprocessing_,
    )
    return stability_of(sets, training, starts=_starts(run, dataset, len(sets)), judges=judges)


def _starts(run: Run, dataset: Dataset, n_seeds: int) -> list[Tensor]:
    """The prototypes as training finds them, in data units; none where they are not inputs."""
    first = int(run.config.parameters.get("random_state") or 0)
    found = []
    for seed in range(first, first + n_seeds):
        classifier = run.config.classifier().set_params(random_state=seed)
        request, _ = classifier.request(dataset.train.inputs, dataset.train.labels)
        prepared = prepare(request)
        if prepared.network.prototypes.space != "input":
            return []
        found.append(prepared.job.training.preprocessing.restore(prepared.network.prototypes().detach()))
    return found


def _kept(run: Run, further: Further) -> dict[str, Any] | None:
    place: Path = run.folder / FOLDER / further.name
    try:
        found = json.loads(place.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if found.get("hash") != _hash(further) or (further.kind == "seed" and not has_model(place)):
        return None
    return found


def _hash(further: Further) -> str:
    facts = [further.config.to_dict(), further.kind, further.seed]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]
