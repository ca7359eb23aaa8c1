"""Optimizers, learning rates over time, and the moving average of weights."""

import math
from collections.abc import Iterator, Set
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from lookalike.training.learner import Learner
from lookalike.training.phases import Phase
from lookalike.training.settings import TrainingSettings

_MOMENTUM = 0.9


def make_optimizer(
    learner: Learner, phase: Phase, settings: TrainingSettings, frozen: Set[str] = frozenset()
) -> torch.optim.Optimizer:
    """An optimizer over what a phase trains; everything else stops asking for gradients.

    Parameters
    ----------
    learner : Learner
    phase : Phase
    settings : TrainingSettings
        Resolved.
    frozen : set of str
        Names of parameters that no phase trains.

    Returns
    -------
    torch.optim.Optimizer
        Each group carries ``peak``, the learning rate that `set_learning_rate` scales.
    """
    learner.requires_grad_(False)
    groups = learner.network.parameter_groups()
    kept = {id(parameter) for name, parameter in learner.named_parameters() if name in frozen}
    trained: dict[str, list[nn.Parameter]] = {name: list(groups.get(name, [])) for name in phase.trains}
    trained["losses"] = [*learner.objective.parameters(), *learner.regularizers.parameters()]
    trained = {name: [each for each in parts if id(each) not in kept] for name, parts in trained.items()}
    for parameter in (parameter for parameters in trained.values() for parameter in parameters):
        parameter.requires_grad_(True)
    rate = settings.learning_rate * phase.learning_rate
    own_rate = settings.prototype_learning_rate
    prototypes = trained.pop("prototypes", [])
    others = [parameter for parameters in trained.values() for parameter in parameters]
    split = [
        {"params": [p for p in others if p.ndim > 1], "peak": rate, "weight_decay": settings.weight_decay},
        {"params": [p for p in others if p.ndim <= 1], "peak": rate, "weight_decay": 0.0},
        {
            "params": prototypes,
            "peak": rate if own_rate is None else own_rate * phase.learning_rate,
            "weight_decay": 0.0,
        },
    ]
    split = [group for group in split if group["params"]] or [{"params": [nn.Parameter(torch.zeros(1))], "peak": rate}]
    if settings.optimizer == "sgd":
        return torch.optim.SGD(split, lr=rate, momentum=_MOMENTUM, nesterov=True)
    kind = torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam
    return kind(split, lr=rate, fused=True)


def learning_rate_factor(schedule: str, warmup: float, progress: float) -> float:
    """Share of the peak learning rate at a point of a phase.

    Parameters
    ----------
    schedule : str
        ``"one_cycle"``, ``"cosine"`` or ``"constant"``.
    warmup : float
        Share of the phase in which ``"one_cycle"`` rises from a tenth of the peak.
    progress : float
        From 0 to below 1.

    Examples
    --------
    >>> learning_rate_factor("one_cycle", 0.2, 0.2), round(learning_rate_factor("cosine", 0.0, 0.5), 3)
    (1.0, 0.505)
    """
    if schedule == "constant":
        return 1.0
    if schedule == "one_cycle" and progress < warmup:
        return 0.1 + 0.9 * progress / warmup
    start = warmup if schedule == "one_cycle" else 0.0
    falling = (progress - start) / max(1.0 - start, 1e-12)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * falling))


def set_learning_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set every group's rate to a share of its peak."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor


class WeightAverage:
    """An exponential moving average of all floating-point parameters and buffers.

    Parameters
    ----------
    module : torch.nn.Module
    decay : float
        Share of the average that a step keeps, from 0 to below 1; less at the start, when there is little to average.

    Attributes
    ----------
    tensors : dict of Tensor
        The average by name.
    steps : int
        How many steps are in it.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._module = module
        self._decay = decay
        self.steps = 0
        self.tensors = {name: tensor.detach().clone() for name, tensor in _averaged(module).items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take the weights of this step in."""
        decay = min(self._decay, (1 + self.steps) / (10 + self.steps))
        self.steps += 1
        torch._foreach_lerp_(list(self.tensors.values()), list(_averaged(self._module).values()), 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Put the average in the place of the weights while the context is open."""
        current = {name: tensor.detach().clone() for name, tensor in _averaged(self._module).items()}
        self.copy_into_module(self.tensors)
        try:
            yield
        finally:
            self.copy_into_module(current)

    @torch.no_grad()
    def copy_into_module(self, tensors: dict[str, Tensor]) -> None:
        """Overwrite the module's weights."""
        for name, target in _averaged(self._module).items():
            target.copy_(tensors[name])

    def restore(self, tensors: dict[str, Tensor], steps: int) -> None:
        """Go on from a checkpoint."""
        for name, target in self.tensors.items():
            target.copy_(tensors[name])
        self.steps = steps


def _averaged(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in module.state_dict().items() if tensor.is_floating_point()}
