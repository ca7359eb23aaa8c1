"""What commands print: tables for people, JSON and csv for programs, notes and progress on standard error."""

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from lookalike.atomic import write_text
from lookalike.cli.class_tables import class_table, confusion_table
from lookalike.estimators import ENOUGH_VALIDATION, PrototypeClassifier, progress_bar
from lookalike.evaluation import Card, Quality, Verification
from lookalike.experiments import Choice, Run
from lookalike.experiments.asked import Asked
from lookalike.experiments.retraining import Further
from lookalike.experiments.studies import Arm
from lookalike.registry import Family, members, options, plural
from lookalike.report import ExplainedExample
from lookalike.training import Callback, Event, Noted

_LIGHTS = {"green": "[green]●[/]", "amber": "[yellow]◐[/]", "red": "[red]○[/]", "none": "[dim]·[/]"}
_LEGEND = {"green": "good", "amber": "in between", "red": "bad", "none": "nothing to hold it against"}
_COLUMNS = 5
_out = Console()
_err = Console(stderr=True, highlight=False)


class Screen:
    """Progress on standard error while something long runs; nothing when quiet, a line now and then if no terminal.

    Parameters
    ----------
    quiet : bool
    """

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._told: set[str] = set()
        self._bar = Progress(console=_err, transient=True, disable=quiet or not _err.is_terminal)
        self._task = self._bar.add_task("reading pictures", total=None, visible=False)

    def __enter__(self) -> "Screen":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def reading(self, done: int, total: int) -> None:
        """Show how many pictures are read."""
        self._bar.update(self._task, completed=done, total=total, visible=done < total)
        if done == total:
            self._bar.stop()

    def training(self) -> Callback:
        """A callback for training; it shows nothing when quiet."""
        shown = progress_bar()

        def on_event(event: Event) -> None:
            if isinstance(event, Noted):
                self._told.add(event.note)
            if not self._quiet:
                shown(event)

        return on_event

    def judging(self, name: str) -> None:
        """Show which row is being computed."""
        self._bar.update(self._task, description=name, visible=True)

    def fitted(self, run: Run, quality: Quality) -> None:
        """Say what came of a fit, and what can be done now."""
        if self._quiet:
            return
        # The warning of a fit is logged where it arises, and that was seen.
        told = {*self._told, run.classifier.fitted_.warning}
        say(note for note in run.extras["notes"] if note not in told)
        n_prototypes, n_classes = len(run.classifier.prototype_labels_), len(run.classifier.classes_)
        low, high = quality.interval
        _out.print(f"[bold]{escape(run.config.data)}[/]: {n_prototypes} prototypes of {n_classes} classes, ", end="")
        _out.print(f"learned from {run.classifier.fitted_.n_training} examples in {run.extras['seconds']:.0f} s")
        _out.print(f"test accuracy [bold]{quality.accuracy:.4f}[/] ({quality.n} examples, 95% {low:.4f} to {high:.4f})")
        _out.print(f"run folder: {run.folder}")
        _out.print(f"now: [cyan]lookalike report {run.folder}[/], or explain, evaluate, verify, predict")


def watched_run(arm: Arm, seed: int) -> list[Callback]:
    """Say which run of a study begins, and show its progress."""
    say([f"{arm.name}, seed {seed}"])
    return [progress_bar()]


def finished_run(arm: Arm, seed: int, run: dict[str, Any]) -> None:
    """Print what came of one run of a study."""
    _out.print(f"{arm.name}, seed {seed}: accuracy {run['accuracy']:.4f} in {run['minutes']:.1f} minutes")


def announce(missing: Sequence[Further], seconds: float | None) -> None:
    """Say how many trainings are to come, and about how long they take."""
    about = f", about {len(missing) * seconds / 60:.0f} minutes" if seconds else ""
    say([f"{len(missing)} trainings to come{about}; what is done is kept"] if missing else ["all trainings are done"])


def began(name: str) -> None:
    """Say which further training begins."""
    say([f"training {name}"])


def say(notes: Iterable[str]) -> None:
    """Print notes on standard error."""
    for note in notes:
        _err.print(f"note: {note}", markup=False)


def components(family: Family) -> None:
    """Print the members of a family, what each is, and its options with their defaults."""
    lines = []
    for key, cls in members(family.name).items():
        shown = [
            name if parameter.default is parameter.empty else f"{name}={parameter.default!r}"
            for name, parameter in options(cls).items()
        ]
        # Formulas are for the documentation.
        what = re.sub(r",? ?:math:`[^`]*`|: :math:`[^`]*`", "", (cls.__doc__ or "").strip().splitlines()[0])
        lines.append((key, escape(what), ", ".join(shown)))
    _listing(plural(family.name), ("name", "what it is", "options"), lines)


def recipes(known: Mapping[str, Callable]) -> None:
    """Print recipes by name, and what each is."""
    lines = [(name, escape((recipe.__doc__ or "").strip().splitlines()[0])) for name, recipe in known.items()]
    _listing("recipes", ("name", "what it is"), lines)


def _listing(title: str, columns: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for line in lines:
        table.add_row(*line)
    _out.print(table)
    _out.print()


def write_predictions(
    classifier: PrototypeClassifier,
    asked: Asked,
    out: Path | None,
    coverage: float | None = None,
    by: str = "similarity",
) -> None:
    """Write one line per input: its name, the class, and the probability of every class; and whether to answer."""
    probabilities = classifier.predict_proba(asked.inputs)
    predicted = classifier.classes_[probabilities.argmax(1)]
    header = ["input", "predicted", "probability", *(f"probability of {name}" for name in classifier.classes_.tolist())]
    lines = [
        [name, str(label), f"{row.max():.6f}", *(f"{value:.6f}" for value in row)]
        for name, label, row in zip(asked.names, predicted, probabilities, strict=True)
    ]
    if coverage is not None:
        header.append("answered")
        for line, answered in zip(lines, classifier.answers(asked.inputs, coverage, by), strict=True):
            line.append("yes" if answered else "no")
    if out is None:
        csv.writer(sys.stdout).writerows([header, *lines])
        return
    held = io.StringIO(newline="")
    csv.writer(held).writerows([header, *lines])
    write_text(out, held.getvalue())
    say([f"{len(lines)} predictions in {out}"])


def choice(found: Choice) -> None:
    """Print which examples were chosen, and how well they do."""
    table = Table(box=None, pad_edge=False)
    named = found.names or [*map(str, found.indices.tolist()), *map(str, found.criticisms.tolist())]
    weighed = bool((found.weights != 1).any())
    for column in ("class", "training examples", *(["weights"] if weighed else [])):
        table.add_column(column, overflow="fold")
    for label in dict.fromkeys(found.labels.tolist()):
        own = found.labels == label
        cells = [escape(", ".join(named[place] for place in own.nonzero()[0]))]
        if weighed:
            cells.append(", ".join(f"{weight:.2f}" for weight in found.weights[own].tolist()))
        table.add_row(escape(str(label)), *cells)
    _out.print(table)
    if len(found.criticisms):
        _out.print(f"criticisms: {escape(', '.join(named[len(found.indices) :]))}")
    _out.print(f"{len(found.indices)} examples by {found.method} in {found.seconds:.1f} s; ", end="")
    _out.print(f"the nearest has the right class for [bold]{found.accuracy:.4f}[/] of {found.n_test} test examples")
    if found.stability is not None:
        _out.print(f"stability among other four fifths of the examples: {found.stability:.3f} (drawn among all: 0)")


def explanations(
    examples: Sequence[ExplainedExample],
    top: int,
    as_json: bool,
    rows: Mapping[int, Sequence[tuple[str, float]]],
    spread: Sequence[float],
) -> None:
    """Print why each input was given to its class; of tables also the values, beside those of the prototypes."""
    if as_json:
        found = [
            {
                "input": example.name,
                "true": example.true,
                "resembles none": example.resembles_none,
                **({"values": dict(example.values)} if rows else {}),
                **example.explanation.to_dict(),
            }
            for example in examples
        ]
        if rows:
            for each in found:
                each["matches"] = [{**match, "values": dict(rows[match["prototype"]])} for match in each["matches"]]
        _json(found)
        return
    for example in examples:
        explanation = example.explanation
        answer = (
            "" if example.is_right is None else f"  ({'right' if example.is_right else f'wrong: it is {example.true}'})"
        )
        _out.print(f"{example.name}: ", end="", markup=False)
        _out.print(
            f"[bold]{escape(explanation.predicted)}[/] with probability {explanation.probability:.3f}{escape(answer)}"
        )
        if example.resembles_none:
            usual = f"less than {example.coverage:.0%} of validation inputs are to their nearest"
            _out.print(f"It resembles none of the prototypes, {usual}: take this for a guess.", soft_wrap=True)
        table = Table(box=None, pad_edge=False)
        for column in ("prototype", "of class", "measured similarity", "contribution", "to the runner-up"):
            table.add_column(column, justify="left" if column == "of class" else "right")
        for match in explanation.matches[:top]:
            figures = (explanation.measured(match), match.contribution, match.contribution_to_runner_up)
            table.add_row(str(match.prototype), escape(match.class_name), *(f"{value:.3f}" for value in figures))
        others = sum(match.contribution_to_runner_up for match in explanation.matches[top:])
        table.add_row("all others", "", "", f"{explanation.others(top):.3f}", f"{others:.3f}")
        if explanation.bias or explanation.runner_up_bias:
            table.add_row("bias", "", "", f"{explanation.bias:.3f}", f"{explanation.runner_up_bias:.3f}")
        table.add_row("logit", "", "", f"{explanation.logit:.3f}", f"{explanation.runner_up_logit:.3f}", style="bold")
        _out.print(table)
        if rows:
            _values(example, [match.prototype for match in explanation.matches[:top]], rows, spread)
        for match in explanation.matches[:top]:
            if match.alignment_in_words:
                _out.print(f"it shows prototype {match.prototype}: {match.alignment_in_words}", soft_wrap=True)
        scale = f", times {explanation.scale:.2f} in the score" if explanation.scale != 1 else ""
        _out.print(
            f"similarity: {explanation.similarity}{scale}; runner-up: {escape(explanation.runner_up)} "
            f"with probability {explanation.runner_up_probability:.3f}, margin {explanation.margin:.3f}\n",
            soft_wrap=True,
        )


def _values(
    example: ExplainedExample,
    prototypes: Sequence[int],
    rows: Mapping[int, Sequence[tuple[str, float]]],
    spread: Sequence[float],
) -> None:
    """The columns in which a row is most like the first prototype, down to those in which it is least."""
    first = rows[prototypes[0]]
    apart = [abs(value - first[place][1]) / spread[place] for place, (_, value) in enumerate(example.values)]
    order = sorted(range(len(apart)), key=lambda place: apart[place])
    if len(order) > 2 * _COLUMNS:
        order = order[:_COLUMNS] + order[-_COLUMNS:]
    table = Table(box=None, pad_edge=False)
    table.add_column("column")
    for name in ("value", *(f"prototype {place}" for place in prototypes), "apart from the first, in sd"):
        table.add_column(name, justify="right")
    for place in order:
        name, value = example.values[place]
        shown = (value, *(rows[prototype][place][1] for prototype in prototypes))
        table.add_row(escape(name), *(f"{each:.4g}" for each in shown), f"{apart[place]:.2f}")
    _out.print(table)
    if len(order) < len(apart):
        _out.print(f"{len(apart) - len(order)} columns in between are left out; --json has all", soft_wrap=True)


def evaluation(found: Quality, card: Card, as_json: bool) -> None:
    """Print how good a model is, and its scorecard."""
    if as_json:
        _json({**found.to_dict(), "scorecard": card.to_dict()})
        return
    _quality(found)
    _card(card)


def _card(card: Card) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("", "row", "value", "95%", "beside"):
        table.add_column(column, justify="right" if column == "value" else "left", overflow="fold")
    without: dict[str, list[str]] = {}
    for row in card.rows:
        if row.value is None:
            without.setdefault(row.note, []).append(row.name)
            continue
        value = f"{row.value:.3f}"
        interval = "" if row.interval is None else f"{row.interval[0]:.3f} to {row.interval[1]:.3f}"
        beside = "; ".join(f"{name} {number:.3g}" for name, number in (row.beside or {}).items())
        about = " · ".join(part for part in (row.title, beside, row.note) if part)
        table.add_row(_LIGHTS[row.light], f"[bold]{row.name}[/]", value, interval, escape(about))
    _out.print()
    _out.print(table)
    for note, names in without.items():
        _out.print(f"without {', '.join(names)}: {note}", markup=False, highlight=False, soft_wrap=True)
    for name, number in card.diagnostics.items():
        _out.print(f"{name}: {number:.3g}", markup=False, highlight=False)
    trained = f"trained on {card.n_training} examples; " if card.n_training else ""
    _out.print(f"{trained}verdict: [bold]{card.verdict}[/]: {escape(card.meaning)}", soft_wrap=True)
    for row in card.rows:
        if row.failing:
            which = ", ".join(str(prototype) for prototype in row.failing)
            _out.print(f"{row.name} is failed by prototypes {which}", highlight=False, soft_wrap=True)
    _out.print("; ".join(f"{_LIGHTS[name]} {word}" for name, word in _LEGEND.items()), highlight=False)


def _quality(found: Quality) -> None:
    low, high = found.interval
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_row("accuracy", f"{found.accuracy:.4f}", f"95% {low:.4f} to {high:.4f}, {found.n} examples")
    before = f"{found.raw_calibration_error:.4f} before division by the temperature {found.temperature:.3f}"
    # A temperature that was found is never one exactly.
    about = before if found.temperature != 1 else f"not calibrated: below {ENOUGH_VALIDATION} validation examples"
    table.add_row("calibration error", f"{found.calibration_error:.4f}", about)
    table.add_row("negative log-likelihood", f"{found.negative_log_likelihood:.4f}", "nats")
    _out.print(table)
    for shown, notes in (class_table(found), confusion_table(found)):
        _out.print()
        if shown is not None:
            _out.print(shown)
        for note in notes:
            _out.print(note, markup=False, highlight=False, soft_wrap=True)


def verification(found: Verification, as_json: bool) -> None:
    """Print whether the saved pictures reproduce the logits."""
    if as_json:
        _json(found.to_dict())
        return
    word = "[green]verified[/]" if found.holds else "[red]not verified[/]"
    say(found.problems[:_COLUMNS])
    if len(found.problems) > _COLUMNS:
        say([f"and {len(found.problems) - _COLUMNS} more files that are not the prototypes"])
    _out.print(
        f"{word}: logits of {found.n} inputs from the saved prototypes differ by {found.float_difference:.2e} at most",
        soft_wrap=True,
    )
    _out.print(f"(largest logit {found.largest_logit:.1f})")
    if found.png_difference is not None:
        _out.print(
            f"from the 8-bit PNG files they differ by {found.png_difference:.3g} at most, "
            f"and {found.png_agreement:.2%} of the decisions are the same",
            soft_wrap=True,
        )


def _json(values: Any) -> None:
    sys.stdout.write(json.dumps(values, indent=1) + "\n")
