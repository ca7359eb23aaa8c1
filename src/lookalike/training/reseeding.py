"""Nothing dead, nothing double: prototypes that are not missed begin anew at what their class explains worst."""

from collections.abc import Iterator

import torch
from torch import Tensor

from lookalike.data import Examples
from lookalike.errors import ParameterError, describe
from lookalike.metrics import DEAD, dead_prototypes
from lookalike.network import ComparingNetwork, PrototypeNetwork, given_to
from lookalike.prototypes import Prototypes
from lookalike.transforms import align

_SAMPLE = 4000
_BATCH = 500
_SIDE_PER_PIXEL = 14


@torch.no_grad()
def reseed(
    network: ComparingNetwork,
    examples: Examples,
    share: float,
    generator: torch.Generator,
    optimizer: torch.optim.Optimizer | None = None,
) -> list[int]:
    """Let prototypes that would not be missed begin anew at the inputs of their class that look least explained.

    Parameters
    ----------
    network : PrototypeNetwork
        Its prototypes are pictures of the inputs' size.
    examples : Examples
        Training inputs; at most 4,000 of them, drawn at random, are looked at.
    share : float
        A prototype is missed if without it more than this share more of its class would stay unexplained.
    generator : torch.Generator
    optimizer : torch.optim.Optimizer, optional
        What it remembers of these prototypes is forgotten.

    Returns
    -------
    list of int
        The prototypes that begin anew.

    Raises
    ------
    ParameterError
        If prototypes are no whole pictures.

    Notes
    -----
    With a the Pearson correlation of pixels at the best shift of up to 1 pixel and a fourteenth of the side (3 of 28),
    what a class leaves unexplained is the mean over its inputs of 1 less the largest a of its prototypes. One after the
    other, the prototype whose absence raises it least goes, until every one left is missed; a class keeps at least one.
    Dead prototypes and doubles are never missed.
    """
    prototypes = _pictures_of(network, examples)
    values = prototypes().detach().clone()
    begun: list[int] = []
    for gone, rows, alike in _standing_for_nothing(prototypes, examples, share, generator):
        worst = alike.amax(1).argsort()
        for prototype, row in zip(gone, worst.tolist(), strict=False):
            values[prototype] = rows[row].to(values)
            begun.append(prototype)
    if begun:
        held = [(parameter, parameter.detach().clone()) for parameter in prototypes.parameters()]
        prototypes.set_values(values)
        # Some kinds can be set only nearly: those that stay keep what they have learned.
        stays = [place for place in range(len(values)) if place not in begun]
        for parameter, before in held:
            parameter[stays] = before[stays]
        _forget(optimizer, list(prototypes.parameters()), begun)
    return begun


@torch.no_grad()
def superfluous(network: ComparingNetwork, examples: Examples, share: float, generator: torch.Generator) -> list[int]:
    """The prototypes that `reseed` would let begin anew, for a class that is to do without them.

    Parameters
    ----------
    network : PrototypeNetwork
    examples : Examples
    share : float
    generator : torch.Generator

    Raises
    ------
    ParameterError
        If prototypes are no whole pictures.
    """
    prototypes = _pictures_of(network, examples)
    return sorted(place for gone, *_ in _standing_for_nothing(prototypes, examples, share, generator) for place in gone)


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
    labels, given = network.prototypes.labels, given_to(network)
    shown = examples.select(torch.randperm(len(examples), generator=generator)[:_SAMPLE])
    wins = torch.zeros(len(labels), dtype=torch.long)
    for inputs, targets in shown.batches(_BATCH):
        own = targets[:, None] == labels[None]
        kept = own.any(1)
        scores = network(inputs, **given).scores.masked_fill(~own, float("-inf"))
        wins += torch.bincount(scores[kept].argmax(1), minlength=len(labels))
    alive = (labels >= 0).nonzero()[:, 0]
    dead = dead_prototypes(wins[alive].numpy(), labels[alive].numpy(), share=2 * DEAD)
    return alive[torch.from_numpy(dead)].tolist()


def _pictures_of(network: ComparingNetwork, examples: Examples) -> Prototypes:
    prototypes = network.prototypes if isinstance(network, PrototypeNetwork) else None
    if prototypes is None or prototypes.space != "input":
        raise _not_pictures(type(prototypes).__name__)
    if len(prototypes.shape) != 3 or tuple(prototypes.shape) != examples.preprocessing.shape:
        raise _not_pictures(f"shape {tuple(prototypes.shape)}")
    return prototypes


def _standing_for_nothing(
    prototypes: Prototypes, examples: Examples, share: float, generator: torch.Generator
) -> Iterator[tuple[list[int], Tensor, Tensor]]:
    """For classes of several prototypes and enough inputs: those that go, its inputs, how alike these are to all."""
    values, labels = prototypes().detach().float().cpu(), prototypes.labels.cpu()
    inputs, targets = examples.batch(torch.randperm(len(examples), generator=generator)[:_SAMPLE])
    for label in labels[labels >= 0].unique().tolist():
        own, rows = (labels == label).nonzero()[:, 0], inputs[targets == label].float()
        if len(own) < 2 or len(rows) < 2 * len(own):
            continue
        alike = align(rows, values[own], 1 + min(rows.shape[2:]) // _SIDE_PER_PIXEL).correlation
        yield own[_gone(alike, share)].tolist(), rows, alike


def _gone(alike: Tensor, least: float) -> list[int]:
    """Prototypes of one class without which hardly more of it stays unexplained, the least missed first."""
    unexplained = (1 - alike).clamp_min(0)
    stay, gone = list(range(alike.shape[1])), list[int]()
    while len(stay) > 1:
        rest = float(unexplained[:, stay].amin(1).mean())
        without = [float(unexplained[:, [k for k in stay if k != j]].amin(1).mean()) for j in stay]
        if min(without) > (1 + least) * rest:
            break
        gone.append(stay.pop(without.index(min(without))))
    return gone


def _forget(optimizer: torch.optim.Optimizer | None, parameters: list[torch.nn.Parameter], places: list[int]) -> None:
    for parameter in parameters if optimizer is not None else ():
        for held in optimizer.state.get(parameter, {}).values():  # type: ignore[union-attr]
            if isinstance(held, Tensor) and held.shape == parameter.shape:
                held[places] = 0


def _not_pictures(got: str) -> ParameterError:
    return ParameterError(
        describe("prototypes that are whole pictures, to begin anew at inputs", got, "a phase without reseed")
    )
