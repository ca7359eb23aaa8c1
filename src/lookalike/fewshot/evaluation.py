"""Accuracy over many test episodes, in which every input passes the backbone once."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from lookalike.data import Preprocessing
from lookalike.fewshot.episodes import Episodes
from lookalike.fewshot.network import EpisodicNetwork, require_finite

_BATCH = 500


@torch.no_grad()
def episode_accuracies(
    network: EpisodicNetwork, inputs: Tensor, preprocessing: Preprocessing, tasks: Sequence[Episodes]
) -> list[np.ndarray]:
    """Share of each episode's queries that are given to their class.

    Parameters
    ----------
    network : EpisodicNetwork
        Put into evaluation mode.
    inputs : Tensor
        That the episodes count, shape ``(n, ...)``, in data units or 8-bit integers.
    preprocessing : Preprocessing
    tasks : sequence of Episodes
        Several sets of episodes over the same inputs, which pass the backbone once for all of them.

    Returns
    -------
    list of ndarray
        For each task, shape ``(episodes,)``, from 0 to 1.

    Raises
    ------
    DataError
        For inputs that are not finite.
    """
    network.eval()
    standard = preprocessing.standardize(inputs)
    require_finite(standard)
    activations = _passed(network, standard)
    kept = _views_passed(network, standard) if network.gathering.keeps_examples else None
    return [_accuracies(network, standard, activations, kept, episodes) for episodes in tasks]


def _accuracies(
    network: EpisodicNetwork, inputs: Tensor, activations: Tensor, kept: Tensor | None, episodes: Episodes
) -> np.ndarray:
    n_way, n_shot = episodes.support.shape[1:]
    labels = torch.arange(n_way).repeat_interleave(n_shot)
    targets = torch.arange(n_way).repeat_interleave(episodes.queries.shape[2])
    on_activations = network.gathering.space == "activation"
    source = activations if on_activations else inputs
    found = []
    for support, query in zip(_rows(episodes.support), _rows(episodes.queries), strict=True):
        prototypes, prototype_labels = network.gathering(source[support], labels, n_way)
        if on_activations:
            passed = prototypes
        elif kept is not None:
            # The support is sorted by class, so these are the gathering's prototypes in its order.
            passed = kept[support].flatten(0, 1)
        else:
            passed = _passed(network, network.transform.views(prototypes))
        record = network.record(inputs[query], targets, activations[query], prototypes, prototype_labels, passed)
        found.append((record.logits.argmax(1) == targets).double().mean().item())
    return np.array(found)


def _rows(places: np.ndarray) -> Tensor:
    """Indices of every episode in one row."""
    return torch.from_numpy(places.reshape(len(places), -1))


def _passed(network: EpisodicNetwork, inputs: Tensor) -> Tensor:
    if inputs.ndim == 4:
        inputs = inputs.contiguous(memory_format=torch.channels_last)
    return torch.cat([network.backbone(batch) for batch in inputs.split(_BATCH)])


def _views_passed(network: EpisodicNetwork, inputs: Tensor) -> Tensor:
    """Activations of every input's views, shape ``(n, v, d, h, w)``."""
    views = (network.transform.views(batch) for batch in inputs.split(_BATCH))
    return torch.cat([_passed(network, batch) for batch in views]).unflatten(0, (len(inputs), -1))
