"""The results file of a study: read and checked, and added to by one process at a time."""

import json
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from lookalike.atomic import locked, make_folder, write_whole
from lookalike.errors import ParameterError, describe
from lookalike.evaluation import judged_again
from lookalike.experiments.studies import Study, read_study
from lookalike.plain_data import read_json

_log = logging.getLogger(__name__)
# Writing takes a moment; a crowd of processes takes a while.
_PATIENCE = 120.0
_NUMBERS = ("accuracy", "calibration_error", "minutes")
_LISTS = ("training_accuracy", "validation_accuracy")


def read_results(file: Path) -> dict[str, Any]:
    """What a results file holds, checked as far as tables and figures go by it.

    Parameters
    ----------
    file : Path

    Raises
    ------
    ParameterError
        If it holds something else, or a run of an arm and a seed twice; it names the file.
    """
    advice = "move it away, and its runs are made again"
    try:
        results = read_json(file, advice=advice)
    except OSError as error:
        raise ParameterError(describe(f"results of a study in {file}", str(error), advice)) from error
    runs = results.get("runs") if isinstance(results, dict) else None
    if not isinstance(runs, list):
        raise ParameterError(describe(f"results of a study in {file}", "no list of runs", advice))
    if problem := next(filter(None, map(_problem, runs)), ""):
        raise ParameterError(describe(f"results of a study in {file}", problem, advice))
    counts = Counter((run["arm"], run["seed"]) for run in runs)
    for (arm, seed), count in counts.items():
        if count > 1:
            expected = f"one run of every arm and seed in {file}"
            came = f"{count} of {arm!r} with seed {seed}"
            raise ParameterError(describe(expected, came, "leave one of them, or move the file away"))
    return results


def held_runs(study: Study, file: Path) -> list[dict[str, Any]]:
    """Runs in a results file whose arms still have the settings they were made with.

    Parameters
    ----------
    study : Study
    file : Path
        It need not be there.

    Raises
    ------
    ParameterError
        As `read_results`.
    """
    if not file.exists():
        return []
    current = {arm.name: study.hash(arm) for arm in study.arms}
    return [run for run in read_results(file)["runs"] if current.get(run["arm"]) == run["config_hash"]]


def add_run(study: Study, run: dict[str, Any], file: Path) -> bool:
    """Add a run to what a results file holds by now, whoever wrote that.

    Parameters
    ----------
    study : Study
    run : dict
        With ``arm``, ``seed`` and ``config_hash``.
    file : Path

    Returns
    -------
    bool
        Whether it was added: another process may have made a run of this arm and seed meanwhile, and that one stays.
    """
    make_folder(file.parent)
    with locked(file, _PATIENCE):
        held = held_runs(study, file)
        if any((each["arm"], each["seed"]) == (run["arm"], run["seed"]) for each in held):
            return False
        write_results(study, [*held, run], file)
    return True


def drop_outdated(study: Study, file: Path) -> dict[str, Any]:
    """Leave the runs whose arms still have their settings, and return what the file holds then.

    Parameters
    ----------
    study : Study
    file : Path
    """
    make_folder(file.parent)
    with locked(file, _PATIENCE):
        return write_results(study, held_runs(study, file), file)


def write_results(study: Study, runs: Sequence[dict[str, Any]], file: Path) -> dict[str, Any]:
    """Write results, whole or not at all; the runs are sorted, so that the same results make the same file."""
    order = {arm.name: place for place, arm in enumerate(study.arms)}
    values = {
        "study": study.name,
        "runs": sorted(map(_judged_again, runs), key=lambda run: (order[run["arm"]], run["seed"])),
    }
    make_folder(file.parent)
    write_whole(file, (json.dumps(values, indent=1) + "\n").encode())
    return values


def studies_in(folder: Path) -> Iterator[tuple[Study, dict[str, Any] | None]]:
    """Every study of a folder with its results, ``None`` before the first run; a damaged file is named and left out."""
    for file in sorted(folder.glob("*.yaml")):
        results = folder / "results" / f"{file.stem}.json"
        try:
            study = read_study(file)
        except ParameterError as error:
            _warn(f"{file} is left out of the tables: {error}")
            continue
        try:
            held = read_results(results) if results.exists() else None
        except ParameterError as error:
            _warn(f"the runs of {study.name} are left out of the tables: {error}")
            held = None
        yield study, held


@cache
def _warn(message: str) -> None:
    """Once: tables are written after every run."""
    _log.warning(message)


def _judged_again(run: dict[str, Any]) -> dict[str, Any]:
    """A run whose verdict follows from its rows by today's rule."""
    if "verdict" not in run.get("card", {}):
        return run
    return run | {"card": run["card"] | {"verdict": judged_again(run["card"]).name}}


def _problem(run: Any) -> str:
    """What is wrong with an entry of a results file; empty where nothing is."""
    if not isinstance(run, dict):
        return f"a run that is {run!r}"
    if not isinstance(run.get("arm"), str) or not isinstance(run.get("config_hash"), str):
        return f"a run whose arm is {run.get('arm')!r} and whose config_hash is {run.get('config_hash')!r}"
    place = f"a run of {run['arm']!r} whose "
    if isinstance(run.get("seed"), bool) or not isinstance(run.get("seed"), int):
        return f"{place}seed is {run.get('seed')!r}"
    for name in _NUMBERS:
        if not _is_number(run.get(name)):
            return f"{place}{name} is {run.get(name)!r}"
    for name in _LISTS:
        values = run.get(name, [])
        if not isinstance(values, list) or not all(each is None or _is_number(each) for each in values):
            return f"{place}{name} is no list of numbers"
    card = run.get("card", {})
    if not isinstance(card, dict) or not all(name == "verdict" or _is_number(value) for name, value in card.items()):
        return f"{place}card is no table of numbers"
    if not isinstance(run.get("thumbnail", ""), str):
        return f"{place}thumbnail is {run['thumbnail']!r}"
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
