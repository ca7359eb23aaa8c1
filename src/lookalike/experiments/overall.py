"""Nice against true over all trained models; whether prototypes that look better show more of what is the case."""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import rankdata

from lookalike.evaluation import ROUGHNESS
from lookalike.experiments.analysis import outcomes
from lookalike.experiments.figures import draw_thumbnails, save_figure, style_of
from lookalike.experiments.studies import Arm, Study

_VARIATION, _FREQUENCIES = ROUGHNESS


def _less(value: float) -> float:
    return -value


def _as_real(ratio: float) -> float:
    return -abs(math.log(max(ratio, 1e-6)))


# What may be called nice, each turned so that more is nicer: what it is called, the outcome, and how it is turned.
NICE: dict[str, tuple[str, Callable[[float], float]]] = {
    "smooth: less total variation": (_VARIATION, _less),
    "total variation as in real pictures": (_VARIATION, _as_real),
    "high frequencies as in real pictures": (_FREQUENCIES, _as_real),
    "near to the data (less NN-PCTL)": ("NN-PCTL", _less),
    "activations as of real examples (PATH)": ("PATH", float),
}
# What prototypes show, and beside it whether the network decides by it. PATH is on both sides: it takes neither an eye
# nor a judge.
SHOWN = ("TR*", "TRANSFER", "PATH")
TRUE = (*SHOWN, "BIND")
LEAST_ARMS = 10
_DRAWS = 2000
_PICTURES = 5
_HEAD = (
    "Rank correlations over the arms of all studies on the same data, 95% over bootstrapped arms, and how many arms. "
    "Above 0, nicer ones are truer. Arms that resemble each other count each, so read it as a description."
)
# Leaving examples out for judges does not make other data.
_SAME_DATA = "judge_share"


@dataclass(frozen=True, eq=False)
class Relation:
    """How one way to be nice goes together with one way to be true, on one data set.

    Attributes
    ----------
    nice : str
        One of `NICE`.
    true : str
        An outcome, as in a contrast of a study.
    data : str
        The data set, its worlds as one.
    arms : ndarray
        Both of every arm, means over its runs, shape ``(m, 2)``; more is nicer, and truer.
    pictures : tuple of str
        What each arm's prototypes look like, from the first run that kept it: a ``data:`` address, or nothing.
    correlation : float
        Spearman's, over arms.
    interval : tuple of float
        95% of it, over bootstrapped arms.
    """

    nice: str
    true: str
    data: str
    arms: np.ndarray
    pictures: tuple[str, ...]
    correlation: float
    interval: tuple[float, float]


def relations(studies: Iterable[tuple[Study, Mapping[str, Any] | None]]) -> list[Relation]:
    """Every way to be nice with every way to be true, on every data set on which ten arms or more have both.

    Data sets are kept apart: between them everything differs, and what holds over all of them together need hold on
    none. An arm that several studies have counts once.

    Parameters
    ----------
    studies : iterable of (Study, mapping or None)
        With what their results files hold.

    Examples
    --------
    >>> relations([])
    []
    """
    wanted = (*TRUE, *(outcome for outcome, _ in NICE.values()))
    kept = [(study, results) for study, results in studies if results]
    every = [
        (_data_of(arm), _identity(study, arm), {name: outcomes(results, arm.name, name) for name in wanted})
        for study, results in kept
        for arm in study.arms
    ]
    pictures: dict[str, str] = {}
    for study, results in kept:
        for arm in study.arms:
            pictures[_identity(study, arm)] = pictures.get(_identity(study, arm)) or _thumbnail_of(results, arm)
    found = []
    for true in TRUE:
        for nice, (outcome, turned) in NICE.items():
            if outcome == true:
                continue
            data: dict[str, dict[str, dict[int, tuple[float, float]]]] = {}
            for place, identity, known in every:
                for seed in known[outcome].keys() & known[true].keys():
                    runs = data.setdefault(place, {}).setdefault(identity, {})
                    runs.setdefault(seed, (turned(known[outcome][seed]), known[true][seed]))
            for name, arms in data.items():
                if len(arms) >= LEAST_ARMS:
                    means = np.array([np.mean(list(runs.values()), axis=0) for runs in arms.values()])
                    seen = tuple(pictures[identity] for identity in arms)
                    found.append(Relation(nice, true, name, means, seen, *_rank_correlation(means)))
    return found


def _data_of(arm: Arm) -> str:
    """The data's name and options, in words; worlds are one."""
    options = {name: value for name, value in arm.config.data_options.items() if name != _SAME_DATA}
    said = ", ".join(f"{name} {value}" for name, value in options.items())
    return arm.config.data.removesuffix(":{world}") + (f" ({said})" if said else "")


def _thumbnail_of(results: Mapping[str, Any], arm: Arm) -> str:
    runs = [run for run in results["runs"] if run["arm"] == arm.name]
    return next((run["thumbnail"] for run in sorted(runs, key=lambda run: run["seed"]) if run.get("thumbnail")), "")


def _identity(study: Study, arm: Arm) -> str:
    """The same for arms of several studies that train the same."""
    return json.dumps([arm.config.to_dict(), arm.twin, study.worlds], sort_keys=True, default=str)


def relation_lines(found: list[Relation]) -> list[str]:
    """A caption and a table in Markdown; empty where nothing was found.

    Parameters
    ----------
    found : list of Relation

    Examples
    --------
    >>> relation_lines([])
    []
    """
    if not found:
        return []
    lines = [_HEAD, "", f"| true | data | {' | '.join(NICE)} |", "|---" * (2 + len(NICE)) + "|"]
    for true, data in dict.fromkeys((each.true, each.data) for each in found):
        cells = {each.nice: _cell(each) for each in found if (each.true, each.data) == (true, data)}
        lines.append(f"| {true} | {data} | {' | '.join(cells.get(nice, '–') for nice in NICE)} |")
    return lines


def write_relations(found: list[Relation], file: Path) -> bool:
    """Draw every arm as a dot, by the data set's color: nicer to the right, truer upwards; remove what is outdated.

    A few dots, far from each other, have their prototypes beside them, where runs have kept pictures of these.

    Parameters
    ----------
    found : list of Relation
    file : Path
        SVG; its folder is made if it is not there.

    Returns
    -------
    bool
        Whether there was anything to draw.
    """
    if not found:
        file.unlink(missing_ok=True)
        return False
    rows = [true for true in TRUE if any(each.true == true for each in found)]
    columns = [nice for nice in NICE if any(each.nice == nice for each in found)]
    figure = Figure(figsize=(3.4 * len(columns) + 1.6, 3.2 * len(rows)), layout="constrained")
    axes = figure.subplots(len(rows), len(columns), squeeze=False)
    styles = {data: style_of(place) for place, data in enumerate(dict.fromkeys(each.data for each in found))}
    handles: dict[str, Any] = {}
    for each in found:
        axis = axes[rows.index(each.true), columns.index(each.nice)]
        (handles[each.data],) = axis.plot(
            *each.arms.T, linewidth=0, markersize=4, alpha=0.75, label=each.data, **styles[each.data]
        )
    for row, true in enumerate(rows):
        for column, nice in enumerate(columns):
            axis = axes[row, column]
            axis.set_xlabel(nice.replace(": ", ":\n") if row == len(rows) - 1 else "", fontsize=7)
            axis.set_ylabel(true if column == 0 else "")
            axis.tick_params(labelsize=7)
            axis.spines[["top", "right"]].set_visible(False)
            axis.margins(0.15)
    figure.legend(handles.values(), handles.keys(), loc="outside right center", fontsize=7, frameon=False)
    # Where dots lie is known once everything else has its place.
    figure.draw_without_rendering()
    for row, true in enumerate(rows):
        for column, nice in enumerate(columns):
            here = [each for each in found if (each.true, each.nice) == (true, nice)]
            if not here:
                axes[row, column].set_axis_off()
            else:
                dots = np.concatenate([each.arms for each in here])
                draw_thumbnails(axes[row, column], dots, _far_apart(here, styles))
    save_figure(figure, "nice against true", file)
    return True


def _far_apart(found: list[Relation], styles: Mapping[str, dict[str, str]]) -> list[Any]:
    """A few arms that have pictures: the truest, and each time the one that is farthest from those before."""
    every = [
        (picture, (float(nice), float(true)), styles[each.data]["color"])
        for each in found
        for picture, (nice, true) in zip(each.pictures, each.arms, strict=True)
        if picture
    ]
    if not every:
        return []
    places = np.array([pair for _, pair, _ in every])
    places = (places - places.min(0)) / np.maximum(np.ptp(places, axis=0), 1e-12)
    chosen = [int(places[:, 1].argmax())]
    while len(chosen) < min(_PICTURES, len(every)):
        distances = np.linalg.norm(places[:, None] - places[chosen], axis=2).min(1)
        if not distances.max():
            break
        chosen.append(int(distances.argmax()))
    return [every[place] for place in chosen]


def _cell(relation: Relation) -> str:
    low, high = relation.interval
    return f"{relation.correlation:+.2f} ({low:+.2f} to {high:+.2f}), {len(relation.arms)}"


def _rank_correlation(pairs: np.ndarray) -> tuple[float, tuple[float, float]]:
    """Spearman's, and 95% of it over bootstrapped rows."""
    draws = np.random.default_rng(0).integers(0, len(pairs), (_DRAWS, len(pairs)))
    every = np.concatenate([np.arange(len(pairs))[None], draws])
    ranks = rankdata(pairs[every], axis=1)
    ranks -= ranks.mean(1, keepdims=True)
    products = np.einsum("dmi,dmj->dij", ranks, ranks)
    with np.errstate(invalid="ignore"):
        values = products[:, 0, 1] / np.sqrt(products[:, 0, 0] * products[:, 1, 1])
    low, high = np.nanquantile(values[1:], [0.025, 0.975]) if np.isfinite(values[1:]).any() else (np.nan, np.nan)
    return float(values[0]), (float(low), float(high))
