"""Points that tell their classes apart: ours, the swaps of k-medoids for the loss of a nearest-prototype classifier."""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from lookalike.distances import squared_distances
from lookalike.errors import require_option
from lookalike.selection.base import Picked, Selection, picked
from lookalike.selection.centers import MedoidsSelection

_ROWS = 4096
_LEAST_SHARE = 1e-4
_HALVINGS = 40


class MarginSelection(Selection):
    """The points by which a nearest-prototype classifier is surest and most often right, of all classes together.

    Parameters
    ----------
    candidates : int
        Points of each class to choose among beside the medoids that the search begins with, 1 or above, at random.
    sweeps : int
        How often every place is given to its best candidate at most, 1 or above; it ends where nothing improves.
    max_points : int
        Points of each class that the loss is measured on, drawn at random where there are more, 1 or above.

    Raises
    ------
    ParameterError
        For a number out of its range.

    Notes
    -----
    With ``D_ic`` the squared distance of point i to the nearest chosen point of class c, the loss is the mean
    cross-entropy of ``softmax_c(-D_ic / t)``. One place after the other is given to the candidate of its class that
    makes the loss smallest with all other places as they are, which is a swap of k-medoids under another loss; the
    temperature t is the best one for the start, and again after every sweep. Other methods ask how points stand for
    their class; this one asks what is asked of them when inputs are compared with them. With a single class it is
    k-medoids.

    References
    ----------
    [seo2003soft]

    [kaufman1990finding]

    Examples
    --------
    >>> points = torch.tensor([[0.0], [1.0], [2.0], [2.4], [3.0], [6.0]])
    >>> MedoidsSelection()(points, [0, 0, 0, 1, 1, 1], 1).indices.tolist()
    [1, 4]
    >>> MarginSelection()(points, [0, 0, 0, 1, 1, 1], 1).indices.tolist()
    [1, 4]
    """

    def __init__(self, *, candidates: int = 100, sweeps: int = 5, max_points: int = 1000) -> None:
        require_option("candidates", candidates, candidates >= 1, "1 or above")
        require_option("sweeps", sweeps, sweeps >= 1, "1 or above")
        require_option("max_points", max_points, max_points >= 1, "1 or above")
        self.candidates = candidates
        self.sweeps = sweeps
        self.max_points = max_points

    def chosen(
        self, points: Tensor, members: Sequence[Tensor], counts: Sequence[int], generator: Generator
    ) -> list[Picked]:
        """All classes at once."""
        start = MedoidsSelection().chosen(points, members, counts, generator)
        if len(members) == 1:
            return start
        drawn = [own[torch.randperm(len(own), generator=generator)[: self.max_points]] for own in members]
        targets = torch.cat([torch.full_like(rows, label) for label, rows in enumerate(drawn)])
        choice = _Choice(points, torch.cat(drawn), targets, [each.indices for each in start])
        pools = [
            torch.cat([each.indices, own[torch.randperm(len(own), generator=generator)]]).unique_consecutive()
            for each, own in zip(start, members, strict=True)
        ]
        for _ in range(self.sweeps):
            before = choice.cool()
            for label, pool in enumerate(pools):
                choice.improve(label, pool[: self.candidates + counts[label]])
            if choice.loss() > (1 - _LEAST_SHARE) * before:
                break
        return [picked(own) for own in choice.chosen]


class _Choice:
    """Chosen points of every class, and the loss of the classifier that they make."""

    def __init__(self, points: Tensor, rows: Tensor, targets: Tensor, chosen: Sequence[Tensor]) -> None:
        self.chosen = [own.clone() for own in chosen]
        self._points, self._inputs, self._targets = points, points[rows], targets
        self._held = [squared_distances(self._inputs, points[own]) for own in self.chosen]
        self._nearest = torch.stack([held.amin(1) for held in self._held], 1)
        self._temperature = 1.0

    def loss(self) -> float:
        """The mean cross-entropy."""
        return float(torch.nn.functional.cross_entropy(-self._nearest / self._temperature, self._targets))

    def cool(self) -> float:
        """Find the temperature that suits the choice best; the loss at it."""
        scale = float(self._nearest.amin(1).mean()) or 1.0
        low, high = -6.0, 6.0
        for _ in range(_HALVINGS):
            thirds = (2 * low + high) / 3, (low + 2 * high) / 3
            losses = []
            for power in thirds:
                self._temperature = scale * 2**power
                losses.append(self.loss())
            low, high = (low, thirds[1]) if losses[0] <= losses[1] else (thirds[0], high)
        self._temperature = scale * 2 ** ((low + high) / 2)
        return self.loss()

    def improve(self, label: int, pool: Tensor) -> None:
        """Give every place of a class to the best of the candidates that are not chosen yet, one after the other."""
        distances = squared_distances(self._inputs, self._points[pool])
        held = self._held[label]
        for place in range(len(self.chosen[label])):
            taken = self.chosen[label].clone()
            taken[place] = -1
            free = ~torch.isin(pool, taken)
            rest = held.scatter(1, torch.full((len(held), 1), place), float("inf")).amin(1)
            losses = torch.zeros(int(free.sum()), dtype=torch.float64)
            for start in range(0, len(held), _ROWS):
                part = slice(start, start + _ROWS)
                losses += self._losses(part, label, torch.minimum(distances[part, free], rest[part, None]))
            best = int(free.nonzero()[losses.argmin(), 0])
            self.chosen[label][place] = pool[best]
            held[:, place] = distances[:, best]
            self._nearest[:, label] = held.amin(1)

    def _losses(self, part: slice, label: int, nearest: Tensor) -> Tensor:
        """The sum of the loss over some points, for every candidate's distances to them, shape ``(candidates,)``."""
        scores = -self._nearest[part] / self._temperature
        own = scores.gather(1, self._targets[part, None])
        scores[:, label] = -torch.inf
        others = scores.logsumexp(1, keepdim=True)
        # log(exp(others) + exp(mine)) - score of the own class, as softplus of the smaller side.
        ahead = nearest.div_(-self._temperature).sub_(others)
        is_own = self._targets[part] == label
        known = torch.nn.functional.softplus(ahead[~is_own]).sum(0) + (others - own)[~is_own].sum()
        return (known + torch.nn.functional.softplus(-ahead[is_own]).sum(0)).double()
