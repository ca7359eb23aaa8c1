"""The exceptions of the library, and the one helper that words them.

Every message has three parts: what was expected, what came, and what to do about it.
"""

import difflib
import math
from collections.abc import Iterable

# No option needs larger numbers; what computes with them would overflow, or need absurd memory or time.
MOST = 1e9


class LookalikeError(Exception):
    """Anything this library refuses to do; the command line turns it into one line and exit code 2."""


class ParameterError(LookalikeError, ValueError):
    """A parameter or a name that does not exist, or a value outside its range."""


class DataError(LookalikeError, ValueError):
    """Inputs or labels that cannot be learned from, or that do not fit the model."""


class DataNotFoundError(LookalikeError, FileNotFoundError):
    """A data set, a folder or a file that is not there."""


class ModelFileError(LookalikeError, ValueError):
    """A model folder that is missing, damaged, altered, or written by a newer version."""


class FolderInUseError(LookalikeError, FileExistsError):
    """An output folder that already holds another run."""


class DiskFullError(LookalikeError, OSError):
    """A disk, or a user's share of it, with no room for a file."""

    def __init__(self, message: str, number: int | None = None) -> None:
        super().__init__(message)
        self.errno = number


class TrainingError(LookalikeError, RuntimeError):
    """Training that cannot go on: a loss that is not finite, or a network that collapsed."""


class MissingExtraError(LookalikeError, ImportError):
    """An optional dependency that a feature needs and that is not installed."""


def describe(expected: str, got: object, try_: str = "") -> str:
    """Word an error: what was expected, what came, what to do.

    Parameters
    ----------
    expected : str
        What would have been right.
    got : object
        What came instead; shortened when long.
    try_ : str
        What the reader can do now.

    Examples
    --------
    >>> describe("a positive number", -1, "set epochs to 1 or more")
    'expected a positive number, got -1; try: set epochs to 1 or more'
    """
    came = got if isinstance(got, str) else repr(got)
    came = " ".join(came.split())
    if len(came) > 300:
        came = came[:297] + "..."
    message = f"expected {expected}, got {came}"
    return f"{message}; try: {try_}" if try_ else message


def describe_system(error: OSError) -> str:
    """An error of the operating system in three parts; one of the library stays as it is.

    Parameters
    ----------
    error : OSError

    Examples
    --------
    >>> describe_system(PermissionError(13, "Permission denied", "x"))
    'expected x that can be read or written, got Permission denied; try: check the path, its rights and the space left'
    """
    if isinstance(error, LookalikeError) or str(error).startswith("expected "):
        return str(error)
    place = "a file or folder" if error.filename is None else str(error.filename)
    told = error.strerror or str(error) or type(error).__name__
    return describe(f"{place} that can be read or written", told, "check the path, its rights and the space left")


def require_option(name: str, value: object, holds: bool, expected: str) -> None:
    """Refuse a component's option outside its range.

    Parameters
    ----------
    name : str
    value : object
        What came.
    holds : bool
        Whether it will do.
    expected : str
        What will do, in words.

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> require_option("pixels", -1, False, "0 or above")
    Traceback (most recent call last):
    lookalike.errors.ParameterError: expected pixels of 0 or above, got -1
    """
    if not holds:
        raise ParameterError(describe(f"{name} of {expected}", repr(value)))
    if not is_reasonable(value):
        raise ParameterError(describe(f"{name} of {expected}, and at most {MOST:.0e}", repr(value)))


def is_reasonable(value: object) -> bool:
    """Whether numbers are finite and no larger than any option can need; lists are looked into.

    Examples
    --------
    >>> is_reasonable([1, 2.5]), is_reasonable(1e300), is_reasonable(float("nan")), is_reasonable("1e300")
    (True, False, False, True)
    """
    if isinstance(value, list | tuple):
        return all(map(is_reasonable, value))
    return not isinstance(value, int | float) or (math.isfinite(value) and abs(value) <= MOST)


def suggest(name: str, known: Iterable[str]) -> str:
    """Advice for a name that is not known: the closest one, and all there are.

    Examples
    --------
    >>> suggest("cosin", ["dot", "cosine"])
    "did you mean 'cosine'? (known: cosine, dot)"
    """
    names = sorted(known)
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.55)
    listing = ", ".join(names) if names else "none"
    return f"did you mean {close[0]!r}? (known: {listing})" if close else f"one of: {listing}"


def require_extra(module: str, extra: str) -> MissingExtraError:
    """The error for an optional dependency that is not installed, with the command that installs it."""
    return MissingExtraError(describe(f"the package {module!r}", "no such package here", advise_extra(extra)))


def advise_extra(extra: str) -> str:
    """Advice for an extra that is not installed.

    Examples
    --------
    >>> advise_extra("serve")
    "pip install 'lookalike[serve]', or in a clone pip install -c constraints.txt -e '.[serve]'"
    """
    return f"pip install 'lookalike[{extra}]', or in a clone pip install -c constraints.txt -e '.[{extra}]'"
