"""The commands, and the one place where an error becomes a line and an exit code."""

import logging
import os
import sys
from typing import Annotated

import typer

from lookalike import __version__
from lookalike.cli import asking, choosing, making
from lookalike.cli.encoding import forgive_terminal
from lookalike.errors import LookalikeError, describe, describe_system

# By which a person says how threads wait.
_WAITING = frozenset({"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"})
# How often they look before they sleep; GNU's library looks 300,000 times by itself (benchmarks/waiting.py).
_SPINS = "5000"

app = typer.Typer(
    help="Learn prototypes of classes, and show the comparison with them as the reason for every decision.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    making.fit,
    asking.predict,
    asking.explain,
    asking.evaluate,
    asking.verify,
    making.report,
    asking.serve,
):
    app.command()(command)
app.command(name="list")(making.list_components)
app.command()(choosing.select)
app.command()(making.reproduce)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lookalike {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line: exit code 0 for success, 1 for a check that fails, 2 for anything refused."""
    if _WAITING.isdisjoint(os.environ):
        # Threads that spin for long while they wait for each other are several times slower where anything else runs.
        os.environ["GOMP_SPINCOUNT"] = _SPINS
    if logging.lastResort is not None:
        # What the library warns of looks like all else that is said.
        logging.lastResort.setFormatter(logging.Formatter("note: %(message)s"))
    forgive_terminal()
    try:
        app()
    except (LookalikeError, OSError, ValueError, MemoryError, RuntimeError) as error:
        told = _worded(error)
        if not told:
            raise
        print(f"error: {' '.join(told.split())}", file=sys.stderr)  # noqa: T201 (the command line speaks)
        sys.exit(2)


def _worded(error: Exception) -> str:
    """An error in three parts, whoever raised it; empty for what is a fault of the program."""
    if isinstance(error, LookalikeError) or str(error).startswith("expected "):
        return str(error)
    if isinstance(error, OSError):
        return describe_system(error)
    if isinstance(error, MemoryError) or "allocate memory" in str(error):
        return describe("enough memory", str(error) or "none left", "fewer or smaller inputs, prototypes or widths")
    if isinstance(error, ValueError):
        told = f"{type(error).__name__}: {error}"
        return describe("an input that can be used", told, "check it; if it is as it should be, report this as a fault")
    return ""
