"""Let the C library keep the memory that a training step frees, for the next step."""

import ctypes
import logging
import os
import platform

_log = logging.getLogger(__name__)
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT, _LARGEST = 2**31 - 1, 2**25


def keep_freed_memory() -> bool:
    """Ask glibc not to hand freed blocks back to the system, for the rest of the process.

    A step on a CPU allocates and frees hundreds of megabytes. By default glibc returns large blocks at once, and the
    next step pays for every page again. ``LOOKALIKE_MALLOC=default`` leaves the C library as it is.

    Returns
    -------
    bool
        Whether it was asked and agreed; ``False`` on systems without glibc.
    """
    if os.environ.get("LOOKALIKE_MALLOC") == "default" or platform.libc_ver()[0] != "glibc":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError) as error:
        _log.debug("mallopt is not to be had: %s", error)
        return False
    return bool(mallopt(_TRIM_THRESHOLD, _KEPT) and mallopt(_MMAP_THRESHOLD, _LARGEST))
