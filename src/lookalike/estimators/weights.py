"""How much each training example counts: by weights of its own, and by its class."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lookalike.errors import DataError, ParameterError, describe

BALANCED = "balanced"


def example_weights(
    sample_weight: Any, class_weight: Any, labels: np.ndarray, classes: np.ndarray
) -> np.ndarray | None:
    """Each example's weight, its own times that of its class, and at most 1; nothing where all count alike.

    Parameters
    ----------
    sample_weight : array-like or None
        Shape ``(n,)``, or one number for all.
    class_weight : str, mapping or None
        See `class_factors`.
    labels : ndarray
        Integers that count the classes, shape ``(n,)``.
    classes : ndarray
        Shape ``(k,)``.

    Returns
    -------
    ndarray or None
        Not negative, shape ``(n,)``.

    Raises
    ------
    DataError
        For weights that are none, or a class of which every example weighs nothing.
    ParameterError
        For a ``class_weight`` that is none.

    Examples
    --------
    >>> labels, classes = np.array([0, 0, 0, 1]), np.array(["a", "b"])
    >>> example_weights(None, "balanced", labels, classes).round(3).tolist()
    [0.333, 0.333, 0.333, 1.0]
    >>> example_weights([2, 2, 2, 2], None, labels, classes) is None
    True
    """
    own = None if sample_weight is None else checked_weights(sample_weight, len(labels))
    factors = class_factors(class_weight, labels, classes, own)
    if own is None and factors is None:
        return None
    weights = np.ones(len(labels)) if own is None else own
    if factors is not None:
        weights = weights * factors[labels]
        weights = weights / weights.max() if weights.any() else weights
    _require_every_class(weights, labels, classes)
    return None if bool((weights == weights[0]).all()) else weights


def held_out_weights(
    given: Sequence[Any], held: np.ndarray, request: tuple[Any, Any, np.ndarray, np.ndarray]
) -> np.ndarray | None:
    """The weights of held-out examples: their own, times those of their classes as training has them.

    Parameters
    ----------
    given : sequence
        Their own weights as the only item, or nothing.
    held : ndarray
        Their labels, integers, shape ``(m,)``.
    request : tuple
        The arguments of `example_weights` for the training examples.
    """
    sample_weight, class_weight, labels, classes = request
    own = None if not given or given[0] is None else checked_weights(given[0], len(held))
    trained = None if sample_weight is None else checked_weights(sample_weight, len(labels))
    factors = class_factors(class_weight, labels, classes, trained)
    if factors is None:
        return own
    return factors[held] if own is None else own * factors[held]


def checked_weights(sample_weight: Any, n: int) -> np.ndarray:
    """Weights in double precision, divided by the largest, shape ``(n,)``.

    Parameters
    ----------
    sample_weight : array-like or float
    n : int
        Number of examples.

    Raises
    ------
    DataError
        If they are not n finite numbers, one is negative, or all are zero.

    Examples
    --------
    >>> checked_weights([1, 0, 4], 3).tolist()
    [0.25, 0.0, 1.0]
    """
    advice = f"sample_weight of shape ({n},), or None"
    given = sample_weight.detach().cpu().numpy() if isinstance(sample_weight, Tensor) else sample_weight
    try:
        if np.asarray(given).dtype.kind not in "fiubO":
            raise TypeError(f"values of type {np.asarray(given).dtype}")
        weights = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(describe("sample_weight as numbers", str(error), advice)) from error
    if weights.ndim == 0:
        weights = np.full(n, weights)
    if weights.shape != (n,):
        raise DataError(describe(f"one weight for each of {n} inputs", f"shape {weights.shape}", advice))
    for is_bad, kind in ((~np.isfinite(weights), "NaN or infinite"), (weights < 0, "negative")):
        if is_bad.any():
            first = int(is_bad.argmax())
            found = f"{int(is_bad.sum())} {kind}, first {weights[first]:g} at index {first}"
            raise DataError(describe("weights that are finite and not negative", found, "0 leaves an example out"))
    if not weights.any():
        raise DataError(describe("at least one weight above 0", f"{n} weights that are all zero", advice))
    return weights / weights.max()


def class_factors(
    class_weight: Any, labels: np.ndarray, classes: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray | None:
    """What an example's weight is multiplied by for its class, shape ``(k,)``; nothing where no class is preferred.

    Parameters
    ----------
    class_weight : str, mapping or None
        ``"balanced"``: every class weighs the same in all; or weights by class, 1 for classes that are left out.
    labels, classes : ndarray
        As for `example_weights`.
    weights : ndarray, optional
        The examples' own.

    Raises
    ------
    ParameterError
        For anything else: an unknown class, a weight that is negative or no number.

    Examples
    --------
    >>> class_factors({"b": 3}, np.array([0, 1]), np.array(["a", "b"])).tolist()
    [1.0, 3.0]
    """
    if class_weight is None:
        return None
    if isinstance(class_weight, str) and class_weight == BALANCED:
        totals = np.bincount(labels, weights, minlength=len(classes))
        return np.divide(totals.sum(), len(classes) * totals, out=np.zeros(len(classes)), where=totals > 0)
    if not isinstance(class_weight, Mapping):
        raise ParameterError(
            describe(
                "class_weight as 'balanced', weights by class, or None", repr(class_weight), "class_weight='balanced'"
            )
        )
    factors, given = np.ones(len(classes)), set[int]()
    for name, value in class_weight.items():
        place = _place(name, classes)
        if place in given:
            raise ParameterError(describe("one weight for a class", f"two for {classes[place].item()!r}"))
        if (
            isinstance(value, bool | np.bool_)
            or not isinstance(value, int | float | np.number)
            or not 0 <= value < np.inf
        ):
            raise ParameterError(
                describe(f"a finite number, 0 or above, as the weight of class {name!r}", repr(value), "1.0")
            )
        given.add(place)
        factors[place] = float(value)
    return factors


def normalized(weights: np.ndarray | None) -> Tensor | None:
    """Weights that are 1 on average, as a tensor; nothing where they are all the same, or there are none."""
    if weights is None or not len(weights) or bool((weights == weights[0]).all()):
        return None
    return torch.from_numpy((weights / weights.mean()).astype(np.float32))


def _place(name: Any, classes: np.ndarray) -> int:
    """Which class a key of a mapping means: one that equals it, or, from a file, one that is written so."""
    known = classes.tolist()
    same = [
        place for place, each in enumerate(known) if each == name and isinstance(each, str) == isinstance(name, str)
    ]
    found = same or [place for place, each in enumerate(known) if str(each) == str(name)]
    if not found:
        shown = ", ".join(map(repr, known[:10])) + (", ..." if len(known) > 10 else "")
        raise ParameterError(describe(f"class_weight for classes among {shown}", repr(name), "the class as y has it"))
    return found[0]


def _require_every_class(weights: np.ndarray, labels: np.ndarray, classes: np.ndarray) -> None:
    empty = np.flatnonzero(np.bincount(labels, weights > 0, minlength=len(classes)) == 0)
    if len(empty):
        raise DataError(
            describe(
                "an example with a weight above 0 in every class",
                f"class {classes[empty[0]].item()!r} with weights of 0 alone",
                "leave the examples of this class out of X and y",
            )
        )
