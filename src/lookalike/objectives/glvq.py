"""Generalised learning vector quantisation."""

from torch import nn

from lookalike.comparison import Comparison
from lookalike.errors import ParameterError, describe
from lookalike.objectives.base import Objective, own_and_best_other
from lookalike.shapes import Scalar


class GlvqObjective(Objective):
    r"""Relative difference of distances, :math:`\sigma_\beta((d^+ - d^-) / (d^+ + d^-))`, after Sato and Yamada.

    Parameters
    ----------
    steepness : float
        :math:`\beta` of the logistic function; 0 takes the relative difference itself.

    Notes
    -----
    :math:`d^+` and :math:`d^-` are the distances to the best class of the target and of any other: the negative
    logits, so the head must be ``max`` and the similarity a negative distance (``similarity="l2"`` or ``"lk"``, kernel
    ``"negative"``). The difference is relative, so the kernel's scale cancels.

    Raises
    ------
    ParameterError
        If logits are above 0, and so no negative distances.

    References
    ----------
    [sato1995glvq]

    Examples
    --------
    >>> GlvqObjective(steepness=10.0)
    GlvqObjective()
    """

    def __init__(self, *, steepness: float = 0.0) -> None:
        nn.Module.__init__(self)
        self.steepness = steepness

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """Mean over inputs: from -1 to 1, or from 0 to 1 with a steepness."""
        own, other = own_and_best_other(comparison.logits, comparison.known_targets())
        if comparison.logits.max() > 0:
            raise ParameterError(
                describe(
                    "logits that are negative distances, at most 0, for objective='glvq'",
                    f"a logit of {comparison.logits.max().item():.3g}",
                    "similarity='l2', similarity__kernel='negative', head='max'",
                )
            )
        relative = (other - own) / (-own - other).clamp_min(1e-12)
        if self.steepness == 0:
            return comparison.mean(relative)
        return comparison.mean((self.steepness * relative).sigmoid())
