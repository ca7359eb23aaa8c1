"""The record of one forward pass; whatever learns, explains or measures reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from torch import Tensor

from lookalike.errors import DataError, ParameterError, describe
from lookalike.precision import at_least_single
from lookalike.shapes import (
    Activations,
    Inputs,
    Labels,
    Logits,
    Maps,
    PrototypeInputs,
    PrototypeLabels,
    Scores,
    ViewActivations,
    Weights,
)


@dataclass(frozen=True)
class Comparison:
    """One pass of inputs and prototypes through a network, from pictures to logits.

    Attributes
    ----------
    inputs : Tensor
        What was classified, shape ``(n, ...)``, in the standardised units of the network.
    targets : Tensor or None
        Integer labels of the inputs, shape ``(n,)``, where they are known.
    prototypes : Tensor
        The prototypes as they are parametrised: inputs ``(p, ...)`` or activations ``(p, d, ph, pw)``.
    labels : Tensor
        The class of every prototype, shape ``(p,)``.
    activations : Tensor
        Final activations of the inputs, shape ``(n, d, h, w)``.
    prototype_activations : Tensor
        Final activations of the prototypes, shape ``(p, d, ph, pw)``; of all their views where they are deformed.
    maps : Tensor
        Similarity of every input and prototype at every position, shape ``(n, p, mh, mw)``; larger is more alike.
    scores : Tensor
        Similarity after pooling over positions, shape ``(n, p)``.
    logits : Tensor
        Evidence for each class, shape ``(n, k)``.
    taps : Mapping
        Earlier activations by name or depth, as they were asked for:
        ``tap -> (inputs' (n, ...), prototypes' (p, ...))``.
    alignments : Mapping
        The deformation under which each prototype met each input: ``parameter name -> (n, p)``; empty without one.
    moments : tuple of tuple of Tensor
        Mean and variance by which every batch normalisation of a training pass normalised, in their order.
    originals : Tensor or None
        The inputs before they were augmented, shape ``(n, ...)``; ``None`` where they were not.
    weights : Tensor or None
        How much each input counts, 1 on average over all examples, shape ``(n,)``; ``None``: all alike.
    """

    inputs: Inputs
    targets: Labels | None
    prototypes: PrototypeInputs
    labels: PrototypeLabels
    activations: Activations
    prototype_activations: ViewActivations
    maps: Maps
    scores: Scores
    logits: Logits
    taps: Mapping[str | float, tuple[Tensor, Tensor]] = field(default_factory=dict)
    alignments: Mapping[str, Tensor] = field(default_factory=dict)
    moments: tuple[tuple[Tensor, Tensor], ...] = ()
    originals: Inputs | None = None
    weights: Weights | None = None

    @property
    def n_classes(self) -> int:
        """Number of classes the logits speak of."""
        return self.logits.shape[1]

    def unaugmented(self) -> Tensor:
        """The inputs as the data have them, shape ``(n, ...)``: what prototypes should look like."""
        return self.inputs if self.originals is None else self.originals

    def mean(self, values: Tensor) -> Tensor:
        """Mean over inputs, by their weights where there are any, and over whatever else values have; a scalar.

        Parameters
        ----------
        values : Tensor
            Shape ``(n, ...)``.
        """
        return weighted_mean(values, self.weights)

    def widened(self) -> "Comparison":
        """The same record in single precision or better: differences of pictures vanish in half precision."""
        found: dict[str, Any] = {each.name: _widened(getattr(self, each.name)) for each in fields(self)}
        return replace(self, **found)

    def require_whole_pictures(self, purpose: str, instead: str) -> None:
        """Refuse prototypes that are no pictures of the inputs' shape.

        Parameters
        ----------
        purpose, instead : str
            What they are wanted for, and what to choose where they are something else.

        Raises
        ------
        ParameterError
        """
        wanted, got = tuple(self.inputs.shape[1:]), tuple(self.prototypes.shape[1:])
        if self.prototypes.ndim != 4 or wanted != got:
            pictures = f"pictures of the inputs' shape {wanted}" if len(wanted) == 3 else "whole pictures, like inputs"
            raise ParameterError(
                describe(
                    f"prototypes that are {pictures} for {purpose}",
                    f"shape {got}",
                    f"prototypes='pixel' with prototypes__size=None; {instead} for tables and patches",
                )
            )

    def live_prototypes(self) -> Tensor:
        """The prototypes that stand for a class, shape ``(p', ...)``; those that were retired are left out."""
        return self.prototypes[self.labels >= 0]

    def tapped(self, depth: float, purpose: str, instead: str) -> tuple[Tensor, Tensor]:
        """Earlier activations of inputs ``(n, d, h, w)`` and of prototypes ``(p, d, h, w)``, for comparing them.

        Parameters
        ----------
        depth : float
            As it was asked for.
        purpose, instead : str
            As for `require_whole_pictures`.

        Raises
        ------
        ParameterError
            If they have no positions, or prototypes are none of the inputs' shape, or were deformed.
        """
        self.require_whole_pictures(purpose, instead)
        inputs, prototypes = self.taps[depth]
        if inputs.ndim != 4 or len(prototypes) != len(self.prototypes) or inputs.shape[1:] != prototypes.shape[1:]:
            raise ParameterError(
                describe(
                    f"activations (n, d, h, w) of inputs and of as large prototypes at depth {depth} for {purpose}",
                    f"{tuple(inputs.shape)}, and {tuple(prototypes.shape)} of {len(self.prototypes)} prototypes",
                    "transforms='identity', or a smaller depth",
                )
            )
        return inputs, prototypes

    def own_class(self) -> Tensor:
        """Which prototypes carry the class of each input: boolean, shape ``(n, p)``; needs targets."""
        return self.known_targets()[:, None] == self.labels[None, :]

    def known_targets(self) -> Tensor:
        """The targets, shape ``(n,)``.

        Raises
        ------
        DataError
            If the pass was made without.
        """
        if self.targets is None:
            raise DataError(describe("a comparison with targets", "one without", "pass targets to the network"))
        return self.targets


def weighted_mean(values: Tensor, weights: Tensor | None) -> Tensor:
    """Mean of values, each row times its weight; the sum is divided by the number of rows, not by that of weights.

    Weights are 1 on average over all examples, so a batch that weighs little has a small gradient.

    Parameters
    ----------
    values : Tensor
        Shape ``(n, ...)``.
    weights : Tensor or None
        Shape ``(n,)``; ``None``: all rows count alike.

    Examples
    --------
    >>> import torch
    >>> weighted_mean(torch.tensor([1.0, 2.0]), torch.tensor([0.5, 1.5])).item()
    1.75
    """
    if weights is None:
        return values.mean()
    return (weights.to(values).view(-1, *[1] * (values.ndim - 1)) * values).mean()


def _widened(value: Any) -> Any:
    if isinstance(value, Tensor):
        return at_least_single(value) if value.is_floating_point() else value
    if isinstance(value, Mapping):
        return {name: _widened(each) for name, each in value.items()}
    return tuple(_widened(each) for each in value) if isinstance(value, tuple) else value
