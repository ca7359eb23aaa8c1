"""What every selection promises, and what it hands back."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from lookalike.errors import DataError, ParameterError, describe
from lookalike.selection.kernels import require_positive

# What double precision can square, with room for a sum.
_LEAST, _MOST = 1e-140, 1e140


@dataclass(frozen=True)
class Selected:
    """Data points that stand for classes.

    Attributes
    ----------
    indices : Tensor
        Which points, shape ``(m,)``: one class after the other, within a class in the order they were chosen.
    labels : Tensor
        The class of each, counted as ``classes`` are, shape ``(m,)``.
    weights : Tensor
        How much each stands for, at least 0, shape ``(m,)``: 1 for each, but for methods that weigh.
    classes : tuple
        The labels that were given, sorted; ``(0,)`` where there were none.
    criticisms : Tensor
        Points that the chosen ones say least about, shape ``(c,)``; empty, but for methods that name some.
    """

    indices: Tensor
    labels: Tensor
    weights: Tensor
    classes: tuple[Any, ...]
    criticisms: Tensor


@dataclass(frozen=True)
class Picked:
    """What was chosen of one class: indices into all points, weights, criticisms; each of shape ``(m,)``."""

    indices: Tensor
    weights: Tensor
    criticisms: Tensor


class Selection(ABC):
    """A way to choose which data points stand for a class."""

    #: Which kernel, for those that need one; ``"precomputed"``: points are its values.
    affinity: str = ""
    #: Whether `chosen` also takes ``weights``, how much each point counts, shape ``(n,)``.
    takes_weights: bool = False

    @abstractmethod
    def chosen(
        self, points: Tensor, members: Sequence[Tensor], counts: Sequence[int], generator: Generator
    ) -> list[Picked]:
        """Choose, from checked data.

        Parameters
        ----------
        points : Tensor
            Finite numbers in double precision, shape ``(n, d)``.
        members : sequence of Tensor
            The points of each class, in order.
        counts : sequence of int
            How many to choose of each class, from 1 to as many as it has.
        generator : torch.Generator
            The only source of randomness.
        """

    def __call__(
        self,
        points: Any,
        labels: Any,
        n_per_class: Any,
        *,
        generator: Generator | None = None,
        weights: Tensor | None = None,
    ) -> Selected:
        """Choose data points of every class.

        Parameters
        ----------
        points : Tensor or ndarray
            Inputs or activations, shape ``(n, ...)``; a kernel's values ``(n, n)`` where the method was told so.
        labels : Tensor, ndarray, sequence or None
            Integers or words, shape ``(n,)``; ``None``: all points are of one class.
        n_per_class : int or sequence of int
            How many of every class, or of each class in the order of its sorted labels.
        generator : torch.Generator, optional
            Seeded with 0 unless given; the same generator state chooses the same points.
        weights : Tensor, optional
            How much each point counts, above 0, shape ``(n,)``; all alike unless given.

        Raises
        ------
        DataError
            If values are not finite, shapes do not fit, or a class has fewer points than are wanted.
        ParameterError
            If there are weights, and the method takes none.

        Examples
        --------
        >>> import torch
        >>> from lookalike.selection import MedoidsSelection
        >>> points = torch.tensor([[0.0], [0.1], [0.3], [5.0], [5.2], [5.3]])
        >>> found = MedoidsSelection()(points, ["a", "a", "a", "b", "b", "b"], 1)
        >>> found.indices.tolist(), found.classes
        ([1, 4], ('a', 'b'))
        """
        flat = as_points(points)
        members, classes = members_of(labels, len(flat))
        counts = counts_of(n_per_class, members, classes)
        if generator is None:
            generator = torch.Generator().manual_seed(0)
        # Distances are most precise near the middle of the data, wherever that is.
        flat = flat if self.affinity in ("precomputed", "linear") else flat - flat.mean(0)
        largest = float(flat.abs().max())
        if not (largest == 0 or _LEAST < largest < _MOST):
            expected = f"points within {_MOST:.0e} of their middle, and not all within {_LEAST:.0e}"
            raise DataError(describe(expected, f"{largest:.3g}", "scale the points"))
        if self.affinity == "precomputed":
            require_positive(flat)
        found = self.chosen(flat, members, counts, generator, **self._weighed(weights, members))
        return Selected(
            indices=torch.cat([each.indices for each in found]),
            labels=torch.cat([torch.full_like(each.indices, label) for label, each in enumerate(found)]),
            weights=torch.cat([each.weights for each in found]),
            classes=classes,
            criticisms=torch.cat([each.criticisms for each in found]),
        )

    def _weighed(self, weights: Tensor | None, members: Sequence[Tensor]) -> dict[str, Tensor]:
        """Weights as an argument of `chosen`; none where they are all the same within every class."""
        if weights is None or all(bool((weights[own] == weights[own[0]]).all()) for own in members):
            return {}
        if not self.takes_weights:
            raise ParameterError(
                describe(
                    "a selection that takes weights of examples",
                    type(self).__name__,
                    "selection='kmeans', 'means', 'medoids' or 'random', or fit without weights",
                )
            )
        return {"weights": weights.double()}


def as_points(points: Any) -> Tensor:
    """Points as rows in double precision, shape ``(n, d)``.

    Parameters
    ----------
    points : Tensor or ndarray

    Raises
    ------
    DataError
        If they are no numbers, or not finite, or none.
    """
    try:
        rows = torch.as_tensor(np.asarray(points) if not isinstance(points, Tensor) else points.detach().cpu())
    except (TypeError, ValueError) as error:
        raise DataError(describe("points as numbers, shape (n, ...)", type(points).__name__)) from error
    if rows.ndim < 1 or not len(rows) or rows.is_complex() or not rows[0].numel():
        raise DataError(describe("at least one point, shape (n, ...)", f"shape {tuple(rows.shape)}"))
    rows = rows.reshape(len(rows), -1).double()
    broken = (~torch.isfinite(rows)).any(1)
    if bool(broken.any()):
        raise DataError(
            describe(
                "finite points",
                f"{int(broken.sum())} points with NaN or infinite values, the first at {int(broken.int().argmax())}",
                "drop or fill them",
            )
        )
    return rows


def members_of(labels: Any, n: int) -> tuple[list[Tensor], tuple[Any, ...]]:
    """The points of each class, and the classes' own labels, sorted.

    Parameters
    ----------
    labels : Tensor, ndarray, sequence or None
    n : int
        Number of points.

    Raises
    ------
    DataError

    Examples
    --------
    >>> members_of(["b", "a", "b"], 3)
    ([tensor([1]), tensor([0, 2])], ('a', 'b'))
    """
    if labels is None:
        return [torch.arange(n)], (0,)
    values = np.asarray(labels.detach().cpu() if isinstance(labels, Tensor) else labels)
    if values.shape != (n,):
        raise DataError(describe(f"one label for each of {n} points", f"shape {values.shape}"))
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise DataError(describe("labels that name classes", "NaN or infinite ones"))
    if values.dtype.kind == "O" or not isinstance(labels, Tensor | np.ndarray):
        given = labels.tolist() if isinstance(labels, Tensor | np.ndarray) else list(labels)
        missing = [place for place, label in enumerate(given) if label is None or label != label]
        if missing:
            raise DataError(describe("labels that name classes", f"none at {missing[0]}", "drop or name those points"))
        if values.dtype.kind == "O" and len({type(label) for label in given}) > 1:
            values = values.astype(str)
    classes, codes = np.unique(values, return_inverse=True)
    return [torch.from_numpy(np.flatnonzero(codes == code)) for code in range(len(classes))], tuple(classes.tolist())


def counts_of(n_per_class: Any, members: Sequence[Tensor], classes: Sequence[Any]) -> list[int]:
    """How many points to choose of each class.

    Parameters
    ----------
    n_per_class : int or sequence of int
    members : sequence of Tensor
    classes : sequence

    Raises
    ------
    DataError
        If it is not a number from 1 to as many points as the class has.

    Examples
    --------
    >>> counts_of(2, [torch.arange(3), torch.arange(5)], ("a", "b"))
    [2, 2]
    """
    counts: list[Any]
    try:
        counts = list(n_per_class)
    except TypeError:
        counts = [n_per_class] * len(members)
    if len(counts) != len(members):
        raise DataError(
            describe(f"a number of points for each of {len(members)} classes", f"{len(counts)} numbers", "one number")
        )
    for count, own, label in zip(counts, members, classes, strict=True):
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
            raise DataError(describe("a whole number of points to choose, 1 or above", repr(count)))
        if count > len(own):
            raise DataError(
                describe(f"at least {count} points of class {label!r}, to choose {count}", f"{len(own)}", "fewer")
            )
    return [int(count) for count in counts]


def drawn_by_weight(n: int, count: int, weights: Tensor | None, generator: Generator) -> Tensor:
    """So many different ones of n, at random, those that weigh more rather than others.

    Parameters
    ----------
    n, count : int
    weights : Tensor or None
        Above 0, shape ``(n,)``; ``None``: all alike.
    generator : torch.Generator

    Examples
    --------
    >>> drawn_by_weight(3, 2, torch.tensor([1.0, 1e-9, 1.0]), torch.Generator().manual_seed(0)).sort().values.tolist()
    [0, 2]
    """
    if weights is None:
        return torch.randperm(n, generator=generator)[:count]
    # The first to come of exponential waiting times: none comes twice, however little it weighs.
    waits = torch.empty(n, dtype=torch.double).exponential_(generator=generator)
    return (waits / weights.double().clamp_min(1e-300)).argsort(stable=True)[:count]


def picked(indices: Tensor, weights: Tensor | None = None, criticisms: Tensor | None = None) -> Picked:
    """What was chosen of a class, every point with weight 1 unless said otherwise.

    Parameters
    ----------
    indices : Tensor
        Into all points, shape ``(m,)``.
    weights : Tensor, optional
        Shape ``(m,)``.
    criticisms : Tensor, optional
        Into all points, shape ``(c,)``.
    """
    return Picked(
        indices,
        torch.ones(len(indices)) if weights is None else weights.float(),
        indices[:0] if criticisms is None else criticisms,
    )
