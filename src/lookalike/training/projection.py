"""Projection: every latent prototype becomes the nearest activation patch of a training input of its class."""

import torch

from lookalike.data import Examples
from lookalike.distances import finest, squared_distances
from lookalike.errors import ParameterError, describe
from lookalike.network import ComparingNetwork, PrototypeNetwork
from lookalike.precision import at_least_single
from lookalike.prototypes import LatentPrototypes
from lookalike.similarities.base import window_rows

_BATCH = 256


@torch.no_grad()
def project(network: ComparingNetwork, examples: Examples) -> None:
    """Replace latent prototypes by their nearest patches, and note where these come from.

    Parameters
    ----------
    network : PrototypeNetwork
        With prototypes in activation space; its ``sources`` and ``source_positions`` are set.
    examples : Examples
        Training inputs, which must be met in the order in which their indices count.

    Raises
    ------
    ParameterError
        If prototypes are inputs already.

    Notes
    -----
    Nearest in Euclidean distance, as in ProtoPNet, whatever the similarity.

    References
    ----------
    [chen2019protopnet]
    """
    prototypes = network.prototypes if isinstance(network, PrototypeNetwork) else None
    if not isinstance(network, PrototypeNetwork) or not isinstance(prototypes, LatentPrototypes):
        raise ParameterError(
            describe(
                "prototypes in activation space to project",
                type(prototypes).__name__,
                "training='joint', or prototypes='latent'",
            )
        )
    values = at_least_single(prototypes().flatten(1))
    best = finest(values).new_full((len(values),), float("inf"))
    patches = values.clone()
    window = (prototypes.shape[1], prototypes.shape[2])
    training = network.training
    network.eval()
    start = 0
    for inputs, labels in examples.batches(_BATCH):
        activations = network.backbone(inputs.to(prototypes()))
        rows = at_least_single(window_rows(activations, window))
        distances = squared_distances(rows.flatten(0, 1), values).view(*rows.shape[:2], -1)
        other = labels.to(values.device)[:, None] != prototypes.labels[None]
        nearest, place = distances.masked_fill(other[:, None], float("inf")).flatten(0, 1).min(0)
        closer = nearest < best
        best[closer] = nearest[closer]
        patches[closer] = rows.flatten(0, 1)[place[closer]]
        columns = activations.shape[3] - window[1] + 1
        positions = place % rows.shape[1]
        prototypes.sources[closer] = start + place[closer] // rows.shape[1]
        prototypes.source_positions[closer] = torch.stack([positions // columns, positions % columns], 1)[closer]
        start += len(labels)
    prototypes.set_values(patches.view(-1, *prototypes.shape))
    network.train(training)
