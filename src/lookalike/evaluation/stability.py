"""Stability: whether other seeds, or other samples of the data, lead to the same prototypes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations

import numpy as np
import torch
from sklearn.metrics import adjusted_rand_score
from torch import Tensor

from lookalike.data import Examples
from lookalike.errors import DataError, describe
from lookalike.evaluation.judges import Judge
from lookalike.evaluation.row import Row, light
from lookalike.metrics import beyond_chance, consensus, matched, matched_similarity, mean_interval, winner_overlap
from lookalike.transforms import align

SHIFT = 2
MUCH_ALIKE = 0.9
_NULLS = 5


@dataclass(frozen=True)
class PrototypeSet:
    """The prototypes of one run, and what they answer.

    Attributes
    ----------
    pictures : Tensor
        As inputs, in data units, shape ``(p, ...)``.
    labels : ndarray
        Shape ``(p,)``.
    scores : ndarray
        On a fixed set of inputs, the same for all runs, shape ``(n, p)``.
    """

    pictures: Tensor
    labels: np.ndarray
    scores: np.ndarray

    @property
    def winners(self) -> np.ndarray:
        """The most similar prototype for every input, shape ``(n,)``."""
        return self.scores.argmax(1)


@dataclass(frozen=True)
class Stability:
    """How alike several runs are, mean over all pairs of runs.

    Attributes
    ----------
    n_runs : int
    pictures : float
        Correlation of matched prototypes as inputs, pictures moved by up to two pixels; those of either run that are
        left over count 0.
    null : float
        The same for random training examples, as many of each class as the runs have prototypes.
    corrected : tuple of float
        Of every pair of runs: 0 for no more than random examples, 1 for the same prototypes.
    start : float or None
        Corrected, of the prototypes as training found them.
    responses : float
        Correlation of the scores of matched prototypes over the fixed inputs; what the first of two runs has alone
        counts 0.
    seen : float or None
        The same in the activations of judges.
    winners : float
        Adjusted Rand index of which prototype wins.
    overlap : tuple of float
        For each prototype of the first run the Jaccard index of what it wins with its partner's, mean over runs.
    consensus : tuple of tuple of int
        ``(run, prototype, support)``, the widest supported first.
    """

    n_runs: int
    pictures: float
    null: float
    corrected: tuple[float, ...]
    start: float | None
    responses: float
    seen: float | None
    winners: float
    overlap: tuple[float, ...]
    consensus: tuple[tuple[int, int, int], ...]


def stability_of(
    runs: Sequence[PrototypeSet],
    training: Examples,
    *,
    starts: Sequence[Tensor] = (),
    judges: Sequence[Judge] = (),
) -> Stability:
    """Compare runs that differ in their seeds, or in the examples they were given.

    Parameters
    ----------
    runs : sequence of PrototypeSet
        At least two.
    training : Examples
        Whose examples are the null: what any two of a class have in common says nothing.
    starts : sequence of Tensor
        The prototypes before training, in data units, in the order of the runs.
    judges : sequence of Judge
        Asked about pictures only.

    Raises
    ------
    DataError
        For fewer than two runs, or prototypes that are not whole inputs.
    """
    if len(runs) < 2:
        raise DataError(describe("at least two runs", f"{len(runs)}"))
    shapes = {tuple(run.pictures.shape[1:]) for run in runs}
    if shapes != {tuple(training.inputs.shape[1:])} or not all(len(run.pictures) == len(run.labels) for run in runs):
        raise DataError(describe("prototypes that are whole inputs", f"shapes {sorted(shapes)}", "prototypes='pixel'"))
    if not training.preprocessing.is_picture:
        # Columns have units of their own; a correlation over a row means something in standard units only.
        runs = [replace(run, pictures=training.preprocessing.standardize(run.pictures)) for run in runs]
        starts = [training.preprocessing.standardize(start) for start in starts]
        judges = ()
    pairs = list(combinations(range(len(runs)), 2))
    alike = {pair: _alike(*(runs[index].pictures for index in pair)) for pair in pairs}
    labels = [run.labels for run in runs]
    values = [_agreement(alike[a, b], labels[a], labels[b]) for a, b in pairs]
    null_of = cache(lambda *classes: _null(training, *map(np.array, classes)))
    nulls = [null_of(tuple(labels[a]), tuple(labels[b])) for a, b in pairs]
    null, started = float(np.mean(nulls)), None
    if len(starts) == len(runs) and all(len(start) == len(of) for start, of in zip(starts, labels, strict=True)):
        before = [_agreement(_alike(starts[a], starts[b]), labels[a], labels[b]) for a, b in pairs]
        started = beyond_chance(float(np.mean(before)), null)
    partners = {(a, b): matched(alike[a, b], labels[a], labels[b]) for a, b in pairs}
    return Stability(
        n_runs=len(runs),
        pictures=float(np.mean(values)),
        null=null,
        corrected=tuple(beyond_chance(*pair) for pair in zip(values, nulls, strict=True)),
        start=started,
        responses=_responses(runs, pairs),
        seen=_seen(runs, pairs, judges),
        winners=float(np.mean([adjusted_rand_score(runs[a].winners, runs[b].winners) for a, b in pairs])),
        overlap=_overlap(runs, partners),
        consensus=_consensus(runs),
    )


def stability_row(found: Stability) -> Row:
    """SEED-R: within-class matched correlation of prototypes across runs, beyond that of random real examples."""
    value = float(np.mean(found.corrected))
    beside = {
        "chance": 0.0,
        "uncorrected": found.pictures,
        "random real examples": found.null,
        "response profiles": found.responses,
        "winning prototype (ARI)": found.winners,
        "supported by every run": float(sum(support == found.n_runs for *_, support in found.consensus)),
    }
    beside |= {} if found.start is None else {"what the start already had": found.start}
    beside |= {} if found.seen is None else {"in what judges see": found.seen}
    return Row(
        "SEED-R",
        "prototypes alike across seeds, beyond chance",
        value,
        mean_interval(np.array(found.corrected)),
        light(value, 0.5, 0.1, larger_is_better=True),
        beside,
        f"{found.n_runs} runs",
        tuple(index for index, share in enumerate(found.overlap) if share < 0.1),
    )


def _agreement(alike: np.ndarray, labels: np.ndarray, other_labels: np.ndarray) -> float:
    """Mean similarity of matched prototypes; those of either run that are left over count 0."""
    both = matched_similarity(alike, labels, other_labels), matched_similarity(alike.T, other_labels, labels)
    return float(np.mean(both))


def _alike(first: Tensor, second: Tensor) -> np.ndarray:
    if first.ndim == 4:
        return align(first.double(), second.double(), SHIFT).correlation.numpy()
    return _correlations(first.double().numpy(), second.double().numpy())


def _correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pearson's, of the rows of two tables; 0 for a constant row."""
    units = []
    for rows in (first, second):
        centered = rows - rows.mean(1, keepdims=True)
        norm = np.linalg.norm(centered, axis=1, keepdims=True)
        units.append(centered / np.where(norm > 0, norm, 1))
    return units[0] @ units[1].T


def _null(training: Examples, labels: np.ndarray, other_labels: np.ndarray) -> float:
    """Agreement of random examples, as many of each class as two runs have prototypes, mean over five draws."""
    generator = torch.Generator().manual_seed(0)
    values = []
    for _ in range(_NULLS):
        drawn = [_draw(training, each, generator) for each in (labels, other_labels)]
        values.append(_agreement(_alike(*drawn), labels, other_labels))
    return float(np.mean(values))


def _draw(training: Examples, labels: np.ndarray, generator: torch.Generator) -> Tensor:
    chosen = torch.empty(len(labels), dtype=torch.long)
    for label in np.unique(labels):
        places = (training.labels == int(label)).nonzero()[:, 0]
        rows = np.flatnonzero(labels == label)
        order = torch.randperm(len(places), generator=generator)
        chosen[torch.from_numpy(rows)] = places[order[torch.arange(len(rows)) % len(places)]]
    preprocessing, drawn = training.preprocessing, training.inputs[chosen]
    return preprocessing.to_data_units(drawn) if preprocessing.is_picture else preprocessing.standardize(drawn)


def _responses(runs: Sequence[PrototypeSet], pairs: list[tuple[int, int]]) -> float:
    values = [
        matched_similarity(_correlations(runs[a].scores.T, runs[b].scores.T), runs[a].labels, runs[b].labels)
        for a, b in pairs
    ]
    return float(np.mean(values))


def _seen(runs: Sequence[PrototypeSet], pairs: list[tuple[int, int]], judges: Sequence[Judge]) -> float | None:
    if not judges:
        return None
    values = []
    for judge in judges:
        seen = [judge.look(run.pictures)[0] for run in runs]
        values += [
            matched_similarity(_correlations(seen[a], seen[b]), runs[a].labels, runs[b].labels) for a, b in pairs
        ]
    return float(np.mean(values))


def _overlap(runs: Sequence[PrototypeSet], partners: dict[tuple[int, int], np.ndarray]) -> tuple[float, ...]:
    """For each prototype of the first run, how much of what it wins its partners win, mean over the other runs."""
    shares = []
    for other in range(1, len(runs)):
        paired = partners[0, other]
        found = winner_overlap(runs[0].winners, runs[other].winners)
        whole = np.zeros((len(runs[0].labels), len(runs[other].labels)))
        whole[: found.shape[0], : found.shape[1]] = found
        shares.append(np.where(paired >= 0, whole[np.arange(len(paired)), paired], 0.0))
    return tuple(float(value) for value in np.mean(shares, axis=0))


def _consensus(runs: Sequence[PrototypeSet]) -> tuple[tuple[int, int, int], ...]:
    pictures = torch.cat([run.pictures for run in runs])
    labels = np.concatenate([run.labels for run in runs])
    numbers = np.concatenate([np.full(len(run.labels), number) for number, run in enumerate(runs)])
    places = np.concatenate([np.arange(len(run.labels)) for run in runs])
    alike = _alike(pictures, pictures)
    found = consensus(np.maximum(alike, alike.T), labels, numbers, MUCH_ALIKE)
    return tuple((int(numbers[index]), int(places[index]), support) for index, support in found)
