"""How near prototypes come to the true ones, where these are known."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from lookalike.errors import DataError, describe
from lookalike.transforms import align

SHIFT = 3
FOUND = 0.7


@dataclass(frozen=True)
class Recovery:
    """Learned prototypes against true ones; similarities are Pearson correlations at the best of a few pixels' shift.

    Attributes
    ----------
    recovered : float
        TR: mean over the true prototypes of the similarity of the one matched with it within its class; 0 where the
        class has too few prototypes or the correlation is negative.
    deranged : float
        TR0: the same when the prototypes are handed to wrong classes, mean over as many ways as there are other
        classes.
    corrected : float
        TR* = (TR - TR0) / (1 - TR0): 0 for what any smooth picture reaches, 1 for the truth.
    ceiling : float
        The largest TR that so many prototypes per class allow.
    mode_recall : float
        Share of true prototypes that some prototype of their class resembles by at least .7.
    precision : float
        Share of prototypes that resemble some true one of their class by at least .7.
    class_identity : float
        Share of prototypes whose most similar true prototype is of their class.
    """

    recovered: float
    deranged: float
    corrected: float
    ceiling: float
    mode_recall: float
    precision: float
    class_identity: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def template_recovery(
    prototypes: np.ndarray, labels: np.ndarray, templates: np.ndarray, template_labels: np.ndarray
) -> Recovery:
    """Compare learned prototypes with true ones.

    Parameters
    ----------
    prototypes : ndarray
        Shape ``(p, h, w)``, p at least 1.
    labels : ndarray
        Class of each, shape ``(p,)``.
    templates : ndarray
        Shape ``(m, h, w)``, of at least two classes.
    template_labels : ndarray
        Shape ``(m,)``.

    Raises
    ------
    DataError
        If there is no prototype, fewer than two classes, or another picture size.

    Notes
    -----
    The wrong classes are the cyclic shifts of the list of classes: with six of them five derangements, in which every
    class meets every other once.

    Examples
    --------
    >>> import numpy as np
    >>> templates = np.eye(9).reshape(9, 3, 3)[[0, 4]]
    >>> template_recovery(templates, np.array([0, 1]), templates, np.array([0, 1])).mode_recall
    1.0
    """
    classes = np.unique(template_labels)
    if not len(prototypes) or len(classes) < 2:
        raise DataError(
            describe("a prototype and templates of two classes", f"{len(prototypes)} and {len(classes)} classes")
        )
    alike = shifted_similarity(prototypes, templates)
    recovered = _matched(alike, labels, template_labels)
    places = np.searchsorted(classes, labels)
    handed = [classes[(places + step) % len(classes)] for step in range(1, len(classes))]
    deranged = float(np.mean([_matched(alike, wrong, template_labels) for wrong in handed]))
    own = labels[:, None] == template_labels[None]
    own_alike = np.where(own, alike, -1.0)
    counts = [(np.sum(labels == label), np.sum(template_labels == label)) for label in classes]
    return Recovery(
        recovered=recovered,
        deranged=deranged,
        corrected=(recovered - deranged) / (1 - deranged) if deranged < 1 else 0.0,
        ceiling=float(sum(min(pair) for pair in counts) / len(templates)),
        mode_recall=float(np.mean(own_alike.max(0) >= FOUND)),
        precision=float(np.mean(own_alike.max(1) >= FOUND)),
        class_identity=float(np.mean(template_labels[alike.argmax(1)] == labels)),
    )


def shifted_similarity(prototypes: np.ndarray, templates: np.ndarray, pixels: int = SHIFT) -> np.ndarray:
    """Pearson correlation of every prototype with every template, at the template's best shift.

    Parameters
    ----------
    prototypes, templates : ndarray
        Shapes ``(p, h, w)`` and ``(m, h, w)``, or with channels second.
    pixels : int
        Largest shift in either direction.

    Returns
    -------
    ndarray
        Shape ``(p, m)``; 0 for a constant picture.

    Examples
    --------
    >>> import numpy as np
    >>> template = np.pad(np.eye(3), 4)
    >>> float(shifted_similarity(np.roll(template, 2, axis=1)[None], template[None]).round(6)[0, 0])
    1.0
    """
    return align(_pictures(prototypes), _pictures(templates), pixels).correlation.numpy()


def energy_shares(prototypes: np.ndarray, spans: dict[str, list[np.ndarray]]) -> dict[str, float]:
    """Which share of the prototypes' energy, about their mean, lies in which of several known components.

    Parameters
    ----------
    prototypes : ndarray
        Shape ``(p, h, w)``.
    spans : dict
        Name -> one array per prototype, shape ``(m, h, w)``: the pictures that span the component for this prototype.
        Earlier components take what they share with later ones.

    Returns
    -------
    dict
        Name -> share, with ``rest``; mean over the prototypes that are not constant, and sum 1.

    Raises
    ------
    DataError
        If every prototype is constant, or there is none.

    Examples
    --------
    >>> import numpy as np
    >>> first, second = np.array([[[1.0, -1.0, 0.0, 0.0]]]), np.array([[[0.0, 0.0, 1.0, -1.0]]])
    >>> energy_shares(3 * first + 4 * second, {"first": [first]})
    {'first': 0.36, 'rest': 0.64}
    """
    shares = []
    for index, prototype in enumerate(prototypes):
        rest = prototype.ravel().astype(float) - prototype.mean()
        whole = float(rest @ rest)
        # What a constant prototype keeps is rounding, of its size.
        if whole <= rest.size * (4 * np.finfo(float).eps * float(np.abs(prototype).max())) ** 2:
            continue
        basis = np.zeros((rest.size, 0))
        found: dict[str, float] = {}
        for name, pictures in spans.items():
            columns = pictures[index].reshape(len(pictures[index]), -1).T.astype(float)
            basis = _extended(basis, columns - columns.mean(0))
            found[name] = float(np.sum((basis.T @ rest) ** 2)) / whole - sum(found.values())
        shares.append([*found.values(), 1 - sum(found.values())])
    if not shares:
        raise DataError(describe("a prototype that is not constant", f"{len(prototypes)} without one"))
    means = np.mean(shares, axis=0)
    return dict(zip([*spans, "rest"], (round(float(mean), 12) for mean in means), strict=True))


def _matched(alike: np.ndarray, labels: np.ndarray, template_labels: np.ndarray) -> float:
    """Mean over templates of the similarity matched to each within its class, 0 for none or a negative one."""
    total = 0.0
    for label in np.unique(template_labels):
        block = alike[np.ix_(labels == label, template_labels == label)].clip(0)
        total += float(block[linear_sum_assignment(block, maximize=True)].sum())
    return total / len(template_labels)


def _extended(basis: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """An orthonormal basis of what both span."""
    fresh = columns - basis @ (basis.T @ columns)
    vectors, sizes, _ = np.linalg.svd(fresh, full_matrices=False)
    return np.hstack([basis, vectors[:, sizes > 1e-9 * float(np.linalg.norm(columns))]])


def _pictures(arrays: np.ndarray) -> torch.Tensor:
    tensor = torch.from_numpy(np.ascontiguousarray(arrays, dtype=np.float64))
    return tensor[:, None] if tensor.ndim == 3 else tensor
