"""Explanations as plain data: nothing in them but numbers, words and tuples."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lookalike.explanations.alignment import in_words


@dataclass(frozen=True)
class Neighbor:
    """A training example near a prototype.

    Attributes
    ----------
    index : int
        Which training example.
    class_name : str
    score : float
        The model's own similarity of example and prototype.
    """

    index: int
    class_name: str
    score: float


@dataclass(frozen=True)
class PrototypeMatch:
    """One prototype's part in one decision.

    Attributes
    ----------
    prototype : int
    class_name : str
        The class it stands for.
    score : float
        Measured similarity, after pooling.
    contribution : float
        What it adds to the logit of the predicted class.
    contribution_to_runner_up : float
        What it adds to the logit of the runner-up.
    position : tuple of int
        Row and column of the similarity map that count most.
    neighbors : tuple of Neighbor
        Its nearest training examples of its own class.
    alignment : dict of str to float
        How it has to be changed to meet the input, by parameter, for the eight that contribute most and the one that
        speaks most for the runner-up; see `lookalike.explanations.alignments_of`. Empty where that is not known, and
        for a training example that the network compares as it is.
    """

    prototype: int
    class_name: str
    score: float
    contribution: float
    contribution_to_runner_up: float
    position: tuple[int, int]
    neighbors: tuple[Neighbor, ...] = ()
    alignment: Mapping[str, float] = field(default_factory=dict)

    @property
    def alignment_in_words(self) -> str:
        """The alignment as one says it; empty where nothing is known."""
        return in_words(self.alignment)


@dataclass(frozen=True)
class Flip:
    """What would have made the runner-up win.

    Attributes
    ----------
    prototype : int
        The one that does most for the runner-up.
    score : float
        The least it would have to score, all other scores as they are.
    """

    prototype: int
    score: float


@dataclass(frozen=True)
class LocalExplanation:
    """Why one input was given to a class.

    Attributes
    ----------
    predicted, runner_up : str
        Names of the two classes with the largest logits.
    probability, runner_up_probability : float
        Calibrated.
    logit, runner_up_logit : float
        ``bias + sum of contributions``, exactly.
    bias, runner_up_bias : float
    margin : float
        Logit of the predicted class minus that of the runner-up.
    similarity : str
        Which similarity the scores are, by its registered name.
    scale : float
        The factor by which the similarity multiplies; 1 where it has none.
    matches : tuple of PrototypeMatch
        All prototypes, the largest absolute contribution first.
    flip : Flip or None
        What would have decided for the runner-up; ``None`` where no score of one prototype would.
    view : callable, optional
        What a notebook shows of it, as HTML; no part of the data.
    """

    predicted: str
    probability: float
    logit: float
    bias: float
    runner_up: str
    runner_up_probability: float
    runner_up_logit: float
    runner_up_bias: float
    margin: float
    similarity: str
    scale: float
    matches: tuple[PrototypeMatch, ...]
    flip: Flip | None = None
    view: Callable[["LocalExplanation"], str] | None = field(default=None, compare=False, repr=False)

    def _repr_html_(self) -> str | None:
        """What a notebook shows; text where nobody has said."""
        return None if self.view is None else self.view(self)

    def __str__(self) -> str:
        """The decision and the prototypes that did most for it, a line each."""
        rival = f"runner-up {self.runner_up} ({self.runner_up_probability:.3f})"
        lines = [f"{self.predicted} with probability {self.probability:.3f}, {rival}, margin {self.margin:.3f}"]
        for match in self.reasons():
            likeness = (
                f"prototype {match.prototype} of {match.class_name}: {self.similarity} {self.measured(match):.3f}"
            )
            part = f"contributes {match.contribution:.3f}, {match.contribution_to_runner_up:.3f} to the runner-up"
            shown = f" ({match.alignment_in_words})" if match.alignment_in_words else ""
            lines.append(f"  {likeness}{shown}, {part}")
        if self.flip is not None:
            lines.append(f"  prototype {self.flip.prototype}: {self.flip_in_words()}")
        return "\n".join(lines)

    def measured(self, match: PrototypeMatch) -> float:
        """A score without the scale: for a cosine, the cosine."""
        return match.score / self.scale

    def reasons(self, most: int = 3) -> tuple[PrototypeMatch, ...]:
        """The prototypes that contribute most, those left out that contribute nothing; one at least.

        Parameters
        ----------
        most : int
        """
        found = tuple(match for match in self.matches[:most] if match.contribution)
        return found or self.matches[:1]

    def nearest(self) -> PrototypeMatch:
        """The prototype with the largest score."""
        return max(self.matches, key=lambda match: match.score)

    def flip_in_words(self) -> str:
        """What would have made the runner-up win, as one says it; empty where nothing of that kind would."""
        if self.flip is None:
            return ""
        needed = self.flip.score / self.scale
        if self.similarity == "cosine" and needed > 1:
            return f"No likeness to prototype {self.flip.prototype} alone would make it {self.runner_up}."
        return f"It would be {self.runner_up} from {needed:.2f} on."

    def others(self, shown: int) -> float:
        """What all but the first ``shown`` prototypes contribute to the predicted class together."""
        return sum(match.contribution for match in self.matches[shown:])

    def against(self) -> PrototypeMatch | None:
        """The prototype that speaks most for the runner-up; ``None`` where none does."""
        best = max(self.matches, key=lambda match: match.contribution_to_runner_up)
        return best if best.contribution_to_runner_up > 0 else None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        matches = tuple(
            {
                **vars(match),
                "neighbors": tuple(dict(vars(neighbor)) for neighbor in match.neighbors),
                "alignment": dict(match.alignment),
            }
            for match in self.matches
        )
        values = {name: value for name, value in vars(self).items() if name != "view"}
        return {**values, "matches": matches, "flip": None if self.flip is None else dict(vars(self.flip))}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "LocalExplanation":
        """The inverse of `to_dict`, also after a passage through JSON."""
        matches = tuple(
            PrototypeMatch(
                **{
                    **match,
                    "position": tuple(match["position"]),
                    "neighbors": tuple(Neighbor(**neighbor) for neighbor in match["neighbors"]),
                }
            )
            for match in values["matches"]
        )
        flip = values.get("flip")
        return cls(**{**values, "matches": matches, "flip": None if flip is None else Flip(**flip)})


@dataclass(frozen=True)
class PrototypeSummary:
    """What one prototype stands for in the training data.

    Attributes
    ----------
    prototype : int
    class_name : str
    usage : float
        Share of the training examples given to its class in which it is the prototype that scores highest.
    neighbors, foreign_neighbors : tuple of Neighbor
        Nearest training examples of its own class, and of all other classes; not the one that it is.
    source : int or None
        The training example that it is, or was cut from; ``None`` for a learned prototype.
    """

    prototype: int
    class_name: str
    usage: float
    neighbors: tuple[Neighbor, ...]
    foreign_neighbors: tuple[Neighbor, ...]
    source: int | None = None

    @property
    def others(self) -> tuple[Neighbor, ...]:
        """The nearest training examples of its own class without itself, which models of older versions count too."""
        return tuple(neighbor for neighbor in self.neighbors if neighbor.index != self.source)


@dataclass(frozen=True)
class GlobalExplanation:
    """What a model takes for the essence of each class.

    Attributes
    ----------
    classes : tuple of str
    similarity : str
        Which similarity the scores are, by its registered name.
    scale : float
        The factor by which the similarity multiplies; 1 where it has none.
    n_examples : int
        Training examples looked at.
    prototypes : tuple of PrototypeSummary
    """

    classes: tuple[str, ...]
    similarity: str
    scale: float
    n_examples: int
    prototypes: tuple[PrototypeSummary, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "GlobalExplanation":
        """The inverse of `to_dict`, also after a passage through JSON."""
        prototypes = tuple(
            PrototypeSummary(
                **{
                    **summary,
                    "neighbors": tuple(Neighbor(**neighbor) for neighbor in summary["neighbors"]),
                    "foreign_neighbors": tuple(Neighbor(**neighbor) for neighbor in summary["foreign_neighbors"]),
                }
            )
            for summary in values["prototypes"]
        )
        return cls(**{**values, "classes": tuple(values["classes"]), "prototypes": prototypes})
