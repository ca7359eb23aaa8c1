"""Which parts of a network a phase of training leaves as they are."""

from collections.abc import Set

from torch import nn

from lookalike.training.learner import Learner
from lookalike.training.phases import Phase


def frozen_parameters(module: nn.Module) -> frozenset[str]:
    """Names of the parameters that ask for no gradient before training: whoever froze them wants them kept.

    Parameters
    ----------
    module : torch.nn.Module

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(2, 2).requires_grad_(False), nn.Linear(2, 1))
    >>> sorted(frozen_parameters(net))
    ['0.bias', '0.weight']
    """
    return frozenset(name for name, parameter in module.named_parameters() if not parameter.requires_grad)


def set_modes(learner: Learner, phase: Phase, frozen: Set[str]) -> None:
    """Training mode for what a phase trains; evaluation mode for the rest, where statistics stay and nothing drops out.

    Parameters
    ----------
    learner : Learner
    phase : Phase
    frozen : set of str
        From `frozen_parameters`, before the first phase: a part all of whose parameters are frozen is left alone too.
    """
    learner.train()
    for name, room in learner.network.named_children():
        room.train(name in phase.trains)
    rest_frozen(learner, frozen)


def rest_frozen(module: nn.Module, frozen: Set[str]) -> None:
    """Evaluation mode for every part of a module that has parameters, all of them frozen.

    Parameters
    ----------
    module : torch.nn.Module
    frozen : set of str
        From `frozen_parameters`.
    """
    for prefix, part in module.named_modules():
        own = [f"{prefix}.{name}" if prefix else name for name, _ in part.named_parameters()]
        if own and frozen >= set(own):
            part.eval()
