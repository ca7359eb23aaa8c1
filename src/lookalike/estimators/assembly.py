"""From choices by name to a network: what depends on the data is filled in here."""

import copy
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lookalike.backbones import Backbone, activation_shape
from lookalike.counterfactuals import Counterfactual
from lookalike.data import Examples, Preprocessing
from lookalike.errors import DataError, ParameterError, describe, require_option
from lookalike.estimators.parameters import chosen_backbone, options_of
from lookalike.initializers import Initializer, random_windows
from lookalike.network import PrototypeNetwork
from lookalike.prototypes import ExemplarPrototypes, Prototypes
from lookalike.registry import build, component, members
from lookalike.regularizers import Regularizer
from lookalike.selection import Selection
from lookalike.shapes import Shape
from lookalike.training import plan_from
from lookalike.transforms import IdentityTransform, Transform

AUTO_PROTOTYPES = 4
# What decides how prototypes look must outweigh the classifier's wish for them; see docs/decisions/0014.
MATCHING, SWAP, PROTOTYPE_LEARNING_RATE = 100.0, 0.1, 0.2
SPACES = ("input", "activation")
SIDE_PER_PIXEL = 14
_MATCHING_REGULARIZERS = ("aligned_matching", "feature_matching", "warped_matching")
_SAMPLE = 20_000
_BATCH = 256


@dataclass(frozen=True)
class Chosen:
    """Prototypes that start at training examples: how these are chosen, and by what, input or activation."""

    selection: Selection
    space: str


def resolve(
    parameters: Mapping[str, Any], preprocessing: Preprocessing, counts: Tensor, counted_for: Tensor | None = None
) -> dict[str, Any]:
    """The parameters with every ``"auto"`` that depends on the data replaced.

    Parameters
    ----------
    parameters : mapping
        As a user gives them.
    preprocessing : Preprocessing
    counts : Tensor
        Training examples of each class, shape ``(k,)``.
    counted_for : Tensor, optional
        How many they count for by their weights; a class that counts for two has at most two prototypes of its own
        accord. As many as there are, unless given.

    Returns
    -------
    dict
        Copies of instances, so that training leaves the user's own untouched.

    Raises
    ------
    DataError
        If an explicit number of prototypes exceeds a class's examples.
    ParameterError
        If the number of prototypes is neither an int, nor several, nor ``"auto"``.
    """
    resolved = {name: copy.deepcopy(value) for name, value in parameters.items()}
    resolved |= chosen_backbone(resolved["backbone"], "convnet" if preprocessing.is_picture else "mlp")
    if resolved["augmentation"] == "auto":
        pixels = min(preprocessing.shape[1:]) // SIDE_PER_PIXEL if preprocessing.is_picture else 0
        resolved["augmentation"] = "shift" if pixels else "none"
        if pixels:
            resolved.setdefault("augmentation__pixels", pixels)
    if isinstance(resolved["prototypes"], str):
        wanted = resolved.get("prototypes__n_per_class", "auto")
        if wanted == "auto":
            resolved["prototypes__n_per_class"] = [
                min(AUTO_PROTOTYPES, int(count)) for count in (counts if counted_for is None else counted_for)
            ]
        else:
            _require_enough(wanted, counts)
    _resolve_pictures(resolved, preprocessing)
    return resolved


def _resolve_pictures(resolved: dict[str, Any], preprocessing: Preprocessing) -> None:
    """Learned prototypes that are whole pictures are matched with their class, and the network is held to them."""
    pixels = min(preprocessing.shape[1:]) // SIDE_PER_PIXEL if preprocessing.is_picture else 0
    learned = _learns_whole_pictures(resolved, preprocessing)
    if resolved["regularizers"] == "auto":
        resolved["regularizers"] = {"aligned_matching": MATCHING} if learned else "none"
    if learned:
        for name, value in beside_matching(resolved).items():
            resolved.setdefault(name, value)
    matched = learned and _is_among("aligned_matching", resolved)
    if matched and isinstance(resolved["regularizers"], str | Mapping):
        resolved.setdefault("regularizers__aligned_matching__pixels", pixels)
    if resolved["counterfactuals"] == "auto":
        resolved["counterfactuals"] = {"residual_swap": SWAP} if matched else "none"
        if matched:
            resolved.setdefault("counterfactuals__residual_swap__pixels", pixels)
    if resolved["training"] == "auto":
        latent = _space(resolved["prototypes"]) == "activation"
        reseeded = "reseeded" if _can_lose_prototypes(resolved) else "begun_anew"
        resolved["training"] = "projected" if latent else reseeded if matched else "joint"


def _can_lose_prototypes(resolved: Mapping[str, Any]) -> bool:
    """Whether the head can do without some, and a smaller set can be made, which it can from a name alone."""
    head: Any = resolved["head"]
    kind: Any = component("head", head) if isinstance(head, str) else head
    return isinstance(resolved["prototypes"], str) and kind.retires


def _learns_whole_pictures(resolved: Mapping[str, Any], preprocessing: Preprocessing) -> bool:
    prototypes, plan = resolved["prototypes"], resolved["training"]
    if not preprocessing.is_picture or _space(prototypes) != "input":
        return False
    if plan != "auto" and not any("prototypes" in phase.trains for phase in plan_from(plan)):
        return False
    if isinstance(prototypes, str):
        return component("prototypes", prototypes) is not ExemplarPrototypes and not resolved.get("prototypes__size")
    return tuple(prototypes.shape) == preprocessing.shape and any(True for _ in prototypes.parameters())


def beside_matching(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What training needs, unless said otherwise, where prototypes are matched with pictures; else nothing.

    Prototypes at the network's own rate would hardly leave their start, and the epoch that decides best may be one in
    which they are no pictures yet.

    Parameters
    ----------
    parameters : mapping
        Of the classifier, with regularizers that are spelled out.

    Examples
    --------
    >>> beside_matching({"regularizers": {"aligned_matching": 100.0, "spectrum": 1.0}})
    {'training__prototype_learning_rate': 0.2, 'training__keep': 'last'}
    >>> beside_matching({"regularizers": "total_variation"})
    {}
    """
    if not any(_is_among(name, parameters) for name in _MATCHING_REGULARIZERS):
        return {}
    return {"training__prototype_learning_rate": PROTOTYPE_LEARNING_RATE, "training__keep": "last"}


def _is_among(name: str, parameters: Mapping[str, Any]) -> bool:
    choice = parameters["regularizers"]
    if isinstance(choice, str | Mapping):
        weight = choice.get(name, 0) if isinstance(choice, Mapping) else name == choice
        return bool(parameters.get(f"regularizers__{name}", weight))
    wanted = component("regularizer", name)
    pairs = [item for item in choice if isinstance(item, Sequence)] if isinstance(choice, Sequence) else []
    return any(isinstance(each, wanted) for pair in pairs for each in pair)


def assemble(resolved: Mapping[str, Any], preprocessing: Preprocessing, n_classes: int) -> PrototypeNetwork:
    """A network of the chosen components; its prototypes are not initialised yet.

    Parameters
    ----------
    resolved : mapping
        From `resolve`.
    preprocessing : Preprocessing
    n_classes : int

    Raises
    ------
    ParameterError
        For an unknown name or option.
    DataError
        If a backbone cannot take inputs, or prototypes, of their shape.
    """

    def make(family: str, **supplied: Any) -> Any:
        return build(family, resolved[family], options_of(family, resolved), supplied)

    shape = preprocessing.shape
    backbone = make("backbone", input_shape=shape)
    activated = activation_shape(backbone)
    prototypes = make(
        "prototypes",
        input_shape=shape,
        activation_shape=activated,
        n_classes=n_classes,
        value_range=preprocessing.value_range(),
    )
    if prototypes.space == "input" and prototypes.shape != shape:
        activation_shape(backbone, prototypes.shape)
    transform = make("transforms")
    _require_fitting(transform, prototypes, resolved["transforms"])
    network = PrototypeNetwork(
        backbone=backbone,
        prototypes=prototypes,
        similarity=make("similarity"),
        transform=transform,
        pooling=make("pooling"),
        head=make("head", prototype_labels=prototypes.labels, n_classes=n_classes),
    )
    # Convolutions are faster so; a loaded network has the same layout as a trained one, hence the same bits.
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _require_fitting(transform: Transform, prototypes: Prototypes, choice: Any) -> None:
    deformable = prototypes.space == "input"
    if isinstance(transform, IdentityTransform) or (deformable and transform.fits(prototypes.shape)):
        return
    raise ParameterError(
        describe(
            f"prototypes that are {type(transform).wanted}, for transforms={choice!r}",
            f"prototypes of shape {tuple(prototypes.shape)} in {prototypes.space} space",
            f"transforms of {_families_for(prototypes.shape) if deformable else repr('identity')}",
        )
    )


def require_matchable(part: Regularizer | Counterfactual, shape: Shape) -> None:
    """Refuse, before training, deformations in matching or swap that prototypes of a shape cannot undergo.

    Parameters
    ----------
    part : Regularizer or Counterfactual
        Of any kind.
    shape : tuple of int
        Of one prototype.

    Raises
    ------
    ParameterError
        Naming the families that can; or, where prototypes are no pictures, what can be wanted in their place.
    """
    transforms = getattr(part, "transforms", None)
    if not isinstance(transforms, Transform):
        return
    purpose, family = ("matching", "regularizers") if isinstance(part, Regularizer) else ("swap", "counterfactuals")
    instead = f"transforms of {_families_for(shape)}" if len(shape) == 3 else f"{family}='none' for tables and patches"
    transforms.require_fitting(tuple(shape), purpose, instead)


def _families_for(shape: Shape) -> str:
    kinds = members("transforms").items()
    return ", ".join(repr(name) for name, kind in kinds if issubclass(kind, Transform) and kind.fits(shape))


@torch.no_grad()
def initialize(
    network: PrototypeNetwork, start: Initializer | Chosen, examples: Examples, generator: torch.Generator
) -> None:
    """Give the prototypes their first values.

    Parameters
    ----------
    network : PrototypeNetwork
    start : Initializer or Chosen
        What the values are, or which examples.
    examples : Examples
        Training examples; for prototypes in activation space at most 20,000 of them, drawn at random, pass the
        backbone.
    generator : torch.Generator
    """
    prototypes = network.prototypes
    inputs, labels, weights = examples.inputs, examples.labels, examples.weights
    if prototypes.space == "activation":
        picked = torch.randperm(len(examples), generator=generator)[:_SAMPLE]
        inputs, labels = activations_of(network.backbone, examples.select(picked)), labels[picked]
        weights = examples.weights_of(picked)
    else:
        inputs = examples.standardized()
    if isinstance(start, Chosen):
        in_activations = start.space == "activation" and prototypes.space != "activation"
        points = activations_of(network.backbone, examples) if in_activations else inputs
        counts = prototypes.labels.bincount().tolist()
        own = start.selection(points, labels, counts, generator=generator, weights=weights).indices
        values = random_windows(inputs[own], prototypes.shape, generator)
    else:
        weighed = _weighed(start, labels, weights)
        values = start(
            prototypes.shape, prototypes.labels, inputs=inputs, labels=labels, generator=generator, **weighed
        )
    prototypes.set_values(prototypes.begin(values, inputs, labels, generator))


def _weighed(start: Initializer, labels: Tensor, weights: Tensor | None) -> dict[str, Tensor]:
    """Weights as an argument of an initializer; one of a user's own may know nothing of them."""
    if weights is None:
        return {}
    known = inspect.signature(start).parameters
    if "weights" in known or any(each.kind is each.VAR_KEYWORD for each in known.values()):
        return {"weights": weights}
    if all(bool((weights[labels == label] == weights[labels == label][0]).all()) for label in labels.unique()):
        return {}
    raise ParameterError(
        describe(
            "an initializer that takes weights of examples",
            type(start).__name__,
            "an argument weights=None of its __call__, or fit without sample_weight",
        )
    )


def start_from(resolved: Mapping[str, Any]) -> Initializer | Chosen:
    """Where prototypes start: at selected examples where a selection is named, else where the initializer says.

    Parameters
    ----------
    resolved : mapping
        From `resolve`.

    Raises
    ------
    ParameterError
    """
    options = options_of("selection", resolved)
    space = options.pop("space", "input")
    require_option("selection__space", space, space in SPACES, " or ".join(SPACES))
    if resolved["selection"] == "none":
        if options:
            raise ParameterError(
                describe(
                    "a selection to have options", f"selection__{next(iter(options))} without one", "selection=..."
                )
            )
        return build("initializer", resolved["initializer"], options_of("initializer", resolved), {})
    return Chosen(build("selection", resolved["selection"], options, {}), space)


@torch.no_grad()
def activations_of(backbone: Backbone, examples: Examples) -> Tensor:
    """Final activations of examples in evaluation mode, shape ``(n, d, h, w)``.

    Parameters
    ----------
    backbone : Backbone
    examples : Examples
    """
    training = backbone.training
    backbone.eval()
    activations = torch.cat([backbone(inputs) for inputs, _ in examples.batches(_BATCH)])
    backbone.train(training)
    return activations


def _space(prototypes: Any) -> str:
    if isinstance(prototypes, str):
        prototypes = component("prototypes", prototypes)
    return prototypes.space


def _require_enough(wanted: Any, counts: Tensor) -> None:
    each = [wanted] * len(counts) if isinstance(wanted, int) else wanted
    if not isinstance(each, list | tuple) or not all(isinstance(n, int) for n in each):
        known = f"prototypes__n_per_class as an int, or {len(counts)} of them, one per class, or 'auto'"
        raise ParameterError(describe(known, repr(wanted), "prototypes__n_per_class='auto'"))
    for label, (n, count) in enumerate(zip(each, counts.tolist(), strict=False)):
        if n > count:
            raise DataError(
                describe(
                    f"at least {n} training examples of every class, one for each prototype",
                    f"{count} of class number {label}",
                    "prototypes__n_per_class='auto', or more examples",
                )
            )
