"""What is optimised: a network, an objective, and weighted regularizers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from lookalike.comparison import Comparison
from lookalike.counterfactuals import Counterfactual
from lookalike.network import ComparingNetwork, given_to
from lookalike.objectives import Objective
from lookalike.precision import uncast
from lookalike.regularizers import Regularizer
from lookalike.training.ahead import mean_ahead


class Learner(nn.Module):
    """One training step's forward pass: a comparison, and the loss read from it.

    Parameters
    ----------
    network : ComparingNetwork
    objective : Objective
    regularizers : sequence of (Regularizer, float)
        Each with its weight.
    counterfactuals : sequence of (Counterfactual, float)
        Each with the weight of the objective on what it makes up.
    """

    network: ComparingNetwork
    objective: Objective
    #: What counterfactuals draw from.
    generator: torch.Generator = torch.default_generator

    def __init__(
        self,
        network: ComparingNetwork,
        objective: Objective,
        regularizers: Sequence[tuple[Regularizer, float]],
        counterfactuals: Sequence[tuple[Counterfactual, float]] = (),
    ) -> None:
        super().__init__()
        self.network = network
        self.objective = objective
        self.regularizers = nn.ModuleList([regularizer for regularizer, _ in regularizers])
        self.weights = [weight for _, weight in regularizers]
        self.counterfactuals = nn.ModuleList([counterfactual for counterfactual, _ in counterfactuals])
        self.counterfactual_weights = [weight for _, weight in counterfactuals]

    def forward(
        self,
        inputs: Tensor,
        targets: Tensor,
        progress: float,
        originals: Tensor | None = None,
        weights: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """The loss of a batch and what it is made of.

        Parameters
        ----------
        inputs : Tensor
            Shape ``(n, ...)``.
        targets : Tensor
            Shape ``(n,)``.
        progress : float
            Share of the training done, from 0 to 1.
        originals : Tensor, optional
            The inputs before they were augmented, for what compares pictures with pictures; shape ``(n, ...)``.
        weights : Tensor, optional
            How much each input counts, shape ``(n,)``; all alike unless given.

        Returns
        -------
        dict
            Scalars: ``loss``, ``correct`` (number of inputs), every regularizer by its class's name (the sum, where
            there are several of a class), and by its own the objective on what a counterfactual made up.
        """
        self.network.advance(progress)
        comparison = replace(self.network(inputs, targets, **self._wanted()), originals=originals, weights=weights)
        terms = {"loss": self.objective(comparison, progress)}
        # Where passes are cast to half precision, pictures are still compared in single precision.
        record = comparison.widened() if torch.is_autocast_enabled(inputs.device.type) else comparison
        for regularizer, weight in zip(self.regularizers, self.weights, strict=True):
            with uncast(inputs):
                penalty = regularizer(record, progress)
            _add(terms, regularizer, weight, penalty)
        for counterfactual, weight in zip(self.counterfactuals, self.counterfactual_weights, strict=True):
            with uncast(inputs):
                made = counterfactual(record, progress, self.generator)
            _add(terms, counterfactual, weight, self._on_made_up(comparison, counterfactual, made, progress))
        terms["correct"] = (comparison.logits.detach().argmax(1) == targets).sum()
        return terms

    def _wanted(self) -> dict[str, list[float]]:
        """The depths that parts of the loss read, as an argument of the network's pass; none for one without."""
        depths = {depth for part in (*self.regularizers, *self.counterfactuals) for depth in part.taps}
        return {"taps": sorted(depths)} if depths else {}

    def _on_made_up(
        self, comparison: Comparison, counterfactual: Any, made: tuple[Tensor, ...], progress: float
    ) -> Tensor:
        made_up, labels, *further = made
        weights = further[0] if further else None
        if not len(made_up):
            return comparison.logits.new_zeros(())

        def loss(rows: slice, activations: Tensor) -> Tensor:
            # Normalised as the real inputs were, and without a word in how.
            known: dict[str, Any] = {"prototype_activations": activations, "moments": comparison.moments}
            inputs = made_up[rows]
            if counterfactual.depth is not None:
                # Activations that nobody saw: the layers below pass any inputs, of which nothing is kept.
                known["replaced"] = (counterfactual.depth, inputs)
                inputs = comparison.inputs[: len(inputs)]
            passed = self.network(inputs, labels[rows], **known)
            if weights is not None:
                passed = replace(passed, weights=weights[rows])
            return self.objective(passed, progress)

        parameters = (*self.network.parameters(), *self.objective.parameters())
        return mean_ahead(loss, len(made_up), comparison.prototype_activations, parameters)

    def given(self) -> dict[str, Tensor]:
        """What can be computed once for many validation batches: the prototypes' activations."""
        return given_to(self.network)

    def judge(
        self, inputs: Tensor, targets: Tensor, given: dict[str, Tensor], weights: Tensor | None = None
    ) -> tuple[float, int]:
        """Objective and number of correct decisions of a validation batch.

        Parameters
        ----------
        inputs, targets : Tensor
        given : dict
            From `given`, with the same weights of the network.
        weights : Tensor, optional
            How much each input counts in the objective, shape ``(n,)``; all alike unless given.
        """
        comparison = replace(self.network(inputs, targets, **given), weights=weights)
        loss = self.objective(comparison, 1.0)
        return float(loss), int((comparison.logits.argmax(1) == targets).sum())


def _add(terms: dict[str, Tensor], part: nn.Module, weight: float, penalty: Tensor) -> None:
    """Add a penalty to the loss, and tell it by its class's name; several of a class are told together."""
    name = type(part).__name__
    terms[name] = terms.get(name, 0) + penalty.detach()
    terms["loss"] = terms["loss"] + weight * penalty
