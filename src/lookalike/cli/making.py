"""Commands that make something: a model, a report, a list."""

import shlex
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike.cli.opening import Backbone, opened_run

Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Any parameter, by the name it has in Python; may be repeated."),
]


def fit(
    data: Annotated[
        str | None,
        typer.Argument(
            help="A data set's name (mnist-5k, fashion-mnist, ...), a folder of class sub-folders, an .npz or a .csv."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the run; runs/NAME unless given.")] = None,
    config: Annotated[Path | None, typer.Option(help="A YAML file of parameters.")] = None,
    settings: Settings = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**32 - 1, help="Everything random follows from it; 0 unless given.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=0, help="Passes over the training examples; short for --set training__epochs=N.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run, to the same bits.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace another run in the folder.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse unreadable files instead of leaving them out.")
    ] = False,
    film: Annotated[bool, typer.Option("--film", help="Also leave film.gif: the prototypes, epoch by epoch.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but warnings and errors.")] = False,
) -> None:
    """Learn prototypes and a classifier around them; leaves a folder with everything about the run."""
    from lookalike.cli import screen
    from lookalike.experiments import assignments, config_from, fit_run, read_settings
    from lookalike.experiments.run_folder import FILM, in_training
    from lookalike.report import film as film_of

    chosen = read_settings(config) if config else {}
    chosen |= {"data": data} if data else {}
    chosen |= assignments(settings or [])
    chosen |= {"random_state": seed} if seed is not None else {}
    chosen |= {"training__epochs": epochs} if epochs is not None else {}
    chosen |= {"data__strict": True} if strict else {}
    checked = config_from(chosen)
    folder = out or Path("runs") / Path(Path(checked.data).name.strip(".") or Path(checked.data).resolve()).name
    films = [film_of(in_training(folder, FILM))] if film else []
    with screen.Screen(quiet) as shown:
        try:
            run, quality = fit_run(
                checked,
                folder,
                resume=resume,
                overwrite=overwrite,
                callbacks=[shown.training(), *films],
                reading=shown.reading,
                command=shlex.join(["lookalike", *sys.argv[1:]]),
            )
        except KeyboardInterrupt:
            screen.say([f"interrupted; the same command with --resume goes on from the last whole epoch in {folder}"])
            raise
    shown.fitted(run, quality)


def report(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    out: Annotated[
        Path | None, typer.Option(help="The file; report.html, .md, .json or .pdf in the folder unless given.")
    ] = None,
    kind: Annotated[str, typer.Option("--format", help="html, md, json or pdf.")] = "",
    data: Annotated[str | None, typer.Option(help="The run's data where they are now, or other data.")] = None,
    backbone: Backbone = None,
) -> None:
    """Write a report about a run: one self-contained HTML page, or the same as Markdown, JSON or PDF."""
    from lookalike.atomic import require_writable
    from lookalike.cli import screen
    from lookalike.experiments import report_run
    from lookalike.report import kind_of

    kind = kind_of(out, kind)
    file = out or run / f"report.{kind}"
    opened = opened_run(run, backbone)
    require_writable(file, is_file=True)
    screen.say(report_run(opened, file, kind, data))
    typer.echo(file)


def list_components(
    family: Annotated[
        str | None, typer.Argument(help="A family, similarities say, or recipes; all of them unless given.")
    ] = None,
) -> None:
    """List recipes, and components by family, with their options."""
    from lookalike.cli import screen
    from lookalike.experiments.config import RECIPES
    from lookalike.registry import FAMILIES, family_named

    if family == "recipes":
        screen.recipes(RECIPES)
        return
    for declared in [family_named(family, "recipes")] if family else FAMILIES.values():
        screen.components(declared)
    if family is None:
        screen.recipes(RECIPES)


def _told(folder: Path, *run: Any) -> None:
    """Say what came of a run, and keep the table in step with the results."""
    from lookalike.cli import screen
    from lookalike.experiments import write_table

    screen.finished_run(*run)
    write_table(folder)


def reproduce(
    studies: Annotated[list[Path], typer.Argument(help="YAML files of studies.")],
    seeds: Annotated[int | None, typer.Option(min=1, max=10_000, help="In place of each study's own number.")] = None,
    arm: Annotated[
        list[str] | None, typer.Option(help="Only this arm; may be given several times. All of them by default.")
    ] = None,
    engine: Annotated[str, typer.Option(help="local: processes here; ray: a Ray cluster.")] = "local",
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Runs at a time, one thread each; 1: one run with all cores.")
    ] = None,
) -> None:
    """Run studies: every arm with every seed that is not done yet; results go beside, and into TABLE.md."""
    from lookalike.cli import screen
    from lookalike.experiments import read_study, run_study, write_table

    checked = [(file, read_study(file)) for file in studies]
    for _, study in checked:
        study.named(arm or ())
    for file, study in checked:
        results = file.parent / "results" / f"{study.name}.json"
        try:
            run_study(
                study,
                results,
                seeds=seeds,
                arms=arm or (),
                engine=engine,
                workers=workers,
                on_run=partial(_told, file.parent),
                watching=screen.watched_run,
            )
        except KeyboardInterrupt:
            screen.say([f"interrupted; finished runs are in {results}, and the same command goes on with the rest"])
            raise
        typer.echo(write_table(file.parent))
