"""Chosen examples side by side, as one picture."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from lookalike.errors import DataError, describe
from lookalike.report.figures import write_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INCHES = 0.75
# Of a name in one line; a longer one is broken.
_LETTERS = 24


def write_sheet(file: Path, rows: Mapping[str, Sequence[np.ndarray]], columns: Sequence[str] = ()) -> None:
    """Draw pictures in rows, every row with its name.

    Parameters
    ----------
    file : Path
        Ends in .png, .svg or .pdf.
    rows : mapping
        Name to pictures, 8-bit integers, ``(height, width)`` or ``(height, width, channels)``.
    columns : sequence of str
        What stands above the first row's pictures.

    Raises
    ------
    DataError
        For another kind of file, or no picture.
    """
    write_figure(file, partial(draw_sheet, rows, columns), "selection.png")


def draw_sheet(rows: Mapping[str, Sequence[np.ndarray]], columns: Sequence[str] = ()) -> "Figure":
    """The same as a figure.

    Parameters
    ----------
    rows : mapping
    columns : sequence of str

    Raises
    ------
    DataError
        Without any picture.
    """
    n_columns = max((len(pictures) for pictures in rows.values()), default=0)
    if not n_columns:
        raise DataError(describe("at least one picture to draw", "none"))
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_INCHES * n_columns + 2, _INCHES * len(rows) + 0.4), layout="constrained")
    panels = figure.subplots(len(rows), n_columns, squeeze=False)
    for line, (name, pictures) in zip(panels, rows.items(), strict=True):
        for place, panel in enumerate(line):
            panel.axis("off")
            if place < len(pictures):
                panel.imshow(pictures[place], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        line[0].text(-0.1, 0.5, fill(name, _LETTERS), ha="right", va="center", fontsize=9, transform=line[0].transAxes)
    for panel, title in zip(panels[0], columns, strict=False):
        panel.set_title(title, fontsize=8)
    return figure
