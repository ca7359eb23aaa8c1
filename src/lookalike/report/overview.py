"""What a report shows of a whole test part, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_BINS = 48


@dataclass(frozen=True)
class SimilarityAxis:
    """One axis for every measured similarity on a page, with what is usual behind it.

    Attributes
    ----------
    low, high : float
        Its ends, the same for every input.
    usual : tuple of float
        Percentiles, 0 to 100, of the largest similarity of validation inputs.
    """

    low: float
    high: float
    usual: tuple[float, ...]

    @classmethod
    def of(cls, usual: Sequence[float], similarity: str) -> "SimilarityAxis":
        """From percentiles: a cosine's axis ends at 1 and begins at 0 or -1, others' go a quarter beyond what is usual.

        Examples
        --------
        >>> SimilarityAxis.of([0.2, 0.9], "cosine").low, SimilarityAxis.of([-3.0, 1.0], "l2").high
        (0.0, 2.0)
        """
        least, most = min(usual), max(usual)
        if similarity == "cosine":
            return cls(0.0 if least >= 0 else -1.0, 1.0, tuple(usual))
        beyond = max((most - least) / 4, 1e-6)
        return cls(least - beyond, most + beyond, tuple(usual))

    def place(self, value: float) -> float:
        """Where a similarity stands, from 0 to 1; at the end if it is beyond.

        Examples
        --------
        >>> SimilarityAxis(-1.0, 1.0, ()).place(0.5)
        0.75
        """
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))

    def heights(self) -> list[float]:
        """How usual each of 48 equal stretches of the axis is, the most usual 1."""
        found, _ = np.histogram(self.usual, bins=_BINS, range=(self.low, self.high))
        return (found / max(found.max(), 1)).tolist()


@dataclass(frozen=True)
class Confusion:
    """Test examples of one class that were given to another.

    Attributes
    ----------
    true, predicted : str
    count : int
    responsible : tuple of (int, int)
        Prototypes that did most for the wrong class, and for how many of these examples.
    missed : tuple of (int, int)
        Prototypes that did most for the right class, and for how many.
    pictures : tuple of (str, ndarray)
        Some of the examples, 8-bit, with their names; empty for tables.
    """

    true: str
    predicted: str
    count: int
    responsible: tuple[tuple[int, int], ...]
    missed: tuple[tuple[int, int], ...]
    pictures: tuple[tuple[str, np.ndarray], ...] = ()


@dataclass(frozen=True)
class Miss:
    """The test example that a prototype should have won most of all, and did not.

    Attributes
    ----------
    name : str
    picture : ndarray or None
        8-bit; ``None`` for a row of a table.
    predicted : str
        What it was given to in place of the prototype's class.
    similarity : float
        Measured, to the prototype.
    """

    name: str
    picture: np.ndarray | None
    predicted: str
    similarity: float


@dataclass(frozen=True)
class Map:
    """Test examples and prototypes in the plane in which activations differ most.

    Attributes
    ----------
    examples : tuple of (float, float, int)
        Place and number of the true class.
    prototypes : tuple of (float, float)
    share : float
        Of the variance that the plane shows.
    """

    examples: tuple[tuple[float, float, int], ...]
    prototypes: tuple[tuple[float, float], ...]
    share: float


@dataclass(frozen=True)
class Overview:
    """What a pass over a test part says of the whole model.

    Attributes
    ----------
    sheet : tuple of tuple of float or None
        Row = true class, column = prototype: mean measured similarity of the class's examples; ``None`` without any.
    confusions : tuple of Confusion
        The most frequent first.
    map : Map or None
        ``None`` where prototypes have no place among the activations.
    misses : mapping of int to Miss
        By prototype; those without a wrong example of their class that is nearest to them are left out.
    """

    sheet: tuple[tuple[float | None, ...], ...]
    confusions: tuple[Confusion, ...] = ()
    map: Map | None = None
    misses: Mapping[int, Miss] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, without pictures."""
        return {
            "sheet": [list(row) for row in self.sheet],
            "confusions": [
                {
                    "true": each.true,
                    "predicted": each.predicted,
                    "count": each.count,
                    "responsible": [list(pair) for pair in each.responsible],
                    "missed": [list(pair) for pair in each.missed],
                    "examples": [name for name, _ in each.pictures],
                }
                for each in self.confusions
            ],
            "misses": {
                str(prototype): {"name": each.name, "predicted": each.predicted, "similarity": each.similarity}
                for prototype, each in self.misses.items()
            },
        }


NOTHING = Overview(sheet=())
