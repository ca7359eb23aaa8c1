"""Prototypes as rough and as smooth as the data."""

import torch
from torch import Tensor

from lookalike.comparison import Comparison
from lookalike.precision import at_least_single
from lookalike.regularizers.base import Regularizer
from lookalike.shapes import Scalar

_LEAST = 1e-6


class SpectrumRegularizer(Regularizer):
    """Prototypes should have as much of every spatial frequency as the inputs have.

    Raises
    ------
    ParameterError
        If prototypes are no pictures of the inputs' size.

    Notes
    -----
    The power of each frequency is averaged over pictures and channels, their mean value left out, and over rings of
    frequencies one cycle per picture wide, up to half the larger side. The penalty is the squared difference of the
    logarithms, prototypes' less inputs', mean over rings. Unlike total variation it is least at the data's own
    roughness, and not at none.

    References
    ----------
    [field1987relations]

    Examples
    --------
    >>> SpectrumRegularizer()
    SpectrumRegularizer()
    """

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """Mean over rings."""
        comparison.require_whole_pictures("a spectrum", "regularizers='none'")
        wanted = _rings(comparison.unaugmented().detach(), comparison.weights)
        ours = _rings(comparison.live_prototypes(), None)
        return (ours.log() - wanted.log()).square().mean()


def _rings(pictures: Tensor, weights: Tensor | None) -> Tensor:
    """Mean power in every ring of frequencies, shape ``(m,)``."""
    height, width = pictures.shape[2:]
    power = torch.fft.fft2(at_least_single(pictures), norm="ortho").abs().square()
    if weights is None:
        power = power.mean((0, 1))
    else:
        shares = weights.to(power) / weights.to(power).sum().clamp_min(torch.finfo(power.dtype).tiny)
        power = (shares[:, None, None] * power.mean(1)).sum(0)
    down, right = (torch.fft.fftfreq(side, device=pictures.device) * side for side in (height, width))
    ring = (down[:, None].square() + right.square()).sqrt().round().long().flatten()
    kept = (ring > 0) & (ring <= max(height, width) // 2)
    n_rings = max(height, width) // 2
    sums = power.new_zeros(n_rings).index_add(0, ring[kept] - 1, power.flatten()[kept])
    counts = torch.bincount(ring[kept] - 1, minlength=n_rings).clamp_min(1)
    return sums / counts + _LEAST
