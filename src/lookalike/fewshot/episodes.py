"""Episodes: small classification problems drawn from many classes, as arrays of indices."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lookalike.errors import DataError, describe, require_option

_CELLS = 4_000_000


@dataclass(frozen=True)
class Episodes:
    """Which classes and which examples each of several episodes has.

    Attributes
    ----------
    classes : ndarray
        Integer labels of the classes, shape ``(episodes, n_way)``; within an episode, a class is called by its place.
    support : ndarray
        Indices of the examples that stand for each class, shape ``(episodes, n_way, n_shot)``.
    queries : ndarray
        Indices of the examples to be classified, shape ``(episodes, n_way, n_query)``; none is in the support.
    """

    classes: np.ndarray
    support: np.ndarray
    queries: np.ndarray

    def __len__(self) -> int:
        return len(self.classes)


class EpisodeSampler:
    """Draws classes, and support and queries of each, without replacement.

    Parameters
    ----------
    labels : ndarray
        Shape ``(n,)``, integers from 0 to k - 1, each of them there.
    n_way : int
        Classes of an episode, at least 2.
    n_shot : int
        Examples of a class that stand for it, at least 1.
    n_query : int
        Examples of a class to be classified, at least 1.
    seed : int
        The same seed gives the same episodes.

    Raises
    ------
    ParameterError
        For a number out of range.
    DataError
        For labels of another kind, or too few classes, or too few examples of one.

    Examples
    --------
    >>> sampler = EpisodeSampler(np.repeat(np.arange(6), 5), n_way=3, n_shot=1, n_query=2, seed=0)
    >>> episodes = sampler.draw(4)
    >>> episodes.support.shape, episodes.queries.shape
    ((4, 3, 1), (4, 3, 2))
    """

    def __init__(self, labels: np.ndarray, *, n_way: int = 5, n_shot: int = 1, n_query: int = 15, seed: int) -> None:
        for name, value, least in (("n_way", n_way, 2), ("n_shot", n_shot, 1), ("n_query", n_query, 1)):
            require_option(name, value, isinstance(value, int | np.integer) and value >= least, f"at least {least}")
        labels = np.asarray(labels)
        counts = class_counts(labels)
        if len(counts) < n_way:
            raise DataError(
                describe(f"at least {n_way} classes for episodes of {n_way}", f"{len(counts)}", "a smaller n_way")
            )
        fewest = int(counts.argmin())
        if counts[fewest] < n_shot + n_query:
            raise DataError(
                describe(
                    f"at least {n_shot + n_query} examples of every class, {n_shot} to stand for it and {n_query} "
                    "to be classified",
                    f"{counts[fewest]} of class number {fewest}",
                    "a smaller n_shot or n_query, or without this class",
                )
            )
        self._n_way, self._n_shot, self._n_query = int(n_way), int(n_shot), int(n_query)
        self._counts = counts
        self._members = _members(labels, counts)
        self._generator = np.random.default_rng(seed)

    def draw(self, n_episodes: int) -> Episodes:
        """The next episodes.

        Parameters
        ----------
        n_episodes : int
            At least 1.
        """
        require_option("n_episodes", n_episodes, n_episodes >= 1, "at least 1")
        # Numbers are drawn episode by episode, so that ten and then ten more are the first twenty.
        per_episode = len(self._counts) + self._n_way * self._members.shape[1]
        parts = []
        for start in range(0, n_episodes, max(1, _CELLS // per_episode)):
            n = min(n_episodes - start, max(1, _CELLS // per_episode))
            parts.append(self._drawn(self._generator.random((n, per_episode))))
        return Episodes(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def each(self, n_episodes: int) -> Iterator[Episodes]:
        """The next episodes one by one.

        Parameters
        ----------
        n_episodes : int
        """
        for _ in range(n_episodes):
            yield self.draw(1)

    def _drawn(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        n_classes = len(self._counts)
        classes = numbers[:, :n_classes].argsort(1)[:, : self._n_way]
        order = numbers[:, n_classes:].reshape(len(numbers), self._n_way, -1)
        # Places beyond a class's last example come last, and are never reached.
        there = np.arange(order.shape[2]) < self._counts[classes][..., None]
        chosen = np.where(there, order, np.inf).argsort(2)[..., : self._n_shot + self._n_query]
        examples = np.take_along_axis(self._members[classes], chosen, 2)
        return classes, examples[..., : self._n_shot], examples[..., self._n_shot :]


def class_counts(labels: np.ndarray) -> np.ndarray:
    """How many examples each class has, where classes are called 0 to k - 1.

    Parameters
    ----------
    labels : ndarray
        Shape ``(n,)``.

    Returns
    -------
    ndarray
        Shape ``(k,)``, all at least 1.

    Raises
    ------
    DataError
        For labels that are anything else.

    Examples
    --------
    >>> class_counts(np.array([0, 1, 1])).tolist()
    [1, 2]
    """
    labels = np.asarray(labels)
    wanted = "labels 0 to k - 1, one for every example"
    relabel = "np.unique(y, return_inverse=True)[1]"
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or not len(labels):
        raise DataError(describe(wanted, f"an array of shape {labels.shape} and type {labels.dtype}", relabel))
    if labels.min() < 0:
        raise DataError(describe(wanted, f"label {labels.min()}", relabel))
    if labels.max() >= len(labels):
        raise DataError(describe(wanted, f"label {labels.max()} among {len(labels)} examples", relabel))
    counts = np.bincount(labels)
    if not counts.all():
        raise DataError(describe(wanted, f"no example of class {int(counts.argmin())}", relabel))
    return counts


def _members(labels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Indices of every class's examples, shape ``(k, most)``, padded with -1."""
    order = np.argsort(labels, kind="stable")
    within = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    members = np.full((len(counts), counts.max()), -1)
    members[labels[order], within] = order
    return members
