"""Squared Euclidean distance through a kernel."""

from torch import nn

from lookalike.shapes import Activations, Maps, PrototypeActivations
from lookalike.similarities.base import Similarity, correlate, window_sums
from lookalike.similarities.kernels import Kernel


class L2Similarity(Similarity):
    r"""A kernel of the squared distance :math:`\lVert x - p \rVert^2`, without a root.

    Parameters
    ----------
    kernel : Kernel
        ``"negative"``, ``"gaussian"`` or ``"log_ratio"``.
    mean : bool
        Mean over dimensions in place of their sum, which keeps the size independent of the backbone's width. ProtoPNet
        and learning vector quantisation sum.

    Notes
    -----
    Computed as :math:`\lVert x \rVert^2 - 2 \langle x, p \rangle + \lVert p \rVert^2` and held at 0 or above, at the
    cost of one matrix product. No root: its gradient is infinite at distance 0, where prototypes that start at data
    points are.

    Examples
    --------
    >>> import torch
    >>> from lookalike.similarities import NegativeKernel
    >>> x = torch.ones(1, 4, 1, 1)
    >>> L2Similarity(kernel=NegativeKernel(scale=1), mean=False)(x, 3 * x).item()
    -16.0
    """

    def __init__(self, *, kernel: Kernel, mean: bool = True) -> None:
        nn.Module.__init__(self)
        self.kernel = kernel
        self.mean = mean

    def forward(self, activations: Activations, prototypes: PrototypeActivations) -> Maps:
        """Shape ``(n, p, mh, mw)``."""
        squares = window_sums(activations.square(), (prototypes.shape[2], prototypes.shape[3]))
        lengths = prototypes.square().sum((1, 2, 3))[None, :, None, None]
        distances = (squares - 2 * correlate(activations, prototypes) + lengths).clamp_min(0)
        return self.kernel(distances / prototypes[0].numel() if self.mean else distances)
