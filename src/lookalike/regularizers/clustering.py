"""ProtoPNet's two costs, in similarities."""

from lookalike.comparison import Comparison
from lookalike.regularizers.base import Regularizer
from lookalike.shapes import Scalar


class ClusterRegularizer(Regularizer):
    """Every input should be like at least one prototype of its class.

    Notes
    -----
    The paper takes the smallest distance to a prototype of the class; here it is minus the largest score, so that one
    definition serves every similarity. With ``similarity="l2"``, ``similarity__kernel="negative"``, scale 1 the two
    agree.

    References
    ----------
    [chen2019protopnet]

    Examples
    --------
    >>> ClusterRegularizer()
    ClusterRegularizer()
    """

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """Minus the largest score of the own class, mean over inputs."""
        return -comparison.mean(comparison.scores.masked_fill(~comparison.own_class(), float("-inf")).amax(1))


class SeparationRegularizer(Regularizer):
    """No input should be like a prototype of another class.

    Notes
    -----
    The paper takes minus the smallest distance to a prototype of another class; here it is the largest score, as in
    `ClusterRegularizer`.

    References
    ----------
    [chen2019protopnet]

    Examples
    --------
    >>> SeparationRegularizer()
    SeparationRegularizer()
    """

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """The largest score of another class, mean over inputs."""
        left_out = comparison.own_class() | (comparison.labels < 0)[None]
        return comparison.mean(comparison.scores.masked_fill(left_out, float("-inf")).amax(1))
