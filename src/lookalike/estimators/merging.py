"""A network with fewer prototypes, or more: those that stay keep all that they learned."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lookalike.data import Preprocessing
from lookalike.estimators.assembly import assemble
from lookalike.network import PrototypeNetwork
from lookalike.randomness import untouched


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
    stays = [place for place in range(len(labels)) if place not in set(gone)]
    counts = torch.bincount(labels[stays].cpu(), minlength=n_classes).tolist()
    return rebuilt(network, stays, counts, resolved, preprocessing)


@torch.no_grad()
def rebuilt(
    network: PrototypeNetwork,
    origins: Sequence[int],
    counts: Sequence[int],
    resolved: Mapping[str, Any],
    preprocessing: Preprocessing,
    values: Tensor | None = None,
) -> tuple[PrototypeNetwork, dict[str, Any]]:
    """The same network with other prototypes, of other classes perhaps.

    Parameters
    ----------
    network : PrototypeNetwork
        Left as it is; its head learned nothing about single prototypes or classes, or the classes stay.
    origins : sequence of int
        Which of its prototypes each of the new ones is; -1 for one that is none of them.
    counts : sequence of int
        New prototypes of each class; they come one class after the other.
    resolved : mapping
        What the network was assembled from.
    preprocessing : Preprocessing
    values : Tensor, optional
        Of all new prototypes, shape ``(p, ...)``, for those that are none of the old.

    Returns
    -------
    tuple
        The other network, and what it is assembled from.
    """
    other = {**resolved, "prototypes__n_per_class": list(counts)}
    with untouched():
        made = assemble(other, preprocessing, len(counts))
    # The network is trained: what only training needs is gone.
    made.prototypes.settle()
    if values is not None:
        made.prototypes.set_values(values)
    old, learned = network.state_dict(), {name for name, _ in network.named_parameters()}
    places = torch.tensor(origins)
    taken = {
        # Labels, and a head's tables that follow from them, are made anew; only what was learned is taken over.
        name: own
        if name == "prototypes.labels" or (name.startswith("head.") and name not in learned)
        else _moved(old[name], own, places)
        for name, own in made.state_dict().items()
    }
    made.load_state_dict(taken)
    return made.train(network.training), other


def _moved(old: Tensor, new: Tensor, origins: Tensor) -> Tensor:
    """Along the axis in which the number differs now."""
    new = new.to(old)
    kept = (origins >= 0).nonzero()[:, 0].to(old.device)
    for axis, (before, after) in enumerate(zip(old.shape, new.shape, strict=True)):
        if before != after:
            return new.index_copy(axis, kept, old.index_select(axis, origins[origins >= 0].to(old.device)))
    return old
