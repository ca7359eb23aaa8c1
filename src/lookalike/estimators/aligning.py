"""Prototypes as they meet pictures, and what is left of these."""

from collections.abc import Sequence

import numpy as np
import torch

from lookalike.comparison import Comparison
from lookalike.data import Preprocessing
from lookalike.errors import DataError, describe
from lookalike.explanations import aligned_pictures
from lookalike.transforms import Transform


def aligned_with(
    comparisons: Sequence[Comparison],
    transform: Transform,
    preprocessing: Preprocessing,
    prototypes: Sequence[Sequence[int]],
) -> tuple[np.ndarray, np.ndarray]:
    """Some prototypes as they meet each input, and the rest of it, in data units, shape ``(n, t, c, h, w)`` each.

    Parameters
    ----------
    comparisons : sequence of Comparison
    transform : Transform
        With which they were made.
    preprocessing : Preprocessing
    prototypes : sequence of sequence of int
        Which ones for each input, t of them.

    Raises
    ------
    DataError
        If inputs are rows of a table, prototypes are smaller, or there is not the same number for each input.
    """
    first = comparisons[0]
    if not preprocessing.is_picture or first.prototypes.shape[1:] != first.inputs.shape[1:]:
        got = (
            f"inputs of shape {tuple(first.inputs.shape[1:])}, prototypes of shape {tuple(first.prototypes.shape[1:])}"
        )
        raise DataError(describe("pictures, and prototypes of their shape, to align", got, "prototypes='pixel'"))
    n = sum(len(comparison.inputs) for comparison in comparisons)
    rows = [list(row) for row in prototypes]
    numbers = [number for row in rows for number in row]
    known = all(isinstance(number, int | np.integer) and 0 <= number < len(first.labels) for number in numbers)
    if len(rows) != n or len({len(row) for row in rows}) != 1 or not known:
        raise DataError(
            describe(
                f"for each of {n} inputs the same number of prototypes, from 0 to {len(first.labels) - 1}",
                f"{rows[:3]}",
            )
        )
    wanted = torch.tensor(rows, dtype=torch.long)
    aligned, residuals = [], []
    for comparison, asked in zip(comparisons, wanted.split([len(each.inputs) for each in comparisons]), strict=True):
        found = aligned_pictures(comparison, transform, asked)
        units = preprocessing.restore(found.flatten(0, 1)).view_as(found)
        aligned.append(units)
        residuals.append(preprocessing.restore(comparison.inputs)[:, None] - units)
    return torch.cat(aligned).numpy(), torch.cat(residuals).numpy()
