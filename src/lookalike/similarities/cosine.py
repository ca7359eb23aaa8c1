"""Cosine of the angle between activations."""

from torch import nn

from lookalike.shapes import Activations, Maps, PrototypeActivations
from lookalike.similarities.base import LearnableScale, Similarity, correlate, window_sums


class CosineSimilarity(Similarity):
    r"""Cosine times a scale: :math:`s \, \langle x, p \rangle / (\lVert x \rVert \lVert p \rVert)`.

    Parameters
    ----------
    scale : float
        First value of the scale, above 0. The original system has none: ``scale=1, learn_scale=False``.
    learn_scale : bool
        Learn the scale with the network.
    epsilon : float
        Added to squared norms, so that an activation of zeros is like nothing: similarity 0, gradient finite.

    Notes
    -----
    Without a scale the cosine of rectified activations lies in [0, 1], and a cross-entropy over 10 classes cannot fall
    below log(1 + 9/e) = 1.46: the scale is the missing temperature, as in cosine normalisation.

    References
    ----------
    [luo2017cosine]

    Examples
    --------
    >>> import torch
    >>> similarity = CosineSimilarity(scale=1, learn_scale=False)
    >>> x = torch.tensor([3.0, 4.0]).view(1, 2, 1, 1)
    >>> round(similarity(x, 2 * x).item(), 4)
    1.0
    """

    def __init__(self, *, scale: float = 10.0, learn_scale: bool = True, epsilon: float = 1e-8) -> None:
        nn.Module.__init__(self)
        self.scale = LearnableScale(scale, learn_scale)
        self.epsilon = epsilon

    def forward(self, activations: Activations, prototypes: PrototypeActivations) -> Maps:
        """Shape ``(n, p, mh, mw)``, between minus the scale and the scale."""
        window = (prototypes.shape[2], prototypes.shape[3])
        norms = (window_sums(activations.square(), window) + self.epsilon).rsqrt()
        lengths = (prototypes.square().sum((1, 2, 3), keepdim=True) + self.epsilon).rsqrt()
        return correlate(activations, prototypes * (lengths * self.scale())) * norms
