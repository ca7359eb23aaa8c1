"""Names <-> classes, from a declared list of families; the one door where a name becomes an object.

The key of a component is its class's name without the family's suffix, in snake case: ``CosineSimilarity`` is
``cosine``, ``LogSumExpHead`` is ``log_sum_exp``. A component is found because its family's ``__init__`` exports it.
"""

import importlib
import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from lookalike.allocation import bounded_memory
from lookalike.errors import MOST, ParameterError, describe, is_reasonable, suggest


@dataclass(frozen=True)
class Family:
    """Interchangeable components.

    Attributes
    ----------
    name : str
        Singular name: the estimator's argument, and the prefix of its options.
    package : str
        Where the family's classes are exported.
    base : str
        Name of the abstract class, which is also the suffix of every member's name.
    nested : str
        The member that serves where a component of another family needs one and none is named; empty for families
        that no other component needs.
    """

    name: str
    package: str
    base: str
    nested: str = ""


FAMILIES = {
    family.name: family
    for family in (
        Family("backbone", "lookalike.backbones", "Backbone"),
        Family("prototypes", "lookalike.prototypes", "Prototypes"),
        Family("selection", "lookalike.selection", "Selection", "medoids"),
        Family("initializer", "lookalike.initializers", "Initializer"),
        Family("similarity", "lookalike.similarities", "Similarity"),
        Family("kernel", "lookalike.similarities", "Kernel", "negative"),
        Family("transforms", "lookalike.transforms", "Transform", "identity"),
        Family("pooling", "lookalike.pooling", "Pooling"),
        Family("head", "lookalike.heads", "Head"),
        Family("objective", "lookalike.objectives", "Objective"),
        Family("regularizer", "lookalike.regularizers", "Regularizer"),
        Family("counterfactual", "lookalike.counterfactuals", "Counterfactual"),
        Family("augmentation", "lookalike.data", "Augmentation"),
        Family("gathering", "lookalike.fewshot", "Gathering"),
    )
}


def family_named(name: str, *others: str) -> Family:
    """A family by its singular or plural name.

    Parameters
    ----------
    name : str
    *others : str
        What the caller takes besides, for the advice alone.

    Raises
    ------
    ParameterError
        If there is no such family; the message names the nearest.

    Examples
    --------
    >>> family_named("similarities").base
    'Similarity'
    """
    for family in FAMILIES.values():
        if name in (family.name, plural(family.name)):
            return family
    raise ParameterError(
        describe("a family of components", repr(name), suggest(name, [*map(plural, FAMILIES), *others]))
    )


def plural(name: str) -> str:
    """The plural of a family's name.

    Examples
    --------
    >>> plural("similarity"), plural("prototypes"), plural("head")
    ('similarities', 'prototypes', 'heads')
    """
    if name.endswith("s"):
        return name
    return name[:-1] + "ies" if name.endswith("y") else name + "s"


def members(family: str) -> dict[str, type]:
    """All components of a family by key, sorted.

    Examples
    --------
    >>> sorted(members("head"))
    ['linear', 'log_sum_exp', 'max']
    """
    declared = FAMILIES[family]
    package = importlib.import_module(declared.package)
    base = getattr(package, declared.base)
    exported = getattr(package, "__all__", None) or dir(package)
    classes = [value for value in map(package.__dict__.get, exported) if inspect.isclass(value)]
    return {key_of(cls, declared): cls for cls in sorted(classes, key=_name_of) if _is_member(cls, base)}


def key_of(cls: type, family: Family) -> str:
    """The registry key of a class.

    Examples
    --------
    >>> class LogSumExpHead: ...
    >>> key_of(LogSumExpHead, FAMILIES["head"])
    'log_sum_exp'
    """
    name = cls.__name__.removesuffix(family.base)
    if name == "No":
        return "none"
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def component(family: str, key: str) -> type:
    """The class behind a key.

    Raises
    ------
    ParameterError
        If the family has no such member; the message names the nearest.
    """
    known = members(family)
    if key not in known:
        raise ParameterError(describe(f"a known {family}", repr(key), suggest(str(key), known)))
    return known[key]


def options(cls: type) -> dict[str, inspect.Parameter]:
    """What a user may choose about a component: the keyword-only arguments of its constructor.

    The other arguments are what the composition supplies: shapes, labels, ranges.

    Examples
    --------
    >>> list(options(component("head", "linear")))
    ['own_weight', 'other_weight']
    """
    parameters = inspect.signature(cls).parameters
    return {name: value for name, value in parameters.items() if value.kind is value.KEYWORD_ONLY}


def build(family: str, choice: Any, chosen: Mapping[str, Any], supplied: Mapping[str, Any]) -> Any:
    """Make a component from its name; an instance is taken as it is.

    Parameters
    ----------
    family : str
    choice : str or instance of the family
    chosen : mapping
        The user's options, ``option`` or, for an option that is itself a component, ``option__its_option``.
    supplied : mapping
        What the composition knows; each constructor takes what it names.

    Raises
    ------
    ParameterError
        For an unknown name or option, an option given together with an instance, an option that is missing, or an
        object of another kind.

    Examples
    --------
    >>> build("similarity", "cosine", {"scale": 5.0}, {})
    CosineSimilarity(
      (scale): LearnableScale()
    )
    """
    declared = FAMILIES[family]
    base = getattr(importlib.import_module(declared.package), declared.base)
    if isinstance(choice, base):
        if chosen:
            raise ParameterError(
                describe(
                    f"no options beside an instance of {type(choice).__name__}",
                    ", ".join(f"{family}__{name}" for name in chosen),
                    "set them when making the instance",
                )
            )
        return choice
    if not isinstance(choice, str):
        raise ParameterError(describe(f"a {family} by name or as a {declared.base}", repr(choice)))
    cls = component(family, choice)
    known = options(cls)
    for name in chosen:
        if name.partition("__")[0] not in known:
            raise ParameterError(
                describe(f"an option of {family}={choice!r}", f"{family}__{name}", suggest(name, known))
            )
    arguments = {name: value for name, value in chosen.items() if "__" not in name}
    for name in known.keys() & FAMILIES.keys():
        below = {key.partition("__")[2]: value for key, value in chosen.items() if key.startswith(f"{name}__")}
        arguments[name] = build(name, arguments.get(name, FAMILIES[name].nested), below, supplied)
    annotations = get_type_hints(vars(cls)["__init__"]) if arguments else {}
    for name, value in arguments.items():
        require_type(f"{family}__{name}", value, annotations[name])
    missing = [name for name, value in known.items() if value.default is value.empty and name not in arguments]
    if missing:
        raise ParameterError(describe(f"{family}__{missing[0]} for {family}={choice!r}", "nothing"))
    wanted = inspect.signature(cls).parameters
    with bounded_memory(f"{family}={choice!r}"):
        return cls(**{name: value for name, value in supplied.items() if name in wanted}, **arguments)


def require_type(shown: str, value: Any, annotation: Any) -> None:
    """Refuse a value of another type than is annotated.

    Parameters
    ----------
    shown : str
        What to call the value in the message.
    value : object
    annotation : type

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> require_type("training__epochs", "many", int)
    Traceback (most recent call last):
    lookalike.errors.ParameterError: expected training__epochs to be int, got 'many' (str)
    """
    if fits(value, annotation) and not is_reasonable(value):
        raise ParameterError(describe(f"{shown} to be finite, and at most {MOST:.0e}", repr(value)))
    if not fits(value, annotation):
        wanted = annotation.__name__ if inspect.isclass(annotation) else _readable(annotation)
        raise ParameterError(describe(f"{shown} to be {wanted}", f"{value!r} ({type(value).__name__})"))


def _readable(annotation: Any) -> str:
    return str(annotation).replace("typing.", "").replace("collections.abc.", "")


def fits(value: Any, annotation: Any) -> bool:
    """Whether a value has an annotated type, as a reader of the signature understands it.

    A whole number serves as a float, a list as a sequence or tuple; a truth value is not a number.

    Parameters
    ----------
    value : object
    annotation : type
        A class, a union, or a tuple or sequence of one of these.

    Examples
    --------
    >>> fits(3, float), fits(True, int), fits([1, 2], tuple[int, ...]), fits("3", int | None)
    (True, False, True, False)
    """
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return any(fits(value, option) for option in get_args(annotation))
    if origin in (tuple, Sequence):
        inner = [option for option in get_args(annotation) if option is not Ellipsis]
        return isinstance(value, list | tuple) and all(any(fits(item, option) for option in inner) for item in value)
    if annotation is None or annotation is NoneType:
        return value is None
    if isinstance(value, bool) or annotation is bool:
        return annotation is bool and isinstance(value, bool)
    if annotation is float:
        return isinstance(value, int | float)
    return isinstance(value, annotation)


def _is_member(cls: type, base: type) -> bool:
    return issubclass(cls, base) and cls is not base and not inspect.isabstract(cls)


def _name_of(cls: type) -> str:
    return cls.__name__
