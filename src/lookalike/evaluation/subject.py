"""What a scorecard is about: a model, its data, and the passes that several rows read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from lookalike.comparison import Comparison
from lookalike.data import Examples, Preprocessing
from lookalike.data.knownproto import KnownWorld
from lookalike.errors import DataError, describe
from lookalike.evaluation.judges import Judge
from lookalike.network import PrototypeNetwork

_BATCH = 500
_TYPICAL = 2000


@dataclass(frozen=True)
class Pass:
    """What is kept of a pass over many inputs.

    Attributes
    ----------
    scores : Tensor
        Shape ``(n, p)``.
    logits : Tensor
        Shape ``(n, k)``.
    """

    scores: Tensor
    logits: Tensor

    @classmethod
    def of(cls, records: Sequence[Comparison]) -> "Pass":
        """What several comparisons, one after the other, come to."""
        return cls(torch.cat([each.scores for each in records]), torch.cat([each.logits for each in records]))

    @property
    def decisions(self) -> np.ndarray:
        """The class of every input, shape ``(n,)``."""
        return self.logits.argmax(1).numpy()


@dataclass(frozen=True)
class Subject:
    """A trained model and everything it is to be judged by.

    Attributes
    ----------
    network : PrototypeNetwork
        In evaluation mode, on the CPU.
    preprocessing : Preprocessing
    classes : sequence of str
    temperature : float
    pictures : Tensor
        Prototypes as inputs, in data units, shape ``(p, ...)``; ``(0, ...)`` where they are none.
    stand_ins : Tensor
        The nearest training example of each prototype's class, as it came, shape ``(p, ...)``; ``(0, ...)`` if unknown.
    test : Examples
        Labels count the classes.
    training : Examples or None
        What the model was trained on.
    judges : sequence of Judge
    without_judges : str
        Why there are none.
    overlap : bool
        Whether the judges learned from examples that the model was trained on, too.
    foreign : mapping of str to Tensor
        Inputs of no class, by what they are, in data units.
    other_prototypes : tuple of Tensor or None
        Those of another seed, in data units, shape ``(q, ...)``, more or fewer, and their classes, by index, ``(q,)``.
    world : KnownWorld or None
        The true prototypes, where they are known.
    modes : ndarray or None
        What kind of its class each test example is, where that is known, shape ``(n,)``.
    start : Tensor or None
        The prototypes as training found them, in data units, shape ``(p, ...)``.
    made : Pass or None
        The pass over the test part, if somebody made it already.
    """

    network: PrototypeNetwork
    preprocessing: Preprocessing
    classes: Sequence[str]
    temperature: float
    pictures: Tensor
    stand_ins: Tensor
    test: Examples
    training: Examples | None = None
    judges: Sequence[Judge] = ()
    without_judges: str = "none trained yet; evaluate --full trains and keeps them"
    overlap: bool = True
    foreign: Mapping[str, Tensor] = field(default_factory=dict)
    other_prototypes: tuple[Tensor, Tensor] | None = None
    world: KnownWorld | None = None
    modes: np.ndarray | None = None
    start: Tensor | None = None
    made: Pass | None = None

    @property
    def labels(self) -> np.ndarray:
        """The class of every prototype, shape ``(p,)``."""
        return self.network.prototypes.labels.numpy()

    @property
    def prototypes_of(self) -> dict[str, list[int]]:
        """The prototypes of every class, by its name."""
        return {str(name): np.flatnonzero(self.labels == label).tolist() for label, name in enumerate(self.classes)}

    @cached_property
    def tested(self) -> Pass:
        """The pass over the test part."""
        return self.passed(self.test.inputs) if self.made is None else self.made

    @cached_property
    def right(self) -> np.ndarray:
        """Which test examples are decided rightly, shape ``(n,)``."""
        return self.tested.decisions == self.test.labels.numpy()

    @cached_property
    def own_winners(self) -> Tensor:
        """The most similar prototype of its class for every test example, shape ``(n,)``."""
        labels, targets = self.network.prototypes.labels, self.test.labels
        return self.tested.scores.masked_fill(targets[:, None] != labels[None], float("-inf")).argmax(1)

    @cached_property
    def wins(self) -> np.ndarray:
        """How often each prototype is the most similar of its class to a test example of the class; shape ``(p,)``."""
        return torch.bincount(self.own_winners, minlength=len(self.labels)).numpy()

    @cached_property
    def typical_scores(self) -> Tensor:
        """The median score of every prototype, shape ``(p,)``, over at most 2,000 training examples.

        Without training examples over the test part.
        """
        if self.training is None:
            return self.tested.scores.median(0).values
        return self.passed(sample(self.training, _TYPICAL).inputs).scores.median(0).values

    @cached_property
    def activations(self) -> Tensor:
        """Final activations of the prototypes, as the network takes them."""
        with torch.no_grad():
            return self.network.activate_prototypes()

    @torch.no_grad()
    def passed(self, inputs: Tensor, activations: Tensor | None = None) -> Pass:
        """Pass inputs through the model.

        Parameters
        ----------
        inputs : Tensor
            Shape ``(n, ...)``, 8-bit integers or floats in data units; streamed.
        activations : Tensor, optional
            Of other prototypes in the place of its own.
        """
        given = self.activations if activations is None else activations
        scores, logits = [], []
        for batch in inputs.split(_BATCH):
            comparison = self.network(self.preprocessing.standardize(batch, given.dtype), prototype_activations=given)
            scores.append(comparison.scores)
            logits.append(comparison.logits)
        return Pass(torch.cat(scores), torch.cat(logits))

    @torch.no_grad()
    def logits_of(self, scores: Tensor) -> Tensor:
        """What the head makes of scores, shape ``(n, k)``."""
        return torch.cat([self.network.head(batch) for batch in scores.split(_BATCH)])

    def require_pictures(self) -> Tensor:
        """The prototypes as inputs, shape ``(p, ...)``.

        Raises
        ------
        DataError
            If they are none, as latent prototypes that were never projected, or smaller than inputs.
        """
        if len(self.pictures) != len(self.labels):
            raise DataError(
                describe(
                    "prototypes that are inputs, or were projected onto some",
                    "prototypes in activation space",
                    "prototypes='pixel', or training='projected'",
                )
            )
        if tuple(self.pictures.shape[1:]) != self.preprocessing.shape:
            raise DataError(
                describe(
                    f"prototypes as large as inputs, {self.preprocessing.shape}",
                    f"patches of shape {tuple(self.pictures.shape[1:])}",
                    "rows about parts come with spatial prototypes",
                )
            )
        return self.pictures

    def require_images(self) -> Tensor:
        """The prototypes as pictures, shape ``(p, c, h, w)``.

        Raises
        ------
        DataError
            If inputs are rows of a table.
        """
        if not self.preprocessing.is_picture:
            raise DataError(describe("pictures", "rows of a table"))
        return self.require_pictures()

    def require_training(self) -> Examples:
        """The training examples.

        Raises
        ------
        DataError
            If they were not given.
        """
        if self.training is None:
            raise DataError(describe("training examples", "none", "pass training=(X, y)"))
        return self.training

    def require_judges(self) -> Sequence[Judge]:
        """The judges, at least one.

        Raises
        ------
        DataError
            If there are none.
        """
        if not self.judges:
            raise DataError(describe("judges", self.without_judges))
        return self.judges


def sample(examples: Examples, n: int, seed: int = 0) -> Examples:
    """At most so many examples, drawn at random, the same ones every time.

    Parameters
    ----------
    examples : Examples
    n : int
    seed : int
    """
    if len(examples) <= n:
        return examples
    order = torch.randperm(len(examples), generator=torch.Generator().manual_seed(seed))
    return examples.select(order[:n].sort().values)
