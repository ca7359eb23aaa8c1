"""How much memory a component may take, asked before it is taken."""

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from lookalike.errors import ParameterError, describe

_SHARE = 4
_UNKNOWN = 2**36
_BYTES = 4
_FACTORIES = frozenset({torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.randint})


def physical_memory() -> int:
    """Bytes of this machine's memory; 64 GiB where the system does not say.

    Examples
    --------
    >>> physical_memory() > 2**20
    True
    """
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return _UNKNOWN


@contextmanager
def bounded_memory(what: str) -> Iterator[None]:
    """Refuse whatever would make tensors of more than a quarter of this machine's memory, before it makes them.

    Parameters
    ----------
    what : str
        What is made, for the message.

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> with bounded_memory("backbone='mlp'"):
    ...     torch.nn.Linear(10**7, 10**7)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    lookalike.errors.ParameterError: expected backbone='mlp' of at most a quarter of this machine's memory, got ...
    """
    with _Counting(what, physical_memory() // _SHARE):
        yield


class _Counting(TorchFunctionMode):
    """Adds up what is asked for."""

    def __init__(self, what: str, most: int) -> None:
        super().__init__()
        self._what, self._most, self._asked = what, most, 0

    def __torch_function__(
        self, function: Callable, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        named = dict(kwargs or {})
        if function in _FACTORIES:
            self._asked += _BYTES * _elements(args, named)
            if self._asked > self._most:
                raise ParameterError(
                    describe(
                        f"{self._what} of at most a quarter of this machine's memory",
                        f"{self._asked / 2**30:.3g} GiB or more, of {physical_memory() / 2**30:.3g}",
                        "smaller or fewer of them",
                    )
                )
        return function(*args, **named)


def _elements(args: Sequence[Any], named: Mapping[str, Any]) -> int:
    """How many numbers a call of a factory asks for."""
    sizes = [named["size"]] if "size" in named else list(args)
    several = [each for each in sizes if isinstance(each, list | tuple)]
    flat = several[0] if several else sizes
    return math.prod(each for each in flat if isinstance(each, int) and not isinstance(each, bool))
