"""One self-contained HTML page; no network is needed to read it."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from lookalike.atomic import make_folder, write_text
from lookalike.errors import ParameterError, describe, suggest
from lookalike.report.contents import ExplainedExample, ReportContents, bars
from lookalike.report.documents import write_json, write_markdown, write_pdf
from lookalike.report.figures import image_address, rejection_curve, spots, training_curves
from lookalike.report.overview import NOTHING, SimilarityAxis


def write_report(file: Path, contents: ReportContents, kind: str = "html") -> None:
    """Render a report.

    Parameters
    ----------
    file : Path
        Its folder is made if it is not there.
    contents : ReportContents
    kind : str
        One of `REPORT_KINDS`: a page, the same without pictures as Markdown, its figures as JSON, or pages to print.

    Raises
    ------
    ParameterError
        For another kind.
    """
    report_writer(kind)(file, contents)


def report_writer(kind: str) -> Callable[[Path, ReportContents], None]:
    """What writes a kind of report; to be asked before there is anything to write.

    Parameters
    ----------
    kind : str
        One of `REPORT_KINDS`.

    Raises
    ------
    ParameterError
        For another kind.
    """
    if kind not in REPORT_KINDS:
        raise ParameterError(describe("a kind of report", repr(kind), suggest(kind, REPORT_KINDS)))

    def write(file: Path, contents: ReportContents) -> None:
        """Render into a file whose folder is made."""
        make_folder(file.parent)
        REPORT_KINDS[kind](file, contents)

    return write


def kind_of(file: Path | None, kind: str = "") -> str:
    """The kind of a report: what was asked for, else what the file ends in, else a page.

    Parameters
    ----------
    file : Path or None
    kind : str

    Raises
    ------
    ParameterError
        For another kind, or a file that ends in one.

    Examples
    --------
    >>> kind_of(Path("report.pdf")), kind_of(None), kind_of(Path("report.txt"), "md")
    ('pdf', 'html', 'md')
    """
    found = kind or (file.suffix[1:] if file is not None else "") or "html"
    report_writer(found)
    return found


def _write_page(file: Path, contents: ReportContents) -> None:
    page = render(
        "report.html",
        contents=contents,
        groups=_by_class(contents),
        curves=training_curves(contents.history),
        rejection=rejection_curve((contents.quality or {}).get("answered", ())),
        spots=spots(contents),
        place=_place(contents),
    )
    write_text(file, page)


def write_explanations(file: Path, examples: list[ExplainedExample], contents: ReportContents) -> None:
    """Render a page of explained inputs alone.

    Parameters
    ----------
    file : Path
    examples : list of ExplainedExample
    contents : ReportContents
        Whose pictures are shown; its own examples are left out.
    """
    page = render("explanations.html", contents=contents, examples=examples)
    make_folder(file.parent)
    write_text(file, page)


def render(template: str, package: str = "lookalike.report", **values: Any) -> str:
    """A template filled in; names are escaped.

    Parameters
    ----------
    template : str
    package : str
        In whose folder of templates to look first; those of the report serve every page.
    **values
        What the template asks for.
    """
    return _environment(package).get_template(template).render(**values)


@cache
def _environment(package: str) -> Environment:
    environment = Environment(
        loader=FunctionLoader(lambda name: _source(name, package)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["image"] = image_address
    environment.filters["percent"] = lambda value: "–" if value is None else f"{100 * value:.1f}%"
    environment.filters["signed"] = lambda value: f"{value:+.2f}".replace("-", "−")
    environment.filters["groups"] = _in_groups
    environment.filters["confused"] = lambda overview: {(e.true, e.predicted) for e in (overview or NOTHING).confusions}
    environment.globals["bars"] = bars
    environment.globals["nothing"] = NOTHING
    environment.globals["style"] = stylesheet()
    # By its hash the page lets this script run, and no other.
    script = _source("report.js")
    environment.globals["script"] = script
    environment.globals["script_hash"] = f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}"
    return environment


def stylesheet() -> str:
    """The one that every page shares."""
    return _source("style.css")


def _in_groups(examples: Sequence[ExplainedExample]) -> list[tuple[str, list[ExplainedExample]]]:
    return [(group, list(members)) for group, members in groupby(examples, key=lambda each: each.group)]


def _place(contents: ReportContents) -> Callable[[float], float]:
    """Where a similarity stands on the page's axis; without one, between the least and the most of the sheet."""
    if contents.axis is not None:
        return contents.axis.place
    values = [value for row in (contents.overview or NOTHING).sheet for value in row if value is not None] or [0.0, 1.0]
    return SimilarityAxis(min(values), max(max(values), min(values) + 1e-6), ()).place


def _source(name: str, package: str = __package__ or "") -> str:
    own = resources.files(package).joinpath("templates", name)
    found = own if own.is_file() else resources.files(__package__).joinpath("templates", name)
    return found.read_text(encoding="utf-8")


def _by_class(contents: ReportContents) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "recall": contents.quality["recalls"][label] if contents.quality else None,
            "prototypes": [summary for summary in contents.about.prototypes if summary.class_name == name],
        }
        for label, name in enumerate(contents.about.classes)
    ]


REPORT_KINDS: dict[str, Callable[[Path, ReportContents], None]] = {
    "html": _write_page,
    "md": write_markdown,
    "json": write_json,
    "pdf": write_pdf,
}
