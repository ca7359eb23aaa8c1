"""From a run to what its report shows."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lookalike.estimators import showing
from lookalike.experiments.cards import kept_card
from lookalike.experiments.retraining import twins_of
from lookalike.experiments.run_data import data_of, news_of
from lookalike.experiments.runs import Run
from lookalike.experiments.saved_pictures import verify_run
from lookalike.report import ExplainedExample, ReportContents, report_writer


def report_run(run: Run, file: Path, kind: str = "html", data: str | None = None) -> list[str]:
    """Write the report of a run.

    Parameters
    ----------
    run : Run
        Its data must still be where they were, for the figures on the test part.
    file : Path
    kind : str
        ``"html"``, ``"md"``, ``"json"`` or ``"pdf"``.
    data : str, optional
        Whose test part to show, in place of the run's own; then without the scorecard, which is about the latter.

    Returns
    -------
    list of str
        What is to be said of the data that was not said when the run was made.

    Raises
    ------
    ParameterError
        For another kind.
    """
    write = report_writer(kind)
    dataset = data_of(run, data)
    test, news = dataset.test, list(dataset.notes) if data is not None else news_of(run, dataset)
    verification = verify_run(run, test).to_dict()
    card = kept_card(run) if data is None else None
    contents = showing.judged_contents(run.classifier, test, verification=verification, card=card, **_named(run))
    judged = {"judged on": data} if data is not None else {}
    said = {"since then": "; ".join(news)} if news else {}
    write(file, replace(contents, twins=twins_of(run), making={**contents.making, **judged, **said}))
    return news


def contents_of(run: Run, quality: dict[str, Any] | None = None, card: dict[str, Any] | None = None) -> ReportContents:
    """What a page shows of a run.

    Parameters
    ----------
    run : Run
    quality, card : dict, optional
    """
    return showing.contents_of(run.classifier, quality=quality, card=card, **_named(run))


def explained(
    run: Run, inputs: Any, names: Sequence[str], true: Sequence[str | None], coverage: float = showing.RESEMBLING
) -> list[ExplainedExample]:
    """Inputs with their explanations, ready to be shown.

    Parameters
    ----------
    run : Run
    inputs : array-like
        As the classifier takes them.
    names : sequence of str
        What to call each.
    true : sequence of str or None
        The true class of each, where it is known.
    coverage : float
        Share of inputs like the validation inputs that resemble some prototype.
    """
    columns = _columns(run)
    return showing.explained(run.classifier, inputs, names, true, coverage=coverage, columns=columns)


def _named(run: Run) -> dict[str, Any]:
    return {
        "title": f"{run.config.data or run.folder.name}: what it looks like",
        "making": _making(run),
        "columns": _columns(run),
        "names": {int(index): name for index, name in run.extras.get("names", {}).items()},
    }


def _columns(run: Run) -> Sequence[str]:
    """As the run noted them, or a data frame named them."""
    return run.extras.get("columns") or [str(name) for name in getattr(run.classifier, "feature_names_in_", ())]


def _making(run: Run) -> dict[str, str]:
    classifier, extras = run.classifier, run.extras
    parameters = {
        name: value for name, value in classifier.fitted_.resolved.items() if isinstance(value, str | int | float)
    }
    lines = {
        "command": extras.get("command", ""),
        "data": run.config.data,
        "notes": "; ".join(extras.get("notes", [])),
        "training examples": f"{classifier.fitted_.n_training} and {classifier.fitted_.n_validation} for validation",
        "parameters": ", ".join(f"{name}={value}" for name, value in parameters.items()),
        "changes by hand": "; ".join(each["what"] for each in extras.get("changes", [])),
        "seed": str(classifier.seed_),
        "time": f"{extras['seconds']:.0f} s" if "seconds" in extras else "",
        "versions": ", ".join(f"{name} {value}" for name, value in extras.get("versions", {}).items()),
    }
    return {name: value for name, value in lines.items() if value}
