"""Pictures for the page: data addresses of images, and plots as scalable graphics."""

import base64
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from lookalike.atomic import make_folder, write_whole
from lookalike.errors import DataError, describe
from lookalike.report.contents import ReportContents

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MAP, _EDGE = (900, 520), 24
# Letters of a class that the map shows, and about how much room one takes.
_LETTERS, _LETTER, _LINE = 24, 8.5, 17
_FORMATS = (".png", ".svg", ".pdf")


def image_address(picture: np.ndarray) -> str:
    """A picture as a ``data:`` address, in the PNG format, so that a page needs no other file.

    Parameters
    ----------
    picture : ndarray
        8-bit integers, ``(height, width)`` or ``(height, width, channels)``.

    Examples
    --------
    >>> import numpy as np
    >>> image_address(np.zeros((2, 2), dtype=np.uint8))[:22]
    'data:image/png;base64,'
    """
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def write_figure(file: Path, draw: Callable[[], "Figure"], example: str) -> None:
    """Draw into a file whose folder is made; what it ends in is looked at before anything is drawn.

    Parameters
    ----------
    file : Path
        Ends in .png, .svg or .pdf.
    draw : callable
    example : str
        The name of a file to propose.

    Raises
    ------
    DataError
        For another kind of file.
    """
    if file.suffix not in _FORMATS:
        raise DataError(describe(f"a file that ends in one of {_FORMATS}", file.name, example))
    figure = draw()
    make_folder(file.parent)
    held = io.BytesIO()
    metadata = {"Creator": None, "Date": None} if file.suffix == ".svg" else None
    figure.savefig(held, format=file.suffix[1:], dpi=110, metadata=metadata)
    write_whole(file, held.getvalue())


def spots(contents: ReportContents) -> dict[str, Any] | None:
    """The map of a report in pixels: examples, prototypes, and every class's name in its middle; ``None`` without one.

    Parameters
    ----------
    contents : ReportContents
    """
    if contents.overview is None or contents.overview.map is None:
        return None
    found, classes = contents.overview.map, contents.about.classes
    places = np.array([*(each[:2] for each in found.examples), *found.prototypes])
    low, high = places.min(0), places.max(0)
    pixels = _EDGE + (places - low) / np.maximum(high - low, 1e-12) * (np.array(_MAP) - 2 * _EDGE)
    pixels[:, 1] = _MAP[1] - pixels[:, 1]
    labels = np.array([each[2] for each in found.examples])
    dots, others = pixels[: len(labels)].round(1), pixels[len(labels) :].round(1)
    return {
        "width": _MAP[0],
        "height": _MAP[1],
        "examples": [{"x": x, "y": y, "label": int(label)} for (x, y), label in zip(dots, labels, strict=True)],
        "prototypes": [
            {"x": x, "y": y, "prototype": place, "label": classes.index(summary.class_name)}
            for place, ((x, y), summary) in enumerate(zip(others, contents.about.prototypes, strict=True))
        ],
        "names": _apart(
            [(classes[label], *np.median(dots[labels == label], 0).tolist()) for label in np.unique(labels)]
        ),
    }


def _apart(names: Sequence[tuple[str, float, float]]) -> list[dict[str, Any]]:
    """Names in the middle of their class, cut to what fits, moved into the map and below each other."""
    found: list[dict[str, Any]] = []
    for name, x, y in sorted(names, key=lambda each: each[2]):
        short = name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
        half = len(short) * _LETTER / 2
        x = min(max(x, half), _MAP[0] - half)
        for other in found:
            if _meet({"x": x, "name": short}, other) and abs(y - other["y"]) < _LINE:
                y = other["y"] + _LINE
        found.append({"x": round(x, 1), "y": round(max(y, _LINE), 1), "name": short, "title": name})
    # What was pushed below the map comes back, and pushes up what was there.
    for place in range(len(found) - 1, -1, -1):
        below = found[place + 1 :]
        limit = min([_MAP[1] - 4.0, *(each["y"] - _LINE for each in below if _meet(found[place], each))])
        found[place]["y"] = round(min(found[place]["y"], limit), 1)
    return found


def _meet(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Whether two names share columns of pixels."""
    return bool(abs(first["x"] - second["x"]) < (len(first["name"]) + len(second["name"])) * _LETTER / 2)


def training_curves(history: Sequence[dict[str, Any]]) -> str:
    """Loss and accuracy over epochs as an ``<svg>`` element; empty without any epoch.

    Parameters
    ----------
    history : sequence of dict
        From `lookalike.training.Epoch.to_dict`.
    """
    if not history:
        return ""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 2.6), layout="constrained")
    figure.patch.set_alpha(0)
    panels = figure.subplots(1, 2)
    numbers = [epoch["number"] for epoch in history]
    for panel, name in zip(panels, ("loss", "accuracy"), strict=True):
        for key, label, style in ((name, "training", "--"), (f"validation_{name}", "validation", "-")):
            values = [epoch[key] for epoch in history]
            if None not in values:
                panel.plot(numbers, values, style, label=label, color="#0072b2" if style == "-" else "#8a8a8a")
        panel.set_xlabel("epoch")
        panel.set_title(name, fontsize=10, loc="left")
        panel.patch.set_alpha(0)
        panel.spines[["top", "right"]].set_visible(False)
        panel.xaxis.get_major_locator().set_params(integer=True)
    panels[0].legend(frameon=False, fontsize=9)
    return _inline(figure, "curves")


def rejection_curve(answered: Sequence[tuple[float, float]]) -> str:
    """Accuracy over the share of examples that are answered as an ``<svg>`` element; empty without any point.

    Parameters
    ----------
    answered : sequence of (float, float)
        From `lookalike.evaluation.Quality`.
    """
    if not answered:
        return ""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 2.6), layout="constrained")
    figure.patch.set_alpha(0)
    panel = figure.subplots()
    panel.plot(*zip(*answered, strict=True), color="#0072b2", marker=".")
    panel.set_xlabel("share of test examples answered, the most similar first")
    panel.set_ylabel("accuracy")
    panel.patch.set_alpha(0)
    panel.spines[["top", "right"]].set_visible(False)
    return _inline(figure, "rejection")


def _inline(figure: Any, name: str) -> str:
    """The figure as an element; what it names inside itself begins with its name, so that two can be on one page."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    svg = stream.getvalue()[stream.getvalue().index("<svg") :]
    svg = re.sub(r'( id="|href="#|url\(#)', rf"\1{name}-", svg)
    # Black and unset strokes follow the page's text color, so that the plot also reads on a dark page.
    return re.sub(r"(stroke|fill): ?#000000", r"\1: currentColor", svg).replace("<svg ", '<svg role="img" ', 1)
