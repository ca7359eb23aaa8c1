"""From a run to what its report shows."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lookalike.data import Part
from lookalike.errors import ModelFileError
from lookalike.estimators.abstaining import least_sure
from lookalike.estimators.fitting import neighbor_indices
from lookalike.estimators.inputs import table_or_pictures
from lookalike.evaluation import Pass
from lookalike.experiments.cards import kept_card
from lookalike.experiments.overview import overview_of
from lookalike.experiments.runs import Run, data_of, quality_of, verify_run
from lookalike.explanations import LocalExplanation
from lookalike.report import (
    AlignedPictures,
    ExplainedExample,
    ReportContents,
    SimilarityAxis,
    report_writer,
)

_WRONG, _BORDER, _NONE, _RIGHT, _SHOWN = 6, 3, 3, 6, 3
_RESEMBLING = 0.95


def report_run(run: Run, file: Path, kind: str = "html") -> None:
    """Write the report of a run.

    Parameters
    ----------
    run : Run
        Its data must still be where they were, for the figures on the test part.
    file : Path
    kind : str
        ``"html"``, ``"md"``, ``"json"`` or ``"pdf"``.

    Raises
    ------
    ParameterError
        For another kind.
    """
    write = report_writer(kind)
    test = data_of(run).test
    records = run.classifier.compare(test.inputs)
    passed = Pass.of(records)
    quality = quality_of(run.classifier, test, passed)
    try:
        verification = verify_run(run, test).to_dict()
    except ModelFileError:
        verification = None
    contents = contents_of(run, quality.to_dict(), verification, chosen_examples(run, test, passed), kept_card(run))
    contents = replace(contents, overview=overview_of(run.classifier, test, records, passed))
    write(file, contents)


def contents_of(
    run: Run,
    quality: dict[str, Any] | None = None,
    verification: dict[str, Any] | None = None,
    examples: Sequence[ExplainedExample] = (),
    card: dict[str, Any] | None = None,
) -> ReportContents:
    """What a page shows of a run.

    Parameters
    ----------
    run : Run
    quality, verification : dict, optional
    examples : sequence of ExplainedExample
    card : dict, optional
    """
    classifier, preprocessing = run.classifier, run.classifier.preprocessing_
    pictures, neighbors, rows = {}, {}, {}
    if preprocessing.is_picture:
        fitted = classifier.fitted_
        pictures = dict(enumerate(preprocessing.to_eight_bit(fitted.pictures["prototypes"])))
        shown = preprocessing.to_eight_bit(fitted.pictures["neighbors"])
        neighbors = dict(zip(neighbor_indices(classifier.explanation_), shown, strict=True))
    else:
        rows = {index: _named(run, values) for index, values in enumerate(classifier.prototypes_)}
    return ReportContents(
        title=f"{run.config.data or run.folder.name}: what it looks like",
        quality=quality,
        verification=verification,
        card=card,
        about=classifier.explanation_,
        pictures=pictures,
        neighbor_pictures=neighbors,
        rows=rows,
        history=[epoch.to_dict() for epoch in classifier.history_],
        examples=list(examples),
        making=_making(run),
        learned=any(summary.source is None for summary in classifier.explanation_.prototypes),
        axis=_axis(run),
    )


def _axis(run: Run) -> SimilarityAxis | None:
    usual, about = run.classifier.fitted_.sureness.get("similarity"), run.classifier.explanation_
    return None if usual is None else SimilarityAxis.of([each / about.scale for each in usual], about.similarity)


def _least_similar(run: Run, coverage: float = _RESEMBLING) -> float:
    """The score below which an input resembles none of the prototypes; below all scores where that is not known."""
    known = run.classifier.fitted_.sureness
    return least_sure(known, coverage, "similarity") if known else float("-inf")


def explained(
    run: Run, inputs: Any, names: Sequence[str], true: Sequence[str | None], coverage: float = _RESEMBLING
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
    classifier = run.classifier
    explanations = classifier.explain(inputs)
    tensor = table_or_pictures(classifier, inputs, reset=False)
    least = _least_similar(run, coverage)
    is_picture = classifier.preprocessing_.is_picture
    pictures = classifier.preprocessing_.to_eight_bit(tensor) if is_picture else [None] * len(tensor)
    return [
        ExplainedExample(
            name=name,
            picture=picture,
            values=() if is_picture else _named(run, row),
            explanation=explanation,
            true=answer,
            aligned=aligned,
            resembles_none=max(match.score for match in explanation.matches) < least,
            coverage=coverage,
        )
        for name, picture, row, explanation, answer, aligned in zip(
            names, pictures, tensor, explanations, true, _aligned(run, inputs, explanations), strict=True
        )
    ]


def _aligned(run: Run, inputs: Any, explanations: Sequence[LocalExplanation]) -> list[dict[int, AlignedPictures]]:
    """For each input the prototypes that count most, as they meet it, and what they leave of it."""
    preprocessing, prototypes = run.classifier.preprocessing_, run.classifier.network_.prototypes
    if not preprocessing.is_picture or prototypes.space != "input" or tuple(prototypes.shape) != preprocessing.shape:
        return [{} for _ in explanations]
    wanted = [[match.prototype for match in each.matches[:_SHOWN]] for each in explanations]
    found, rest = map(torch.from_numpy, run.classifier.aligned(inputs, wanted))
    low, high = preprocessing.eight_bit_range
    # Grey where nothing is left, brighter or darker where the input is.
    grey = (rest + high - low) / 2 + low
    shown, left = (preprocessing.to_eight_bit(each.flatten(0, 1)) for each in (found, grey))
    n_shown = len(wanted[0])
    return [
        {
            prototype: AlignedPictures(shown[row * n_shown + place], left[row * n_shown + place])
            for place, prototype in enumerate(each)
        }
        for row, each in enumerate(wanted)
    ]


def chosen_examples(run: Run, test: Part, passed: Pass) -> list[ExplainedExample]:
    """Up to six wrong decisions, the surest first; three on the border; three that resemble nothing; six right ones."""
    classifier = run.classifier
    probabilities = (passed.logits.double() / classifier.temperature_).softmax(1).numpy()
    is_right = classifier.classes_[passed.decisions] == test.labels
    two = np.sort(probabilities, 1)[:, -2:]
    surest, closest = np.argsort(-two[:, 1], kind="stable"), np.argsort(two[:, 1] - two[:, 0], kind="stable")
    declined = np.flatnonzero(passed.scores.amax(1).numpy() < _least_similar(run))
    by_class: dict[Any, list[int]] = {}
    for index in np.flatnonzero(is_right):
        by_class.setdefault(test.labels[index], []).append(int(index))
    turns = [members[turn] for turn in range(_RIGHT) for members in by_class.values() if turn < len(members)]
    groups = {
        "Wrong, the surest first": ([index for index in surest if not is_right[index]], _WRONG),
        "Right, but close to the border": ([index for index in closest if is_right[index]], _BORDER),
        "Like none of the prototypes": (declined.tolist(), _NONE),
        "Right": (turns, _RIGHT),
    }
    picked: dict[int, str] = {}
    for group, (found, most) in groups.items():
        picked.update(dict.fromkeys([int(index) for index in found if int(index) not in picked][:most], group))
    if not picked:
        return []
    rows = list(picked)
    shown = explained(
        run, test.inputs[rows], [f"test example {row}" for row in rows], [str(label) for label in test.labels[rows]]
    )
    return [replace(each, group=group) for each, group in zip(shown, picked.values(), strict=True)]


def _named(run: Run, values: np.ndarray | Tensor) -> tuple[tuple[str, float], ...]:
    columns = run.extras.get("columns") or [f"column {index}" for index in range(len(values))]
    return tuple((name, float(value)) for name, value in zip(columns, values, strict=True))


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
