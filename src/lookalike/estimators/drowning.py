"""Whether what else was wanted of prototypes has drowned the decisions."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import RidgeClassifier
from torch import Tensor

from lookalike.data import Examples
from lookalike.estimators.abstaining import ENOUGH_VALIDATION
from lookalike.network import PrototypeNetwork, given_to

_MUCH = 0.05
_SAMPLE = 5000
_BATCH = 500
_log = logging.getLogger(__name__)


@torch.no_grad()
def beside_the_twin(network: PrototypeNetwork, training: Examples, validation: Examples) -> tuple[float, float] | None:
    """Validation accuracy of a network, and of a linear layer on its activations; nothing with fewer than 50 examples.

    Parameters
    ----------
    network : PrototypeNetwork
        In evaluation mode.
    training : Examples
        The first 5,000 of a random order fit the layer, by ridge regression: the twin without a training of its own.
    validation : Examples
    """
    if len(validation) < ENOUGH_VALIDATION:
        return None
    order = torch.randperm(len(training), generator=torch.Generator().manual_seed(0))[:_SAMPLE]
    shown = training.select(order)
    (seen, _), (held, logits) = (_passed(network, examples) for examples in (shown, validation))
    scale = seen.std(0) + 1e-6
    weights = None if shown.weights is None else shown.weights.numpy()
    layer = RidgeClassifier().fit((seen / scale).numpy(), shown.labels.numpy(), sample_weight=weights)
    labels = validation.labels.numpy()
    own = float(np.mean(logits.argmax(1).numpy() == labels))
    return own, float(np.mean(layer.predict((held / scale).numpy()) == labels))


def wanted_beside(resolved: Mapping[str, Any]) -> list[str]:
    """What is wanted beside decisions, as parameters are written; nothing for decisions alone.

    Parameters
    ----------
    resolved : mapping
        The parameters of a fit.
    """
    return [f"{name}={resolved[name]!r}" for name in ("counterfactuals", "regularizers") if resolved[name] != "none"]


def drowned(found: tuple[float, float] | None, resolved: Mapping[str, Any]) -> str:
    """What to say where prototypes decide much worse than a linear layer on the same activations; empty where not.

    Parameters
    ----------
    found : tuple of float
        From `beside_the_twin`.
    resolved : mapping
        The parameters of the fit.
    """
    wanted = wanted_beside(resolved)
    if found is None or not wanted or found[1] - found[0] <= _MUCH:
        return ""
    message = (
        f"validation accuracy {found[0]:.3f}, where a linear layer on the same activations has {found[1]:.3f}: "
        f"{' and '.join(wanted)} may drown the decisions; train longer, or try smaller weights"
    )
    _log.warning(message)
    return message


def _passed(network: PrototypeNetwork, examples: Examples) -> tuple[Tensor, Tensor]:
    """Activations, averaged over positions, and logits."""
    given = given_to(network)
    passes = [network(inputs, **given) for inputs, _ in examples.batches(_BATCH)]
    return torch.cat([each.activations.mean((2, 3)) for each in passes]), torch.cat([each.logits for each in passes])
