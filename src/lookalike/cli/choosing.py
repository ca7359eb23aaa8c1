"""The command that chooses examples of classes."""

from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli.opening import Backbone, opened_run


def select(
    data: Annotated[str, typer.Argument(help="A data set's name, a folder of class sub-folders, an .npz or a .csv.")],
    method: Annotated[str, typer.Option(help="A selection; see lookalike list selections.")] = "medoids",
    n: Annotated[int, typer.Option("-n", min=1, help="How many examples in all, shared out among the classes.")] = 50,
    space: Annotated[
        Path | None, typer.Option(help="A run's folder: choose in its network's activations, not in pixels or columns.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for selection.json and the picture.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="An option of the method, or data__OPTION; may be repeated."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Everything random follows from it.")] = 0,
    stability: Annotated[
        int,
        typer.Option(
            min=0, max=1000, metavar="TIMES", help="Choose again so often, each time among four fifths of the examples."
        ),
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    backbone: Backbone = None,
) -> None:
    """Choose training examples that stand for each class, without training; and say how well they do."""
    import json

    from lookalike.atomic import require_writable
    from lookalike.cli import screen
    from lookalike.data import load_dataset
    from lookalike.experiments import assignments, choose, config_from
    from lookalike.experiments.choosing import write_choice
    from lookalike.persistence import require_no_file

    if out is not None:
        require_no_file(out)
        require_writable(out)
    chosen = assignments(settings or [])
    about_data = {name: chosen.pop(name) for name in list(chosen) if name.startswith("data__")}
    classifier = None if space is None else opened_run(space, backbone).classifier
    dataset = load_dataset(data, **config_from({"data": data, **about_data}).data_options)
    found = choose(
        dataset,
        method,
        n,
        options=chosen,
        classifier=classifier,
        space="input" if space is None else str(space),
        seed=seed,
        repetitions=stability,
    )
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=1))
    else:
        screen.choice(found)
    if out is not None:
        screen.say([f"{file}" for file in write_choice(out, dataset, found)])
