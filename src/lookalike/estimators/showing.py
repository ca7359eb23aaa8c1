"""From a fitted classifier to what a page shows of it."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from lookalike.data import Part
from lookalike.data.classes import class_indices
from lookalike.estimators.abstaining import least_sure
from lookalike.estimators.fitting import neighbor_indices
from lookalike.estimators.inputs import table_or_pictures
from lookalike.estimators.judging import quality_of
from lookalike.estimators.overview import overview_of
from lookalike.evaluation import Pass
from lookalike.explanations import LocalExplanation, explain_decisions
from lookalike.report import AlignedPictures, ExplainedExample, ReportContents, ShownInput, SimilarityAxis

if TYPE_CHECKING:
    from lookalike.estimators.classifier import PrototypeClassifier

_WRONG, _BORDER, _NONE, _RIGHT, _SHOWN = 6, 3, 3, 6, 3
RESEMBLING = 0.95
# Kinds of prototypes that are pictures as they came, whatever took their place since.
_REAL = ("exemplar", "chosen")


def contents_of(
    classifier: "PrototypeClassifier",
    *,
    title: str = "",
    making: Mapping[str, str] | None = None,
    columns: Sequence[str] = (),
    quality: dict[str, Any] | None = None,
    verification: dict[str, Any] | None = None,
    examples: Sequence[ExplainedExample] = (),
    card: dict[str, Any] | None = None,
    names: Mapping[int, str] | None = None,
) -> ReportContents:
    """What a page shows of a classifier.

    Parameters
    ----------
    classifier : PrototypeClassifier
    title : str
    making : mapping of str to str, optional
        How it was made.
    columns : sequence of str
        Of a table.
    quality, verification : dict, optional
    examples : sequence of ExplainedExample
    card : dict, optional
    names : mapping of int to str, optional
        Of training examples that are mentioned.
    """
    preprocessing, about = classifier.preprocessing_, classifier.explanation_
    pictures, neighbors, rows = {}, {}, {}
    if preprocessing.is_picture:
        fitted = classifier.fitted_
        pictures = dict(enumerate(preprocessing.to_eight_bit(fitted.pictures["prototypes"])))
        shown = preprocessing.to_eight_bit(fitted.pictures["neighbors"])
        neighbors = dict(zip(neighbor_indices(classifier.explanation_), shown, strict=True))
    else:
        rows = {index: _named(columns, values) for index, values in enumerate(classifier.prototypes_)}
    return ReportContents(
        title=title,
        quality=quality,
        verification=verification,
        card=card,
        about=replace(about, prototypes=tuple(replace(each, neighbors=each.others) for each in about.prototypes)),
        pictures=pictures,
        neighbor_pictures=neighbors,
        rows=rows,
        history=[epoch.to_dict() for epoch in classifier.history_],
        examples=list(examples),
        making=dict(making or {}),
        learned=classifier.fitted_.resolved["prototypes"] not in _REAL
        and any(summary.source is None for summary in about.prototypes),
        axis=_axis(classifier),
        names=dict(names or {}),
    )


def judged_contents(
    classifier: "PrototypeClassifier",
    test: Part,
    *,
    title: str = "",
    making: Mapping[str, str] | None = None,
    columns: Sequence[str] = (),
    verification: dict[str, Any] | None = None,
    card: dict[str, Any] | None = None,
    names: Mapping[int, str] | None = None,
) -> ReportContents:
    """What a whole report shows of a classifier, with what a pass over test examples says.

    Parameters
    ----------
    classifier : PrototypeClassifier
    test : Part
    title : str
    making : mapping of str to str, optional
    columns : sequence of str
    verification, card : dict, optional
    names : mapping of int to str, optional
        Of training examples that are mentioned.
    """
    records = classifier.compare(test.inputs)
    passed = Pass.of(records)
    contents = contents_of(
        classifier,
        title=title,
        making=making,
        columns=columns,
        quality=quality_of(classifier, test, passed).to_dict(),
        verification=verification,
        examples=chosen_examples(classifier, test, passed, columns),
        card=card,
        names=names,
    )
    return replace(contents, overview=overview_of(classifier, test, records, passed))


def _axis(classifier: "PrototypeClassifier") -> SimilarityAxis | None:
    usual, about = classifier.fitted_.sureness.get("similarity"), classifier.explanation_
    return None if usual is None else SimilarityAxis.of([each / about.scale for each in usual], about.similarity)


def least_similar(classifier: "PrototypeClassifier", coverage: float = RESEMBLING) -> float:
    """The score below which an input resembles none of the prototypes; below all scores where that is not known.

    Parameters
    ----------
    classifier : PrototypeClassifier
    coverage : float
        Share of the validation inputs that resemble some.
    """
    known = classifier.fitted_.sureness
    return least_sure(known, coverage, "similarity") if known else float("-inf")


def explained(
    classifier: "PrototypeClassifier",
    inputs: Any,
    names: Sequence[str],
    true: Sequence[str | None],
    *,
    coverage: float = RESEMBLING,
    columns: Sequence[str] = (),
) -> list[ExplainedExample]:
    """Inputs with their explanations, ready to be shown.

    Parameters
    ----------
    classifier : PrototypeClassifier
    inputs : array-like
        As the classifier takes them.
    names : sequence of str
        What to call each.
    true : sequence of str or None
        The true class of each, where it is known.
    coverage : float
        Share of inputs like the validation inputs that resemble some prototype.
    columns : sequence of str
        Of a table.
    """
    explanations = explanations_of(classifier, inputs)
    tensor = table_or_pictures(classifier, inputs, reset=False)
    least = least_similar(classifier, coverage)
    is_picture = classifier.preprocessing_.is_picture
    pictures = classifier.preprocessing_.to_eight_bit(tensor) if is_picture else [None] * len(tensor)
    return [
        ExplainedExample(
            name=name,
            picture=picture,
            values=() if is_picture else _named(columns, row),
            explanation=explanation,
            true=answer,
            aligned=aligned,
            resembles_none=max(match.score for match in explanation.matches) < least,
            coverage=coverage,
        )
        for name, picture, row, explanation, answer, aligned in zip(
            names, pictures, tensor, explanations, true, _aligned(classifier, inputs, explanations), strict=True
        )
    ]


def explanations_of(classifier: "PrototypeClassifier", X: Any) -> list[LocalExplanation]:
    """One explanation for every input.

    Parameters
    ----------
    classifier : PrototypeClassifier
    X : array-like
    """
    return [
        explanation
        for comparison in classifier.compare(X)
        for explanation in explain_decisions(
            comparison,
            head=classifier.network_.head,
            pooling=classifier.network_.pooling,
            temperature=classifier.temperature_,
            about=classifier.explanation_,
        )
    ]


def with_views(classifier: "PrototypeClassifier", X: Any) -> list[LocalExplanation]:
    """Explanations that a notebook shows as the report does, one for every input.

    Parameters
    ----------
    classifier : PrototypeClassifier
    X : array-like
    """
    kept, found = copy.copy(classifier), explanations_of(classifier, X)
    return [replace(each, view=InNotebook(kept, X[row : row + 1])) for row, each in enumerate(found)]


@dataclass(frozen=True)
class InNotebook:
    """What a notebook shows of an explanation, made when it is asked for: the strip of the report.

    Attributes
    ----------
    classifier : PrototypeClassifier
        As it was when it explained.
    X : array-like
        The one input, with the axis of inputs.
    """

    classifier: "PrototypeClassifier"
    X: Any

    def __call__(self, explanation: LocalExplanation) -> str:
        """As HTML."""
        columns = tuple(str(name) for name in getattr(self.classifier, "feature_names_in_", ()))
        example = explained(self.classifier, self.X, ["input"], [None], columns=columns)[0]
        contents = contents_of(self.classifier, columns=columns)
        return ShownInput(replace(example, explanation=explanation), contents)._repr_html_()


def _aligned(
    classifier: "PrototypeClassifier", inputs: Any, explanations: Sequence[LocalExplanation]
) -> list[dict[int, AlignedPictures]]:
    """For each input the prototypes that count most, as they meet it, and what they leave of it."""
    preprocessing, prototypes = classifier.preprocessing_, classifier.network_.prototypes
    if not preprocessing.is_picture or prototypes.space != "input" or tuple(prototypes.shape) != preprocessing.shape:
        return [{} for _ in explanations]
    wanted = [[match.prototype for match in each.matches[:_SHOWN]] for each in explanations]
    # Training examples that the network compares as they are meet nothing by being moved and dimmed.
    moved = {match.prototype for each in explanations for match in each.matches if match.alignment}
    found, rest = map(torch.from_numpy, classifier.aligned(inputs, wanted))
    low, high = preprocessing.eight_bit_range
    # Grey where nothing is left, brighter or darker where the input is.
    grey = (rest + high - low) / 2 + low
    shown, left = (preprocessing.to_eight_bit(each.flatten(0, 1)) for each in (found, grey))
    n_shown = len(wanted[0])
    return [
        {
            prototype: AlignedPictures(shown[row * n_shown + place], left[row * n_shown + place])
            for place, prototype in enumerate(each)
            if prototype in moved
        }
        for row, each in enumerate(wanted)
    ]


def chosen_examples(
    classifier: "PrototypeClassifier", test: Part, passed: Pass, columns: Sequence[str] = ()
) -> list[ExplainedExample]:
    """Up to six wrong decisions, the surest first; three on the border; three that resemble nothing; six right ones."""
    probabilities = (passed.logits.double() / classifier.temperature_).softmax(1).numpy()
    true = class_indices(test.labels, classifier.classes_)
    is_right = passed.decisions == true
    two = np.sort(probabilities, 1)[:, -2:]
    surest, closest = np.argsort(-two[:, 1], kind="stable"), np.argsort(two[:, 1] - two[:, 0], kind="stable")
    declined = np.flatnonzero(passed.scores.amax(1).numpy() < least_similar(classifier))
    by_class: dict[int, list[int]] = {}
    for index in np.flatnonzero(is_right):
        by_class.setdefault(int(true[index]), []).append(int(index))
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
        classifier,
        test.inputs[rows],
        [test.name_of(row, "test") for row in rows],
        [str(label) for label in classifier.classes_[true[rows]].tolist()],
        columns=columns,
    )
    return [replace(each, group=group) for each, group in zip(shown, picked.values(), strict=True)]


def _named(columns: Sequence[str], values: np.ndarray | Tensor) -> tuple[tuple[str, float], ...]:
    columns = columns or [f"column {index}" for index in range(len(values))]
    return tuple((name, float(value)) for name, value in zip(columns, values, strict=True))
