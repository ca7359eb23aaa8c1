"""One explained input as one picture, for a slide, a paper or a page of one's own."""

from functools import partial
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.errors import DataError, describe
from lookalike.report.contents import ExplainedExample, ReportContents, bars
from lookalike.report.figures import write_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN = 3
# Letters that fit above a picture, and above the bars.
_WIDTH, _BARS = 22, 40
_BLUE, _RED, _FAINT = "#0072b2", "#b2182b", "#6a6a6a"


def write_picture(file: Path, example: ExplainedExample, contents: ReportContents) -> None:
    """Draw an input, the prototypes that decided and as they meet it, their nearest training examples, contributions.

    Parameters
    ----------
    file : Path
        Ends in .png, .svg or .pdf.
    example : ExplainedExample
        A picture.
    contents : ReportContents
        Whose pictures are shown.

    Raises
    ------
    DataError
        For a row of a table, or another kind of file.
    """
    write_figure(file, partial(draw_picture, example, contents), "explanation.png")


def draw_picture(example: ExplainedExample, contents: ReportContents) -> "Figure":
    """The same as a figure.

    Parameters
    ----------
    example : ExplainedExample
        A picture.
    contents : ReportContents
        Whose pictures are shown.

    Raises
    ------
    DataError
        For a row of a table.
    """
    if example.picture is None:
        raise DataError(describe("a picture to draw", "a row of a table", "--html for a page"))
    from matplotlib.figure import Figure

    n_rows = 5 if example.aligned else 4
    figure = Figure(figsize=(10.5, 0.9 * n_rows), layout="constrained")
    grid = figure.add_gridspec(n_rows, 2 + 2 * _SHOWN + 3)
    explanation = example.explanation
    query = figure.add_subplot(grid[:3, :2])
    _show(query, example.picture)
    query.set_title(fill(example.name, _WIDTH), fontsize=8.5)
    answer = "" if example.is_right is None else (" (right)" if example.is_right else f" (wrong: {example.true})")
    verdict = f"{explanation.predicted}, {explanation.probability:.1%}{answer}"
    query.set_xlabel(fill(f"given to {verdict}", _WIDTH), fontsize=9)
    for place, match in enumerate(explanation.reasons(_SHOWN)):
        left = 2 + 2 * place
        panel = figure.add_subplot(grid[:3, left : left + 2])
        _show(panel, contents.pictures[match.prototype])
        panel.set_title(fill(f"prototype {match.prototype}, class {match.class_name}", _WIDTH), fontsize=8.5)
        words = fill(match.alignment_in_words or "", 30)
        panel.set_xlabel(f"measured similarity {explanation.measured(match):.2f}\n{words}".rstrip(), fontsize=9)
        if match.prototype in example.aligned:
            found = example.aligned[match.prototype]
            _show(figure.add_subplot(grid[3, left]), found.aligned)
            _show(figure.add_subplot(grid[3, left + 1]), found.residual)
        known = [n for n in match.neighbors if n.index in contents.neighbor_pictures][:2]
        for offset, neighbor in enumerate(known):
            _show(figure.add_subplot(grid[n_rows - 1, left + offset]), contents.neighbor_pictures[neighbor.index])
    _draw_bars(figure.add_subplot(grid[:, 2 + 2 * _SHOWN :]), example)
    said = ["as it meets the input,\nand what it leaves of it"] if example.aligned else []
    for row, text in enumerate([*said, "nearest training\nexamples"]):
        note = figure.add_subplot(grid[3 + row, :2])
        note.axis("off")
        note.text(1, 0.5, text, ha="right", va="center", fontsize=9, color=_FAINT)
    return figure


def _show(panel: Any, picture: np.ndarray) -> None:
    panel.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    panel.set_xticks([])
    panel.set_yticks([])


def _draw_bars(panel: Any, example: ExplainedExample) -> None:
    explanation = example.explanation
    drawn = bars(explanation, _SHOWN)
    values = [bar["value"] for bar in drawn]
    places = range(len(drawn), 0, -1)
    panel.barh(places, values, color=[_BLUE if value >= 0 else _RED for value in values], height=0.55)
    reach = max(max(abs(value) for value in values), 1e-12)
    for place, bar in zip(places, drawn, strict=True):
        panel.text(0, place + 0.32, shorten(bar["label"]), fontsize=9, va="bottom")
        panel.text(max(bar["value"], 0) + 0.03 * reach, place, f"{bar['value']:+.2f}", fontsize=9, va="center")
    panel.set_ylim(0.4, len(drawn) + 0.9)
    panel.set_xlim(min(0, *values) - 0.02 * reach, 1.3 * reach)
    panel.axvline(0, color=_FAINT, linewidth=0.8)
    panel.axis("off")
    runner_up = f"runner-up {explanation.runner_up}: {explanation.runner_up_logit:+.2f}"
    title = f"logit of {explanation.predicted}: {explanation.logit:+.2f}"
    panel.set_title("\n".join(fill(each, _BARS) for each in (title, runner_up)), fontsize=10, loc="left")


def shorten(label: str) -> str:
    """A label that fits above a bar; what is cut is named in the titles."""
    return label if len(label) <= _BARS else f"{label[: _BARS - 1]}…"
