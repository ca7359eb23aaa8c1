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
    wanted = torch.as_tensor(np.asarray(prototypes, dtype=np.int64))
    if wanted.ndim != 2 or len(wanted) != n or not bool(((wanted >= 0) & (wanted < len(first.labels))).all()):
        raise DataError(
            describe(
                f"for each of {n} inputs the same number of prototypes, from 0 to {len(first.labels) - 1}",
                f"{list(map(list, prototypes))[:3]}",
            )
        )
    aligned, residuals = [], []
    for comparison, rows in zip(comparisons, wanted.split([len(each.inputs) for each in comparisons]), strict=True):
        found = aligned_pictures(comparison, transform, rows)
        units = preprocessing.restore(found.flatten(0, 1)).view_as(found)
        aligned.append(units)
        residuals.append(preprocessing.restore(comparison.inputs)[:, None] - units)
    return torch.cat(aligned).numpy(), torch.cat(residuals).numpy()
