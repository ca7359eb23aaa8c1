"""Nothing double: which prototypes a class can do without, by what they show and by what the network decides."""

from collections.abc import Callable
from functools import cache, partial

import torch
from torch import Tensor

from lookalike.comparison import weighted_mean
from lookalike.data import Examples
from lookalike.heads import Head
from lookalike.metrics import DEAD, dead_prototypes
from lookalike.network import PrototypeNetwork, given_to
from lookalike.training.reseeding import best_matches, dispensable, drawn, pictures_of, together

_BATCH = 500
LESS = 0.6
HARDLY = 0.2


@torch.no_grad()
def superfluous(
    network: PrototypeNetwork,
    examples: Examples,
    share: float,
    doubles: float,
    generator: torch.Generator,
    alike: float | None = None,
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
        Share of its inputs that a class may no longer decide rightly when a double goes; 0: doubles stay.
    generator : torch.Generator
    alike : float, optional
        From which correlation on a prototype looks like another, in place of what the class's inputs say.

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
    A double looks like another of its class: what it leaves of the other, 1 less their Pearson correlation at the best
    shift, is at most .6 of what the class's prototypes leave of their inputs. Two pictures of one kind differ by what
    each took in by chance, inputs of the kind by more; neighbouring kinds differ as much as inputs do. When a double
    goes, at most a fifth more of the class is left unexplained, and few right decisions of the class go with it, those
    of whatever went before counted in. See decisions 21 and 24.
    """
    prototypes = pictures_of(network, examples)
    values = prototypes().detach().float().cpu()
    given = given_to(network)
    gone: list[int] = []
    for own, rows, weights in together(prototypes.labels, drawn(examples, generator)):
        near, explained = best_matches(values[own], values[own]), best_matches(rows, values[own])
        like = 1 - LESS * float(1 - weighted_mean(explained.amax(1), weights)) if alike is None else alike
        scores = cache(partial(_scores, network, rows, given))
        loses = partial(_lost, network.head, scores, int(prototypes.labels[own[0]]), own, weights)
        may_go = partial(_may_go, share, doubles, near >= like, loses)
        gone += own[dispensable(explained, may_go, weights)].tolist()
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
    sample, given = drawn(examples, generator), given_to(network)
    own = sample.labels[:, None].to(labels.device) == labels[None]
    kept = own.any(1)
    every = torch.cat([_scores(network, inputs, given) for inputs, _ in sample.batches(_BATCH)])
    scores = every.masked_fill(~own, float("-inf"))
    counted = None if sample.weights is None else sample.weights.to(kept.device)[kept].double()
    wins = torch.bincount(scores[kept].argmax(1), counted, minlength=len(labels))
    alive = (labels >= 0).nonzero()[:, 0]
    dead = dead_prototypes(wins[alive].cpu().numpy(), labels[alive].cpu().numpy(), share=2 * DEAD)
    return alive[torch.from_numpy(dead)].tolist()


def _scores(network: PrototypeNetwork, inputs: Tensor, given: dict[str, Tensor]) -> Tensor:
    """In the network's precision and on its device, as in training, shape ``(n, p)``."""
    like = network.prototypes()
    return torch.cat([network(batch.to(like), **given).scores for batch in inputs.split(_BATCH)])


def _lost(
    head: Head, scores: Callable[[], Tensor], label: int, own: Tensor, weights: Tensor | None, gone: list[int]
) -> float:
    """Which share of a class is decided rightly with all its prototypes, and wrongly without some."""
    every = scores()
    without = every.index_fill(1, own[gone].to(every.device), float("-inf"))
    lost = (head(every).argmax(1) == label) & (head(without).argmax(1) != label)
    return float(weighted_mean(lost.float().cpu(), weights))


def _may_go(
    share: float,
    doubles: float,
    near: Tensor,
    loses: Callable[[list[int]], float],
    missed: float,
    one: int,
    stay: list[int],
    gone: list[int],
) -> bool:
    """Whether a prototype stands for nothing, or is a double."""
    if missed <= share:
        return True
    if not doubles or missed > HARDLY:
        return False
    looks_like = any(bool(near[one, other]) for other in stay if other != one)
    return looks_like and loses([*gone, one]) <= doubles
