"""A study as a picture: every run a dot, every arm a line."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from lookalike.atomic import make_folder, write_whole
from lookalike.experiments.analysis import outcomes, paired_outcomes
from lookalike.experiments.contrasts import Correlation
from lookalike.experiments.studies import Study
from lookalike.experiments.thumbnails import picture_at
from lookalike.metrics import mean_interval

_CARD_OUTCOMES = ("TR*", "TRANSFER", "NN-PCTL", "BIND")
_TICKS = 4
_MARKERS = "osD^v"
_INK, _DOT = "#0072b2", "#9aa5b1"
# In points: how far thumbnails may lie from their dot, and how far they must from each other and from dots.
_REACHES, _ANGLES = (24, 36, 50, 66, 84, 104), np.linspace(0, 2 * np.pi, 16, endpoint=False)
_FROM_PICTURES, _FROM_DOTS, _ZOOM = 33, 19, 0.5


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
    save_figure(figure, study.name, file)
    return True


def write_scatter(study: Study, results: Mapping[str, Any] | None, file: Path) -> bool:
    """Draw the outcomes whose correlations a study states, one against the other: every run a dot, every arm a color.

    Where runs have kept thumbnails of their prototypes, the first of every arm is drawn beside its dot.

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
    pictured = any("thumbnail" in run for run in (results or {})["runs"])
    side, columns = (5.2, min(2, len(drawn))) if pictured else (3.4, len(drawn))
    rows = -(-len(drawn) // columns)
    figure = Figure(figsize=((side + 0.2) * columns + 2.6, side * rows), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for spare in axes[len(drawn) :]:
        spare.remove()
    styles = {arm.label: style_of(place) for place, arm in enumerate(study.arms)}
    handles: dict[str, Any] = {}
    for axis, (correlation, pairs) in zip(axes, drawn, strict=False):
        for label, values in pairs.items():
            (handles[label],) = axis.plot(*values.T, linewidth=0, markersize=5, alpha=0.8, label=label, **styles[label])
        axis.set_xlabel(correlation.first)
        axis.set_ylabel(correlation.second)
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    figure.legend(handles.values(), handles.keys(), loc="outside right center", fontsize=7, frameon=False)
    if pictured:
        for axis in axes[: len(drawn)]:
            axis.margins(0.15)
        # Where dots lie is known once everything else has its place.
        figure.draw_without_rendering()
        for axis, (correlation, _) in zip(axes, drawn, strict=False):
            _draw_thumbnails(axis, study, results, correlation)
    save_figure(figure, study.name, file)
    return True


def style_of(place: int) -> dict[str, str]:
    """Color and shape of the dots of the thing at a place; after fifty they begin again.

    Parameters
    ----------
    place : int
        From 0.
    """
    return {"color": f"C{place % 10}", "marker": _MARKERS[place // 10 % len(_MARKERS)]}


def _draw_thumbnails(axis: Axes, study: Study, results: Mapping[str, Any] | None, correlation: Correlation) -> None:
    """One per arm, of its first run that has one."""
    pairs = {arm.name: paired_outcomes(results, arm.name, correlation) for arm in study.arms}
    dots = np.concatenate([several for several in pairs.values() if len(several)])
    runs = [_first_pictured(results, arm.name, correlation) for arm in study.arms]
    draw_thumbnails(axis, dots, [(*run, style_of(place)["color"]) for place, run in enumerate(runs) if run])


def draw_thumbnails(axis: Axes, dots: np.ndarray, pictures: Sequence[tuple[str, tuple[float, float], str]]) -> None:
    """Pictures beside their dots, each at the nearest of some places where it hides neither dot nor picture.

    Parameters
    ----------
    axis : Axes
        Of a figure whose layout is settled.
    dots : ndarray
        Everything that is drawn there, shape ``(n, 2)``.
    pictures : sequence of (str, (float, float), str)
        A ``data:`` address, the dot it belongs to, and the color of its frame.
    """
    points_per_dot = 72 / axis.figure.dpi
    taken = [(spot, _FROM_DOTS) for spot in axis.transData.transform(dots) * points_per_dot]
    for address, pair, color in pictures:
        dot = axis.transData.transform(pair) * points_per_dot
        around = np.array([dot + reach * np.array([np.cos(t), np.sin(t)]) for reach in _REACHES for t in _ANGLES])
        others, least = np.array([other for other, _ in taken]), np.array([least for _, least in taken])
        room = (np.abs(around[:, None] - others).max(2) - least).min(1)
        best = around[int(np.argmax(room >= min(0, room.max())))]
        taken.append((best, _FROM_PICTURES))
        axis.add_artist(
            AnnotationBbox(
                OffsetImage(picture_at(address), zoom=_ZOOM),
                xy=pair,
                xybox=tuple(best - dot),
                boxcoords="offset points",
                pad=0.1,
                bboxprops={"edgecolor": color, "linewidth": 1.2},
                arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.7},
            )
        )


def _first_pictured(
    results: Mapping[str, Any] | None, arm: str, correlation: Correlation
) -> tuple[str, tuple[float, float]] | None:
    """The thumbnail of an arm's first run that has one and both outcomes, and these."""
    first, second = (outcomes(results, arm, name) for name in (correlation.first, correlation.second))
    runs = (run for run in (results or {})["runs"] if run["arm"] == arm and "thumbnail" in run)
    for run in sorted(runs, key=lambda run: run["seed"]):
        if (seed := run["seed"]) in first.keys() & second.keys():
            return run["thumbnail"], (first[seed], second[seed])
    return None


def save_figure(figure: Figure, name: str, file: Path) -> None:
    """Write an SVG; the same figure makes the same file.

    Parameters
    ----------
    figure : Figure
    name : str
        Of the study or whatever it shows.
    file : Path
        Its folder is made if it is not there.
    """
    held = io.BytesIO()
    with rc_context({"svg.hashsalt": name, "svg.fonttype": "path"}):
        figure.savefig(held, format="svg", metadata={"Date": None, "Creator": None})
    make_folder(file.parent)
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
