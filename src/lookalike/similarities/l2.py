"""Squared Euclidean distance through a kernel."""

from torch import nn

from lookalike.distances import squared_distances
from lookalike.precision import at_least_single
from lookalike.shapes import Activations, Maps, PrototypeActivations
from lookalike.similarities.base import Similarity, window_rows
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
    Computed by one matrix product in double precision, and by differences where that cancels: single precision would
    round the distances of near points that lie far out. No root: its gradient is infinite at distance 0, where
    prototypes that start at data points are.

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
        height, width = activations.shape[2] - prototypes.shape[2] + 1, activations.shape[3] - prototypes.shape[3] + 1
        rows = window_rows(activations, (prototypes.shape[2], prototypes.shape[3]))
        distances = squared_distances(rows.flatten(0, 1), prototypes.flatten(1))
        distances = distances.view(len(activations), height, width, len(prototypes)).permute(0, 3, 1, 2)
        distances = at_least_single(distances.to(activations.dtype))
        return self.kernel(distances / prototypes[0].numel() if self.mean else distances)
