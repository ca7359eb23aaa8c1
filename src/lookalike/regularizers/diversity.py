"""No two prototypes of a class alike."""

import torch

from lookalike.comparison import Comparison
from lookalike.errors import require_option
from lookalike.regularizers.base import Regularizer
from lookalike.regularizers.likeness import correlations
from lookalike.shapes import Scalar


class DiversityRegularizer(Regularizer):
    """Prototypes of a class should differ, wherever a few pixels' shift puts them.

    Parameters
    ----------
    pixels : int
        Largest shift in either direction, from 0 to 100.
    largest : float
        Correlation from which on two prototypes are too much alike, from -1 to below 1.

    Raises
    ------
    ParameterError
        For an option out of its range; if prototypes are no pictures of the inputs' size.

    Notes
    -----
    The square of how far the Pearson correlation of two prototypes at their best shift lies above ``largest``, in units
    of ``1 - largest``, mean over ordered pairs within classes; 1 for prototypes that are all the same.

    Examples
    --------
    >>> DiversityRegularizer(largest=0.5).largest
    0.5
    """

    def __init__(self, *, pixels: int = 2, largest: float = 0.8) -> None:
        super().__init__()
        require_option("pixels", pixels, 0 <= pixels <= 100, "from 0 to 100")
        require_option("largest", largest, -1 <= largest < 1, "from -1 to below 1")
        self.pixels = pixels
        self.largest = largest

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """Mean over pairs; 0 where no class has two prototypes."""
        comparison.require_whole_pictures("diversity", "regularizers='none'")
        terms = []
        for label in comparison.labels[comparison.labels >= 0].unique():
            own = comparison.prototypes[comparison.labels == label]
            share = torch.full_like(own[:1], 1 / own[0].numel())
            alike = correlations(own, own, self.pixels, share)[0].amax(2)
            terms.append(alike[~torch.eye(len(own), dtype=torch.bool, device=own.device)])
        every = torch.cat(terms)
        if not len(every):
            return comparison.prototypes.sum() * 0
        return ((every - self.largest).clamp_min(0) / (1 - self.largest)).square().mean()
