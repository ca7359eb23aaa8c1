"""What is optimised: a network, an objective, and weighted regularizers."""

from collections.abc import Sequence

from torch import Tensor, nn

from lookalike.network import ComparingNetwork, given_to
from lookalike.objectives import Objective
from lookalike.regularizers import Regularizer


class Learner(nn.Module):
    """One training step's forward pass: a comparison, and the loss read from it.

    Parameters
    ----------
    network : ComparingNetwork
    objective : Objective
    regularizers : sequence of (Regularizer, float)
        Each with its weight.
    """

    network: ComparingNetwork
    objective: Objective

    def __init__(
        self,
        network: ComparingNetwork,
        objective: Objective,
        regularizers: Sequence[tuple[Regularizer, float]],
    ) -> None:
        super().__init__()
        self.network = network
        self.objective = objective
        self.regularizers = nn.ModuleList([regularizer for regularizer, _ in regularizers])
        self.weights = [weight for _, weight in regularizers]

    def forward(self, inputs: Tensor, targets: Tensor, progress: float) -> dict[str, Tensor]:
        """The loss of a batch and what it is made of.

        Parameters
        ----------
        inputs : Tensor
            Shape ``(n, ...)``.
        targets : Tensor
            Shape ``(n,)``.
        progress : float
            Share of the training done, from 0 to 1.

        Returns
        -------
        dict
            Scalars: ``loss``, ``correct`` (number of inputs), and every regularizer by its class's name.
        """
        comparison = self.network(inputs, targets)
        terms = {"loss": self.objective(comparison, progress)}
        for regularizer, weight in zip(self.regularizers, self.weights, strict=True):
            penalty = regularizer(comparison, progress)
            terms[type(regularizer).__name__] = penalty.detach()
            terms["loss"] = terms["loss"] + weight * penalty
        terms["correct"] = (comparison.logits.detach().argmax(1) == targets).sum()
        return terms

    def given(self) -> dict[str, Tensor]:
        """What can be computed once for many validation batches: the prototypes' activations."""
        return given_to(self.network)

    def judge(self, inputs: Tensor, targets: Tensor, given: dict[str, Tensor]) -> tuple[float, int]:
        """Objective and number of correct decisions of a validation batch.

        Parameters
        ----------
        inputs, targets : Tensor
        given : dict
            From `given`, with the same weights.
        """
        comparison = self.network(inputs, targets, **given)
        loss = self.objective(comparison, 1.0)
        return float(loss), int((comparison.logits.argmax(1) == targets).sum())
