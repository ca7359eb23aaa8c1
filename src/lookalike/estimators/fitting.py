"""The steps of a fit, from checked inputs to everything a model consists of."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lookalike.data import Examples, PixelScale, Preprocessing, stratified_split
from lookalike.errors import ParameterError, describe
from lookalike.estimators.abstaining import ENOUGH_VALIDATION, sureness_quantiles
from lookalike.estimators.assembly import assemble, initialize, require_matchable, resolve, start_from
from lookalike.estimators.drowning import beside_the_twin, drowned, wanted_beside
from lookalike.estimators.forecast import say_before_training
from lookalike.estimators.held_out import require_same_kind
from lookalike.estimators.merging import without
from lookalike.estimators.parameters import options_of, plain, weighted
from lookalike.estimators.weights import normalized
from lookalike.explanations import GlobalExplanation, explain_prototypes
from lookalike.metrics import best_temperature
from lookalike.network import ComparingNetwork, PrototypeNetwork, given_to
from lookalike.randomness import seeded
from lookalike.registry import FAMILIES, build, key_of
from lookalike.training import Callback, Epoch, Job, Learner, plan_from, settings_from, train, unused
from lookalike.training.health import require_finite_weights
from lookalike.training.reseeding import pictures_of

_ENOUGH_TO_CHOOSE_BY = 100
_BATCH = 500


@dataclass(frozen=True)
class Fitted:
    """Everything a fit finds.

    Attributes
    ----------
    network : PrototypeNetwork
        Trained, in evaluation mode.
    preprocessing : Preprocessing
    resolved : dict
        Parameters with every ``"auto"`` replaced.
    history : tuple of Epoch
    temperature : float
        Divides logits, fitted on the validation part; 1 without one.
    about : GlobalExplanation
        Its indices count the examples that were handed to ``fit``.
    pictures : dict of Tensor
        In data units: ``prototypes`` (inputs that the prototypes are, or were cut from) and ``neighbors`` (the training
        examples that ``about`` names, in the order of ``neighbor_indices``).
    n_training, n_validation : int
    merged : tuple of int
        Prototypes, as they were counted at the start, that training let go.
    sureness : dict of str to tuple of float
        From `lookalike.estimators.abstaining.sureness_quantiles`.
    warning : str
        From `lookalike.estimators.drowning.drowned`; empty where there is nothing to say.
    """

    network: PrototypeNetwork
    preprocessing: Preprocessing
    resolved: dict[str, Any]
    history: tuple[Epoch, ...]
    temperature: float
    about: GlobalExplanation
    pictures: dict[str, Tensor]
    n_training: int
    n_validation: int
    merged: tuple[int, ...] = ()
    sureness: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    warning: str = ""


@dataclass(frozen=True)
class Request:
    """What a fit is asked for.

    Attributes
    ----------
    parameters : mapping
        As a user gives them, all arguments present.
    inputs : Tensor
        From `lookalike.estimators.inputs.table_or_pictures`.
    labels : ndarray
        Integers, shape ``(n,)``.
    classes : sequence of str
        Names.
    validation : tuple of Tensor and ndarray, or None
        Held-out examples, their labels and, as a third item, weights or ``None``; ``None`` sets a share of the training
        examples aside.
    seed : int
    callbacks : sequence of callable
    checkpoint : Path or None
    resume : bool
    columns : mapping
        What scikit-learn keeps of the columns of a table, by attribute.
    weights : ndarray or None
        From `lookalike.estimators.weights.example_weights`, shape ``(n,)``.
    pixels : PixelScale or None
        What the numbers of pictures mean.
    """

    parameters: Mapping[str, Any]
    inputs: Tensor
    labels: np.ndarray
    classes: Sequence[str]
    validation: tuple[Any, ...] | None
    seed: int
    callbacks: Sequence[Callback] = ()
    checkpoint: Path | None = None
    resume: bool = False
    columns: Mapping[str, Any] = field(default_factory=dict)
    weights: np.ndarray | None = None
    pixels: PixelScale | None = None


@dataclass(frozen=True)
class Prepared:
    """A fit about to begin.

    Attributes
    ----------
    job : Job
        Its learner holds an assembled and initialised network, not trained.
    network : PrototypeNetwork
        The learner's.
    validation : Examples
        Empty where nothing was set aside.
    resolved : dict
        Parameters with every ``"auto"`` replaced.
    kept : ndarray
        Which of the inputs are training examples.
    """

    job: Job
    network: PrototypeNetwork
    validation: Examples
    resolved: dict[str, Any]
    kept: np.ndarray


def prepare(request: Request) -> Prepared:
    """Split, standardise, assemble and initialise; every parameter is checked here.

    Parameters
    ----------
    request : Request

    Raises
    ------
    LookalikeError
        Whatever is wrong with parameters or data.
    """
    training, validation, kept = split(request)
    n_classes, shape = len(request.classes), training.preprocessing.shape
    counts, counted_for = training.class_counts(n_classes), training.counted_for(n_classes)
    resolved = resolve(request.parameters, training.preprocessing, counts, counted_for)
    settings = settings_from(options_of("training", resolved))
    settings = settings.resolve(len(training), training.preprocessing.is_picture)
    if len(validation) < _ENOUGH_TO_CHOOSE_BY:
        settings = replace(settings, keep="last")

    def make(family: str) -> Any:
        return build(family, resolved[family], options_of(family, resolved), {})

    start, objective, augmentation = start_from(resolved), make("objective"), make("augmentation")
    plan = plan_from(resolved["training"])
    with seeded(request.seed):
        network = assemble(resolved, training.preprocessing, n_classes)
        if any(phase.needs_pictures for phase in plan):
            pictures_of(network, training)
        if any(phase.merge for phase in plan):
            _require_mergeable(resolved, network)
        regularizers, counterfactuals = (
            weighted(family, resolved[f"{family}s"], options_of(f"{family}s", resolved), {"input_shape": shape})
            for family in ("regularizer", "counterfactual")
        )
        for part, _ in (*regularizers, *counterfactuals):
            require_matchable(part, network.prototypes.shape)
        initialize(network, start, training, torch.Generator().manual_seed(request.seed))
    job = Job(
        learner=Learner(network, objective, regularizers, counterfactuals),
        training=training,
        validation=validation if len(validation) else None,
        augmentation=augmentation,
        settings=settings,
        plan=plan,
        seed=request.seed,
        checkpoint=request.checkpoint,
        # An argument that came later and says nothing leaves checkpoints of earlier versions theirs.
        described=json.dumps(
            {name: value for name, value in plain(resolved).items() if (name, value) != ("class_weight", None)},
            sort_keys=True,
        ),
    )
    return Prepared(job, network, validation, resolved, kept)


def _require_mergeable(resolved: Mapping[str, Any], network: PrototypeNetwork) -> None:
    """Whether there can be fewer prototypes than there are at first, before anything is trained."""
    other = "training='begun_anew'"
    if not isinstance(resolved["prototypes"], str):
        raise ParameterError(
            describe("prototypes by name, of which fewer can be made, to merge them", "an instance", other)
        )
    if not network.head.retires:
        wanted = "a head that can do without some prototypes, to merge them"
        raise ParameterError(describe(wanted, repr(resolved["head"]), f"head='log_sum_exp', or {other}"))


def fit(request: Request) -> Fitted:
    """Prepare, train, calibrate, and look at what was learned.

    Parameters
    ----------
    request : Request

    Raises
    ------
    LookalikeError
        Whatever is wrong with parameters, data or training.
    """
    prepared = prepare(request)
    job, network, validation = prepared.job, prepared.network, prepared.validation
    say_before_training(request.callbacks, job, validation, prepared.resolved, request.validation is not None)
    history = train(job, request.callbacks, request.resume) if job.plan and job.settings.epochs else ()
    network.eval().prototypes.settle()
    require_finite_weights(network.state_dict())
    resolved = prepared.resolved
    if history and any(phase.merge for phase in job.plan) and network.head.retires:
        gone = unused(network, job.training, torch.Generator().manual_seed(request.seed))
        if gone:
            network.retire(gone)
    merged = (network.prototypes.labels < 0).nonzero()[:, 0].tolist()
    if merged:
        network, resolved = without(network, merged, resolved, job.training.preprocessing, len(request.classes))
    network.eval().requires_grad_(False)
    name = key_of(type(network.similarity), FAMILIES["similarity"])
    about = explain_prototypes(network, job.training, classes=request.classes, similarity=name)
    about = _renumbered(about, prepared.kept)
    if network.prototypes.sources is not None:
        network.prototypes.sources.copy_(torch.tensor([-1 if s.source is None else s.source for s in about.prototypes]))
    temperature = calibrated(network, validation)
    return Fitted(
        network=network,
        preprocessing=job.training.preprocessing,
        resolved=resolved,
        history=history,
        temperature=temperature,
        about=about,
        pictures=_pictures(network, about, request.inputs, job.training.preprocessing),
        n_training=len(job.training),
        n_validation=len(validation),
        merged=tuple(merged),
        sureness=sureness_quantiles(network, validation, temperature),
        warning=_drowned(network, job, validation, resolved) if history else "",
    )


def _drowned(network: PrototypeNetwork, job: Job, validation: Examples, resolved: Mapping[str, Any]) -> str:
    """What to say of decisions that something else has drowned; not looked for where nothing else was wanted."""
    return drowned(beside_the_twin(network, job.training, validation), resolved) if wanted_beside(resolved) else ""


@torch.no_grad()
def logits_of(network: ComparingNetwork, examples: Examples) -> Tensor:
    """Logits of all examples, shape ``(n, k)``; prototypes, where there are any, activated once."""
    given = given_to(network)
    return torch.cat([network(inputs, **given).logits for inputs, _ in examples.batches(_BATCH)])


def calibrated(network: ComparingNetwork, validation: Examples) -> float:
    """The best temperature on the validation part; 1 where there is a handful of examples only.

    Where every decision is right, nothing would speak against certainty: the least sure one then counts as wrong.

    Parameters
    ----------
    network : ComparingNetwork
        In evaluation mode.
    validation : Examples
        Fewer than 50 do not calibrate.
    """
    if len(validation) < ENOUGH_VALIDATION:
        return 1.0
    logits, labels = logits_of(network, validation), validation.labels
    best = logits.topk(2, dim=1)
    if bool((best.indices[:, 0] == labels).all()):
        least_sure = (best.values[:, 0] - best.values[:, 1]).argmin()
        labels = labels.clone()
        labels[least_sure] = best.indices[least_sure, 1]
    weights = None if validation.weights is None else validation.weights.numpy()
    return best_temperature(logits.numpy(), labels.numpy(), weights)


def neighbor_indices(about: GlobalExplanation) -> list[int]:
    """The training examples that an explanation names, sorted, each once."""
    return sorted(
        {
            neighbor.index
            for summary in about.prototypes
            for neighbor in (*summary.neighbors, *summary.foreign_neighbors)
        }
    )


def split(request: Request) -> tuple[Examples, Examples, np.ndarray]:
    """Training and validation examples, and which of the inputs the former are; the same for the same seed.

    What weighs nothing is in neither.

    Parameters
    ----------
    request : Request

    Raises
    ------
    ParameterError
        For a share that is none.
    """
    weights = request.weights
    counted = np.arange(len(request.labels)) if weights is None else np.flatnonzero(weights)
    if request.validation is not None:
        held_inputs, held_labels, *further = request.validation
        held_weights = further[0] if further else None
        if held_weights is not None:
            there = np.flatnonzero(held_weights)
            held_inputs, held_labels, held_weights = held_inputs[there], held_labels[there], held_weights[there]
        kept = counted
    else:
        fraction = request.parameters["validation_fraction"]
        if not isinstance(fraction, int | float) or not 0 <= fraction < 1:
            raise ParameterError(describe("validation_fraction from 0 to below 1", repr(fraction)))
        keep = _most_prototypes(request.parameters)
        parts = stratified_split(request.labels[counted], fraction, seed=request.seed, keep=keep)
        kept, held = (counted[part] for part in parts)
        held_inputs, held_labels = request.inputs[held], request.labels[held]
        held_weights = None if weights is None else weights[held]
    inputs = request.inputs if len(kept) == len(request.inputs) else request.inputs[kept]
    preprocessing = Preprocessing.of(inputs).with_pixels(request.pixels)
    if request.validation is not None:
        require_same_kind(held_inputs, preprocessing)
    labels = torch.from_numpy(request.labels[kept]).long()
    training = Examples(inputs, labels, preprocessing, normalized(None if weights is None else weights[kept]))
    held_out = Examples(held_inputs, torch.from_numpy(held_labels).long(), preprocessing, normalized(held_weights))
    return training, held_out, kept


def _most_prototypes(parameters: Mapping[str, Any]) -> int:
    """So many examples of a class must stay in the training part."""
    wanted = parameters.get("prototypes__n_per_class", "auto")
    if isinstance(wanted, int):
        return max(wanted, 1)
    if isinstance(wanted, list | tuple) and wanted and all(isinstance(n, int) for n in wanted):
        return max(wanted)
    return 1


def _renumbered(about: GlobalExplanation, kept: np.ndarray) -> GlobalExplanation:
    """Indices into the training part become indices into what was handed to ``fit``."""

    def renumber(summary: Any) -> Any:
        return replace(
            summary,
            neighbors=tuple(replace(n, index=int(kept[n.index])) for n in summary.neighbors),
            foreign_neighbors=tuple(replace(n, index=int(kept[n.index])) for n in summary.foreign_neighbors),
            source=None if summary.source is None else int(kept[summary.source]),
        )

    return replace(about, prototypes=tuple(map(renumber, about.prototypes)))


def _pictures(
    network: PrototypeNetwork, about: GlobalExplanation, inputs: Tensor, preprocessing: Preprocessing
) -> dict[str, Tensor]:
    sources = [summary.source for summary in about.prototypes]
    if network.prototypes.space == "input":
        shown = preprocessing.restore(network.prototypes().detach())
    elif None not in sources:
        shown = preprocessing.to_data_units(inputs[sources])
    else:
        shown = torch.zeros(0, *preprocessing.shape)
    return {"prototypes": shown.contiguous(), "neighbors": preprocessing.compact(inputs[neighbor_indices(about)])}
