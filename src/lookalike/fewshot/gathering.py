"""How the few examples of a class become what stands for it."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from lookalike.errors import DataError, describe, require_option
from lookalike.shapes import PrototypeInputs, PrototypeLabels, SupportInputs, SupportLabels
from lookalike.transforms import aligned_means


class Gathering(nn.Module, ABC):
    """From a support set to prototypes, without training.

    Attributes
    ----------
    space : str
        Of the class: ``"input"`` where it takes inputs and gives prototypes that pass the backbone, ``"activation"``
        where it takes activations and gives such.
    keeps_examples : bool
        Of the class: whether every prototype is one of the examples, so that what passed once need not pass again.
    """

    space: ClassVar[str]
    keeps_examples: ClassVar[bool] = False

    @abstractmethod
    def forward(
        self, support: SupportInputs, labels: SupportLabels, n_classes: int
    ) -> tuple[PrototypeInputs, PrototypeLabels]:
        """Prototypes, and the class of each.

        Parameters
        ----------
        support : Tensor
            Inputs, or activations, shape ``(s, ...)``.
        labels : Tensor
            Shape ``(s,)``, from 0 to ``n_classes - 1``, each of them there.
        n_classes : int

        Returns
        -------
        tuple of Tensor
            Shapes ``(p, ...)`` and ``(p,)``, labels sorted.
        """


class MeanGathering(Gathering):
    """One prototype a class: the mean of its activations, as in prototypical networks.

    Notes
    -----
    Under squared Euclidean distance the mean is the point nearest to all, and the classifier linear in activations.

    References
    ----------
    [snell2017prototypical]

    Examples
    --------
    >>> gathered = MeanGathering()(torch.tensor([[1.0], [3.0], [5.0]]), torch.tensor([0, 0, 1]), 2)
    >>> gathered[0].tolist()
    [[2.0], [5.0]]
    """

    space = "activation"

    def __init__(self) -> None:
        nn.Module.__init__(self)

    def forward(
        self, support: SupportInputs, labels: SupportLabels, n_classes: int
    ) -> tuple[PrototypeInputs, PrototypeLabels]:
        """Shape ``(s, d, h, w)`` to ``(k, d, h, w)``."""
        return class_means(support, labels, n_classes), torch.arange(n_classes, device=support.device)


class PictureGathering(Gathering):
    """One prototype a class, a picture: the mean of its pictures, each shifted to meet it.

    Parameters
    ----------
    pixels : int
        Largest shift in either direction, from 0 to 100.
    rounds : int
        How often all pictures are shifted to meet the mean, and the mean is taken anew; 0 or above.

    Notes
    -----
    The siamese variant of a prototypical network: what stands for a class is an input and passes the backbone. For one
    picture a class it is that picture, and the prototype the same as of `MeanGathering`.

    Examples
    --------
    >>> pictures = torch.zeros(2, 1, 5, 5)
    >>> pictures[0, 0, 2, 2] = pictures[1, 0, 2, 3] = 1
    >>> gathered, labels = PictureGathering(pixels=1)(pictures, torch.tensor([0, 0]), 1)
    >>> gathered.max().item()
    1.0
    """

    space = "input"

    def __init__(self, *, pixels: int = 2, rounds: int = 2) -> None:
        nn.Module.__init__(self)
        require_option("pixels", pixels, 0 <= pixels <= 100, "from 0 to 100")
        require_option("rounds", rounds, rounds >= 0, "0 or above")
        self.pixels = pixels
        self.rounds = rounds

    def forward(
        self, support: SupportInputs, labels: SupportLabels, n_classes: int
    ) -> tuple[PrototypeInputs, PrototypeLabels]:
        """Shape ``(s, c, h, w)`` to ``(k, c, h, w)``."""
        if support.ndim != 4:
            raise DataError(
                describe("pictures (n, c, h, w) to align", f"shape {tuple(support.shape)}", "gathering='mean'")
            )
        means = class_means(support, labels, n_classes)
        if self.pixels and len(support) > n_classes:
            means = aligned_means(support, means, self.pixels, owners=labels, rounds=self.rounds)
        return means, torch.arange(n_classes, device=support.device)


class ExemplarGathering(Gathering):
    """As many prototypes as examples: each stands for its class, and passes the backbone.

    Notes
    -----
    With ``transforms="shift"`` this is matching by aligned prototypes: all views of an example pass the backbone once,
    are kept, and a query is compared with the best. The head then puts a class's examples together.

    Examples
    --------
    >>> ExemplarGathering()(torch.tensor([[1.0], [3.0], [5.0]]), torch.tensor([1, 0, 1]), 2)[0].flatten().tolist()
    [3.0, 1.0, 5.0]
    """

    space = "input"
    keeps_examples = True

    def __init__(self) -> None:
        nn.Module.__init__(self)

    def forward(
        self, support: SupportInputs, labels: SupportLabels, n_classes: int
    ) -> tuple[PrototypeInputs, PrototypeLabels]:
        """The same shape, sorted by class."""
        order = labels.argsort(stable=True)
        return support[order], labels[order]


def class_means(values: SupportInputs, labels: SupportLabels, n_classes: int) -> Tensor:
    """Mean of every class, shape ``(k, ...)``.

    Parameters
    ----------
    values : Tensor
        Shape ``(s, ...)``.
    labels : Tensor
        Shape ``(s,)``, each class at least once.
    n_classes : int
    """
    sums = values.new_zeros(n_classes, *values.shape[1:]).index_add(0, labels, values)
    counts = torch.bincount(labels, minlength=n_classes).to(values.dtype)
    return sums / counts.view(-1, *(1,) * (values.ndim - 1))
