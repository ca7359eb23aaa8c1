"""Arms that are nice and true at once: those that no other arm of a study beats in both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from lookalike.experiments.analysis import outcomes
from lookalike.experiments.overall import NICE, SHOWN
from lookalike.experiments.studies import Study

WITHIN = 0.01
LEAST_ARMS = 5


@dataclass(frozen=True)
class Front:
    """The Pareto front of a study's arms, of one way to be nice and one way to be true.

    Attributes
    ----------
    nice : str
        One of `lookalike.experiments.overall.NICE`.
    true : str
        An outcome, as in a contrast.
    arms : tuple of str
        Names of the arms on the front, the truest first.
    n_arms : int
        How many could have been on it.
    """

    nice: str
    true: str
    arms: tuple[str, ...]
    n_arms: int


def fronts_of(study: Study, results: Mapping[str, Any] | None) -> list[Front]:
    """The front of every way to be nice with every way to show what is the case that five arms or more have.

    Only arms whose accuracy is within a point of that of the best arm with prototypes can be on it. All figures are
    means over an arm's runs, however many these are.

    Parameters
    ----------
    study : Study
    results : mapping or None
        What its results file holds.
    """
    means = {arm.name: _means(results, arm.name) for arm in study.arms if not arm.twin}
    best = max((found["accuracy"] for found in means.values() if "accuracy" in found), default=0.0)
    able = {name: found for name, found in means.items() if found.get("accuracy", 0.0) >= best - WITHIN}
    fronts = []
    for true in SHOWN:
        for nice, (outcome, turned) in NICE.items():
            pairs = {
                name: (turned(found[outcome]), found[true])
                for name, found in able.items()
                if outcome in found and true in found and outcome != true
            }
            if len(pairs) >= LEAST_ARMS:
                names = [list(pairs)[place] for place in undominated(list(pairs.values()))]
                fronts.append(Front(nice, true, tuple(sorted(names, key=lambda each: -pairs[each][1])), len(pairs)))
    return fronts


def _means(results: Mapping[str, Any] | None, arm: str) -> dict[str, float]:
    wanted = ("accuracy", *SHOWN, *(outcome for outcome, _ in NICE.values()))
    every = {name: list(outcomes(results, arm, name).values()) for name in wanted}
    return {name: mean(values) for name, values in every.items() if values}


def undominated(pairs: Sequence[tuple[float, float]]) -> list[int]:
    """Which pairs no other pair exceeds in one and reaches in the other.

    Parameters
    ----------
    pairs : sequence of (float, float)
        More is better in both.

    Examples
    --------
    >>> undominated([(1.0, 3.0), (2.0, 2.0), (1.0, 2.0), (2.0, 2.0)])
    [0, 1, 3]
    """
    return [
        place
        for place, (nice, true) in enumerate(pairs)
        if not any(a >= nice and b >= true and (a > nice or b > true) for a, b in pairs)
    ]


def front_lines(study: Study, results: Mapping[str, Any] | None) -> list[str]:
    """A table in Markdown for a study that asks how outcomes go together; empty for any other.

    Parameters
    ----------
    study : Study
    results : mapping or None
    """
    found = fronts_of(study, results) if study.correlations else []
    if not found:
        return []
    labels = {arm.name: arm.label for arm in study.arms}
    lines = [
        "",
        "Nice and true at once: arms that no other beats in both, the truest first; of those within "
        f"{100 * WITHIN:.0f} point of the best accuracy with prototypes. By means, of as many runs as is said: "
        "one is no ranking.",
        "",
        "| nice | true | arms on the front | of |",
        "|---|---|---|---|",
    ]
    for front in found:
        names = "; ".join(f"{labels[name]} ({len(outcomes(results, name, front.true))})" for name in front.arms)
        lines.append(f"| {front.nice} | {front.true} | {names} | {front.n_arms} |")
    return lines
