"""Training examples that prototypes mix, or choose among."""

import torch
from torch import Tensor

from lookalike.selection import nearest_of_class
from lookalike.shapes import Labels, PrototypeInputs, PrototypeLabels


def draw_candidates(
    values: PrototypeInputs,
    prototype_labels: PrototypeLabels,
    inputs: Tensor,
    labels: Labels,
    n: int,
    generator: torch.Generator,
) -> Tensor:
    """So many training examples of every class: those nearest to the class's prototypes first, others at random.

    Parameters
    ----------
    values : Tensor
        Shape ``(p, ...)``.
    prototype_labels : Tensor
        Shape ``(p,)``; every class has a prototype.
    inputs : Tensor
        Shape ``(m, ...)``.
    labels : Tensor
        Shape ``(m,)``.
    n : int
        Per class; examples of a class that has fewer come more than once.
    generator : torch.Generator

    Returns
    -------
    Tensor
        Indices into the inputs, shape ``(k n,)``, one class after the other.
    """
    nearest = nearest_of_class(values, prototype_labels, inputs, labels)
    rows = []
    for label in prototype_labels.unique().tolist():
        own = nearest[prototype_labels == label].unique()
        members = (labels == label).nonzero()[:, 0]
        others = members[~torch.isin(members, own)]
        order = torch.cat([own, others[torch.randperm(len(others), generator=generator)]])
        rows.append(order[torch.arange(n) % len(order)])
    return torch.cat(rows)


def mixed(weights: Tensor, classes: PrototypeLabels, candidates: Tensor) -> Tensor:
    """Every prototype as the weighted sum of its class's candidates.

    Parameters
    ----------
    weights : Tensor
        Shape ``(p, n)``.
    classes : Tensor
        Shape ``(p,)``.
    candidates : Tensor
        Shape ``(k n, ...)``, one class after the other.

    Returns
    -------
    Tensor
        Shape ``(p, ...)``.

    Examples
    --------
    >>> import torch
    >>> mixed(torch.tensor([[0.5, 0.5]]), torch.tensor([1]), torch.arange(4.0).view(4, 1))
    tensor([[2.5000]])
    """
    n = weights.shape[1]
    # One product with all candidates, in which those of other classes weigh nothing.
    every = weights.new_zeros(len(weights), len(candidates) // n, n)
    every[torch.arange(len(weights), device=weights.device), classes] = weights
    return (every.flatten(1) @ candidates.flatten(1)).view(len(weights), *candidates.shape[1:])


def nearest_candidate(values: Tensor, classes: PrototypeLabels, candidates: Tensor, n: int) -> Tensor:
    """For each value the nearest candidate of its class, counted within the class, shape ``(p,)``.

    Parameters
    ----------
    values : Tensor
        Shape ``(p, ...)``.
    classes : Tensor
        Shape ``(p,)``.
    candidates : Tensor
        Shape ``(k n, ...)``, one class after the other.
    n : int
        Of each class.
    """
    found = [
        (candidates[label * n : (label + 1) * n].flatten(1) - value.flatten()).square().sum(1).argmin()
        for value, label in zip(values, classes.tolist(), strict=True)
    ]
    return torch.stack(found)
