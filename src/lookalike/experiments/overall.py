"""Nice against true over all trained models; whether prototypes that look better show more of what is the case."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import rankdata

from lookalike.experiments.analysis import paired_outcomes
from lookalike.experiments.contrasts import Correlation
from lookalike.experiments.figures import marked, save_figure
from lookalike.experiments.studies import Study

NICE = {
    "total variation, real pictures = 1": "total variation",
    "high frequencies, real pictures = 1": "high frequencies",
    "NN-PCTL": "NN-PCTL",
    "PATH": "PATH",
}
TRUE = ("TR*", "TRANSFER", "BIND")
LEAST_ARMS = 10
_DRAWS = 2000


@dataclass(frozen=True)
class Relation:
    """How one way to be nice goes together with one way to be true, on one data set.

    Attributes
    ----------
    nice, true : str
        Outcomes, as in a contrast of a study.
    data : str
        The data set, its worlds as one.
    arms : ndarray
        Both outcomes of every arm, means over its runs, shape ``(m, 2)``.
    n_runs : int
    correlation : float
        Spearman's, over arms.
    interval : tuple of float
        95% of it, over bootstrapped arms.
    """

    nice: str
    true: str
    data: str
    arms: np.ndarray
    n_runs: int
    correlation: float
    interval: tuple[float, float]


def relations(studies: Iterable[tuple[Study, Mapping[str, Any] | None]]) -> list[Relation]:
    """Every way to be nice with every way to be true, on every data set on which ten arms or more have both.

    Data sets are kept apart: between them everything differs, and what holds over all of them together need hold on
    none.

    Parameters
    ----------
    studies : iterable of (Study, mapping or None)
        With what their results files hold.
    """
    known = [(study, results) for study, results in studies if results]
    found = []
    for correlation in (Correlation(nice, true) for true in TRUE for nice in NICE):
        runs: dict[str, list[np.ndarray]] = {}
        for study, results in known:
            for arm in study.arms:
                if len(pairs := paired_outcomes(results, arm.name, correlation)):
                    runs.setdefault(arm.config.data.removesuffix(":{world}"), []).append(pairs)
        for data, each in runs.items():
            if len(each) >= LEAST_ARMS:
                arms = np.stack([pairs.mean(0) for pairs in each])
                figures = (sum(map(len, each)), *_rank_correlation(arms))
                found.append(Relation(correlation.first, correlation.second, data, arms, *figures))
    return found


def relation_lines(found: list[Relation]) -> list[str]:
    """A table in Markdown; empty where nothing was found.

    Parameters
    ----------
    found : list of Relation
    """
    if not found:
        return []
    lines = [
        f"| true | data (arms, runs) | {' | '.join(NICE.values())} |",
        "|---" * (2 + len(NICE)) + "|",
    ]
    for true, data in dict.fromkeys((each.true, each.data) for each in found):
        cells = {each.nice: each for each in found if (each.true, each.data) == (true, data)}
        sizes = sorted({(len(each.arms), each.n_runs) for each in cells.values()})
        counted = "; ".join(f"{n_arms}, {n_runs}" for n_arms, n_runs in sizes)
        shown = (_cell(cells[nice]) if nice in cells else "–" for nice in NICE)
        lines.append(f"| {true} | {data} ({counted}) | {' | '.join(shown)} |")
    return lines


def write_relations(found: list[Relation], file: Path) -> bool:
    """Draw every arm as a dot, by the data set's color: what is nice from left to right, what is true upwards.

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
        return False
    rows = [true for true in TRUE if any(each.true == true for each in found)]
    columns = [nice for nice in NICE if any(each.nice == nice for each in found)]
    figure = Figure(figsize=(2.6 * len(columns) + 1.6, 2.4 * len(rows)), layout="constrained")
    axes = figure.subplots(len(rows), len(columns), squeeze=False)
    styles = {data: marked(place) for place, data in enumerate(dict.fromkeys(each.data for each in found))}
    handles: dict[str, Any] = {}
    for each in found:
        axis = axes[rows.index(each.true), columns.index(each.nice)]
        (handles[each.data],) = axis.plot(
            *each.arms.T, linewidth=0, markersize=4, alpha=0.75, label=each.data, **styles[each.data]
        )
    for row, true in enumerate(rows):
        for column, nice in enumerate(columns):
            axis = axes[row, column]
            axis.set_xlabel(nice if row == len(rows) - 1 else "", fontsize=8)
            axis.set_ylabel(true if column == 0 else "")
            axis.tick_params(labelsize=7)
            axis.spines[["top", "right"]].set_visible(False)
    figure.legend(handles.values(), handles.keys(), loc="outside right center", fontsize=7, frameon=False)
    save_figure(figure, "nice against true", file)
    return True


def _cell(relation: Relation) -> str:
    low, high = relation.interval
    return f"{relation.correlation:+.2f} ({low:+.2f} to {high:+.2f})"


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
