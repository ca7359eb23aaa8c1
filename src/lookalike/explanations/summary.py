"""What each prototype stands for, found by showing the model its training examples once."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lookalike.data import Examples
from lookalike.explanations.records import GlobalExplanation, Neighbor, PrototypeSummary
from lookalike.network import PrototypeNetwork
from lookalike.similarities import scale_of

_BATCH = 512
_ROUNDING = 1e-6


@torch.no_grad()
def explain_prototypes(
    network: PrototypeNetwork,
    examples: Examples,
    *,
    classes: Sequence[str],
    similarity: str,
    n_neighbors: int = 5,
) -> GlobalExplanation:
    """Every prototype's nearest training examples, of its own class and of others, and how often it is used.

    A prototype that is a training example is not among its own nearest ones.

    Parameters
    ----------
    network : PrototypeNetwork
        In evaluation mode.
    examples : Examples
        Training examples; streamed, so memory does not grow with their number.
    classes : sequence of str
    similarity : str
        The registered name of the network's similarity.
    n_neighbors : int
        Examples of each kind to keep, at most.
    """
    labels = network.prototypes.labels.cpu()
    own, foreign = _Nearest(len(labels), n_neighbors), _Nearest(len(labels), n_neighbors)
    wins, given = torch.zeros(len(labels)), torch.zeros(len(classes))
    prototype_activations = network.activate_prototypes()
    known = _sources(network, examples)
    start = 0
    for inputs, targets in examples.batches(_BATCH):
        comparison = network(inputs.to(prototype_activations), prototype_activations=prototype_activations)
        scores, predicted = comparison.scores.cpu(), comparison.logits.argmax(1).cpu()
        same = targets[:, None] == labels[None]
        itself = torch.arange(start, start + len(targets))[:, None] == known[None]
        own.take(scores.masked_fill(~same | itself, float("-inf")), start)
        foreign.take(scores.masked_fill(same, float("-inf")), start)
        winners = scores.masked_fill(predicted[:, None] != labels[None], float("-inf")).argmax(1)
        wins += torch.bincount(winners, minlength=len(labels))
        given += torch.bincount(predicted, minlength=len(classes))
        start += len(targets)
    usage = wins / given[labels].clamp_min(1)
    return GlobalExplanation(
        classes=tuple(classes),
        similarity=similarity,
        scale=scale_of(network.similarity),
        n_examples=len(examples),
        prototypes=tuple(
            PrototypeSummary(
                prototype=index,
                class_name=classes[label],
                usage=float(usage[index]),
                neighbors=own.neighbors(index, examples.labels, classes),
                foreign_neighbors=foreign.neighbors(index, examples.labels, classes),
                source=int(known[index]) if known[index] >= 0 else None,
            )
            for index, label in enumerate(labels.tolist())
        ),
    )


def _sources(network: PrototypeNetwork, examples: Examples) -> Tensor:
    """Which of these examples each prototype is, shape ``(p,)``; -1 for none.

    What a prototype says of itself holds, unless another example here has its very values: examples may be counted
    otherwise than in training, and a prototype that took the place of another does not know what it is.
    """
    prototypes = network.prototypes
    if prototypes.sources is None:
        return torch.full((len(prototypes.labels),), -1)
    found = prototypes.sources.cpu().clone()
    values = prototypes().detach().cpu()
    if prototypes.space != "input" or tuple(values.shape[1:]) != examples.preprocessing.shape:
        return found
    for prototype, place in enumerate(found.tolist()):
        if 0 <= place < len(examples) and _equal(_standardized(examples, torch.tensor([place])), values[prototype])[0]:
            continue
        start = 0
        for inputs, _ in examples.batches(_BATCH):
            same = _equal(inputs, values[prototype])
            if same.any():
                found[prototype] = start + int(same.nonzero()[0, 0])
                break
            start += len(inputs)
    return found


def _standardized(examples: Examples, places: Tensor) -> Tensor:
    return next(iter(examples.select(places).batches(1)))[0]


def _equal(inputs: Tensor, value: Tensor) -> Tensor:
    """Which inputs are the same as one, but for rounding, shape ``(n,)``."""
    return ((inputs - value).abs() <= _ROUNDING * (1 + value.abs())).flatten(1).all(1)


class _Nearest:
    """The highest scores met so far for every prototype, and whose they were."""

    def __init__(self, n_prototypes: int, n_neighbors: int) -> None:
        self.scores = torch.full((n_neighbors, n_prototypes), float("-inf"))
        self.indices = torch.full((n_neighbors, n_prototypes), -1)

    def take(self, scores: Tensor, start: int) -> None:
        """Look at the scores ``(n, p)`` of examples numbered from ``start``."""
        numbers = torch.arange(start, start + len(scores))[:, None].expand_as(scores)
        together = torch.cat([self.scores, scores])
        self.scores, places = together.topk(len(self.scores), dim=0)
        self.indices = torch.cat([self.indices, numbers]).gather(0, places)

    def neighbors(self, prototype: int, labels: Tensor, classes: Sequence[str]) -> tuple[Neighbor, ...]:
        """The examples kept for a prototype, the nearest first."""
        found = zip(self.indices[:, prototype].tolist(), self.scores[:, prototype].tolist(), strict=True)
        return tuple(
            Neighbor(index, classes[int(labels[index])], score)
            for index, score in found
            if index >= 0 and score > float("-inf")
        )
