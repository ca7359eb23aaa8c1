"""A run is opened, with a network of the user's own where the command line names one."""

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from torch import nn

    from lookalike.experiments import Run

Backbone = Annotated[
    str | None,
    typer.Option(
        metavar="MODULE:FUNCTION",
        help="The network of your own that the model was fitted with: a function of yours that returns it, as in "
        "mynets:make. Your code is run; a model file never names it.",
    ),
]


def opened_run(run: Path, backbone: str | None = None) -> "Run":
    """A run as a command asks for it.

    Parameters
    ----------
    run : Path
    backbone : str, optional
        As the command line gives it, never from a file.
    """
    from lookalike.experiments import open_run

    return open_run(run, backbone=None if backbone is None else network_from(backbone))


def network_from(reference: str) -> "nn.Module":
    """The network that ``package.module:function`` returns, or is.

    Parameters
    ----------
    reference : str
        Modules are looked for in the current folder too.

    Raises
    ------
    ParameterError
        If there is no such module or function, or what it returns is no network.

    Examples
    --------
    >>> network_from("torch.nn:Identity")
    Identity()
    """
    from torch import nn

    from lookalike.errors import ParameterError, describe

    place, separator, name = reference.partition(":")
    if not (separator and all(part.isidentifier() for part in [*place.split("."), *name.split(".")])):
        raise ParameterError(describe("--backbone package.module:function", repr(reference), "--backbone mynets:make"))
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found = importlib.import_module(place)
        for part in name.split("."):
            found = getattr(found, part)
        network = found if isinstance(found, nn.Module) else found()  # type: ignore[operator]
    except Exception as error:  # a user's code may raise anything
        told = f"{type(error).__name__}: {error}"
        raise ParameterError(describe(f"a network from {reference}", told, "run it in Python alone")) from error
    if not isinstance(network, nn.Module):
        raise ParameterError(
            describe(f"a torch.nn.Module from {reference}", type(network).__name__, "return the network")
        )
    return network
