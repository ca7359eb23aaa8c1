"""Losses of logits against targets."""

from torch import nn
from torch.nn import functional

from lookalike.comparison import Comparison
from lookalike.errors import require_option
from lookalike.objectives.base import Objective
from lookalike.shapes import Scalar


class CrossEntropyObjective(Objective):
    """Negative logarithm of the soft-max probability of the target.

    Parameters
    ----------
    label_smoothing : float
        Share of the target spread evenly over all classes, from 0 to 1.

    Examples
    --------
    >>> CrossEntropyObjective(label_smoothing=0.1)
    CrossEntropyObjective()
    """

    def __init__(self, *, label_smoothing: float = 0.0) -> None:
        nn.Module.__init__(self)
        require_option("label_smoothing", label_smoothing, 0 <= label_smoothing < 1, "0 to below 1")
        self.label_smoothing = label_smoothing

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """Mean over inputs."""
        # One kernel where all inputs count alike: the same bits as ever.
        reduction = "mean" if comparison.weights is None else "none"
        losses = functional.cross_entropy(
            comparison.logits, comparison.known_targets(), label_smoothing=self.label_smoothing, reduction=reduction
        )
        return losses if comparison.weights is None else comparison.mean(losses)


class SignedTargetObjective(Objective):
    """Squared error against +1 for the target and -1 for every other class: "make the loss 1, -1".

    Notes
    -----
    A cosine of rectified activations cannot fall below 0, so with a backbone that ends in a rectifier the targets of -1
    cannot be reached and the best that training can do for them is orthogonality, at an error of 1 each. A backbone
    with signed activations (``backbone="mlp", backbone__signed=True``) and a cosine without scale can reach both.

    Examples
    --------
    >>> SignedTargetObjective()
    SignedTargetObjective()
    """

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """Mean over inputs and classes."""
        signs = 2.0 * functional.one_hot(comparison.known_targets(), comparison.n_classes) - 1.0
        return comparison.mean((comparison.logits - signs).square())


class SquaredHingeObjective(Objective):
    """Squared amount by which a logit misses its side of a margin, one class against the rest.

    Parameters
    ----------
    margin : float
        Logits of the target are wanted at this value or above, all others at minus this value or below.

    References
    ----------
    [tang2013deep]

    Examples
    --------
    >>> SquaredHingeObjective(margin=1.0)
    SquaredHingeObjective()
    """

    def __init__(self, *, margin: float = 1.0) -> None:
        nn.Module.__init__(self)
        self.margin = margin

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """Mean over inputs and classes."""
        signs = 2.0 * functional.one_hot(comparison.known_targets(), comparison.n_classes) - 1.0
        return comparison.mean((self.margin - signs * comparison.logits).clamp_min(0).square())
