"""Randomness that no other thread has a part in, and that leaves the caller's generators as they were.

What the library draws itself comes from generators of its own. Layer constructors, dropout and whatever a user's module
draws know the process-wide generators only: these are lent, to one thread at a time, and given back.
"""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

_LOCK = threading.RLock()
_LARGEST = 2**32
# Layers of torch that draw nothing in a pass.
_QUIET = (
    "conv",
    "linear",
    "batchnorm",
    "container",
    "flatten",
    "normalization",
    "padding",
    "instancenorm",
    "upsampling",
)
_QUIET_ALONE = (nn.ReLU, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.Softplus, nn.ELU, nn.Identity)
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_QUIET_POOLING = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)


class RandomStream:
    """Random numbers of a seed.

    Parameters
    ----------
    seed : int

    Attributes
    ----------
    generator : torch.Generator
        For whoever can be given one.

    Examples
    --------
    >>> stream = RandomStream(3)
    >>> first = torch.rand((), generator=stream.generator)
    >>> with stream.lent():
    ...     second = torch.rand(())
    >>> bool(torch.equal(torch.stack([first, second]), torch.rand(2, generator=torch.Generator().manual_seed(3))))
    True
    """

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self._others: dict[str, Any] = {
            "numpy": np.random.RandomState(seed % _LARGEST).get_state(),
            "python": random.Random(seed).getstate(),
        }
        if torch.cuda.is_initialized():
            self._others["cuda"] = [
                torch.Generator(f"cuda:{place}").manual_seed(seed).get_state()
                for place in range(torch.cuda.device_count())
            ]

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Let the process-wide generators go on with this stream while the context is open; other threads wait."""
        with untouched():
            torch.set_rng_state(self.generator.get_state())
            _set_others(self._others)
            try:
                yield
            finally:
                self.generator.set_state(torch.get_rng_state())
                self._others = _others(self._others)


@contextmanager
def untouched() -> Iterator[None]:
    """Give the process-wide generators back as they were; other threads that ask for them here wait."""
    with _LOCK:
        before, others = torch.get_rng_state(), _others()
        try:
            yield
        finally:
            torch.set_rng_state(before)
            _set_others(others)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let the process-wide generators begin with a seed while the context is open; then they are as they were.

    Parameters
    ----------
    seed : int

    Examples
    --------
    >>> with seeded(0):
    ...     first = torch.rand(2)
    >>> with seeded(0):
    ...     second = torch.rand(2)
    >>> bool(torch.equal(first, second))
    True
    """
    with RandomStream(seed).lent():
        yield


def draws(module: nn.Module) -> bool:
    """Whether a pass through a module may draw random numbers from process-wide generators.

    Parameters
    ----------
    module : torch.nn.Module
        Modules of the library say so themselves, by an attribute ``draws``; of others only plain layers are known not
        to.

    Examples
    --------
    >>> draws(nn.Sequential(nn.Linear(2, 2), nn.ReLU())), draws(nn.Dropout(0.5))
    (False, True)
    """
    return any(not _is_quiet(part) for part in module.modules())


def _is_quiet(part: nn.Module) -> bool:
    home = type(part).__module__
    # What hangs on a module, or stands in for its pass, is somebody's own.
    if "forward" in vars(part) or any(vars(part).get(name) for name in _HOOKS):
        return False
    if home.startswith("lookalike."):
        return not getattr(part, "draws", False)
    layer = home.removeprefix("torch.nn.modules.")
    return layer != home and (layer in _QUIET or type(part) in (*_QUIET_ALONE, *_QUIET_POOLING))


def _others(like: dict[str, Any] | None = None) -> dict[str, Any]:
    """States of the generators beside torch's of the CPU."""
    found: dict[str, Any] = {"numpy": np.random.get_state(), "python": random.getstate()}
    if torch.cuda.is_initialized() and (like is None or "cuda" in like):
        found["cuda"] = torch.cuda.get_rng_state_all()
    return found


def _set_others(states: dict[str, Any]) -> None:
    np.random.set_state(states["numpy"])
    random.setstate(states["python"])
    if "cuda" in states:
        torch.cuda.set_rng_state_all(states["cuda"])
