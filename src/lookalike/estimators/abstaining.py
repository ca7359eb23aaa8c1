"""Which inputs a model should answer, by how sure it was of validation inputs."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lookalike.comparison import Comparison
from lookalike.data import Examples
from lookalike.errors import ParameterError, describe, require_option, suggest
from lookalike.network import PrototypeNetwork, given_to

_STEPS = 100
_BATCH = 500
# So many validation examples, or nothing is concluded from them.
ENOUGH_VALIDATION = 50
Quantiles = Mapping[str, tuple[float, ...]]


def sureness(comparison: Comparison, temperature: float) -> dict[str, Tensor]:
    """How sure a model is of every input, shape ``(n,)``: the largest similarity, and the probability of the class."""
    return {
        "similarity": comparison.scores.amax(1),
        "probability": torch.softmax(comparison.logits / temperature, 1).amax(1),
    }


@torch.no_grad()
def sureness_quantiles(
    network: PrototypeNetwork, validation: Examples, temperature: float
) -> dict[str, tuple[float, ...]]:
    """Percentiles, 0 to 100, of how sure a model is of validation inputs; nothing where these are fewer than 50.

    Parameters
    ----------
    network : PrototypeNetwork
        In evaluation mode.
    validation : Examples
    temperature : float
    """
    if len(validation) < ENOUGH_VALIDATION:
        return {}
    given = given_to(network)
    passes = [sureness(network(inputs, **given), temperature) for inputs, _ in validation.batches(_BATCH)]
    every = {name: torch.cat([found[name] for found in passes]).double().numpy() for name in passes[0]}
    weights = None if validation.weights is None else validation.weights.double().numpy()
    return {name: tuple(quantiles(values, weights)) for name, values in every.items()}


def quantiles(values: np.ndarray, weights: np.ndarray | None = None) -> list[float]:
    """The values below which no more than 0, 1, ... 100% of all values lie; each is one of them.

    Parameters
    ----------
    values : ndarray
        Shape ``(n,)``, n at least 1.
    weights : ndarray, optional
        How much each counts, above 0, shape ``(n,)``; all alike unless given.

    Examples
    --------
    >>> quantiles(np.array([3.0, 1.0, 2.0, 4.0]))[::25]
    [1.0, 1.0, 2.0, 3.0, 4.0]
    """
    shares = np.arange(_STEPS + 1) / _STEPS
    if weights is None:
        return [float(value) for value in np.quantile(values, shares, method="lower")]
    order = np.argsort(values, kind="stable")
    below = np.concatenate([[0.0], np.cumsum(weights[order])[:-1]]) / weights.sum()
    places = np.searchsorted(below, shares + 1e-12, side="right") - 1
    return [float(value) for value in values[order][places]]


def least_sure(known: Quantiles, coverage: float, by: str) -> float:
    """The least that an input must reach to be answered.

    Parameters
    ----------
    known : mapping
        From `sureness_quantiles`.
    coverage : float
        Share of validation inputs that reach it, at least; above 0 and at most 1.
    by : str
        ``"similarity"`` or ``"probability"``.

    Raises
    ------
    ParameterError
        For a coverage or a name out of range, or where nothing is known.

    Examples
    --------
    >>> least_sure({"similarity": tuple(range(101))}, 0.9, "similarity")
    10
    """
    require_option("coverage", coverage, 0 < coverage <= 1, "above 0 and at most 1")
    if not known:
        raise ParameterError(
            describe(
                f"a model fitted with {ENOUGH_VALIDATION} validation examples or more, to abstain by",
                "fewer, or a model saved without them",
                "fit anew with a validation_fraction above 0 that is enough, or give fit(..., validation=(X, y))",
            )
        )
    if by not in known:
        raise ParameterError(describe("something to abstain by", repr(by), suggest(by, known)))
    return known[by][int(np.floor(_STEPS * (1 - coverage) + 1e-9))]


def quantiles_from(values: Mapping[str, Any]) -> dict[str, tuple[float, ...]]:
    """Quantiles as a file holds them.

    Raises
    ------
    ValueError
        If they are not percentiles in rising order.
    """
    found = {str(name): tuple(float(value) for value in each) for name, each in values.items()}
    for name, each in found.items():
        if len(each) != _STEPS + 1 or any(low > high for low, high in pairwise(each)):
            raise ValueError(f"{name}: no percentiles")
    return found
