"""A study as a picture: every run a dot, every arm a line."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from lookalike.experiments.analysis import outcomes, paired_outcomes
from lookalike.experiments.studies import Study
from lookalike.metrics import mean_interval
from lookalike.persistence import write_whole

_CARD_OUTCOMES = ("TR*", "TRANSFER", "NN-PCTL", "BIND")
_TICKS = 4
_MARKERS = "osD^v"
_INK, _DOT = "#0072b2", "#9aa5b1"


def write_figure(study: Study, results: Mapping[str, Any] | None, file: Path) -> bool:
    """Draw a study as an SVG file; the same results make the same file.

    Parameters
    ----------
    study : Study
    results : mapping or None
    file : Path
        Its folder is made if it is not there.

    Returns
    -------
    bool
        Whether there was anything to draw.
    """
    shown = shown_outcomes(study, results)
    if not shown:
        return False
    arms = list(study.arms)
    figure = Figure(figsize=(2.2 + 2.4 * len(shown), 0.9 + 0.36 * len(arms)), layout="constrained")
    axes = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axis, outcome in zip(axes, shown, strict=True):
        for place, arm in enumerate(arms):
            values = np.array(list(outcomes(results, arm.name, outcome).values()))
            if not len(values):
                continue
            axis.plot(values, np.full(len(values), place), "o", color=_DOT, markersize=4, alpha=0.8, linewidth=0)
            low, high = mean_interval(values)
            axis.plot([low, high], [place, place], "-", color=_INK, linewidth=2)
            axis.plot(values.mean(), place, "|", color=_INK, markersize=11, markeredgewidth=2)
        axis.set_xlabel(outcome)
        axis.locator_params(axis="x", nbins=_TICKS)
        axis.ticklabel_format(axis="x", useOffset=False)
        axis.grid(axis="x", color="#e3e6ea", linewidth=0.8)
        axis.set_axisbelow(True)
        for side in ("top", "right", "left"):
            axis.spines[side].set_visible(False)
        axis.tick_params(left=False, labelsize=8)
    axes[0].set_yticks(range(len(arms)), [arm.label for arm in arms])
    axes[0].set_ylim(len(arms) - 0.5, -0.5)
    _save(figure, study.name, file)
    return True


def write_scatter(study: Study, results: Mapping[str, Any] | None, file: Path) -> bool:
    """Draw the outcomes whose correlations a study states, one against the other: every run a dot, every arm a color.

    Parameters
    ----------
    study : Study
    results : mapping or None
    file : Path
        Its folder is made if it is not there.

    Returns
    -------
    bool
        Whether there was anything to draw.
    """
    drawn = []
    for correlation in study.correlations:
        every = {arm.label: paired_outcomes(results, arm.name, correlation) for arm in study.arms}
        if kept := {label: pairs for label, pairs in every.items() if len(pairs)}:
            drawn.append((correlation, kept))
    if not drawn:
        return False
    figure = Figure(figsize=(3.6 * len(drawn) + 2.6, 3.4), layout="constrained")
    axes = figure.subplots(1, len(drawn), squeeze=False)[0]
    labels = [arm.label for arm in study.arms]
    for axis, (correlation, pairs) in zip(axes, drawn, strict=True):
        for label, values in pairs.items():
            place = labels.index(label)
            style = {"color": f"C{place % 10}", "marker": _MARKERS[place // 10 % len(_MARKERS)]}
            axis.plot(*values.T, linewidth=0, markersize=5, alpha=0.8, label=label, **style)
        axis.set_xlabel(correlation.first)
        axis.set_ylabel(correlation.second)
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    handles = {label: handle for axis in axes for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside right center", fontsize=7, frameon=False)
    _save(figure, study.name, file)
    return True


def _save(figure: Figure, name: str, file: Path) -> None:
    """As SVG; the same figure makes the same file."""
    held = io.BytesIO()
    with rc_context({"svg.hashsalt": name, "svg.fonttype": "path"}):
        figure.savefig(held, format="svg", metadata={"Date": None, "Creator": None})
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, held.getvalue())


def shown_outcomes(study: Study, results: Mapping[str, Any] | None) -> list[str]:
    """Accuracy, what the contrasts are about, and the rows that a verdict is made of; as far as there are any.

    Parameters
    ----------
    study : Study
    results : mapping or None
    """
    wanted = ["accuracy", *(contrast.outcome for contrast in study.contrasts), *(_CARD_OUTCOMES if study.card else ())]
    return [
        outcome for outcome in dict.fromkeys(wanted) if any(outcomes(results, arm.name, outcome) for arm in study.arms)
    ]
