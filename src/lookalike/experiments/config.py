"""A YAML file, or settings one by one, as one checked description of a run."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lookalike import recipes
from lookalike.errors import DataNotFoundError, ParameterError, describe, suggest
from lookalike.estimators import PrototypeClassifier
from lookalike.estimators.parameters import require_known

DATA_OPTIONS: dict[str, type] = {
    "image_size": int,
    "label": str,
    "test_fraction": float,
    "limit": int,
    "judge_share": float,
    "bootstrap": int,
    "superclasses": dict,
    "strict": bool,
}
RECIPES = {
    name: getattr(recipes, name)
    for name in ("glvq", "lookalike", "nearest_class_mean", "photographs", "siamese", "singh2019_siamese")
}


class _Loader(yaml.SafeLoader):
    """YAML 1.1 takes 1e-3 for a word; people mean the number, as YAML 1.2 does. A name twice is a slip."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """As YAML has it, but refuse a name that is there twice."""
        names = [name.value for name, _ in node.value if isinstance(name, yaml.ScalarNode)]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, f"{twice!r} is there twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


@dataclass(frozen=True)
class RunConfig:
    """What to learn from, and how.

    Attributes
    ----------
    data : str
        A data set's name or a path.
    data_options : dict
        Options ``data__NAME`` without their prefix: image_size, label, test_fraction, limit, judge_share, bootstrap,
        superclasses, strict.
    recipe : str
        Whose parameters are the starting point.
    parameters : dict
        Parameters of the classifier that differ from the recipe's.
    """

    data: str
    data_options: dict[str, Any] = field(default_factory=dict)
    recipe: str = "lookalike"
    parameters: dict[str, Any] = field(default_factory=dict)

    def classifier(self) -> PrototypeClassifier:
        """A classifier of these parameters, not fitted."""
        return RECIPES[self.recipe](**{"random_state": 0, **self.parameters})

    def to_dict(self) -> dict[str, Any]:
        """The flat mapping that `config_from` takes."""
        options = {f"data__{name}": value for name, value in self.data_options.items()}
        recipe = {} if self.recipe == "lookalike" else {"recipe": self.recipe}
        return {"data": self.data, **options, **recipe, **self.parameters}


def config_from(settings: Mapping[str, Any]) -> RunConfig:
    """A checked configuration.

    Parameters
    ----------
    settings : mapping
        ``data``, ``data__OPTION``, ``recipe``, and any parameter of the classifier, by the names they have in Python.

    Raises
    ------
    ParameterError
        For an unknown name, a value of the wrong type, or no data.

    Examples
    --------
    >>> config_from({"data": "digits", "similarity": "dot"}).parameters
    {'similarity': 'dot'}
    """
    rest = dict(settings)
    data, recipe = rest.pop("data", None), rest.pop("recipe", "lookalike")
    if not isinstance(data, str):
        raise ParameterError(
            describe("data: a name or a path", repr(data), "lookalike fit mnist-5k, or data: mnist-5k")
        )
    if recipe not in RECIPES:
        raise ParameterError(describe("a known recipe", repr(recipe), suggest(str(recipe), RECIPES)))
    options: dict[str, Any] = {}
    for name in [name for name in rest if name.startswith("data__")]:
        option, value = name.removeprefix("data__"), rest.pop(name)
        if option not in DATA_OPTIONS:
            raise ParameterError(describe("an option of data", repr(name), suggest(option, DATA_OPTIONS)))
        wanted = DATA_OPTIONS[option]
        if isinstance(value, bool) != (wanted is bool) or not isinstance(
            value, (int, float) if wanted is float else wanted
        ):
            raise ParameterError(describe(f"{name} to be {wanted.__name__}", f"{value!r} ({type(value).__name__})"))
        options[option] = {str(key): item for key, item in value.items()} if isinstance(value, dict) else value
    arguments = ["data", "recipe", *PrototypeClassifier._get_param_names()]
    require_known(rest, arguments)
    return RunConfig(data, options, recipe, rest)


def read_settings(file: Path) -> dict[str, Any]:
    """The mapping in a YAML file; nothing in it is executed.

    Raises
    ------
    DataNotFoundError
        If the file is not there.
    ParameterError
        If it is no YAML, or no mapping of names to values.
    """
    if not file.is_file():
        raise DataNotFoundError(describe("a YAML file", f"no file {file}", "check the path"))
    try:
        settings = yaml.load(file.read_text(encoding="utf-8"), _Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParameterError(describe(f"YAML in {file}", str(error))) from error
    if not isinstance(settings, dict) or not all(isinstance(name, str) for name in settings):
        raise ParameterError(describe(f"names and values in {file}", type(settings).__name__, "similarity: dot"))
    return settings


def assignments(settings: Iterable[str]) -> dict[str, Any]:
    """Settings as the command line gives them, each value read as YAML.

    Parameters
    ----------
    settings : iterable of str
        ``"name=value"`` each.

    Raises
    ------
    ParameterError
        If there is no ``=``, or the value is no YAML.

    Examples
    --------
    >>> assignments(["similarity=dot", "prototypes__n_per_class=4"])
    {'similarity': 'dot', 'prototypes__n_per_class': 4}
    >>> assignments(["training__learning_rate=1e-3"])
    {'training__learning_rate': 0.001}
    """
    values = {}
    for setting in settings:
        name, separator, value = setting.partition("=")
        if not separator:
            raise ParameterError(describe("name=value", repr(setting), "--set similarity=dot"))
        try:
            values[name.strip()] = yaml.load(value, _Loader)
        except yaml.YAMLError as error:
            raise ParameterError(describe(f"a value for {name}", repr(value), "quote it")) from error
    return values
