"""A self-test: whether a person can tell what the model took for alike."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from lookalike.atomic import locked, write_whole
from lookalike.errors import DataError, describe
from lookalike.plain_data import read_json
from lookalike.serve.standing import unwritable

N_TRIALS = 20
_PATIENCE = 5.0


@dataclass(frozen=True)
class Trial:
    """A prototype and two examples, one of which the model matched with it.

    Attributes
    ----------
    prototype : int
    choices : tuple of int
        Two test examples.
    answer : int
        Which of the two, 0 or 1.
    """

    prototype: int
    choices: tuple[int, int]
    answer: int


def trials(scores: np.ndarray, labels: np.ndarray, seed: int, n: int = N_TRIALS) -> list[Trial]:
    """Trials for a person, the same for the same seed.

    Parameters
    ----------
    scores : ndarray
        Shape ``(n, p)``: of test examples with every prototype. An example is matched with the one that scores highest.
    labels : ndarray
        The class of every prototype, shape ``(p,)``.
    seed : int
    n : int

    Raises
    ------
    DataError
        If all examples are matched with one prototype.

    Notes
    -----
    Where a class has several prototypes that are matched, the wrong choice is an example of another one of the class:
    who only tells classes apart is right half of the time.

    Examples
    --------
    >>> found = trials(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1]), seed=0, n=1)[0]
    >>> found.choices[found.answer] == found.prototype
    True
    """
    generator = np.random.default_rng(seed)
    matched = scores.argmax(1)
    used = np.unique(matched)
    if len(used) < 2:
        raise DataError(describe("test examples matched with two prototypes at least", f"with {len(used)}"))
    found = []
    for prototype in generator.choice(used, n, replace=n > len(used)):
        siblings = used[(labels[used] == labels[prototype]) & (used != prototype)]
        others = siblings if len(siblings) else used[used != prototype]
        right = int(generator.choice(np.flatnonzero(matched == prototype)))
        wrong = int(generator.choice(np.flatnonzero(np.isin(matched, others))))
        answer = int(generator.integers(2))
        found.append(Trial(int(prototype), (wrong, right) if answer else (right, wrong), answer))
    return found


def graded(asked: Sequence[Trial], answers: Sequence[int]) -> dict[str, Any]:
    """How a person did, beside what guessing would do.

    Parameters
    ----------
    asked : sequence of Trial
    answers : sequence of int
        0 or 1 for each.

    Returns
    -------
    dict
        ``right``, ``of``, ``by_chance``: the probability that who guesses is right as often, ``interval``: 95%, exact,
        of the share, ``answers``: the right ones.

    Raises
    ------
    DataError

    Examples
    --------
    >>> graded([Trial(0, (3, 5), 1), Trial(1, (2, 4), 0)], [1, 0])["by_chance"]
    0.25
    """
    if len(answers) != len(asked) or not set(answers) <= {0, 1}:
        raise DataError(describe(f"{len(asked)} answers, 0 or 1 each", f"{len(answers)} answers"))
    right = sum(answer == trial.answer for answer, trial in zip(answers, asked, strict=True))
    test = binomtest(right, len(asked), 0.5, alternative="greater")
    interval = binomtest(right, len(asked), 0.5).proportion_ci(method="exact")
    return {
        "right": right,
        "of": len(asked),
        "by_chance": float(test.pvalue),
        "interval": [float(interval.low), float(interval.high)],
        "answers": [trial.answer for trial in asked],
    }


def keep_result(file: Path, result: Mapping[str, Any]) -> None:
    """Add a result to a file of results; one that holds something else is put aside, not written over.

    Parameters
    ----------
    file : Path
    result : mapping
        With the ``seed`` of its trials.

    Raises
    ------
    DataError
        If the trials of that seed were graded already, or the file cannot be written.
    """
    try:
        with locked(file, _PATIENCE):
            known = _kept_results(file)
            if any(each["seed"] == result["seed"] for each in known):
                seed = f"seed {result['seed']} again"
                raise DataError(describe("trials that were not graded yet", seed, "begin anew"))
            write_whole(file, json.dumps([*known, result], indent=1).encode())
    except OSError as error:
        raise unwritable(error) from error


def _kept_results(file: Path) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    try:
        known = read_json(file)
        if isinstance(known, list) and all("seed" in each for each in known):
            return known
    except (ValueError, TypeError):
        pass
    file.rename(file.with_suffix(".damaged.json"))
    return []
