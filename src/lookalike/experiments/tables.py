"""Tables of results, made from results files and from nothing else."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np

from lookalike.atomic import write_whole
from lookalike.evaluation import ROW_NAMES
from lookalike.experiments.analysis import contrasts_of, correlations_of, outcomes
from lookalike.experiments.figures import write_figure, write_scatter
from lookalike.experiments.fronts import front_lines
from lookalike.experiments.overall import relation_lines, relations, write_relations
from lookalike.experiments.studies import Arm, Study
from lookalike.experiments.study_results import studies_in
from lookalike.metrics import mean_interval

# What training again finds, beside SEED-R.
_AGAIN = (
    "SEED-R: what the start already had",
    "SEED-R: response profiles",
    "SEED-R: winning prototype (ARI)",
    "SEED-R: bootstrap",
)

# How much a network goes by cues that are no part of what it is shown, and how much of them the pictures show.
_CUES = ("TR*: accuracy, cues of a wrong class", "TR*: energy: marks", "TR*: energy: code")
_LEAST_FOR_INTERVAL = 3


def experiment_table(folder: Path) -> str:
    """Claimed, reproduced, difference: one line per arm that has a claim.

    Parameters
    ----------
    folder : Path
        Of studies and their ``results``.
    """
    lines = [
        "| experiment | arm | claimed | reproduced (mean ± sd, seeds) | difference | note |",
        "|---|---|---|---|---|---|",
    ]
    for study, results in studies_in(folder):
        for arm in study.arms:
            if arm.claim is None:
                continue
            found, note = _runs(results, arm), arm.comparable or arm.remark
            if not found:
                lines.append(f"| {study.name} | {arm.label} | {arm.claim:.4f} | not run yet | | {note} |")
                continue
            difference = f"{mean(found) - arm.claim:+.4f}" if not arm.comparable else "not comparable"
            lines.append(f"| {study.name} | {arm.label} | {arm.claim:.4f} | {_spread(found)} | {difference} | {note} |")
    return "\n".join(lines) + "\n"


def study_table(folder: Path) -> str:
    """Accuracy of every arm of every study, with its spread over seeds and the minutes it took.

    Parameters
    ----------
    folder : Path
        Of studies and their ``results``.
    """
    name = folder.resolve().name
    return "\n".join("\n".join(study_section(*pair, folder=name)) for pair in studies_in(folder)) + "\n"


def study_section(study: Study, results: dict[str, Any] | None, folder: str = "experiments") -> list[str]:
    """The lines about one study.

    Parameters
    ----------
    study : Study
    results : dict or None
        What its results file holds.
    folder : str
        Where the study lies, for the command that runs it again.
    """
    return [
        f"### {study.title}",
        "",
        *([study.question, ""] if study.question else []),
        "| arm | test accuracy (mean ± sd, seeds) | each seed | calibration error | minutes (fastest seed) |",
        "|---|---|---|---|---|",
        *(_line(study, results, arm) for arm in study.arms),
        *_card_lines(study, results),
        *_contrast_lines(study, results),
        *_correlation_lines(study, results),
        *front_lines(study, results),
        "",
        *([study.note, ""] if study.note else []),
        f"`lookalike reproduce {folder}/{study.name}.yaml`",
        "",
    ]


def write_table(folder: Path) -> Path:
    """Write ``TABLE.md`` of a folder of studies, and a figure of each; return the table.

    Parameters
    ----------
    folder : Path
    """
    head = "# Results\n\nMade by `lookalike reproduce` from the files in `results/`; edit those by running, not this.\n"
    studies = list(studies_in(folder))
    claimed = any(arm.claim is not None for study, _ in studies for arm in study.arms)
    head += f"\n## Claimed and reproduced\n\n{experiment_table(folder)}" if claimed else ""
    found = relations(studies)
    head += "\n".join(["", "## Nice against true", "", *relation_lines(found), ""]) if found else ""
    text = f"{head}\n## Studies\n\n{study_table(folder)}"
    file = folder / "TABLE.md"
    write_whole(file, text.encode())
    for study, results in studies:
        write_figure(study, results, folder / "figures" / f"{study.name}.svg")
        write_scatter(study, results, folder / "figures" / f"{study.name}_pairs.svg")
    write_relations(found, folder / "figures" / "nice_against_true.svg")
    return file


def _line(study: Study, results: dict[str, Any] | None, arm: Arm) -> str:
    found = _runs(results, arm)
    if not found:
        return f"| {arm.label} | not run yet | | | |"
    each = ", ".join(f"{value:.4f}" for value in found)
    errors, minutes = _runs(results, arm, "calibration_error"), _runs(results, arm, "minutes")
    return f"| {arm.label} | {_spread(found)} | {each} | {mean(errors):.4f} | {min(minutes):.1f} |"


def _card_lines(study: Study, results: dict[str, Any] | None) -> list[str]:
    """What the scorecard says of every arm: means over seeds with their intervals, and the verdicts."""
    cued = any(outcomes(results, arm.name, _CUES[0]) for arm in study.arms)
    columns = [*ROW_NAMES, *(_CUES if cued else ()), *_AGAIN]
    shown = [row for row in columns if any(outcomes(results, arm.name, row) for arm in study.arms)]
    if not (study.card or study.again) or not shown:
        return []
    judged = any(_verdicts(results, arm) for arm in study.arms)
    heads = ["arm", *shown, *(["verdicts"] if judged else [])]
    lines = ["", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for arm in study.arms:
        values = [list(outcomes(results, arm.name, row).values()) for row in shown]
        cells = [_with_interval(found) if found else "–" for found in values]
        said = ", ".join(f"{name} ({count})" for name, count in _verdicts(results, arm).most_common())
        cells += [said or "–"] if judged else []
        lines.append(f"| {arm.label} | {' | '.join(cells)} |")
    return lines


def _verdicts(results: dict[str, Any] | None, arm: Arm) -> Counter[str]:
    """How often each verdict fell; a card without the rows that decide it has none."""
    runs = [run for run in results["runs"] if run["arm"] == arm.name] if results else []
    cards = [run.get("card", {}) for run in runs]
    return Counter(str(card["verdict"]) for card in cards if {"verdict", "TRANSFER", "NN-PCTL"} <= card.keys())


def _contrast_lines(study: Study, results: dict[str, Any] | None) -> list[str]:
    found = contrasts_of(study, results)
    if not found:
        return []
    labels = {arm.name: arm.label for arm in study.arms}
    lines = [
        "",
        "| contrast | outcome | difference (95%) | pairs | p (Holm) | smallest that matters | reading |",
        "|---|---|---|---|---|---|---|",
    ]
    for result in found:
        contrast, (low, high) = result.contrast, result.interval
        p = "–" if result.p is None else f"{result.p:.3f}"
        interval = f" ({low:+.4f} to {high:+.4f})" if len(result.differences) >= _LEAST_FOR_INTERVAL else ""
        size = f"{len(result.differences)} | {p} | {contrast.smallest:g}"
        lines.append(
            f"| {labels[contrast.arm]} less {labels[contrast.against]} | {contrast.outcome} | {result.mean:+.4f}"
            f"{interval} | {size} | {result.reading} |"
        )
    return lines


def _correlation_lines(study: Study, results: dict[str, Any] | None) -> list[str]:
    found = correlations_of(study, results)
    if not found:
        return []
    head = "| two outcomes | rank correlation over runs (95% over arms) | runs | over arms | arms |"
    lines = ["", head, "|---|---|---|---|---|"]
    for result in found:
        low, high = result.interval
        names = f"{result.correlation.first} and {result.correlation.second}"
        by_run = f"{result.by_run:+.2f} ({low:+.2f} to {high:+.2f})"
        lines.append(f"| {names} | {by_run} | {result.n_runs} | {result.by_arm:+.2f} | {result.n_arms} |")
    return lines


def _runs(results: dict[str, Any] | None, arm: Arm, figure: str = "accuracy") -> list[float]:
    return [run[figure] for run in results["runs"] if run["arm"] == arm.name] if results else []


def _with_interval(values: Sequence[float]) -> str:
    """A mean, and 95% of it where three runs or more say so."""
    if len(values) < _LEAST_FOR_INTERVAL:
        return f"{mean(values):.3f}"
    low, high = mean_interval(np.array(values))
    return f"{mean(values):.3f} ({low:.3f} to {high:.3f})"


def _spread(values: Sequence[float]) -> str:
    deviation = f" ± {stdev(values):.4f}" if len(values) > 1 else ""
    return f"{mean(values):.4f}{deviation}, {len(values)}"
