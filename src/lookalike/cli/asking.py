"""Commands that ask a model: what, why, how good, and whether it is true."""

from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli.opening import Backbone, opened_run

RunFolder = Annotated[Path, typer.Argument(help="A run's folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Data = Annotated[str | None, typer.Option(help="Another data set: its test part; all of it, where it has none.")]


def predict(
    run: RunFolder,
    inputs: Annotated[
        list[str], typer.Argument(help="Pictures, folders, an .npz with x, or a .csv; or names of the run's examples.")
    ],
    out: Annotated[Path | None, typer.Option(help="A .csv file; standard output unless given.")] = None,
    coverage: Annotated[
        float | None,
        typer.Option(help="Also say whether to answer: yes for this share of inputs like those it learned from."),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="With --coverage: by similarity to a prototype (unless given), or by probability."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse unreadable or resized pictures.")] = False,
    backbone: Backbone = None,
) -> None:
    """Give inputs to classes, with calibrated probabilities, as csv."""
    from lookalike.atomic import require_writable
    from lookalike.cli import screen
    from lookalike.errors import ParameterError, describe
    from lookalike.experiments.asked import asked_inputs

    if by is not None and coverage is None:
        raise ParameterError(describe("--by together with --coverage", f"--by {by} alone", "--coverage 0.9"))
    if out is not None:
        require_writable(out, is_file=True)
    opened = opened_run(run, backbone)
    asked = asked_inputs(opened, inputs, strict=strict)
    screen.say(asked.notes)
    screen.write_predictions(opened.classifier, asked, out, coverage, by or "similarity")


def explain(
    run: RunFolder,
    inputs: Annotated[
        list[str], typer.Argument(help="As for predict, or test:17 for an example of the run's test part.")
    ],
    as_json: AsJson = False,
    html: Annotated[Path | None, typer.Option(help="Also write a page.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Also draw the first input, as .png, .svg or .pdf.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Prototypes to show in the terminal.")] = 3,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse unreadable or resized pictures.")] = False,
    data: Annotated[
        str | None, typer.Option(help="The run's data where they are now, or other data, for test:17 and names.")
    ] = None,
    backbone: Backbone = None,
) -> None:
    """Say why inputs are given to their classes: which prototypes, how much alike, what each contributes."""
    from lookalike.atomic import require_writable
    from lookalike.cli import screen
    from lookalike.experiments import contents_of, explained
    from lookalike.experiments.asked import asked_inputs
    from lookalike.report import write_explanations, write_picture

    for file in filter(None, (html, picture)):
        require_writable(file, is_file=True)
    opened = opened_run(run, backbone)
    asked = asked_inputs(opened, inputs, strict=strict, data=data)
    screen.say(asked.notes)
    examples = explained(opened, asked.inputs, asked.names, asked.true)
    contents = contents_of(opened)
    screen.explanations(examples, top, as_json, contents.rows, opened.classifier.preprocessing_.spread)
    if html:
        write_explanations(html, examples, contents)
    if picture:
        write_picture(picture, examples[0], contents)
    screen.say([*([f"page: {html}"] if html else []), *([f"picture: {picture}"] if picture else [])])


def evaluate(
    run: RunFolder,
    data: Data = None,
    full: Annotated[bool, typer.Option("--full", help="Every row that needs no retraining; minutes.")] = False,
    retraining: Annotated[
        bool,
        typer.Option(
            "--retrain", help="Also train the twin, frozen prototypes, two more seeds and two bootstraps; resumable."
        ),
    ] = False,
    as_json: AsJson = False,
    download: Annotated[
        bool, typer.Option("--download", help="Bring data that a row compares with and that are not on this machine.")
    ] = False,
    backbone: Backbone = None,
) -> None:
    """Judge a model on the test part of its data: how good it is, and whether its prototypes are what they seem."""
    from lookalike import experiments
    from lookalike.cli import screen
    from lookalike.errors import ParameterError, describe, describe_system
    from lookalike.estimators import progress_bar

    opened = opened_run(run, backbone)
    judged = experiments.data_of(opened, data)
    screen.say(judged.notes if data else experiments.news_of(opened, judged))
    made = experiments.passed_through(opened.classifier, judged.test)
    quality = experiments.quality_of(opened.classifier, judged.test, made)
    if retraining:
        if data is not None:
            raise ParameterError(describe("--retrain on the run's own data", f"--data {data}", "leave --data out"))
        screen.announce(experiments.missing_trainings(opened), opened.extras.get("seconds"))
        try:
            experiments.retrain(opened, judged, progress=screen.began, callbacks=[] if as_json else [progress_bar()])
        except KeyboardInterrupt:
            screen.say([f"interrupted; trainings that are done are kept in {run}, and the same command goes on"])
            raise
    with screen.Screen(as_json) as shown:
        learned = judged if data is None else experiments.learned_from(opened)
        known = retraining or (full and data is None and not experiments.missing_trainings(opened))
        card = experiments.card_of(
            opened,
            judged,
            learned,
            full=full or retraining,
            retrained=known,
            progress=shown.judging,
            made=made,
            fetch=download,
        )
    fuller, unkept = False, []
    try:
        fuller = data is None and experiments.keep_card(opened, card)
    except OSError as error:
        unkept = [f"the scorecard is not kept: {describe_system(error)}"]
    screen.evaluation(quality, card, as_json)
    screen.say(unkept)
    if fuller:
        screen.say([f"rows of an earlier, fuller evaluation are kept: lookalike report {run} shows them"])


def verify(run: RunFolder, data: Data = None, as_json: AsJson = False, backbone: Backbone = None) -> None:
    """Check that the saved pictures, read back, reproduce the logits; exit code 1 if they do not."""
    from lookalike.cli import screen
    from lookalike.experiments import data_of, news_of, verify_run

    opened = opened_run(run, backbone)
    asked = data_of(opened, data)
    screen.say(asked.notes if data else news_of(opened, asked))
    verification = verify_run(opened, asked.test)
    screen.verification(verification, as_json)
    if not verification.holds:
        raise typer.Exit(1)


def serve(
    run: RunFolder,
    host: Annotated[
        str, typer.Option(help="Where to listen; beyond loopback nothing is answered without the token it prints.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Which port.")] = 8765,
    browse: Annotated[bool, typer.Option("--open", help="Also open the page in a browser.")] = False,
    backbone: Backbone = None,
) -> None:
    """Serve a page where one can ask the model, change its prototypes and test oneself; and a JSON interface."""
    from lookalike.cli import screen
    from lookalike.errors import MissingExtraError, advise_extra, describe

    try:
        from lookalike.serve import Desk
        from lookalike.serve import serve as serve_desk
    except ImportError as error:
        raise MissingExtraError(describe("the packages of the page", str(error), advise_extra("serve"))) from error

    def tell(address: str) -> None:
        screen.say([f"open {address} in a browser; Ctrl-C ends it"])
        if browse:
            typer.launch(address)

    serve_desk(Desk(opened_run(run, backbone)), host, port, tell)
