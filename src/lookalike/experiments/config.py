"""A YAML file, or settings one by one, as one checked description of a run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lookalike import recipes
from lookalike.errors import ParameterError, describe, suggest
from lookalike.estimators import PrototypeClassifier
from lookalike.estimators.parameters import require_known
from lookalike.plain_data import parse_yaml, read_yaml

TENSORBOARD = "training__tensorboard"
DATA_OPTIONS: dict[str, type] = {
    "image_size": int,
    "label": str,
    "test_fraction": float,
    "limit": int,
    "judge_share": float,
    "bootstrap": int,
    "superclasses": dict,
    "strict": bool,
    "columns": list,
    "missing": list,
}
RECIPES = {
    name: getattr(recipes, name)
    for name in ("glvq", "lookalike", "nearest_class_mean", "photographs", "siamese", "singh2019_siamese")
}


@dataclass(frozen=True)
class RunConfig:
    """What to learn from, and how.

    Attributes
    ----------
    data : str
        A data set's name or a path.
    data_options : dict
        Options ``data__NAME`` without their prefix: image_size, label, test_fraction, limit, judge_share, bootstrap,
        superclasses, strict, columns, missing.
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

    def without_logs(self) -> "RunConfig":
        """The same without TensorBoard, for trainings that leave no folder.

        Examples
        --------
        >>> config_from({"data": "digits", "training__tensorboard": True}).without_logs().parameters
        {}
        """
        kept = {name: value for name, value in self.parameters.items() if name != TENSORBOARD}
        return replace(self, parameters=kept)

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
    if not isinstance(settings, Mapping):
        raise ParameterError(describe("settings by name", repr(settings), "data: mnist-5k"))
    rest = dict(settings)
    data, recipe = rest.pop("data", None), rest.pop("recipe", "lookalike")
    if not isinstance(data, str):
        raise ParameterError(
            describe("data: a name or a path", repr(data), "lookalike fit mnist-5k, or data: mnist-5k")
        )
    if not isinstance(recipe, str) or recipe not in RECIPES:
        raise ParameterError(describe("a known recipe", repr(recipe), suggest(str(recipe), RECIPES)))
    options: dict[str, Any] = {}
    for name in [name for name in rest if name.startswith("data__")]:
        option, value = name.removeprefix("data__"), rest.pop(name)
        if option not in DATA_OPTIONS:
            raise ParameterError(describe("an option of data", repr(name), suggest(option, DATA_OPTIONS)))
        wanted = DATA_OPTIONS[option]
        if wanted is str and isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)  # a column may be called 2024
        if wanted is list and isinstance(value, str | int | float) and not isinstance(value, bool):
            value = [value]
        if isinstance(value, bool) != (wanted is bool) or not isinstance(
            value, (int, float) if wanted is float else wanted
        ):
            raise ParameterError(describe(f"{name} to be {wanted.__name__}", f"{value!r} ({type(value).__name__})"))
        options[option] = _as_text(value)
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
    settings = read_yaml(file)
    if not isinstance(settings, dict):
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
        if not separator or not name.strip():
            raise ParameterError(describe("name=value", repr(setting), "--set similarity=dot"))
        read = _is_read(name, value)
        values[name.strip()] = parse_yaml(value, f"a value for {name.strip()}") if read else value
    return values


def _as_text(value: Any) -> Any:
    """Names of classes and columns as text."""
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()}
    return [str(item) for item in value] if isinstance(value, list) else value


def _is_read(name: str, value: str) -> bool:
    """Whether a value is read as YAML; the name of a column is what it is unless quoted, ``no`` and ``2024`` too."""
    return DATA_OPTIONS.get(name.strip().removeprefix("data__")) is not str or value.strip()[:1] in ("'", '"')
