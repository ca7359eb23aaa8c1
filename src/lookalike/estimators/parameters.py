"""One vocabulary of parameters: ``argument`` and ``argument__option``, in Python, YAML and on the command line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, get_type_hints

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from torch import nn

from lookalike.backbones import Backbone
from lookalike.counterfactuals import Counterfactual
from lookalike.errors import ModelFileError, ParameterError, describe, suggest
from lookalike.registry import FAMILIES, build, require_type
from lookalike.regularizers import Regularizer
from lookalike.training import Phase, is_training_option

# Arguments that take options, beside the families of components.
_PLURAL = ("regularizer", "counterfactual")
_WITH_OPTIONS = (
    *(name for name in FAMILIES if name not in ("kernel", *_PLURAL)),
    *(f"{name}s" for name in _PLURAL),
    "training",
)


# What opening a model can do without.
_FOR_TRAINING = ("objective", "regularizers", "counterfactuals", "augmentation", "initializer", "selection")


class NamedOptions(BaseEstimator):
    """An estimator whose parameters are its arguments and the options of its components."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Arguments and options by name, as scikit-learn's; options of components are among them."""
        own = {name: getattr(self, name) for name in self._get_param_names()}
        # Whatever else was set and is neither private nor fitted is an option, or a mistake that `fit` reports.
        return own | {name: value for name, value in vars(self).items() if not (name[0] == "_" or name[-1] == "_")}

    def set_params(self, **params: Any) -> "NamedOptions":
        """Set arguments and options by name; unknown ones are reported by ``fit``."""
        for name, value in params.items():
            setattr(self, name, value)
        return self


def seed_from(random_state: Any) -> int:
    """A seed drawn as scikit-learn would.

    Parameters
    ----------
    random_state : int, RandomState or None

    Raises
    ------
    ParameterError
        For anything else.
    """
    try:
        return int(check_random_state(random_state).randint(2**31 - 1))
    except ValueError as error:
        raise ParameterError(
            describe("random_state as a whole number, a RandomState or None", repr(random_state))
        ) from error


def require_known(names: Iterable[str], arguments: Iterable[str]) -> None:
    """Refuse a parameter that does not exist.

    Parameters
    ----------
    names : iterable of str
        Parameters as they were given, with or without options.
    arguments : iterable of str
        Arguments of the estimator.

    Raises
    ------
    ParameterError
        Naming the nearest argument that there is.
    """
    known = list(arguments)
    for name in names:
        argument, separator, _ = name.partition("__")
        if argument not in known:
            advice = _two_underscores(argument, known) or suggest(argument, known)
            if "training" in known and is_training_option(argument):
                advice = f"training__{argument}, an option of training"
            raise ParameterError(describe("a known parameter", repr(name), advice))
        if separator and argument not in _WITH_OPTIONS:
            raise ParameterError(describe(f"{argument!r} without options", repr(name), f"{argument}=..."))


def require_signature(parameters: Mapping[str, Any], owner: type) -> None:
    """Refuse parameters, from a file say, that a constructor does not have, or of another type, before any is set.

    Parameters
    ----------
    parameters : mapping
        By name, with options.
    owner : type
        Whose constructor is to take them.

    Raises
    ------
    ParameterError
    """
    if not isinstance(parameters, Mapping) or not all(isinstance(name, str) for name in parameters):
        raise ParameterError(describe("parameters by name", repr(parameters)))
    annotations = {**get_type_hints(vars(owner)["__init__"])}
    require_known(parameters, [name for name in annotations if name not in ("return", "options")])
    for name, value in parameters.items():
        # Whoever said 1 for yes was understood.
        if annotations.get(name, Any) is not Any and not (annotations[name] is bool and isinstance(value, int)):
            require_type(name, value, annotations[name])


def without_downloads(resolved: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters under which assembling a network reaches nowhere: what was downloaded once is in the weights.

    Examples
    --------
    >>> without_downloads({"backbone__weights": "DEFAULT", "backbone__layer": "layer3"})
    {'backbone__weights': None, 'backbone__layer': 'layer3'}
    """
    return {name: None if name.endswith("__weights") else value for name, value in resolved.items()}


def _two_underscores(name: str, known: Iterable[str]) -> str:
    """Advice for ``training_epochs``; empty for what begins with no argument that takes options."""
    found = max(
        (each for each in known if each in _WITH_OPTIONS and name[len(each) + 1 :] and name.startswith(f"{each}_")),
        key=len,
        default="",
    )
    return found and f"{found}__{name.removeprefix(f'{found}_')}, with two underscores"


def options_of(argument: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The options of an argument, without its prefix.

    Examples
    --------
    >>> options_of("head", {"head": "linear", "head__own_weight": 2.0})
    {'own_weight': 2.0}
    """
    start = f"{argument}__"
    return {name.removeprefix(start): value for name, value in parameters.items() if name.startswith(start)}


def weighted(
    family: str, choice: Any, options: Mapping[str, Any], supplied: Mapping[str, Any] | None = None
) -> list[tuple[Any, float]]:
    """Regularizers, or counterfactuals, with their weights.

    Parameters
    ----------
    family : str
        ``"regularizer"`` or ``"counterfactual"``.
    choice : str, mapping or sequence
        A name, with weight 1; names with weights, ``{"total_variation": 0.1}``; or pairs of an instance and its weight.
    options : mapping
        Further names with weights, ``{"total_variation": 0.1}``, and options, ``{"total_variation__option": value}``.
    supplied : mapping, optional
        What the composition knows; each constructor takes what it names.

    Raises
    ------
    ParameterError
        For an unknown name, a weight that is no number, or options of a component that is not chosen.

    Examples
    --------
    >>> weighted("regularizer", "none", {"total_variation": 0.1})[0][1]
    0.1
    """
    if isinstance(choice, Sequence) and not isinstance(choice, str):
        return [_weighted_instance(family, item) for item in choice]
    if not isinstance(choice, str | Mapping):
        raise ParameterError(describe(f"{family}s by name, or names with weights", repr(choice), "'total_variation'"))
    weights = {choice: 1.0} if isinstance(choice, str) else dict(choice)
    weights.pop("none", None)
    weights |= {name: value for name, value in options.items() if "__" not in name}
    for name, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise ParameterError(describe(f"a weight for the {family} {name!r}", repr(weight), "a number"))
    for name in options:
        if name.partition("__")[0] not in weights:
            raise ParameterError(describe(f"options of a chosen {family}", f"{family}s__{name}"))
    return [
        (build(family, name, options_of(name, options), supplied or {}), weight) for name, weight in weights.items()
    ]


def _weighted_instance(family: str, item: Any) -> tuple[Any, float]:
    base = Regularizer if family == "regularizer" else Counterfactual
    if not (isinstance(item, Sequence) and len(item) == 2 and isinstance(item[0], base)):
        raise ParameterError(describe(f"pairs ({family}, weight)", repr(item), "[(TotalVariationRegularizer(), 0.1)]"))
    return item[0], float(item[1])


def chosen_backbone(backbone: Any, default: str) -> dict[str, Any]:
    """The parameters that say which backbone: ``"auto"`` is replaced, and any PyTorch module is one.

    Parameters
    ----------
    backbone : str, Backbone or Module
    default : str
        In the place of ``"auto"``.
    """
    if isinstance(backbone, nn.Module) and not isinstance(backbone, Backbone):
        return {"backbone": "module", "backbone__module": backbone}
    return {"backbone": default if isinstance(backbone, str) and backbone == "auto" else backbone}


def plain(value: Any) -> Any:
    """A value JSON can hold; an instance becomes a note that one was given.

    Parameters
    ----------
    value : object

    Examples
    --------
    >>> plain({"widths": (8, 16), "module": object()})
    {'widths': [8, 16], 'module': {'instance': 'object'}}
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Phase):
        return plain(asdict(value))
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return {"instance": type(value).__name__}


class Unstored:
    """What a model was fitted with and what only training needs: a loss of the user's own, say, which is no data."""


def instances_for(parameters: Any, backbone: nn.Module | None) -> dict[str, Any]:
    """What `revived` needs to open a model without training it again.

    Parameters
    ----------
    parameters : mapping
        As `plain` made them.
    backbone : torch.nn.Module or None
        The user's own, where the command line names one.

    Raises
    ------
    ParameterError
        If there is one, but the model was fitted without.
    """
    noted = parameters if isinstance(parameters, Mapping) else {}
    found: dict[str, Any] = {}
    for name in _FOR_TRAINING:
        if _is_note(noted.get(name)):
            # Under its own name, so that saving notes the same again.
            found[name] = type(str(noted[name]["instance"]), (Unstored,), {})()
    if backbone is not None:
        if not any(_is_note(noted.get(name)) for name in ("backbone", "backbone__module")):
            told = repr(noted.get("backbone"))
            raise ParameterError(describe("a model with a network of your own", told, "leave --backbone out"))
        found["backbone"] = backbone
    return found


def _is_note(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"instance"}


def revived(values: Mapping[str, Any], instances: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """Parameters as `plain` made them, with instances in the place of the notes that some were given.

    Parameters
    ----------
    values : mapping
        Plain values by the names of parameters.
    instances : mapping
        By the names of arguments.
    owner : str
        Whose ``load`` wants them, for the message.

    Raises
    ------
    ModelFileError
        If one is missing.

    Examples
    --------
    >>> revived({"epochs": 3, "backbone": {"instance": "Net"}}, {"backbone": "a network"}, "PrototypeClassifier")
    {'epochs': 3, 'backbone': 'a network'}
    """
    return {name: _revived(name, value, instances, owner) for name, value in values.items()}


def _revived(name: str, value: Any, instances: Mapping[str, Any], owner: str) -> Any:
    if not _is_note(value):
        return value
    argument = name.removesuffix("__module")
    if argument in instances:
        return instances[argument]
    if name == "random_state":
        return None
    raise ModelFileError(
        describe(
            f"{argument!r}, which was passed to fit as an instance of {value['instance']}: code is not stored",
            "nothing",
            f"{owner}.load(folder, {argument}=...)"
            + (", or --backbone package.module:function on the command line" if argument == "backbone" else ""),
        )
    )
