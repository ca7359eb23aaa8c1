"""The composition: one network through which inputs and prototypes pass alike.

    inputs -> backbone -> activations; prototypes -> the same backbone -> prototype activations;
    similarity -> maps -> pooling -> scores -> head -> logits.

Read this page first. Every part is a room of its own and can be replaced by any other of its family.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor, nn

from lookalike.backbones import Backbone, stage_at
from lookalike.backbones.siamese import SiamesePass
from lookalike.comparison import Comparison
from lookalike.errors import ParameterError, describe
from lookalike.heads import Head
from lookalike.pooling import Pooling
from lookalike.prototypes import Prototypes
from lookalike.shapes import Inputs, Labels, ViewActivations
from lookalike.similarities import Similarity
from lookalike.transforms import Transform


class ComparingNetwork(nn.Module, ABC):
    """Whatever answers a batch of inputs with a `Comparison`, and can therefore be trained by the same loop."""

    @abstractmethod
    def forward(self, inputs: Inputs, targets: Labels | None = None) -> Comparison:
        """One pass, and its record.

        Parameters
        ----------
        inputs : Tensor
            Shape ``(n, ...)``.
        targets : Tensor, optional
            Integer labels, shape ``(n,)``.
        """

    def advance(self, progress: float) -> None:
        """Learn how much of the training is done, from 0 to 1."""

    def parameter_groups(self) -> Mapping[str, list[nn.Parameter]]:
        """The learnable parameters of every room that has any, by the room's name."""
        groups = {name: list(part.parameters()) for name, part in self.named_children()}
        return {name: parameters for name, parameters in groups.items() if parameters}


class PrototypeNetwork(ComparingNetwork):
    """A classifier that compares every input with prototypes in the final activation space.

    Parameters
    ----------
    backbone : Backbone
    prototypes : Prototypes
    similarity : Similarity
    transform : Transform
    pooling : Pooling
    head : Head

    Examples
    --------
    >>> import torch
    >>> from lookalike.backbones import MlpBackbone
    >>> from lookalike.heads import LogSumExpHead
    >>> from lookalike.pooling import MaxPooling
    >>> from lookalike.prototypes import PixelPrototypes
    >>> from lookalike.similarities import CosineSimilarity
    >>> from lookalike.transforms import IdentityTransform
    >>> prototypes = PixelPrototypes((4,), 3, (torch.tensor(0.0), torch.tensor(1.0)), n_per_class=2)
    >>> network = PrototypeNetwork(
    ...     backbone=MlpBackbone((4,)), prototypes=prototypes, similarity=CosineSimilarity(),
    ...     transform=IdentityTransform(), pooling=MaxPooling(), head=LogSumExpHead(prototypes.labels, 3))
    >>> network(torch.zeros(5, 4)).logits.shape
    torch.Size([5, 3])
    """

    backbone: Backbone
    prototypes: Prototypes
    similarity: Similarity
    transform: Transform
    pooling: Pooling
    head: Head

    def __init__(
        self,
        *,
        backbone: Backbone,
        prototypes: Prototypes,
        similarity: Similarity,
        transform: Transform,
        pooling: Pooling,
        head: Head,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.prototypes = prototypes
        self.similarity = similarity
        self.transform = transform
        self.pooling = pooling
        self.head = head

    def advance(self, progress: float) -> None:
        """Learn how much of the training is done, from 0 to 1; prototypes may depend on it."""
        self.prototypes.advance(progress)

    @torch.no_grad()
    def retire(self, prototypes: Sequence[int]) -> None:
        """Leave some prototypes out of everything; they stay where they are, without a class: their label becomes -1.

        Parameters
        ----------
        prototypes : sequence of int
            Each class must keep at least one.

        Raises
        ------
        ParameterError
            If the head cannot do without them.
        """
        places = torch.tensor(list(prototypes), dtype=torch.long, device=self.prototypes.labels.device)
        self.head.retire(places)
        self.prototypes.labels[places] = -1

    def forward(
        self,
        inputs: Inputs,
        targets: Labels | None = None,
        *,
        prototype_activations: ViewActivations | None = None,
        taps: Sequence[str | float] = (),
        moments: Sequence[tuple[Tensor, Tensor]] = (),
        replaced: tuple[float, Tensor] | None = None,
    ) -> Comparison:
        """One pass, and its record.

        Parameters
        ----------
        inputs : Tensor
            Shape ``(n, ...)``.
        targets : Tensor, optional
            Integer labels, shape ``(n,)``, for whoever reads the record.
        prototype_activations : Tensor, optional
            From `activate_prototypes`, when many batches meet the same prototypes.
        taps : sequence of str or float
            Submodules of the backbone whose outputs are wanted in the record, by name or by depth, from 0 to 1; see
            `lookalike.backbones.stage_at`.
        moments : sequence of tuple of Tensor
            Those of an earlier training pass, by which made-up inputs are to be normalised, and from which they take
            nothing; only together with ``prototype_activations``.
        replaced : tuple of float and Tensor, optional
            A depth of the backbone, and the activations to go on with from there, as many as there are inputs; only
            together with ``prototype_activations``.
        """
        refuse_tracing()
        prototypes = self.prototypes()
        places = {tap: tap if isinstance(tap, str) else stage_at(self.backbone, tap) for tap in taps}
        with tapped(self.backbone, tuple(set(places.values()))) as outputs:
            if prototype_activations is None:
                activations, prototype_activations, moments = self._activate(inputs, prototypes)
            else:
                given = _given(self.backbone, moments) if moments else nullcontext()
                with given, _replaced(self.backbone, replaced):
                    activations = self.backbone(inputs)
        maps, alignments = self.transform.reduce(self.similarity(activations, prototype_activations))
        scores = self.pooling(maps)
        return Comparison(
            inputs=inputs,
            targets=targets,
            prototypes=prototypes,
            labels=self.prototypes.labels,
            activations=activations,
            prototype_activations=prototype_activations,
            maps=maps,
            scores=scores,
            logits=self.head(scores),
            taps={tap: _apart(outputs[name], len(inputs), name) for tap, name in places.items()},
            alignments=alignments,
            moments=tuple(moments),
        )

    def activate_prototypes(self) -> ViewActivations:
        """Final activations of all views of all prototypes, shape ``(p, d, ph, pw)``, to be computed once and kept.

        Meant for evaluation mode, in which an input's activations depend on no other input.
        """
        prototypes = self.prototypes()
        if self.prototypes.space == "activation":
            return prototypes
        return self.backbone(self.transform.views(prototypes))

    def _activate(self, inputs: Tensor, prototypes: Tensor) -> tuple[Tensor, Tensor, list[tuple[Tensor, Tensor]]]:
        if self.prototypes.space == "activation":
            return self.backbone(inputs), prototypes, []
        views = self.transform.views(prototypes)
        if views.shape[1:] == inputs.shape[1:]:
            rows = torch.cat([inputs, views])
            with SiamesePass(len(inputs), None if inputs.requires_grad else rows) as statistics:
                activations = self.backbone(rows)
            return activations[: len(inputs)], activations[len(inputs) :], statistics.moments
        with SiamesePass(None) as statistics:
            activations = self.backbone(inputs)
            statistics.replay()
            return activations, self.backbone(views), statistics.moments


def refuse_tracing() -> None:
    """Refuse to be recorded: what is computed follows the number of inputs, which a recording would keep as it was.

    Raises
    ------
    ParameterError
        While a network is traced or exported.
    """
    exporting = torch.onnx.is_in_onnx_export() or torch.compiler.is_exporting()
    if torch.jit.is_tracing() or exporting:
        raise ParameterError(
            describe(
                "a network that is run, not recorded",
                "torch.onnx or torch.export" if exporting else "torch.jit.trace",
                "save(folder), and PrototypeClassifier.load(folder) where it is to answer",
            )
        )


def given_to(network: ComparingNetwork) -> dict[str, Tensor]:
    """What can be computed once for many batches, as arguments of `forward`: the prototypes' activations, if any."""
    if isinstance(network, PrototypeNetwork):
        return {"prototype_activations": network.activate_prototypes()}
    return {}


def _apart(outputs: Sequence[Tensor], n_inputs: int, name: str) -> tuple[Tensor, Tensor]:
    """A stage's outputs of inputs and of prototypes, which passed together, or one after the other."""
    if not outputs:
        raise ParameterError(describe(f"a stage that the pass goes through, {name}", "none", "another depth or name"))
    return (outputs[0], outputs[1]) if len(outputs) > 1 else (outputs[0][:n_inputs], outputs[0][n_inputs:])


@contextmanager
def _given(backbone: Backbone, moments: Sequence[tuple[Tensor, Tensor]]) -> Iterator[None]:
    """Normalise by given moments, and leave no trace: the passes that layers have counted are counted back."""
    counts = [buffer for name, buffer in backbone.named_buffers() if name.endswith("num_batches_tracked")]
    before = [count.clone() for count in counts]
    with SiamesePass(None, moments=moments):
        yield
    for count, earlier in zip(counts, before, strict=True):
        count.copy_(earlier)


@contextmanager
def _replaced(backbone: Backbone, replaced: tuple[float, Tensor] | None) -> Iterator[None]:
    """Let other activations take the place of a stage's own while the context is open."""
    if replaced is None:
        yield
        return
    depth, activations = replaced
    handle = backbone.get_submodule(stage_at(backbone, depth)).register_forward_hook(lambda *_: activations)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def tapped(module: nn.Module, names: Sequence[str]) -> Iterator[dict[str, list[Tensor]]]:
    """Collect the outputs of named submodules while the context is open, one for each pass.

    Parameters
    ----------
    module : torch.nn.Module
    names : sequence of str
        As ``module.named_modules()`` spells them.
    """
    outputs: dict[str, list[Tensor]] = {name: [] for name in names}

    def keep(name: str) -> Callable:
        def hook(_module: nn.Module, _args: tuple, output: Tensor) -> None:
            # A copy: the next layer may write over it.
            outputs[name].append(output.clone())

        return hook

    handles = [module.get_submodule(name).register_forward_hook(keep(name)) for name in names]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()
