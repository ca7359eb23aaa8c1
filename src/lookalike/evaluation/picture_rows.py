"""Rows of the scorecard that ask what the prototypes show."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from sklearn.cluster import KMeans
from torch import Tensor, nn

from lookalike.backbones import stages
from lookalike.data import Examples
from lookalike.data.knownproto import KnownWorld, level_named
from lookalike.distances import squared_distances
from lookalike.errors import DataError, describe
from lookalike.evaluation.judges import Judge
from lookalike.evaluation.row import ABLE, CHANCE, REAL, Row, light, light_of
from lookalike.evaluation.subject import Subject, sample
from lookalike.metrics import (
    beyond_prior,
    dead_prototypes,
    duplicates,
    energy_shares,
    mean_interval,
    mode_recall,
    percentile_among,
    rank_correlations,
    shifted_similarity,
    template_recovery,
    transfer,
)
from lookalike.network import tapped
from lookalike.selection import k_medoids, medoid_loss
from lookalike.transforms import align

OVERLAP = "judges overlap: they learned from examples that the model was trained on, too"
_SAMPLE = 2000
_PER_CLASS = 300
_IMAGES_PER_CLASS = 10
_SHIFT = 2
_BATCH = 500


def transfer_row(subject: Subject) -> Row:
    """TRANSFER: the share of prototypes that independent networks give to their class."""
    judges, pictures = subject.require_judges(), subject.require_pictures()
    examples = sample(subject.test, _SAMPLE)
    able = [float(np.mean(judge.look(examples.inputs)[1] == examples.labels.numpy())) for judge in judges]
    judged = np.stack([judge.look(pictures)[1] for judge in judges])
    agreed = (judged == subject.labels[None]).mean(0)
    value = transfer(judged, subject.labels)
    failing = np.flatnonzero(agreed < 0.5)
    beside = {
        ABLE: float(np.mean(able)),
        CHANCE: 1 / len(subject.classes),
    }
    return Row(
        "TRANSFER",
        "judges see the prototype's class in it",
        value,
        mean_interval(agreed),
        light_of("TRANSFER", value, beside),
        beside,
        OVERLAP if subject.overlap else "",
        tuple(failing.tolist()),
        tuple(agreed.tolist()),
    )


def typicality_row(subject: Subject) -> Row:
    """NN-PCTL: whether a prototype is as near to the training data as a test example is."""
    judges, pictures, training = subject.require_judges(), subject.require_pictures(), subject.require_training()
    test = sample(subject.test, _SAMPLE)
    ranks = []
    for judge in judges:
        own, _ = judge.look(pictures)
        others, _ = judge.look(test.inputs)
        nearest = _distances_to_nearest(judge, np.concatenate([own, others]), training)
        ranks.append(percentile_among(nearest[: len(own)], nearest[len(own) :]))
    each = np.mean(ranks, axis=0)
    return Row(
        "NN-PCTL",
        "distance to the training data, among test examples",
        float(each.mean()),
        mean_interval(each),
        light_of("NN-PCTL", float(each.mean())),
        {"a test example": 0.5},
        OVERLAP if subject.overlap else "",
        tuple(int(prototype) for prototype in np.flatnonzero(each > 0.97)),
    )


@torch.no_grad()
def path_row(subject: Subject) -> Row:
    """PATH: whether a prototype's activations rank as those of real examples of its class do, at every layer."""
    pictures, training = subject.require_pictures(), subject.require_training()
    backbone, layers = subject.network.backbone, stages(subject.network.backbone)
    ratios = np.full((len(layers), len(subject.labels)), np.nan)
    for label in np.unique(subject.labels):
        own = np.flatnonzero(subject.labels == label)
        rows = _some_of(training, int(label))
        if len(rows) < 2:
            continue
        units = [subject.preprocessing.to_data_units(each) for each in (pictures[own], training.inputs[rows])]
        with tapped(backbone, layers) as outputs:
            backbone(subject.preprocessing.standardize(torch.cat(units), subject.activations.dtype))
        for place, name in enumerate(layers):
            table = outputs[name][0].flatten(1).numpy()
            ratios[place, own] = _ratios(table[: len(own)], table[len(own) :])
    measured = ~np.isnan(ratios).any(0)
    if not measured.any():
        raise DataError(describe("two training examples of a class", "fewer of every class"))
    each = ratios.min(0)
    worst = layers[int(ratios[:, measured].mean(1).argmin())]
    return Row(
        "PATH",
        "activations like those of real examples, at the worst layer",
        float(each[measured].mean()),
        mean_interval(each[measured]),
        light_of("PATH", float(each[measured].mean())),
        {"real examples": 1.0},
        f"worst at {worst}",
        tuple(int(prototype) for prototype in np.flatnonzero(each < 0.5)),
    )


def cover_row(subject: Subject) -> Row:
    """COVER: loss of the best medoids over the prototypes' own, in what judges see; dead and double prototypes."""
    judges, pictures, labels = subject.require_judges(), subject.require_pictures(), subject.labels
    random = np.random.default_rng(0)
    examples = subject.test if subject.training is None else subject.training
    losses = np.zeros((len(judges), 4))
    for label in np.unique(labels):
        inputs = examples.inputs[_some_of(examples, int(label), _PER_CLASS)]
        k = min(int(np.sum(labels == label)), len(inputs))
        if not k:
            continue
        centroids = _centroids(examples.preprocessing.to_data_units(inputs), k)
        drawn = torch.from_numpy(random.permutation(len(inputs))[:k])
        for row, judge in enumerate(judges):
            looked = (judge.look(each)[0] for each in (inputs, pictures[labels == label], centroids))
            real, own, centers = (torch.from_numpy(each) for each in looked)
            among = squared_distances(real, real).sqrt()
            places = (
                among[:, k_medoids(among, k)],
                squared_distances(real, own).sqrt(),
                squared_distances(real, centers).sqrt(),
                among[:, drawn],
            )
            losses[row] += [medoid_loss(distances) for distances in places]
    if not losses.all():
        raise DataError(describe("examples that differ in what judges see", "all alike"))
    value, by_centroids, by_points = (float(np.mean(losses[:, 0] / losses[:, column])) for column in (1, 2, 3))
    dead = dead_prototypes(subject.wins, labels)
    recalled = {}
    if subject.modes is not None:
        recalled["mode recall"] = mode_recall(subject.own_winners.numpy(), subject.modes)
    double = _duplicates(subject) if subject.preprocessing.is_picture else 0
    colour = light(value, 0.9, 0.7, larger_is_better=True)
    return Row(
        "COVER",
        "how well the prototypes cover their classes, best medoids = 1",
        value,
        None,
        "amber" if colour == "green" and dead.any() else colour,
        {
            "k-means": by_centroids,
            "random points": by_points,
            "dead": float(dead.sum()),
            "duplicates": float(double),
            **recalled,
        },
        OVERLAP if subject.overlap else "",
        tuple(int(prototype) for prototype in np.flatnonzero(dead)),
    )


def simulation_row(subject: Subject) -> Row:
    """SIM@1: somebody who sees only the pictures, and what judges see in them, foresees the decision."""
    judges, pictures = subject.require_judges(), subject.require_images()
    test = sample(subject.test, _SAMPLE)
    decided = subject.passed(test.inputs).decisions
    value = beyond_prior(_foreseen(subject, judges, test.inputs, pictures), decided)
    beside = {"chance": 0.0}
    colour, note = "none", "needs training examples to compare with"
    if subject.training is not None:
        real = subject.training.inputs[_one_each(subject.training, subject.labels)]
        beside[REAL] = beyond_prior(_foreseen(subject, judges, test.inputs, real), decided)
        colour, note = light_of("SIM@1", value, beside), ""
    return Row("SIM@1", "decisions foreseen from the pictures, beyond the prior", value, None, colour, beside, note)


def recovery_row(subject: Subject) -> Row:
    """TR*: how much of the true prototypes was found, where these are known."""
    if subject.world is None:
        raise DataError(describe("data whose true prototypes are known", "others", "lookalike fit knownproto:L3"))
    pictures, labels, world = subject.require_images().numpy()[:, 0], subject.labels, subject.world
    found = template_recovery(pictures, labels, world.templates, world.template_labels)
    own = world.template_labels[None] == labels[:, None]
    alike = np.where(own, shifted_similarity(pictures, world.templates), -1).max(1)
    return Row(
        "TR*",
        "true prototypes recovered",
        found.corrected,
        None,
        light_of("TR*", found.corrected),
        {
            "wrong classes": 0.0,
            "truth": 1.0,
            "TR": found.recovered,
            "largest TR of so many prototypes": found.ceiling,
            "mode recall": found.mode_recall,
            "precision": found.precision,
            "class identity": found.class_identity,
            **{f"energy: {name}": share for name, share in _energy(subject, pictures).items()},
            **by_cues(lambda pictures: subject.passed(pictures).decisions, world),
        },
        "",
        tuple(int(prototype) for prototype in np.flatnonzero(alike < 0.7)),
    )


def by_cues(decide: Callable[[Tensor], np.ndarray], world: KnownWorld) -> dict[str, float]:
    """Accuracy where mark and code are those of the class, and where they are another's; nothing without such.

    Parameters
    ----------
    decide : callable
        Classes, shape ``(n,)``, of pictures in the data's units, shape ``(n, 1, 28, 28)``.
    world : KnownWorld
        Whose level has a mark or a code, or not.
    """
    if not world.level or not level_named(world.level).cued:
        return {}
    found = {}
    for cues in ("own", "wrong"):
        samples = world.sample(world.level, _SAMPLE, seed=1, training=False, cues=cues)
        decided = decide(torch.from_numpy(samples.inputs)[:, None])
        found[cues] = float(np.mean(decided == samples.labels))
    return {
        "accuracy, cues of the own class": found["own"],
        "accuracy, cues of a wrong class": found["wrong"],
        "lost to wrong cues": found["own"] - found["wrong"],
    }


def _energy(subject: Subject, pictures: np.ndarray) -> dict[str, float]:
    """Shares of the prototypes' energy; templates where they fit best, everything else where it lies."""
    world, labels = subject.world, subject.labels
    if world is None:
        return {}
    prototypes = torch.from_numpy(pictures)[:, None].double()
    templates = torch.from_numpy(world.templates)[:, None].double()
    found = align(prototypes, templates, 3)
    placed = [
        [
            np.roll(template, (int(found.down[row, column]), int(found.right[row, column])), (0, 1))
            for column, template in enumerate(world.templates)
        ]
        for row in range(len(pictures))
    ]
    aligned = [np.stack(each) for each in placed]
    own = [world.template_labels == label for label in labels]
    return energy_shares(
        pictures,
        {
            "own templates": [each[mask] for each, mask in zip(aligned, own, strict=True)],
            "other templates": [each[~mask] for each, mask in zip(aligned, own, strict=True)],
            "distractors": [world.distractor_pictures().reshape(-1, *pictures.shape[1:])] * len(labels),
            "marks": [world.marks] * len(labels),
            "code": [world.codes] * len(labels),
        },
    )


def _distances_to_nearest(judge: Judge, seen: np.ndarray, training: Examples) -> np.ndarray:
    """From every row to the nearest training example, none of which is kept; shape ``(n,)``."""
    queries = torch.from_numpy(seen)
    nearest = torch.full((len(queries),), float("inf"), dtype=torch.float64)
    for batch in training.inputs.split(_BATCH):
        found = squared_distances(queries, torch.from_numpy(judge.look(batch)[0])).amin(1)
        nearest = torch.minimum(nearest, found)
    return nearest.sqrt().numpy()


def _ratios(own: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Mean correlation of each row with the real ones, over that among these; 0 where these have nothing in common."""
    n = len(real)
    among = rank_correlations(real, real)
    usual = (among.sum() - np.trace(among)) / (n * (n - 1))
    return rank_correlations(own, real).mean(1) / usual if usual > 0 else np.zeros(len(own))


def _some_of(examples: Examples, label: int, n: int = _IMAGES_PER_CLASS) -> Tensor:
    places = (examples.labels == label).nonzero()[:, 0]
    order = torch.randperm(len(places), generator=torch.Generator().manual_seed(0))
    return places[order[:n]]


def _one_each(examples: Examples, labels: np.ndarray) -> list[int]:
    """For every prototype a training example of its class, no two the same where there are enough."""
    queues = {int(label): _some_of(examples, int(label), len(labels)).tolist() for label in np.unique(labels)}
    return [queues[int(label)].pop(0) if len(queues[int(label)]) > 1 else queues[int(label)][0] for label in labels]


def _centroids(inputs: Tensor, k: int) -> Tensor:
    """Centroids of k-means in data units, as inputs, shape ``(k, ...)``."""
    found = KMeans(k, n_init=1, random_state=0).fit(inputs.flatten(1).double().numpy()).cluster_centers_
    return torch.from_numpy(found).float().view(k, *inputs.shape[1:])


def _duplicates(subject: Subject) -> int:
    pictures = subject.pictures.double()
    return duplicates(align(pictures, pictures, _SHIFT).correlation.numpy(), subject.labels)


def _foreseen(subject: Subject, judges: Sequence[Judge], inputs: Tensor, pictures: Tensor) -> np.ndarray:
    """The class of the prototype that looks most like each input: pixels, and what judges see, half and half."""
    units = [subject.preprocessing.to_data_units(each).float() for each in (inputs, pictures)]
    alike = align(units[0], units[1], 0).correlation
    for judge in judges:
        seen = [torch.from_numpy(judge.look(each)[0]) for each in (inputs, pictures)]
        alike = alike + _correlation(*seen) / len(judges)
    return subject.labels[alike.argmax(1).numpy()]


def _correlation(first: Tensor, second: Tensor) -> Tensor:
    """Pearson's, of the rows of two tables."""
    normed = [nn.functional.normalize(rows - rows.mean(1, keepdim=True), dim=1) for rows in (first, second)]
    return normed[0] @ normed[1].T
