"""What half precision is too coarse for: maps that are inverted, spectra, differences of squares."""

from contextlib import AbstractContextManager

import torch
from torch import Tensor


def at_least_single(values: Tensor) -> Tensor:
    """The same numbers in single precision, or as they are where that is finer.

    Parameters
    ----------
    values : Tensor
        Floats of any shape.

    Examples
    --------
    >>> at_least_single(torch.ones(2, dtype=torch.bfloat16)).dtype, at_least_single(torch.ones(2).double()).dtype
    (torch.float32, torch.float64)
    """
    return values.to(torch.promote_types(values.dtype, torch.float32))


def uncast(values: Tensor) -> AbstractContextManager:
    """Let nothing be cast on the device of `values` while the context is open.

    Parameters
    ----------
    values : Tensor
    """
    return torch.autocast(values.device.type, enabled=False)
