"""What a report shows, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lookalike.explanations import GlobalExplanation, LocalExplanation
from lookalike.report.overview import Overview, SimilarityAxis


@dataclass(frozen=True)
class AlignedPictures:
    """A prototype as it meets an input, 8-bit.

    Attributes
    ----------
    aligned : ndarray
        The prototype, deformed, moved, and with the gain and offset that fit.
    residual : ndarray
        What it leaves of the input: grey where nothing, brighter or darker where the input is.
    """

    aligned: np.ndarray
    residual: np.ndarray


@dataclass(frozen=True)
class ExplainedExample:
    """One input, what the model made of it, and what it is.

    Attributes
    ----------
    name : str
        Which input: a file's name, or its place in a data set.
    picture : ndarray or None
        8-bit integers, ``(height, width)`` or with a last axis of channels; ``None`` for a row of a table.
    values : tuple of (str, float)
        Columns of a row; empty for pictures.
    explanation : LocalExplanation
    true : str or None
        The true class, where it is known.
    aligned : mapping of int to AlignedPictures
        The prototypes that count most, by their number; empty where they are no pictures of the input's size.
    group : str
        Why a report shows it: a heading.
    resembles_none : bool
        Whether its largest similarity is below that of most validation inputs; no prototype is shown then.
    coverage : float
        Of how many of them: the share of validation inputs that resemble some prototype.
    """

    name: str
    picture: np.ndarray | None
    values: tuple[tuple[str, float], ...]
    explanation: LocalExplanation
    true: str | None = None
    aligned: Mapping[int, AlignedPictures] = field(default_factory=dict)
    group: str = ""
    resembles_none: bool = False
    coverage: float = 0.95

    @property
    def is_right(self) -> bool | None:
        """Whether the decision is right; ``None`` where the true class is not known."""
        return None if self.true is None else self.true == self.explanation.predicted


@dataclass(frozen=True)
class Twin:
    """What another seed learned in the place of a prototype.

    Attributes
    ----------
    seed : int
    picture : ndarray
        8-bit.
    correlation : float
        Pearson's, at the best shift of up to two pixels.
    """

    seed: int
    picture: np.ndarray
    correlation: float


@dataclass(frozen=True)
class ReportContents:
    """Everything on the page.

    Attributes
    ----------
    title : str
    quality : dict or None
        From `lookalike.evaluation.Quality.to_dict`, on the test part.
    verification : dict or None
        From `lookalike.evaluation.Verification.to_dict`.
    card : dict or None
        From `lookalike.evaluation.Card.to_dict`.
    about : GlobalExplanation
    pictures : dict of int to ndarray
        Each prototype's picture, 8-bit; empty for tables.
    neighbor_pictures : dict of int to ndarray
        Training pictures by their index, 8-bit.
    rows : dict of int to tuple of (str, float)
        Each prototype's values by column, for tables.
    history : list of dict
        From `lookalike.training.Epoch.to_dict`.
    examples : list of ExplainedExample
    making : dict of str to str
        How the model was made: data, command, parameters, versions, seed, time.
    learned : bool
        Whether prototypes are learned pictures, and not training examples.
    axis : SimilarityAxis or None
        ``None`` where the model keeps no similarities of validation inputs.
    overview : Overview or None
    twins : mapping of int to sequence of Twin
        By prototype, where other seeds were trained.
    names : mapping of int to str
        What the user calls training examples that are mentioned, by their index, where they have names.
    """

    title: str
    quality: dict[str, Any] | None
    verification: dict[str, Any] | None
    card: dict[str, Any] | None
    about: GlobalExplanation
    pictures: dict[int, np.ndarray]
    neighbor_pictures: dict[int, np.ndarray]
    rows: dict[int, tuple[tuple[str, float], ...]]
    history: list[dict[str, Any]]
    examples: list[ExplainedExample]
    making: dict[str, str]
    learned: bool
    axis: SimilarityAxis | None = None
    overview: Overview | None = None
    twins: Mapping[int, Sequence[Twin]] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)

    def example(self, index: int) -> str:
        """What to call a training example.

        Parameters
        ----------
        index : int
        """
        return self.names.get(index, f"training example {index}")

    def badges(self, prototype: int) -> list[str]:
        """What the scorecard says of one prototype, in words; nothing without a card, or without these rows.

        Parameters
        ----------
        prototype : int
        """
        if self.card is None:
            return []
        said = []
        for row in self.card["rows"]:
            if row["name"] == "TRANSFER" and row.get("by_prototype"):
                share = row["by_prototype"][prototype]
                whose = {1.0: "all judges see", 0.0: "no judge sees"}.get(share, f"{share:.0%} of the judges see")
                said.append(f"{whose} its class in it")
            elif prototype in row["failing"]:
                said.append(f"fails {row['name']}")
        return said

    def to_dict(self) -> dict[str, Any]:
        """The figures, without pictures, as plain values for JSON."""
        return {
            "title": self.title,
            "quality": self.quality,
            "verification": self.verification,
            "card": self.card,
            "about": self.about.to_dict(),
            "overview": None if self.overview is None else self.overview.to_dict(),
            "examples": [
                {
                    "name": each.name,
                    "group": each.group,
                    "true": each.true,
                    "resembles none": each.resembles_none,
                    **each.explanation.to_dict(),
                }
                for each in self.examples
            ],
            "twins": {
                str(prototype): {str(twin.seed): twin.correlation for twin in twins}
                for prototype, twins in self.twins.items()
            },
            "history": self.history,
            "making": self.making,
        }


def bars(explanation: LocalExplanation, shown: int = 3) -> list[dict[str, Any]]:
    """Contributions that sum to the logit: the largest, all others together, and the bias where there is one.

    Parameters
    ----------
    explanation : LocalExplanation
    shown : int
        Prototypes with a bar of their own.

    Returns
    -------
    list of dict
        ``label``, ``value``, and ``width``: the share of the largest, in percent.
    """
    reasons = explanation.reasons(shown)
    found = [(f"prototype {match.prototype}, class {match.class_name}", match.contribution) for match in reasons]
    found.append(("all others", explanation.others(len(reasons))))
    found += [("bias", explanation.bias)] if explanation.bias else []
    largest = max(max(abs(value) for _, value in found), 1e-12)
    return [{"label": label, "value": value, "width": round(100 * abs(value) / largest, 1)} for label, value in found]
