"""A report as Markdown, as JSON, and as PDF."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from lookalike.atomic import write_text, write_whole
from lookalike.report.contents import ExplainedExample, ReportContents

_INCHES, _ROWS, _COLUMNS = (8.27, 11.69), 7, 5


def write_markdown(file: Path, contents: ReportContents) -> None:
    """What a report says, without its pictures, as Markdown.

    Parameters
    ----------
    file : Path
    contents : ReportContents
    """
    lines = [f"# {_plain(contents.title)}", "", *_answer(contents), ""]
    if contents.card:
        lines += ["## Are these prototypes true?", ""]
        lines += _table(
            ("row", "value", "95%", "light", "what it says"),
            [
                (row["name"], _number(row["value"]), _range(row["interval"]), row["light"], row["title"])
                for row in contents.card["rows"]
                if row["value"] is not None
            ],
        )
        missing = _not_computed(contents.card["rows"])
        lines += [f"{_plain(missing)}.", ""] if missing else []
    lines += ["## Prototypes", ""]
    lines += _table(
        ("prototype", "class", "closest for", "nearest training examples"),
        [
            (
                each.prototype,
                each.class_name,
                f"{100 * each.usage:.1f}%",
                ", ".join(
                    f"{contents.names.get(near.index, near.index)} ({near.score / contents.about.scale:.2f})"
                    for near in each.neighbors
                ),
            )
            for each in contents.about.prototypes
        ],
    )
    if contents.overview and contents.overview.confusions:
        lines += ["## What is mistaken for what", ""]
        lines += _table(
            ("it is", "taken for", "how often", "prototypes that did most for it"),
            [
                (each.true, each.predicted, each.count, ", ".join(str(index) for index, _ in each.responsible))
                for each in contents.overview.confusions
            ],
        )
    if contents.quality and contents.quality.get("f1"):
        lines += ["## How well each class is told", "", *_classes(contents.quality)]
    if contents.examples:
        lines += ["## Explained test examples", ""]
        lines += _table(
            ("example", "why shown", "decision", "it is", "reasons", "what would change it"),
            [_explained(each) for each in contents.examples],
        )
    lines += ["## How it was made", "", *_table(("what", ""), list(contents.making.items()))]
    write_text(file, "\n".join(lines).rstrip() + "\n")


def _classes(quality: Mapping[str, Any]) -> list[str]:
    """A line for every class."""
    columns = (quality[name] for name in ("precisions", "recalls", "f1", "areas"))
    rows = zip(quality["classes"], *columns, quality["supports"], strict=True)
    return _table(
        ("class", "precision", "recall", "F1", "ROC-AUC", "test examples"),
        [(name, *map(_number, figures), support) for name, *figures, support in rows],
    )


def write_json(file: Path, contents: ReportContents) -> None:
    """The figures of a report as JSON: what the page holds in its element ``data``.

    Parameters
    ----------
    file : Path
    contents : ReportContents
    """
    write_text(file, json.dumps(contents.to_dict(), indent=1) + "\n")


def write_pdf(file: Path, contents: ReportContents) -> None:
    """The answer, the scorecard and every prototype with its nearest training examples, as pages to print.

    Parameters
    ----------
    file : Path
    contents : ReportContents
    """
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    held = io.BytesIO()
    with PdfPages(held, metadata={"CreationDate": None, "Title": contents.title}) as pages:
        first = Figure(figsize=_INCHES)
        first.text(0.08, 0.93, contents.title, size=18, weight="bold", parse_math=False)
        first.text(0.08, 0.90, "\n".join(_answer(contents)), size=10, va="top", wrap=True, parse_math=False)
        rows = contents.card["rows"] if contents.card else []
        known = [row for row in rows if row["value"] is not None]
        lines = [f"{row['name']:<10}{_number(row['value']):>8}  {row['light']:<6} {row['title']}" for row in known]
        lines += fill(_not_computed(rows), 90).splitlines()
        first.text(0.08, 0.8, "\n".join(lines), size=9, va="top", family="monospace", parse_math=False)
        making = [f"{name}: {value}"[:110] for name, value in contents.making.items()]
        first.text(0.08, 0.08, "\n".join(making), size=7, va="bottom", color="0.4", parse_math=False)
        pages.savefig(first)
        for shown in _sheets(contents):
            pages.savefig(shown)
    write_whole(file, held.getvalue())


def _sheets(contents: ReportContents) -> Iterator[Any]:
    """Figures of a few prototypes each: the picture, its class and usage, and its nearest training pictures."""
    from matplotlib.figure import Figure

    found = [each for each in contents.about.prototypes if each.prototype in contents.pictures]
    for begin in range(0, len(found), _ROWS):
        figure = Figure(figsize=_INCHES, layout="constrained")
        panels = figure.subplots(_ROWS, 1 + _COLUMNS, squeeze=False)
        for panel in panels.flat:
            panel.axis("off")
        for line, each in zip(panels, found[begin : begin + _ROWS], strict=False):
            title = f"{fill(f'{each.prototype}: {each.class_name}', 20)}\nclosest for {100 * each.usage:.0f}%"
            near = [contents.neighbor_pictures.get(neighbor.index) for neighbor in each.neighbors[:_COLUMNS]]
            line[0].set_title(title, size=8, loc="left", parse_math=False)
            for panel, picture in zip(line, [contents.pictures[each.prototype], *near], strict=False):
                if picture is not None:
                    panel.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        yield figure


def _not_computed(rows: Sequence[dict[str, Any]]) -> str:
    """The rows of a card without a value, in a line; empty where all have one."""
    missing = [row["name"] for row in rows if row["value"] is None]
    return f"Not computed: {', '.join(missing)}" if missing else ""


def _answer(contents: ReportContents) -> list[str]:
    quality, card = contents.quality, contents.card
    lines = []
    if quality:
        low, high = quality["interval"]
        lines += [
            f"Right on {100 * quality['accuracy']:.1f}% of {quality['n']} test examples "
            f"(95% interval {100 * low:.1f}% to {100 * high:.1f}%)."
        ]
    if card:
        lines += [f"Verdict on {len(contents.about.prototypes)} prototypes ({card['verdict']}): {card['meaning']}."]
    return lines


def _explained(example: ExplainedExample) -> Sequence[Any]:
    found = example.explanation
    reasons = [
        f"prototype {match.prototype}, {match.class_name} ({found.measured(match):.2f})" for match in found.reasons()
    ]
    return (
        example.name,
        example.group,
        f"{found.predicted} ({100 * found.probability:.1f}%)",
        "" if example.true is None else example.true,
        "resembles none of the prototypes" if example.resembles_none else "; ".join(reasons),
        found.flip_in_words(),
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [*(f"| {' | '.join(_plain(cell) for cell in line)} |" for line in lines), ""]


def _plain(cell: Any) -> str:
    """A cell's text with nothing in it that Markdown, or HTML in it, would read as its own."""
    text = " ".join(str(cell).split()).replace("\\", "\\\\")
    for sign in "|*_`[]#":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _range(interval: Sequence[float] | None) -> str:
    return "" if not interval else f"{interval[0]:.3f} to {interval[1]:.3f}"
