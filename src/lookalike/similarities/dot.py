"""Inner product of activations."""

from torch import nn

from lookalike.shapes import Activations, Maps, PrototypeActivations
from lookalike.similarities.base import Similarity, correlate


class DotSimilarity(Similarity):
    r"""Inner product :math:`\langle x, p \rangle`, raw or divided by the root of the number of dimensions.

    Parameters
    ----------
    scaled : bool
        Divide by :math:`\sqrt{d \, ph \, pw}`, which keeps the size independent of the backbone's width. The original
        system does not.

    Notes
    -----
    A point need not be most similar to itself, and an input far from every prototype can score high: this similarity
    cannot tell an input that resembles nothing.

    Examples
    --------
    >>> import torch
    >>> x = torch.ones(1, 4, 1, 1)
    >>> float(DotSimilarity(scaled=False)(x, x)), float(DotSimilarity()(x, x))
    (4.0, 2.0)
    """

    def __init__(self, *, scaled: bool = True) -> None:
        nn.Module.__init__(self)
        self.scaled = scaled

    def forward(self, activations: Activations, prototypes: PrototypeActivations) -> Maps:
        """Shape ``(n, p, mh, mw)``, unbounded."""
        if self.scaled:
            prototypes = prototypes / prototypes[0].numel() ** 0.5
        return correlate(activations, prototypes)
