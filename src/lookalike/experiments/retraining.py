"""What only further training can tell: the twin, frozen prototypes, and other seeds."""

import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lookalike.atomic import require_writable, write_whole
from lookalike.data import Dataset, resolver
from lookalike.errors import DataError, LookalikeError, describe
from lookalike.estimators import PrototypeClassifier
from lookalike.estimators.drowning import drowned
from lookalike.evaluation import Judge, Row
from lookalike.evaluation.card import light
from lookalike.evaluation.stability import SHIFT, Stability, stability_row
from lookalike.experiments.again import compared, drawn_again
from lookalike.experiments.config import RunConfig
from lookalike.experiments.origins import is_as_noted
from lookalike.experiments.run_data import read_data
from lookalike.experiments.running import run_arm
from lookalike.experiments.runs import Run, fit_run, open_run
from lookalike.experiments.studies import Arm
from lookalike.metrics import matched, mean_interval
from lookalike.persistence import has_model
from lookalike.plain_data import read_json
from lookalike.report import Twin
from lookalike.training import Callback
from lookalike.transforms import align

_log = logging.getLogger(__name__)
FOLDER = "retrained"
LEAST_SEEDS = 3
BOOTSTRAPS = 2
_WITH_MODEL = ("seed", "bootstrap")


@dataclass(frozen=True)
class Further:
    """One training that a full account of a run needs.

    Attributes
    ----------
    name : str
        Of its file or folder.
    kind : str
        ``"twin"``, ``"frozen"``, ``"seed"`` or ``"bootstrap"``.
    config : RunConfig
    seed : int
    """

    name: str
    kind: str
    config: RunConfig
    seed: int


def further_trainings(run: Run, n_seeds: int = LEAST_SEEDS) -> list[Further]:
    """The twin, the frozen control with every seed, the seeds beside the run's own, and two draws from the data.

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
        *(Further(f"bootstrap-{draw}", "bootstrap", drawn_again(config, draw), first) for draw in range(BOOTSTRAPS)),
    ]


def missing_trainings(run: Run, n_seeds: int = LEAST_SEEDS) -> list[Further]:
    """Those that the run's folder does not hold yet, for these very settings.

    Parameters
    ----------
    run : Run
    n_seeds : int
    """
    return [
        further
        for further in further_trainings(run, n_seeds)
        if _kept(run, further) is None or (further.kind in _WITH_MODEL and _opened(run, further) is None)
    ]


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

    Raises
    ------
    DataError
        If the data have changed: what is learned from others cannot be held against the run.
    """
    if not is_as_noted(run.folder, dataset):
        raise DataError(
            describe("the data as the run learned from them", "others: examples came or went", "learn anew")
        )
    require_writable(run.folder / FOLDER)
    for further in missing_trainings(run, n_seeds):
        progress(further.name)
        place = run.folder / FOLDER / further.name
        place.parent.mkdir(exist_ok=True)
        # What it says is of the model that is there until now.
        place.with_suffix(".json").unlink(missing_ok=True)
        if further.kind in _WITH_MODEL:
            config = replace(further.config, parameters={**further.config.parameters, "random_state": further.seed})
            sample = dataset if further.kind == "seed" else _sample(run, dataset, config)
            _, quality = fit_run(config, place, overwrite=True, callbacks=callbacks, dataset=sample)
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
    found: dict[str, list[float]] = {"twin": [], "frozen": [], "seed": [], "bootstrap": []}
    for further in further_trainings(run, n_seeds):
        kept = _kept(run, further)
        if kept is None:
            raise DataError(describe(f"the training {further.name}", "none kept", "evaluate --retrain"))
        found[further.kind].append(kept["accuracy"])
    twin, frozen = found["twin"][0], found["frozen"]
    own = [float(accuracy.value or 0.0), *found["seed"]]
    return {
        "ACC": replace(
            accuracy,
            light=light(twin - own[0], 0.01, 0.05, larger_is_better=False),
            beside={"twin": twin, "mean of the seeds": float(np.mean(own))},
            note=drowned((own[0], twin), run.classifier.fitted_.resolved),
        ),
        "D-FROZEN": _frozen_row(own, frozen),
        "SEED-R": _seed_row(run, dataset, judges, n_seeds),
    }


def _seed_row(run: Run, dataset: Dataset, judges: Sequence[Judge], n_seeds: int) -> Row:
    own, others = run.classifier, other_classifiers(run, n_seeds)
    drawn = [each.config for each in further_trainings(run, n_seeds) if each.kind == "bootstrap"]
    try:
        row = stability_row(compared([own, *others], [dataset] * (1 + len(others)), judges))
        samples = [_sample(run, dataset, config) for config in drawn]
        again = compared([own, *other_classifiers(run, n_seeds, "bootstrap")], [dataset, *samples])
        return replace(row, beside={**(row.beside or {}), **_bootstrapped(again)})
    except LookalikeError as error:
        return Row("SEED-R", "prototypes alike across seeds, beyond chance", note=str(error))


def _sample(run: Run, dataset: Dataset, config: RunConfig) -> Dataset:
    """A draw from what the run learned from; a run that learned from a draw has to look for the rest again."""
    if run.config.data_options.get("bootstrap") is not None:
        return read_data(run, config.data_options)
    return resolver.drawn_again(dataset, config.data_options["bootstrap"])


def _bootstrapped(again: Stability) -> dict[str, float]:
    """How alike prototypes are when the data are drawn anew; Jaccard's index is of the inputs that they win."""
    return {
        "bootstrap": float(np.mean(again.corrected)),
        "bootstrap: winning prototype (ARI)": again.winners,
        "bootstrap: Jaccard, mean prototype": float(np.mean(again.overlap)),
        "bootstrap: Jaccard, least stable prototype": float(np.min(again.overlap)),
    }


def other_classifiers(run: Run, n_seeds: int = LEAST_SEEDS, kind: str = "seed") -> list[PrototypeClassifier]:
    """The same model with other seeds, or on other draws of its data, as far as they are trained.

    Parameters
    ----------
    run : Run
    n_seeds : int
    kind : str
        ``"seed"`` or ``"bootstrap"``.
    """
    further = [each for each in further_trainings(run, n_seeds) if each.kind == kind and _kept(run, each)]
    opened = [_opened(run, each) for each in further]
    return [each.classifier for each in opened if each is not None]


def twins_of(run: Run, n_seeds: int = LEAST_SEEDS) -> dict[int, list[Twin]]:
    """What other seeds learned in the place of each prototype, as far as they are trained; nothing for tables.

    Parameters
    ----------
    run : Run
    n_seeds : int
    """
    own, found = run.classifier, defaultdict(list)
    if not own.preprocessing_.is_picture or not len(own.prototypes_):
        return {}
    labels, pictures = own.network_.prototypes.labels.numpy(), torch.from_numpy(own.prototypes_)
    for other in other_classifiers(run, n_seeds):
        others = torch.from_numpy(other.prototypes_)
        alike = align(pictures.double(), others.double(), SHIFT).correlation.numpy()
        shown = other.preprocessing_.to_eight_bit(others)
        for prototype, twin in enumerate(matched(alike, labels, other.network_.prototypes.labels.numpy()).tolist()):
            if twin >= 0:
                found[prototype].append(Twin(int(other.random_state), shown[twin], float(alike[prototype, twin])))
    return dict(found)


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


def _kept(run: Run, further: Further) -> dict[str, Any] | None:
    place: Path = run.folder / FOLDER / further.name
    try:
        found = read_json(place.with_suffix(".json"))
    except (OSError, ValueError):
        return None
    if (
        not isinstance(found, dict)
        or found.get("hash") != _hash(further)
        or (further.kind in _WITH_MODEL and not has_model(place))
    ):
        return None
    return found


def _opened(run: Run, further: Further) -> Run | None:
    """A model that was trained further; ``None`` for a damaged one, which `retrain` trains again."""
    place = run.folder / FOLDER / further.name
    try:
        return open_run(place)
    except LookalikeError as error:
        _log.warning("%s cannot be used until it is trained again: %s", place, error)
        return None


def _hash(further: Further) -> str:
    facts = [further.config.to_dict(), further.kind, further.seed]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]
