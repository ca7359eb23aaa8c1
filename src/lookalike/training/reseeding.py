"""Nothing dead, nothing double: prototypes that are not missed begin anew at what their class explains worst."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from lookalike.comparison import weighted_mean
from lookalike.data import Examples
from lookalike.errors import ParameterError, describe
from lookalike.network import ComparingNetwork, PrototypeNetwork
from lookalike.prototypes import Prototypes
from lookalike.transforms import align

_SAMPLE = 4000
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
    prototypes = pictures_of(network, examples)
    values = prototypes().detach().clone()
    begun: list[int] = []
    sample = drawn(examples, generator)
    for own, rows, weights in together(prototypes.labels, sample):
        alike = best_matches(rows, values[own].float().cpu())
        worst = alike.amax(1).argsort()
        for prototype, row in zip(
            own[dispensable(alike, lambda missed, one, stay, gone: missed <= share, weights)].tolist(),
            worst.tolist(),
            strict=False,
        ):
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


def pictures_of(network: ComparingNetwork, examples: Examples) -> Prototypes:
    """The prototypes of a network.

    Parameters
    ----------
    network : PrototypeNetwork
    examples : Examples

    Raises
    ------
    ParameterError
        If they are no whole pictures of the inputs' shape.
    """
    prototypes = network.prototypes if isinstance(network, PrototypeNetwork) else None
    if prototypes is None or prototypes.space != "input":
        raise _not_pictures(type(prototypes).__name__)
    if len(prototypes.shape) != 3 or tuple(prototypes.shape) != examples.preprocessing.shape:
        raise _not_pictures(f"shape {tuple(prototypes.shape)}")
    return prototypes


def drawn(examples: Examples, generator: torch.Generator) -> Examples:
    """At most 4,000 of them, at random."""
    return examples.select(torch.randperm(len(examples), generator=generator)[:_SAMPLE])


def together(labels: Tensor, examples: Examples) -> Iterator[tuple[Tensor, Tensor, Tensor | None]]:
    """The prototypes of a class, as indices ``(k,)``, its inputs and their weights; where there are enough of both."""
    labels = labels.cpu()
    for label in labels[labels >= 0].unique().tolist():
        own, rows = (labels == label).nonzero()[:, 0], (examples.labels == label).nonzero()[:, 0]
        if len(own) >= 2 and len(rows) >= 2 * len(own):
            weights = examples.weights_of(rows)
            # Within the class: what matters are shares of it.
            yield own, examples.batch(rows)[0].float(), None if weights is None else weights / weights.mean()


def best_matches(rows: Tensor, pictures: Tensor) -> Tensor:
    """Pearson correlation at the best shift of up to 1 pixel and a fourteenth of the side, shape ``(n, k)``."""
    return align(rows, pictures, 1 + min(rows.shape[2:]) // _SIDE_PER_PIXEL).correlation


def dispensable(
    alike: Tensor, may_go: Callable[[float, int, list[int], list[int]], bool], weights: Tensor | None = None
) -> list[int]:
    """Prototypes of one class that go one after the other, the least missed of those that may first; one stays.

    Parameters
    ----------
    alike : Tensor
        How alike inputs of the class and its prototypes are, shape ``(n, k)``, at most 1.
    may_go : callable
        Told how much a prototype is missed, which it is, and which are there and gone.
    weights : Tensor, optional
        Of the inputs, shape ``(n,)``; all count alike unless given.

    Examples
    --------
    >>> alike = torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.0, 0.5]])
    >>> dispensable(alike, lambda missed, one, stay, gone: missed <= 0.1)
    [0]
    """
    stay, gone = list(range(alike.shape[1])), list[int]()
    while len(stay) > 1:
        missed = dict(zip(stay, how_missed(alike, stay, weights), strict=True))
        ranked = sorted(stay, key=missed.__getitem__)
        found = next((one for one in ranked if may_go(missed[one], one, stay, gone)), None)
        if found is None:
            break
        stay.remove(found)
        gone.append(found)
    return gone


def how_missed(alike: Tensor, stay: Sequence[int], weights: Tensor | None = None) -> list[float]:
    """How much more of a class would stay unexplained without each prototype, as a share of what does now.

    Parameters
    ----------
    alike : Tensor
        How alike inputs of a class and its prototypes are, shape ``(n, k)``, at most 1.
    stay : sequence of int
        At least two prototypes, that are there.
    weights : Tensor, optional
        Of the inputs, shape ``(n,)``; all count alike unless given.

    Examples
    --------
    >>> how_missed(torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.0, 0.5]]), [0, 1, 2])
    [0.0, 0.0, 0.5]
    """
    unexplained = (1 - alike).clamp_min(0)
    rest = float(weighted_mean(unexplained[:, stay].amin(1), weights))
    others = [[other for other in stay if other != one] for one in stay]
    without = [float(weighted_mean(unexplained[:, each].amin(1), weights)) for each in others]
    return [value / rest - 1 if rest else float(value > 0) for value in without]


def _forget(optimizer: torch.optim.Optimizer | None, parameters: list[torch.nn.Parameter], places: list[int]) -> None:
    for parameter in parameters if optimizer is not None else ():
        for held in optimizer.state.get(parameter, {}).values():  # type: ignore[union-attr]
            if isinstance(held, Tensor) and held.shape == parameter.shape:
                held[places] = 0


def _not_pictures(got: str) -> ParameterError:
    wanted = "prototypes that are whole pictures, to begin anew or to merge"
    return ParameterError(describe(wanted, got, "training='joint', or a phase without reseed or merge"))
