"""The twin: the same backbone under the same budget, with a linear layer where the prototypes were."""

import copy

import torch
from torch import Tensor, nn

from lookalike.backbones import Backbone, activation_shape
from lookalike.comparison import Comparison
from lookalike.network import ComparingNetwork, refuse_tracing


class TwinNetwork(ComparingNetwork):
    """A backbone and a linear layer with bias over its flattened activations; what prototypes are measured against.

    Parameters
    ----------
    backbone : Backbone
        Copied, with its present weights.
    n_classes : int

    Notes
    -----
    It answers with the same record as a prototype network, with no prototypes in it.

    Examples
    --------
    >>> import torch
    >>> from lookalike.backbones import MlpBackbone
    >>> TwinNetwork(MlpBackbone((4,)), 3)(torch.zeros(2, 4)).logits.shape
    torch.Size([2, 3])
    """

    def __init__(self, backbone: Backbone, n_classes: int) -> None:
        nn.Module.__init__(self)
        self.backbone = copy.deepcopy(backbone)
        depth, height, width = activation_shape(self.backbone)
        self.head = nn.Linear(depth * height * width, n_classes)

    def forward(self, inputs: Tensor, targets: Tensor | None = None) -> Comparison:
        """One pass, and its record."""
        refuse_tracing()
        activations = self.backbone(inputs)
        logits = self.head(activations.flatten(1))
        return Comparison(
            inputs=inputs,
            targets=targets,
            prototypes=inputs[:0],
            labels=torch.zeros(0, dtype=torch.long),
            activations=activations,
            prototype_activations=activations[:0],
            maps=logits[:, :0, None, None],
            scores=logits[:, :0],
            logits=logits,
        )
