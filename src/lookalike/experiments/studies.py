"""A study: named arms that differ in a few parameters, each run with several seeds; resumable, one file of results."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lookalike.errors import ParameterError, describe, suggest
from lookalike.estimators.assembly import beside_matching
from lookalike.estimators.parameters import options_of
from lookalike.evaluation import ROUGHNESS, ROW_NAMES, TRAINED_ROWS
from lookalike.experiments.again import WAYS
from lookalike.experiments.config import RunConfig, config_from, read_settings
from lookalike.experiments.contrasts import PLAIN_OUTCOMES, Contrast, Correlation, read_contrast, read_correlation
from lookalike.registry import FAMILIES, component, members, options, require_type
from lookalike.training import PLANS, settings_from

_log = logging.getLogger(__name__)
_KEYS = {
    "title": str,
    "source": str,
    "question": str,
    "note": str,
    "seeds": int,
    "worlds": int,
    "card": bool,
    "again": list,
    "alone": bool,
    "common": dict,
    "arms": dict,
    "contrasts": list,
    "correlations": list,
}
# Counts up when a row of the scorecard is computed in another way, so that older figures leave the tables.
CARD_EDITION = 1
AGAIN_EDITION = 2
_SILENT = (("counterfactuals", "none"), ("selection", "none"), ("class_weight", None), ("pixel_range", "auto"))
# Options that came later, with the defaults that leave results what they were.
_LATER = {
    "prototypes/pixel": {"within": "None"},
    "regularizer/aligned_matching": {"error": "'correlation'", "assignment": "'soft'", "transforms": "None"},
    "regularizer/warped_matching": {"stretch": "1.0", "slant": "0.0", "bend": "0.0"},
    "regularizer/feature_matching": {
        "mutual": "0.0",
        "tolerance": "None",
        "tolerant_from": "0.6",
        "assignment": "'soft'",
    },
    "counterfactual/residual_swap": {"blend": "0.0", "transforms": "None"},
    "counterfactual/feature_swap": {"blend": "0.0"},
}
# What came with the default's matching when its results were first kept.
_BESIDE_DEFAULT = {"training__prototype_learning_rate": 0.2, "training__keep": "last"}
# What "auto" may become.
_AUTO = {
    "backbone": ("convnet", "mlp"),
    "regularizer": ("aligned_matching",),
    "counterfactual": ("residual_swap",),
}
_MOST_SEEDS = 10_000
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
    worlds : int
        What ``{world}`` in the name of the data counts through with the seeds: seed s has world s modulo this.
    card : bool
        Judge every run by the full scorecard, too.
    rows : tuple of str
        Only by these rows of it; empty for all.
    again : tuple of str
        Train every run a second time, in each of these ways, and compare the prototypes: ``"seed"``, ``"bootstrap"``.
    alone : bool
        Run one at a time, with all cores: for studies that state minutes.
    arms : tuple of Arm
    contrasts : tuple of Contrast
    correlations : tuple of Correlation
        Between two outcomes, over all runs of all arms.
    """

    name: str
    title: str
    question: str
    source: str
    note: str
    seeds: int
    arms: tuple[Arm, ...]
    worlds: int = 1
    card: bool = False
    rows: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    alone: bool = False
    contrasts: tuple[Contrast, ...] = ()
    correlations: tuple[Correlation, ...] = ()

    def config_of(self, arm: Arm, seed: int) -> RunConfig:
        """What a run is made from: the arm's settings, with the world of this seed."""
        return replace(arm.config, data=arm.config.data.replace("{world}", str(seed % self.worlds)))

    def named(self, names: Sequence[str]) -> tuple[Arm, ...]:
        """Some of the arms, in their order; all of them where none is named.

        Parameters
        ----------
        names : sequence of str

        Raises
        ------
        ParameterError
            For an arm that there is not.
        """
        known = [arm.name for arm in self.arms]
        for name in names:
            if name not in known:
                raise ParameterError(describe(f"an arm of {self.name}", repr(name), suggest(name, known)))
        return tuple(arm for arm in self.arms if not names or arm.name in names)

    def hash(self, arm: Arm) -> str:
        """Changes with an arm's settings, with a recipe's, and with the defaults of whatever the arm chooses."""
        facts = [arm.config.to_dict(), arm.twin, _defaults(arm.config)]
        # A twin has no prototypes to judge, or to compare with those of a second training.
        facts += ["card", CARD_EDITION, *self.rows] if self.card and not arm.twin else []
        facts += ["again", AGAIN_EDITION, *self.again] if self.again and not arm.twin else []
        facts += [self.worlds] if self.worlds > 1 else []
        facts += [] if arm.twin else [*_plan(arm.config), *_beside_matching(arm.config)]
        return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def read_study(file: Path) -> Study:
    """Read and check a study; nothing is run.

    Parameters
    ----------
    file : Path
        YAML with ``title``, ``seeds``, ``common`` (settings of all arms) and ``arms`` (settings by name; beside those
        of a run an arm may have ``claim``, ``comparable``, ``remark``, ``twin`` and ``label``); ``contrasts`` between
        arms, ``worlds``, ``card`` (true, or a list of rows), ``again`` and ``alone`` if wanted.

    Raises
    ------
    ParameterError
        For an unknown key anywhere, a value of a wrong type, no arms, or a contrast of arms that are not there.
    """
    settings = read_settings(file)
    for key in settings:
        if key not in _KEYS:
            raise ParameterError(describe(f"a key of a study in {file}", repr(key), suggest(key, _KEYS)))
        if key == "card" and not isinstance(settings[key], bool):
            _require_names(f"rows in {file}", settings[key], [name for name in ROW_NAMES if name not in TRAINED_ROWS])
        elif key == "again":
            _require_names(f"again in {file}", settings[key], WAYS)
        elif key not in ("common", "arms"):
            require_type(f"{key} in {file}", settings[key], _KEYS[key])
    for key in ("seeds", "worlds"):
        if not 1 <= settings.get(key, 1) <= _MOST_SEEDS:
            raise ParameterError(describe(f"{key} from 1 to {_MOST_SEEDS} in {file}", repr(settings[key])))
    common, arms = settings.get("common") or {}, settings.get("arms")
    if not isinstance(common, Mapping) or not isinstance(arms, Mapping) or not arms:
        raise ParameterError(describe(f"arms by name in {file}", repr(arms), "arms: {default: {}}"))
    named = tuple(_arm(str(name), {**common, **(chosen or {})}) for name, chosen in arms.items())
    study = Study(
        name=file.stem,
        title=str(settings.get("title", file.stem)),
        question=str(settings.get("question", "")),
        source=str(settings.get("source", "")),
        note=str(settings.get("note", "")),
        seeds=int(settings.get("seeds", 3)),
        arms=named,
        worlds=settings.get("worlds", 1),
        card=bool(settings.get("card", False)),
        rows=tuple(settings["card"]) if isinstance(settings.get("card"), list) else (),
        again=tuple(settings.get("again", ())),
        alone=settings.get("alone", False),
        contrasts=tuple(read_contrast(entry) for entry in settings.get("contrasts", ())),
        correlations=tuple(read_correlation(entry) for entry in settings.get("correlations", ())),
    )
    for correlation in study.correlations:
        for outcome in (correlation.first, correlation.second):
            _require_computed(study, outcome)
    for contrast in study.contrasts:
        _require_possible(study, contrast)
    return study


def _plan(config: RunConfig) -> list[dict[str, Any]]:
    """The phases that make prototypes pictures, where they are not spelled out."""
    training = config.classifier().training
    if not isinstance(training, str):
        return []
    phases = PLANS.get("reseeded" if training == "auto" else training, ())
    return [asdict(phase) for phase in phases] if any(phase.needs_pictures for phase in phases) else []


def _beside_matching(config: RunConfig) -> list[dict[str, Any]]:
    """What comes with matching, where an arm has not spelled it out; for the default only once it is another."""
    parameters = config.classifier().get_params(deep=False)
    left_open = parameters["regularizers"] == "auto"
    chosen = {**parameters, "regularizers": "aligned_matching"} if left_open else parameters
    found = {name: value for name, value in beside_matching(chosen).items() if name not in parameters}
    return [found] if found and not (left_open and found.items() <= _BESIDE_DEFAULT.items()) else []


def _defaults(config: RunConfig) -> dict[str, Any]:
    """Every parameter of the classifier, the defaults of the components they name, and of training."""
    parameters = config.classifier().get_params(deep=False)
    # A family that came later and says nothing leaves results what they were.
    parameters = {name: value for name, value in parameters.items() if (name, value) not in _SILENT}
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        family = name.removesuffix("s") if name in ("regularizers", "counterfactuals") else name
        if family not in FAMILIES:
            continue
        chosen = list(value) if isinstance(value, Mapping) else [value]
        for key in _AUTO.get(family, ()) if value == "auto" else chosen:
            if isinstance(key, str) and key in members(family):
                name, later = f"{family}/{key}", _LATER.get(f"{family}/{key}", {})
                defaults = {each: repr(value.default) for each, value in options(component(family, key)).items()}
                found[name] = {each: value for each, value in defaults.items() if later.get(each) != value}
    training = settings_from(options_of("training", parameters))
    found["training"] = [asdict(training.resolve(10_000, is_picture)) for is_picture in (True, False)]
    return {**parameters, **found}


def _require_names(what: str, given: Any, known: Sequence[str]) -> None:
    if not isinstance(given, list) or not given:
        raise ParameterError(describe(f"{what} as a list", repr(given), f"[{known[0]}]"))
    for name in given:
        if name not in known:
            raise ParameterError(describe(what, repr(name), suggest(str(name), known)))


def _require_possible(study: Study, contrast: Contrast) -> None:
    """Refuse a contrast of arms that are not there, or of a figure that no run of them will have."""
    arms = {arm.name: arm for arm in study.arms}
    for side in (contrast.arm, contrast.against):
        if side not in arms:
            raise ParameterError(describe("an arm of the study", repr(side), suggest(side, arms)))
    if contrast.arm == contrast.against:
        raise ParameterError(describe("a contrast between two arms", f"{contrast.arm!r} twice"))
    if contrast.outcome == "speed":
        plans = [arms[side].config.parameters for side in (contrast.arm, contrast.against)]
        if any(plan.get("training__patience") for plan in plans) or len({_epochs(plan) for plan in plans}) > 1:
            raise ParameterError(
                describe("arms that train for the same number of epochs, to compare their speed", contrast.arm)
            )
    _require_computed(study, contrast.outcome)


def _require_computed(study: Study, about: str) -> None:
    """Refuse a figure that no run of a study will have."""
    rows = (study.rows or [name for name in ROW_NAMES if name not in TRAINED_ROWS]) if study.card else []
    names = ["SEED-R"] if "seed" in study.again else []
    names += ROUGHNESS if study.card else []
    names += [*rows, *(f"SEED-R: {way}" for way in study.again if way != "seed")]
    known = about in names or any(about.startswith(f"{name}: ") for name in names)
    missing = [f"SEED-R: {way}" for way in WAYS if way not in study.again]
    if about not in PLAIN_OUTCOMES and (not known or any(about.startswith(name) for name in missing)):
        raise ParameterError(
            describe(
                f"an outcome that the study computes: {', '.join([*PLAIN_OUTCOMES, *names])}",
                repr(about),
                suggest(about, [*PLAIN_OUTCOMES, *names]),
            )
        )


def _epochs(parameters: Mapping[str, Any]) -> Any:
    return parameters.get("training__epochs", "auto")


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
