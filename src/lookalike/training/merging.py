"""Nothing double: which prototypes a class can do without, by what they show and by what the network decides."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from lookalike.data import Examples
from lookalike.heads import Head
from lookalike.metrics import DEAD, dead_prototypes
from lookalike.network import PrototypeNetwork, given_to
from lookalike.training.reseeding import best_matches, drawn, how_missed, pictures_of, together

_BATCH = 500
ALIKE = 0.75
HARDLY = 0.2


@torch.no_grad()
def superfluous(
    network: PrototypeNetwork, examples: Examples, share: float, doubles: float, generator: torch.Generator
) -> list[int]:
    """The prototypes that a class can do without: those that stand for nothing, and doubles.

    Parameters
    ----------
    network : PrototypeNetwork
        In evaluation mode; its prototypes are pictures of the inputs' size.
    examples : Examples
        Training inputs; at most 4,000 of them, drawn at random, are looked at.
    share : float
        What `lookalike.training.reseed` would let begin anew stands for nothing.
    doubles : float
        Share of its right decisions that a class may lose with its doubles; 0: these stay.
    generator : torch.Generator

    Returns
    -------
    list of int
        In ascending order; a class keeps at least one.

    Raises
    ------
    ParameterError
        If prototypes are no whole pictures.

    Notes
    -----
    A double looks like another of its class: their Pearson correlation at the best shift is .75 or more. It leaves at
    most a fifth more of the class unexplained when it goes, and takes few of the class's right decisions with it, those
    of doubles before it counted in. Looks alone do not tell doubles from kinds; see decision 21.
    """
    prototypes = pictures_of(network, examples)
    values = prototypes().detach().float().cpu()
    inputs, targets = drawn(examples, generator)
    gone: list[int] = []
    for own, rows in together(prototypes.labels, inputs, targets):
        loses = partial(_lost, network.head, _scores(network, rows), int(prototypes.labels[own[0]]), own)
        alike, near = best_matches(rows, values[own]), best_matches(values[own], values[own])
        gone += own[_without(alike, near, share, doubles, loses)].tolist()
    return sorted(gone)


@torch.no_grad()
def unused(network: PrototypeNetwork, examples: Examples, generator: torch.Generator) -> list[int]:
    """Prototypes that a trained network hardly ever finds the most similar of their class: dead, whatever they show.

    Parameters
    ----------
    network : PrototypeNetwork
        In evaluation mode.
    examples : Examples
        Training inputs; at most 4,000 of them, drawn at random, are looked at.
    generator : torch.Generator

    Notes
    -----
    Fewer than a fiftieth of what an even split among the prototypes of the class would give; twice what the scorecard
    calls dead, which counts other inputs. A class keeps at least one: something always wins.
    """
    labels = network.prototypes.labels
    inputs, targets = drawn(examples, generator)
    own = targets[:, None].to(labels.device) == labels[None]
    kept = own.any(1)
    scores = _scores(network, inputs).masked_fill(~own, float("-inf"))
    wins = torch.bincount(scores[kept].argmax(1), minlength=len(labels))
    alive = (labels >= 0).nonzero()[:, 0]
    dead = dead_prototypes(wins[alive].cpu().numpy(), labels[alive].cpu().numpy(), share=2 * DEAD)
    return alive[torch.from_numpy(dead)].tolist()


def _scores(network: PrototypeNetwork, inputs: Tensor) -> Tensor:
    """In the network's precision and on its device, as in training, shape ``(n, p)``."""
    given, like = given_to(network), network.prototypes()
    return torch.cat([network(batch.to(like), **given).scores for batch in inputs.split(_BATCH)])


def _lost(head: Head, scores: Tensor, label: int, own: Tensor, gone: list[int]) -> float:
    """Which share of a class is decided rightly with all its prototypes, and wrongly without some."""
    without = scores.index_fill(1, own[gone].to(scores.device), float("-inf"))
    lost = (head(scores).argmax(1) == label) & (head(without).argmax(1) != label)
    return float(lost.float().mean())


def _without(
    alike: Tensor, near: Tensor, share: float, doubles: float, loses: Callable[[list[int]], float]
) -> list[int]:
    """Prototypes of one class that it can do without, the least missed first."""
    stay, gone = list(range(alike.shape[1])), list[int]()
    while len(stay) > 1:
        missed = dict(zip(stay, how_missed(alike, stay), strict=True))
        for one in sorted(stay, key=missed.__getitem__):
            looks_like = max(float(near[one, other]) for other in stay if other != one)
            double = doubles > 0 and missed[one] <= HARDLY and looks_like >= ALIKE
            if missed[one] <= share or (double and loses([*gone, one]) <= doubles):
                break
        else:
            return gone
        stay.remove(one)
        gone.append(one)
    return gone
