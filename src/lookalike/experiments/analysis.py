"""What a study's results say: arms by their outcomes, and contrasts in pairs of runs with the same seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lookalike.experiments.contrasts import Contrast, Correlation
from lookalike.experiments.studies import Study
from lookalike.metrics import holm, mean_interval, sign_flip_p

LEAST_PAIRS = 10
_LEAST_ARMS = 3
_DRAWS = 2000
_LEVEL = 0.05


@dataclass(frozen=True)
class ContrastResult:
    """One contrast, as found.

    Attributes
    ----------
    contrast : Contrast
    differences : tuple of float
        Arm less the other, one per seed that both have.
    mean : float
    interval : tuple of float
        95%, bootstrap, bias-corrected and accelerated.
    p : float or None
        Of the sign-flip test, adjusted after Holm for the contrasts of the study; ``None`` with fewer than ten pairs,
        which are exploratory.
    """

    contrast: Contrast
    differences: tuple[float, ...]
    mean: float
    interval: tuple[float, float]
    p: float | None

    @property
    def reading(self) -> str:
        """What it comes to, in words."""
        low, high = self.interval
        smallest = self.contrast.smallest
        if self.p is None:
            n = len(self.differences)
            return f"exploratory, {n} pair{'s' if n > 1 else ''}"
        if self.p < _LEVEL:
            word = "higher" if self.mean > 0 else "lower"
            return word if abs(self.mean) >= smallest else f"{word}, by less than matters"
        if smallest and -smallest < low and high < smallest:
            return "no difference that matters"
        return "not decided"


@dataclass(frozen=True)
class CorrelationResult:
    """How two outcomes go together, as found.

    Attributes
    ----------
    correlation : Correlation
    by_run : float
        Spearman's, over all runs that have both.
    interval : tuple of float
        95% of it, over bootstrapped arms: runs of one arm do not count as so many observations.
    by_arm : float
        Spearman's, over the arms' means.
    n_runs, n_arms : int
    """

    correlation: Correlation
    by_run: float
    interval: tuple[float, float]
    by_arm: float
    n_runs: int
    n_arms: int


def correlations_of(study: Study, results: Mapping[str, Any] | None) -> list[CorrelationResult]:
    """Every correlation of a study that at least three arms have runs for.

    Parameters
    ----------
    study : Study
    results : mapping or None
        What its results file holds.
    """
    found = []
    for correlation in study.correlations:
        pairs = [pair for arm in study.arms if len(pair := paired_outcomes(results, arm.name, correlation))]
        if len(pairs) < _LEAST_ARMS:
            continue
        random = np.random.default_rng(0)
        draws = [random.integers(0, len(pairs), len(pairs)) for _ in range(_DRAWS)]
        every, means = np.concatenate(pairs), np.stack([pair.mean(0) for pair in pairs])
        drawn = np.stack([np.bincount(draw, minlength=len(pairs)) for draw in draws])
        values = _spearman(every, drawn.repeat([len(pair) for pair in pairs], axis=1))
        kept = values[np.isfinite(values)] if np.isfinite(values).any() else np.array([np.nan])
        low, high = np.quantile(kept, [0.025, 0.975])
        by_run, by_arm = (float(_spearman(each, np.ones((1, len(each))))[0]) for each in (every, means))
        result = (by_run, (float(low), float(high)), by_arm, len(every), len(pairs))
        found.append(CorrelationResult(correlation, *result))
    return found


def paired_outcomes(results: Mapping[str, Any] | None, arm: str, correlation: Correlation) -> np.ndarray:
    """Both outcomes of every run of an arm that has both, shape ``(m, 2)``.

    Parameters
    ----------
    results : mapping or None
        What a results file holds.
    arm : str
    correlation : Correlation
    """
    first, second = (outcomes(results, arm, name) for name in (correlation.first, correlation.second))
    return np.array([[first[seed], second[seed]] for seed in sorted(first.keys() & second.keys())]).reshape(-1, 2)


def _spearman(pairs: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Rank correlations of two columns, one for each row of how often every pair counts; NaN where one is constant."""
    ranks = np.stack([_ranks(column, counts) for column in pairs.T])
    centered = ranks - (counts * ranks).sum(2, keepdims=True) / counts.sum(1)[:, None]
    first, second = (counts * centered**2).sum(2)
    with np.errstate(invalid="ignore"):
        return (counts * centered[0] * centered[1]).sum(1) / np.sqrt(first * second)


def _ranks(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The rank of every value where it counts so often, shape ``(m, n)``; equal values share the mean of theirs."""
    distinct, places = np.unique(values, return_inverse=True)
    several = counts @ (places[:, None] == np.arange(len(distinct))).astype(float)
    return (several.cumsum(1) - (several - 1) / 2)[:, places]


def outcomes(results: Mapping[str, Any] | None, arm: str, outcome: str) -> dict[int, float]:
    """An outcome of every run of an arm that has it, by seed.

    Parameters
    ----------
    results : mapping or None
        What a results file holds.
    arm : str
    outcome : str
        As in a contrast of a study.

    Examples
    --------
    >>> outcomes({"runs": [{"arm": "a", "seed": 0, "accuracy": 0.5, "card": {"TR*": 0.1}}]}, "a", "TR*")
    {0: 0.1}
    """
    runs = [run for run in results["runs"] if run["arm"] == arm] if results else []
    found = {run["seed"]: _outcome(run, outcome) for run in runs}
    return {seed: value for seed, value in sorted(found.items()) if value is not None}


def _outcome(run: Mapping[str, Any], outcome: str) -> float | None:
    if outcome == "speed":
        each = run.get("validation_accuracy") or [None]
        return None if None in each else float(np.mean(each))
    return run.get(outcome, run.get("card", {}).get(outcome))


def contrasts_of(study: Study, results: Mapping[str, Any] | None) -> list[ContrastResult]:
    """Every contrast of a study that has at least one pair of runs.

    Parameters
    ----------
    study : Study
    results : mapping or None
        What its results file holds.
    """
    found = []
    for contrast in study.contrasts:
        first, second = (outcomes(results, arm, contrast.outcome) for arm in (contrast.arm, contrast.against))
        seeds = sorted(first.keys() & second.keys())
        if seeds:
            found.append((contrast, np.array([first[seed] - second[seed] for seed in seeds])))
    tested = [index for index, (_, differences) in enumerate(found) if len(differences) >= LEAST_PAIRS]
    adjusted = holm(np.array([sign_flip_p(found[index][1]) for index in tested]))
    p_values = dict(zip(tested, adjusted.tolist(), strict=True))
    return [
        ContrastResult(
            contrast,
            tuple(differences.tolist()),
            float(differences.mean()),
            mean_interval(differences),
            p_values.get(index),
        )
        for index, (contrast, differences) in enumerate(found)
    ]
