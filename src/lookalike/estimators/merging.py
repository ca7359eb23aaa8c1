"""A network with fewer prototypes: those that training has let go are taken out."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lookalike.data import Preprocessing
from lookalike.estimators.assembly import assemble
from lookalike.network import PrototypeNetwork


@torch.no_grad()
def without(
    network: PrototypeNetwork,
    gone: Sequence[int],
    resolved: Mapping[str, Any],
    preprocessing: Preprocessing,
    n_classes: int,
) -> tuple[PrototypeNetwork, dict[str, Any]]:
    """The same network without some of its prototypes.

    Parameters
    ----------
    network : PrototypeNetwork
        Left as it is.
    gone : sequence of int
        At least one prototype of every class stays.
    resolved : mapping
        What it was assembled from.
    preprocessing : Preprocessing
    n_classes : int

    Returns
    -------
    tuple
        The smaller network, and what it is assembled from.
    """
    labels = network.prototypes.labels
    stays = torch.tensor([place for place in range(len(labels)) if place not in set(gone)])
    counts = torch.bincount(labels[stays].cpu(), minlength=n_classes).tolist()
    smaller = {**resolved, "prototypes__n_per_class": counts}
    made = assemble(smaller, preprocessing, n_classes)
    values, learned = network.state_dict(), {name for name, _ in network.named_parameters()}
    taken = {
        # A head's tables follow from the labels of its prototypes; only what it learned is taken over.
        name: own if name.startswith("head.") and name not in learned else _stay(values[name], own, stays)
        for name, own in made.state_dict().items()
    }
    made.load_state_dict(taken)
    return made.train(network.training), smaller


def _stay(old: Tensor, new: Tensor, stays: Tensor) -> Tensor:
    """Along the axis in which there are fewer now."""
    for axis, (before, after) in enumerate(zip(old.shape, new.shape, strict=True)):
        if before != after:
            old = old.index_select(axis, stays.to(old.device))
    return old
