"""Everything a run needs to go on with the same bits, in one safetensors file."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from lookalike.atomic import make_folder, write_whole
from lookalike.errors import ModelFileError, describe
from lookalike.plain_data import parse_json


@dataclass(frozen=True)
class Checkpoint:
    """The state at the end of an epoch.

    Attributes
    ----------
    tensors : dict
        Weights, the average, the best weights and the optimizer's moments, under prefixed names.
    facts : dict
        Plain values: what the run is, how far it is, and its history.
    """

    tensors: dict[str, Tensor]
    facts: dict[str, Any]

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The tensors under a prefix, without it."""
        start = f"{prefix}/"
        return {name.removeprefix(start): value for name, value in self.tensors.items() if name.startswith(start)}


def write_checkpoint(file: Path, checkpoint: Checkpoint) -> None:
    """Write whole or not at all: a kill leaves the checkpoint of the epoch before.

    Parameters
    ----------
    file : Path
    checkpoint : Checkpoint

    Raises
    ------
    OSError
        If the disk is full.
    """
    make_folder(file.parent)
    # One storage may back several names (weights and their average before the first step); the format wants them apart.
    apart = {name: tensor.detach().clone().contiguous() for name, tensor in checkpoint.tensors.items()}
    write_whole(file, save(apart, metadata={"facts": json.dumps(checkpoint.facts)}))


def read_checkpoint(file: Path) -> Checkpoint:
    """Read what `write_checkpoint` wrote.

    Raises
    ------
    ModelFileError
        If the file is damaged.
    """
    try:
        with safe_open(file, framework="pt") as opened:
            facts = parse_json((opened.metadata() or {})["facts"], "facts", ModelFileError)
            return Checkpoint({name: opened.get_tensor(name) for name in opened.keys()}, facts)  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, ModelFileError) as error:
        raise ModelFileError(
            describe(f"a checkpoint in {file}", f"{type(error).__name__}: {error}", "start the run anew")
        ) from error


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimizer's moments and step counts by name."""
    state = optimizer.state_dict()["state"]
    return {
        f"{index}/{name}": torch.as_tensor(value)
        for index, values in state.items()
        for name, value in values.items()
        if value is not None
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Give an optimizer the moments that `optimizer_tensors` took from its like.

    Moments lie in memory as their parameters do: a fused step goes by the place, and files know one order only.
    """
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, _, key = name.partition("/")
        like = parameters[int(index)]
        placed = torch.empty_like(like, dtype=tensor.dtype).copy_(tensor) if tensor.shape == like.shape else tensor
        state.setdefault(int(index), {})[key] = placed
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
