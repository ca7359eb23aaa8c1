"""What a notebook shows by itself, and figures for papers: views of explanations and of prototypes."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, overload

from lookalike.errors import DataError, describe
from lookalike.explanations import LocalExplanation
from lookalike.report.contents import ExplainedExample, ReportContents
from lookalike.report.page import render, stylesheet
from lookalike.report.picture import draw_picture
from lookalike.report.sheet import draw_sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class ShownInput:
    """One explained input, as the report shows it.

    Attributes
    ----------
    example : ExplainedExample
    contents : ReportContents
        Whose pictures are shown.
    """

    example: ExplainedExample
    contents: ReportContents

    @property
    def explanation(self) -> LocalExplanation:
        """The same as data."""
        return self.example.explanation

    def plot(self) -> "Figure":
        """The same as a Matplotlib figure, to be saved or altered; for pictures."""
        return draw_picture(self.example, self.contents)

    def __repr__(self) -> str:
        explanation = self.explanation
        return f"<{self.example.name}: {explanation.predicted}, {explanation.probability:.1%}>"

    def _repr_html_(self) -> str:
        return _notebook(self.contents, [self.example])


@dataclass(frozen=True, repr=False)
class ShownInputs(Sequence):
    """Explained inputs, one after the other.

    Attributes
    ----------
    examples : tuple of ExplainedExample
    contents : ReportContents
        Whose pictures are shown.
    """

    examples: tuple[ExplainedExample, ...]
    contents: ReportContents

    def __len__(self) -> int:
        return len(self.examples)

    @overload
    def __getitem__(self, place: int) -> ShownInput: ...

    @overload
    def __getitem__(self, place: slice) -> "ShownInputs": ...

    def __getitem__(self, place: int | slice) -> "ShownInput | ShownInputs":
        """One of them, or some."""
        if isinstance(place, slice):
            return ShownInputs(self.examples[place], self.contents)
        return ShownInput(self.examples[place], self.contents)

    def __repr__(self) -> str:
        return f"[{', '.join(repr(each) for each in self)}]"

    def _repr_html_(self) -> str:
        return _notebook(self.contents, self.examples)


@dataclass(frozen=True, repr=False)
class ShownPrototypes:
    """What stands for each class, as the report shows it.

    Attributes
    ----------
    contents : ReportContents
    """

    contents: ReportContents

    def plot(self) -> "Figure":
        """A row of prototypes for every class as a Matplotlib figure.

        Raises
        ------
        DataError
            For prototypes that are no pictures.
        """
        contents = self.contents
        if not contents.pictures:
            raise DataError(describe("prototypes that are pictures, to draw them", "others", "the values themselves"))
        rows: dict[str, list] = {name: [] for name in contents.about.classes}
        for summary in contents.about.prototypes:
            rows[summary.class_name].append(contents.pictures[summary.prototype])
        return draw_sheet(rows)

    def __repr__(self) -> str:
        return f"<{len(self.contents.about.prototypes)} prototypes of {len(self.contents.about.classes)} classes>"

    def _repr_html_(self) -> str:
        return _notebook(self.contents, None)


def card_in_notebook(card: dict[str, Any]) -> str:
    """A scorecard as the report shows it.

    Parameters
    ----------
    card : dict
        From `lookalike.evaluation.Card.to_dict`.
    """
    said = f"<p><b>{escape(card['verdict'])}</b>: {escape(card['meaning'])}</p>"
    return said + _notebook(None, None, card)


def _notebook(
    contents: ReportContents | None,
    examples: Sequence[ExplainedExample] | None,
    card: dict[str, Any] | None = None,
) -> str:
    """A piece of a page whose style stays inside it: examples, or the prototypes, or a scorecard."""
    style = stylesheet().replace(":root", "&").replace("\nbody {", "\n& {")
    return render("notebook.html", contents=contents, examples=examples, card=card, nested=style)
