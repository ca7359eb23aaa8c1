"""Heads in which a class is judged by its own prototypes alone."""

import torch
from torch import Tensor, nn

from lookalike.heads.base import Head, by_class, one_hot, slots_of_classes
from lookalike.shapes import Bias, Contributions, Logits, PrototypeLabels, Scores


class LogSumExpHead(Head):
    r"""A class has the smooth maximum of its prototypes' scores, :math:`\log \sum_{c(p) = k} \exp(s_p)`.

    Parameters
    ----------
    prototype_labels : Tensor
        The class of every prototype, shape ``(p,)``.
    n_classes : int

    Notes
    -----
    The contribution of a prototype is its soft-max share within its class times the class's logit, and zero to every
    other class, so that contributions sum to the logit exactly.

    Examples
    --------
    >>> import torch
    >>> head = LogSumExpHead(torch.tensor([0, 0, 1]), 2)
    >>> [round(value, 3) for value in head(torch.tensor([[1.0, 1.0, 2.0]]))[0].tolist()]
    [1.693, 2.0]
    """

    retires = True
    labels: Tensor
    slots: Tensor

    def __init__(self, prototype_labels: PrototypeLabels, n_classes: int) -> None:
        nn.Module.__init__(self)
        self.n_classes = n_classes
        self.register_buffer("labels", prototype_labels.clone())
        self.register_buffer("slots", slots_of_classes(prototype_labels, n_classes))

    def forward(self, scores: Scores) -> Logits:
        """Shape ``(n, p)`` to ``(n, k)``."""
        return torch.logsumexp(by_class(scores, self.slots), 2)

    def contributions(self, scores: Scores) -> Contributions:
        """Share within the class times the class's logit, shape ``(n, p, k)``."""
        logits = self.forward(scores)
        own = logits[:, self.labels]
        shares = (scores - own).exp()
        return (shares * own)[:, :, None] * one_hot(self.labels, self.n_classes, like=scores)

    def bias(self) -> Bias:
        """Zero for every class, shape ``(k,)``."""
        return torch.zeros(self.n_classes, device=self.labels.device)

    def retire(self, prototypes: Tensor) -> None:
        """Their places in the table become empty."""
        self.slots[torch.isin(self.slots, prototypes)] = -1


class MaxHead(Head):
    """A class has the largest score of its prototypes, as in the original system.

    Parameters
    ----------
    prototype_labels : Tensor
        The class of every prototype, shape ``(p,)``.
    n_classes : int

    Notes
    -----
    The winning prototype contributes the whole logit, the first of them where several are equal; all others nothing.

    Examples
    --------
    >>> import torch
    >>> MaxHead(torch.tensor([0, 0, 1]), 2)(torch.tensor([[1.0, 3.0, 2.0]])).tolist()
    [[3.0, 2.0]]
    """

    retires = True
    labels: Tensor
    slots: Tensor

    def __init__(self, prototype_labels: PrototypeLabels, n_classes: int) -> None:
        nn.Module.__init__(self)
        self.n_classes = n_classes
        self.register_buffer("labels", prototype_labels.clone())
        self.register_buffer("slots", slots_of_classes(prototype_labels, n_classes))

    def forward(self, scores: Scores) -> Logits:
        """Shape ``(n, p)`` to ``(n, k)``."""
        return by_class(scores, self.slots).amax(2)

    def contributions(self, scores: Scores) -> Contributions:
        """The winner's score, shape ``(n, p, k)``."""
        grouped = by_class(scores, self.slots)
        winners = self.slots[torch.arange(self.n_classes), grouped.argmax(2)]
        result = scores.new_zeros(*scores.shape, self.n_classes)
        return result.scatter(1, winners[:, None, :], grouped.amax(2)[:, None, :])

    def bias(self) -> Bias:
        """Zero for every class, shape ``(k,)``."""
        return torch.zeros(self.n_classes, device=self.labels.device)

    def retire(self, prototypes: Tensor) -> None:
        """Their places in the table become empty."""
        self.slots[torch.isin(self.slots, prototypes)] = -1
