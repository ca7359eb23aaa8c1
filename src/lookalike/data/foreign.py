"""Inputs of no class that a model knows: to see whether it can tell."""

import logging
from contextlib import nullcontext

import numpy as np

from lookalike.data.datasets import Dataset
from lookalike.data.knownproto import KnownWorld
from lookalike.data.places import without_downloads
from lookalike.data.resolver import load_dataset
from lookalike.errors import DataNotFoundError

_log = logging.getLogger(__name__)
_OTHERS = {"mnist": "fashion-mnist", "mnist-5k": "fashion-mnist", "fashion-mnist": "mnist"}
_OTHER_WORLD = 1000
_SIZE = 2000


def foreign_inputs(dataset: Dataset, n: int = _SIZE, fetch: bool = False) -> dict[str, np.ndarray]:
    """Noise, the test inputs inverted, and what is like them but of other classes where such data are at hand.

    Parameters
    ----------
    dataset : Dataset
    n : int
        At most so many of each.
    fetch : bool
        Download what is not on this machine; without it, a log line says what would bring it.

    Returns
    -------
    dict
        By what they are; of the type and the shape of the data set's inputs.

    Notes
    -----
    For MNIST the other set is Fashion-MNIST, and the other way round; for KnownProto pictures of unseen templates.

    Examples
    --------
    >>> from lookalike.data import load_dataset
    >>> {name: len(inputs) for name, inputs in foreign_inputs(load_dataset("digits"), 50).items()}
    {'noise': 50, 'inverted': 50}
    """
    order = np.random.default_rng(1).permutation(len(dataset.test))
    known = dataset.test.inputs[np.sort(order[:n])]
    low, high = dataset.train.inputs.min(), dataset.train.inputs.max()
    if known.ndim == 2:
        low, high = dataset.train.inputs.min(0), dataset.train.inputs.max(0)
    random = np.random.default_rng(0)
    span = high.astype(np.float64) - low
    noise = low + span * random.random(known.shape)
    found = {
        "noise": _as(noise, known.dtype),
        "inverted": _as(high - (known.astype(np.float64) - low), known.dtype),
    }
    name, _, rest = dataset.name.partition(":")
    if dataset.world is not None:
        unseen = KnownWorld.of(dataset.world.seed + _OTHER_WORLD).sample(
            rest.partition(":")[0] or "L3", len(known), seed=0, training=False
        )
        found["unseen templates"] = unseen.inputs
    elif name in _OTHERS:
        try:
            with nullcontext() if fetch else without_downloads():
                found[_OTHERS[name]] = load_dataset(_OTHERS[name]).test.inputs[:n]
        except DataNotFoundError as error:
            _log.warning("no inputs of %s to compare with: %s", _OTHERS[name], error)
    return found


def _as(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    return np.rint(values).astype(dtype) if np.issubdtype(dtype, np.integer) else values.astype(dtype)
