"""Nothing dead: prototypes that stand for nothing begin anew at what their class explains worst."""

from collections.abc import Iterator

import torch
from torch import Tensor

from lookalike.data import Examples
from lookalike.errors import ParameterError, describe
from lookalike.network import ComparingNetwork, PrototypeNetwork
from lookalike.prototypes import Prototypes
from lookalike.transforms import align

_SAMPLE = 4000
_SHIFT = 3
_DOUBLE = 0.95


@torch.no_grad()
def reseed(
    network: ComparingNetwork,
    examples: Examples,
    share: float,
    generator: torch.Generator,
    optimizer: torch.optim.Optimizer | None = None,
) -> list[int]:
    """Let prototypes that are dead, or doubles, begin anew at the inputs of their class that look least explained.

    Parameters
    ----------
    network : PrototypeNetwork
        Its prototypes are pictures of the inputs' size.
    examples : Examples
        Training inputs; at most 4,000 of them, drawn at random, are looked at.
    share : float
        A prototype is dead if it is the one most like fewer inputs than this share of an even split within its class.
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
    Alike is the Pearson correlation of pixels at the best shift of up to three pixels. Two prototypes of a class that
    correlate by more than .95 are doubles; the one that wins less begins anew. A class keeps at least one prototype.
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
        prototypes.set_values(values)
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
        alike = align(rows, values[own], _SHIFT).correlation
        between = align(values[own], values[own], _SHIFT).correlation
        wins = torch.bincount(alike.argmax(1), minlength=len(own))
        yield own[_gone(wins, between, share * len(rows) / len(own))].tolist(), rows, alike


def _gone(wins: Tensor, alike: Tensor, least: float) -> list[int]:
    """Prototypes of one class that win too little, or look like one that wins more; the widest winner stays."""
    order = wins.argsort(descending=True, stable=True).tolist()
    stay: list[int] = []
    for prototype in order:
        double = any(float(torch.maximum(alike[prototype, other], alike[other, prototype])) > _DOUBLE for other in stay)
        if not stay or (wins[prototype] >= least and not double):
            stay.append(prototype)
    return [prototype for prototype in order if prototype not in stay]


def _forget(optimizer: torch.optim.Optimizer | None, parameters: list[torch.nn.Parameter], places: list[int]) -> None:
    for parameter in parameters if optimizer is not None else ():
        for held in optimizer.state.get(parameter, {}).values():  # type: ignore[union-attr]
            if isinstance(held, Tensor) and held.shape == parameter.shape:
                held[places] = 0


def _not_pictures(got: str) -> ParameterError:
    return ParameterError(
        describe("prototypes that are whole pictures, to begin anew at inputs", got, "a phase without reseed")
    )
