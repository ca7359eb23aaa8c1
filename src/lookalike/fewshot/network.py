"""A network whose prototypes come from a support set: the rooms of the house, with nothing learned about any class."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lookalike.backbones import Backbone
from lookalike.backbones.siamese import SiamesePass
from lookalike.comparison import Comparison
from lookalike.errors import DataError, ParameterError, describe
from lookalike.fewshot.gathering import Gathering
from lookalike.heads import Head, LogSumExpHead, MaxHead
from lookalike.network import PrototypeNetwork, refuse_tracing
from lookalike.pooling import Pooling
from lookalike.prototypes import ExemplarPrototypes, LatentPrototypes, Prototypes
from lookalike.shapes import (
    Activations,
    Inputs,
    Labels,
    PrototypeInputs,
    PrototypeLabels,
    SupportInputs,
    SupportLabels,
    ViewActivations,
)
from lookalike.similarities import Similarity
from lookalike.transforms import IdentityTransform, Transform

HEADS: dict[str, type[LogSumExpHead] | type[MaxHead]] = {"log_sum_exp": LogSumExpHead, "max": MaxHead}
_BATCH = 500


class EpisodicNetwork(nn.Module):
    """Learns a space in which a class is known by a few examples; which classes there are is told anew every time.

    Parameters
    ----------
    backbone : Backbone
    gathering : Gathering
        How a support set becomes prototypes.
    similarity : Similarity
    transform : Transform
        Deformations that a prototype may undergo to meet an input; only for prototypes that are inputs.
    pooling : Pooling
    head : str
        ``"log_sum_exp"`` or ``"max"``: how several prototypes of a class are put together. It is made anew for every
        support set, so it may have nothing to learn.

    Raises
    ------
    ParameterError
        For another head, or deformations of activations.

    Examples
    --------
    >>> from lookalike.backbones import MlpBackbone
    >>> from lookalike.fewshot import MeanGathering
    >>> from lookalike.pooling import MaxPooling
    >>> from lookalike.similarities import CosineSimilarity
    >>> network = EpisodicNetwork(
    ...     backbone=MlpBackbone((4,)), gathering=MeanGathering(), similarity=CosineSimilarity(),
    ...     transform=IdentityTransform(), pooling=MaxPooling(), head="log_sum_exp")
    >>> network(torch.rand(6, 4), torch.arange(6) % 3, torch.rand(5, 4)).logits.shape
    torch.Size([5, 3])
    """

    def __init__(
        self,
        *,
        backbone: Backbone,
        gathering: Gathering,
        similarity: Similarity,
        transform: Transform,
        pooling: Pooling,
        head: str = "log_sum_exp",
    ) -> None:
        super().__init__()
        if head not in HEADS:
            raise ParameterError(describe(f"a head without anything to learn, one of {sorted(HEADS)}", repr(head)))
        if gathering.space == "activation" and not isinstance(transform, IdentityTransform):
            raise ParameterError(
                describe(
                    "prototypes that are inputs, to deform them",
                    f"{type(gathering).__name__}, whose prototypes are activations",
                    "gathering='exemplar' or 'picture', or transforms='identity'",
                )
            )
        self.backbone = backbone
        self.gathering = gathering
        self.similarity = similarity
        self.transform = transform
        self.pooling = pooling
        self.head = head

    def forward(
        self, support: SupportInputs, labels: SupportLabels, queries: Inputs, targets: Labels | None = None
    ) -> Comparison:
        """One episode, and its record.

        Parameters
        ----------
        support : Tensor
            Shape ``(s, ...)``.
        labels : Tensor
            Classes of the support, shape ``(s,)``, integers from 0 to k - 1, each of them there.
        queries : Tensor
            Shape ``(n, ...)``.
        targets : Tensor, optional
            Shape ``(n,)``, for whoever reads the record.

        Raises
        ------
        DataError
            For labels of another kind, fewer than two classes, or values that are not finite.
        """
        refuse_tracing()
        rows = torch.cat([support, queries])
        first = torch.arange(len(support), device=support.device)
        rest = torch.arange(len(support), len(rows), device=support.device)
        return self.compare(rows, [(first, labels)], [(rest, targets)])[0]

    def compare(
        self,
        inputs: Inputs,
        supports: Sequence[tuple[Tensor, Tensor]],
        queries: Sequence[tuple[Tensor, Tensor | None]],
    ) -> list[Comparison]:
        """Several episodes over the same inputs, all of which pass the backbone once.

        Parameters
        ----------
        inputs : Tensor
            Shape ``(m, ...)``.
        supports : sequence of tuple of Tensor
            Of each episode, indices of inputs, shape ``(s,)``, and their classes, shape ``(s,)``.
        queries : sequence of tuple of Tensor
            Of each episode, indices of inputs, shape ``(n,)``, and their classes, shape ``(n,)`` or ``None``.

        Returns
        -------
        list of Comparison

        Raises
        ------
        DataError
            As `forward`.
        """
        require_finite(inputs)
        counts = [require_classes(labels) for _, labels in supports]
        if self.gathering.space == "activation":
            activations = self.backbone(inputs)
            gathered = [
                self.gathering(activations[places], labels, k)
                for (places, labels), k in zip(supports, counts, strict=True)
            ]
            passed = [values for values, _ in gathered]
        else:
            gathered = [
                self.gathering(inputs[places], labels, k) for (places, labels), k in zip(supports, counts, strict=True)
            ]
            views = [self.transform.views(values) for values, _ in gathered]
            with SiamesePass(len(inputs)):
                together = self.backbone(torch.cat([inputs, *views]))
            activations, *passed = together.split([len(inputs), *map(len, views)])
        return [
            self.record(inputs[places], targets, activations[places], prototypes, labels, views_passed)
            for (places, targets), (prototypes, labels), views_passed in zip(queries, gathered, passed, strict=True)
        ]

    def record(
        self,
        inputs: Inputs,
        targets: Labels | None,
        activations: Activations,
        prototypes: PrototypeInputs,
        labels: PrototypeLabels,
        prototype_activations: ViewActivations,
    ) -> Comparison:
        """The comparison of what has passed the backbone already.

        Parameters
        ----------
        inputs : Tensor
            Shape ``(n, ...)``.
        targets : Tensor or None
            Shape ``(n,)``.
        activations : Tensor
            Of the inputs, shape ``(n, d, h, w)``.
        prototypes : Tensor
            Shape ``(p, ...)``.
        labels : Tensor
            Of the prototypes, shape ``(p,)``, sorted.
        prototype_activations : Tensor
            Of all views of the prototypes, shape ``(v * p, d, ph, pw)``.
        """
        n_classes = int(labels[-1]) + 1
        maps, alignments = self.transform.reduce(self.similarity(activations, prototype_activations))
        scores = self.pooling(maps)
        return Comparison(
            inputs=inputs,
            targets=targets,
            prototypes=prototypes,
            labels=labels,
            activations=activations,
            prototype_activations=prototype_activations,
            maps=maps,
            scores=scores,
            logits=HEADS[self.head](labels, n_classes)(scores),
            alignments=alignments,
        )

    @torch.no_grad()
    def adapted(self, support: SupportInputs, labels: SupportLabels) -> PrototypeNetwork:
        """The network for these classes: the same rooms, with the prototypes that the support set gives. No training.

        Parameters
        ----------
        support : Tensor
            Shape ``(s, ...)``.
        labels : Tensor
            Shape ``(s,)``, integers from 0 to k - 1, each of them there.

        Returns
        -------
        PrototypeNetwork
            In evaluation mode; it shares this network's backbone and similarity.

        Raises
        ------
        DataError
            As `forward`, and if a prototype is not finite.
        """
        require_finite(support)
        n_classes = require_classes(labels)
        self.eval()
        values = support
        if self.gathering.space == "activation":
            values = torch.cat([self.backbone(batch) for batch in support.split(_BATCH)])
        gathered, gathered_labels = self.gathering(values, labels, n_classes)
        if not bool(torch.isfinite(gathered).all()):
            raise DataError(
                describe("finite prototypes", "one with NaN or infinity", "inputs in the range of those of training")
            )
        prototypes = fixed_prototypes(gathered, gathered_labels, self.gathering.space)
        head: Head = HEADS[self.head](gathered_labels, n_classes)
        return PrototypeNetwork(
            backbone=self.backbone,
            prototypes=prototypes,
            similarity=self.similarity,
            transform=self.transform,
            pooling=self.pooling,
            head=head,
        ).eval()


def fixed_prototypes(values: Tensor, labels: Tensor, space: str) -> Prototypes:
    """Prototypes with given values and classes, which nothing learns.

    Parameters
    ----------
    values : Tensor
        Shape ``(p, ...)``.
    labels : Tensor
        Shape ``(p,)``, sorted.
    space : str
        ``"input"`` or ``"activation"``.
    """
    counts = torch.bincount(labels).tolist()
    shape = tuple(values.shape[1:])
    prototypes: Prototypes
    if space == "activation":
        prototypes = LatentPrototypes(shape, len(counts), n_per_class=counts, size=None)
    else:
        prototypes = ExemplarPrototypes(shape, len(counts), n_per_class=counts)
    prototypes.set_values(values)
    return prototypes.requires_grad_(False)


def require_classes(labels: Tensor) -> int:
    """How many classes a support set has; an error unless they are called 0 to k - 1, k at least 2.

    Parameters
    ----------
    labels : Tensor
        Shape ``(s,)``.

    Raises
    ------
    DataError
    """
    wanted, relabel = "few-shot labels 0 to k - 1, each of them there", "torch.unique(labels, return_inverse=True)[1]"
    if labels.ndim != 1 or labels.is_floating_point() or not len(labels):
        raise DataError(describe(wanted, f"a {labels.dtype} tensor of shape {tuple(labels.shape)}", relabel))
    present = labels.unique()
    if not torch.equal(present, torch.arange(len(present), device=labels.device, dtype=labels.dtype)):
        raise DataError(describe(wanted, f"labels {present.tolist()}", relabel))
    if len(present) < 2:
        raise DataError(
            describe(
                "a support set of at least two classes",
                f"{len(labels)} of one class",
                "examples of a second class",
            )
        )
    return len(present)


def require_finite(inputs: Tensor) -> None:
    """Refuse NaN and infinity, of which a mean would be made silently.

    Raises
    ------
    DataError
    """
    if not bool(torch.isfinite(inputs).all()):
        bad = (~torch.isfinite(inputs.flatten(1)).all(1)).nonzero()[:, 0]
        came = "NaN" if bool(inputs.isnan().any()) else "infinity"
        raise DataError(
            describe("finite values", f"{came} in {len(bad)} inputs, first at index {int(bad[0])}", "drop or fill them")
        )
