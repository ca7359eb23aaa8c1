"""One self-contained HTML page; no network is needed to read it."""

from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from lookalike.report.contents import ExplainedExample, ReportContents, bars
from lookalike.report.figures import image_address, rejection_curve, training_curves


def write_report(file: Path, contents: ReportContents) -> None:
    """Render a report.

    Parameters
    ----------
    file : Path
        The page; its folder is made if it is not there.
    contents : ReportContents
    """
    page = render(
        "report.html",
        contents=contents,
        groups=_by_class(contents),
        curves=training_curves(contents.history),
        rejection=rejection_curve((contents.quality or {}).get("answered", ())),
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page, encoding="utf-8")


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
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page, encoding="utf-8")


def render(template: str, **values: Any) -> str:
    """A template of this folder filled in; names are escaped.

    Parameters
    ----------
    template : str
    **values
        What the template asks for.
    """
    environment = Environment(
        loader=FunctionLoader(_source), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["image"] = image_address
    environment.filters["percent"] = lambda value: "–" if value is None else f"{100 * value:.1f}%"
    environment.filters["signed"] = lambda value: f"{value:+.2f}".replace("-", "−")
    environment.globals["bars"] = bars
    environment.globals["style"] = _source("style.css")
    return environment.get_template(template).render(**values)


def _source(name: str) -> str:
    return resources.files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def _by_class(contents: ReportContents) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "recall": contents.quality["recalls"][label] if contents.quality else None,
            "prototypes": [summary for summary in contents.about.prototypes if summary.class_name == name],
        }
        for label, name in enumerate(contents.about.classes)
    ]
