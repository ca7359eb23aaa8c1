"""Which training examples stand for classes, and what a nearest-prototype classifier makes of them."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lookalike.atomic import make_folder, write_whole
from lookalike.data import Dataset, Part, Preprocessing, require_consistent
from lookalike.data.classes import labels_in
from lookalike.data.listing import require_outside
from lookalike.distances import squared_distances
from lookalike.errors import DataError, ParameterError, describe
from lookalike.estimators import PrototypeClassifier
from lookalike.estimators.inputs import require_same_shape, table_or_pictures
from lookalike.metrics import choice_stability
from lookalike.registry import build
from lookalike.report import write_sheet
from lookalike.selection import nearest_label
from lookalike.selection.modes import near_distance

_KEPT = 0.8
_NEAR = 0.01


@dataclass(frozen=True)
class Choice:
    """Examples that were chosen.

    Attributes
    ----------
    method, space : str
        How, and in what: ``"input"``, or the folder of the run whose activations were compared.
    indices : ndarray
        Which training examples, shape ``(m,)``.
    labels : ndarray
        The class of each.
    weights : ndarray
        How much each stands for.
    criticisms : ndarray
        Training examples that the chosen ones say least about.
    accuracy : float
        Share of the test examples whose nearest chosen example, in Euclidean distance, is of their class.
    n_test : int
    seconds : float
        That choosing took.
    stability : float or None
        Of choices among random four fifths of the training examples, near-duplicates counting as one; 0 for draws
        among all, so that draws within classes have a little more.
    names : list of str or None
        What the user calls each that was chosen, and then each criticism, where examples have names.
    """

    method: str
    space: str
    indices: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    criticisms: np.ndarray
    accuracy: float
    n_test: int
    seconds: float
    stability: float | None = None
    names: list[str] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in vars(self).items()}


def choose(
    dataset: Dataset,
    method: str,
    n: int,
    *,
    options: Mapping[str, Any] | None = None,
    classifier: PrototypeClassifier | None = None,
    space: str = "input",
    seed: int = 0,
    repetitions: int = 0,
) -> Choice:
    """Choose examples of every class.

    Parameters
    ----------
    dataset : Dataset
    method : str
        A selection by name.
    n : int
        How many in all, shared out evenly; what is left over goes to the first classes, one each.
    options : mapping, optional
        Of the method.
    classifier : PrototypeClassifier, optional
        Whose activations are compared; without it, standardised inputs are.
    space : str
        What to call that.
    seed : int
    repetitions : int
        How often to choose again for the stability, 0 or at least 2.

    Raises
    ------
    ParameterError
        For an unknown method or option, or numbers out of range.
    DataError
        If a class has too few examples, or the examples do not fit the classifier.
    """
    require_consistent(dataset)
    classes, labels = np.unique(dataset.train.labels, return_inverse=True)
    names = dataset.train.names
    if isinstance(n, bool) or n < len(classes):
        raise ParameterError(describe(f"at least {len(classes)} examples to choose, one of each class", repr(n)))
    if repetitions < 0 or repetitions == 1:
        raise ParameterError(describe("0 repetitions, or at least 2", repr(repetitions)))
    selection = build("selection", method, dict(options or {}), {})
    counts = [n // len(classes) + (place < n % len(classes)) for place in range(len(classes))]
    points, queries = _points(dataset, classifier)
    began = time.perf_counter()
    chosen = selection(points, labels, counts, generator=torch.Generator().manual_seed(seed))
    seconds = time.perf_counter() - began
    found = classes[nearest_label(points[chosen.indices], chosen.labels, queries).numpy()]
    return Choice(
        method=method,
        space=space,
        indices=chosen.indices.numpy(),
        labels=classes[chosen.labels.numpy()],
        weights=chosen.weights.numpy(),
        criticisms=chosen.criticisms.numpy(),
        accuracy=float(np.mean(found == labels_in(dataset.test.labels, classes))),
        n_test=len(dataset.test),
        seconds=seconds,
        stability=_stability(selection, points, labels, counts, seed, repetitions) if repetitions else None,
        names=None if names is None else names[torch.cat([chosen.indices, chosen.criticisms]).numpy()].tolist(),
    )


def _stability(selection: Any, points: Tensor, labels: np.ndarray, counts: Any, seed: int, repetitions: int) -> float:
    chosen = []
    for each in range(repetitions):
        generator = torch.Generator().manual_seed(seed + 1 + each)
        rows = most_of(labels, generator, counts)
        found = selection(points[rows], labels[rows.numpy()], counts, generator=generator)
        chosen.append(rows[found.indices].numpy())
    return stability_among(points, chosen, seed)


def most_of(labels: np.ndarray, generator: torch.Generator, at_least: Sequence[int] | None = None) -> Tensor:
    """Four fifths of every class at random, sorted.

    Parameters
    ----------
    labels : ndarray
        Numbers from 0 to k - 1, shape ``(n,)``.
    generator : torch.Generator
    at_least : sequence of int, optional
        How many of every class in any case.
    """
    kept = []
    for label in range(int(labels.max()) + 1):
        own = torch.from_numpy(np.flatnonzero(labels == label))
        count = max(at_least[label] if at_least else 1, round(_KEPT * len(own)))
        kept.append(own[torch.randperm(len(own), generator=generator)[:count]])
    return torch.cat(kept).sort().values


def stability_among(points: Tensor, chosen: Sequence[np.ndarray], seed: int = 0) -> float:
    """How alike choices are, points that are nearer than one pair in a hundred counting as one.

    Parameters
    ----------
    points : Tensor
        All there were to choose among, shape ``(n, d)``.
    chosen : sequence of ndarray
        Indices, for each of at least two repetitions.
    seed : int
        Of the pairs that tell how near is near.

    See Also
    --------
    lookalike.metrics.choice_stability : The index.
    """
    union = torch.from_numpy(np.unique(np.concatenate(list(chosen))))
    radius = near_distance(points, _NEAR, torch.Generator().manual_seed(seed))
    near = squared_distances(points[union], points[union]) <= radius**2
    near |= torch.eye(len(union), dtype=torch.bool)
    return choice_stability(chosen, len(points), near.numpy(), _NEAR)


@torch.no_grad()
def _points(dataset: Dataset, classifier: PrototypeClassifier | None) -> tuple[Tensor, Tensor]:
    """Training and test examples as rows around the training examples' middle."""
    if not len(dataset.test):
        raise DataError(describe("examples to test on", "none", "data with a test part"))
    if classifier is not None:
        parts = [_activations(classifier, part) for part in (dataset.train, dataset.test)]
    else:
        reader = PrototypeClassifier()
        train, test = (
            table_or_pictures(reader, part.inputs, reset=part is dataset.train)
            for part in (dataset.train, dataset.test)
        )
        preprocessing = Preprocessing.of(train)
        parts = [preprocessing.standardize(each).flatten(1).float() for each in (train, test)]
    middle = parts[0].mean(0)
    return parts[0] - middle, parts[1] - middle


def _activations(classifier: PrototypeClassifier, part: Part) -> Tensor:
    inputs = table_or_pictures(classifier, part.inputs, reset=False)
    require_same_shape(inputs, classifier.preprocessing_)
    return torch.cat([record.activations.flatten(1) for record in classifier.compare(part.inputs)]).float()


def write_choice(folder: Path, dataset: Dataset, choice: Choice) -> list[Path]:
    """Leave ``selection.json``, and for pictures ``selection.png``: a row for each class.

    Parameters
    ----------
    folder : Path
        Made if it is not there; files of these names are replaced.
    dataset : Dataset
        What was chosen from.
    choice : Choice

    Returns
    -------
    list of Path
        What was written.
    """
    require_outside(folder, dataset.name)
    make_folder(folder)
    written = [folder / "selection.json"]
    write_whole(written[0], json.dumps({"data": dataset.name, **choice.to_dict()}, indent=1).encode())
    inputs = table_or_pictures(PrototypeClassifier(), dataset.train.inputs, reset=True)
    if inputs.ndim == 4:
        shown = Preprocessing.of(inputs).to_eight_bit(inputs[torch.from_numpy(choice.indices)])
        rows = {
            str(label): [shown[place] for place in np.flatnonzero(choice.labels == label)]
            for label in dict.fromkeys(choice.labels.tolist())
        }
        written.append(folder / "selection.png")
        write_sheet(written[1], rows)
    return written
