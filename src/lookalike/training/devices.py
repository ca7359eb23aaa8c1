"""Training in processes of its own, and the way back of what they learned."""

import os
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.multiprocessing import ProcessRaisedException

from lookalike import errors
from lookalike.errors import TrainingError, describe
from lookalike.training.checkpoints import Checkpoint, read_checkpoint, write_checkpoint

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def launch(fabric: "Fabric", work: Callable[["Fabric"], Checkpoint]) -> Checkpoint:
    """Do some work on every device, and return what the first of them found.

    Parameters
    ----------
    fabric : Fabric
        With its devices and its strategy, not launched yet.
    work : callable
        From the fabric, in the process of a device, to what it found; it has to cross to another process.

    Returns
    -------
    Checkpoint
        Of the first device, also where every device runs the whole program.

    Raises
    ------
    LookalikeError
        As it was raised in a process.
    TrainingError
        If what was found cannot be written to the folder for temporary files.

    Notes
    -----
    What is found goes through a file. Who spawns processes waits for their end before it reads what they return, and a
    process that returns more than a pipe holds waits for a reader, so that both would wait for ever.
    """
    with TemporaryDirectory(prefix="lookalike-", ignore_cleanup_errors=True) as folder:
        try:
            fabric.launch(partial(_work_and_write, work=work, folder=Path(folder), parent=os.getpid()))
        except ProcessRaisedException as error:
            # Only the words of an error cross between processes.
            name, _, message = str(error).strip().splitlines()[-1].partition(": ")
            kind = getattr(errors, name.rpartition(".")[2], None)
            if isinstance(kind, type) and issubclass(kind, errors.LookalikeError):
                raise kind(message) from error
            raise
        found = read_checkpoint(_file(Path(folder), fabric))
        # What was read is a view of the file, which goes now.
        return Checkpoint({name: tensor.clone() for name, tensor in found.tensors.items()}, found.facts)


def agree(fabric: "Fabric", tensors: Iterable[Tensor]) -> None:
    """Overwrite tensors with the first device's, so that all devices decide alike what is judged, merged and kept.

    Parameters
    ----------
    fabric : Fabric
        Launched; with one device nothing happens.
    tensors : iterable of Tensor
        As many and of the same shapes on every device: what follows from the batches that a device saw.
    """
    if fabric.world_size > 1:
        for tensor in tensors:
            # Whoever sends and receives takes no gaps in memory.
            whole = tensor.detach().contiguous()
            torch.distributed.broadcast(whole, src=0)
            tensor.detach().copy_(whole)


def _file(folder: Path, fabric: "Fabric") -> Path:
    return folder / f"{fabric.global_rank}.safetensors"


def _work_and_write(fabric: "Fabric", work: Callable[["Fabric"], Checkpoint], folder: Path, parent: int) -> None:
    with warnings.catch_warnings():
        # Pictures of one channel lie in memory as they do in any layout, and a user can do nothing about any other.
        warnings.filterwarnings("ignore", "Grad strides do not match")
        found = work(fabric)
    spawned = os.getpid() != parent
    if not spawned:
        # Where every device runs the whole program, all go on with what the first has: statistics of batches differ.
        found = fabric.broadcast(found)
    # A parent that was interrupted has taken the folder away, and reads nothing any more.
    if folder.exists() and (fabric.is_global_zero or not spawned):
        try:
            write_checkpoint(_file(folder, fabric), found)
        except OSError as error:
            advice = "another TMPDIR, and --resume where a checkpoint is kept"
            raise TrainingError(describe(f"room in {folder} for what was learned", str(error), advice)) from error
    if spawned and torch.distributed.is_initialized():
        # A process that ends with its group's threads still running is aborted now and then.
        fabric.barrier()
        torch.distributed.destroy_process_group()
