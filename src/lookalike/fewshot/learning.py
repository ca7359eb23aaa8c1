"""Learning from episodes: every step is a new classification problem with its own classes."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from numbers import Integral
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lookalike.data import Preprocessing
from lookalike.errors import ParameterError, TrainingError, describe
from lookalike.fewshot.episodes import EpisodeSampler
from lookalike.fewshot.network import EpisodicNetwork
from lookalike.objectives import Objective
from lookalike.training.freezing import frozen_parameters, rest_frozen
from lookalike.training.health import require_finite_weights
from lookalike.training.memory import keep_freed_memory
from lookalike.training.optimization import learning_rate_factor
from lookalike.training.settings import SCHEDULES

_AHEAD = 20
_EVERY = 50


@dataclass(frozen=True)
class EpisodeSettings:
    """How long, from what, and how fast.

    Attributes
    ----------
    episodes : int
        Steps of training, at least 1.
    n_way : int
        Classes of an episode, at least 2; more than in testing makes training harder and the result better.
    n_shot : int or sequence of int
        Examples that stand for a class, at least 1. Several: every step has the loss of each, over the same pictures.
    n_query : int
        Examples of a class beyond the largest ``n_shot``, at least 1. With fewer shots, what is left over is asked too.
    learning_rate : float
        Of Adam, above 0.
    schedule : str
        ``"cosine"``: falls to nearly 0 over the training; ``"one_cycle"`` rises first; ``"constant"``.
    """

    episodes: int = 1000
    n_way: int = 60
    n_shot: int | Sequence[int] = (1, 5)
    n_query: int = 1
    learning_rate: float = 2e-3
    schedule: str = "cosine"

    @property
    def shots(self) -> tuple[int, ...]:
        """All numbers of shots."""
        return tuple(self.n_shot) if isinstance(self.n_shot, Sequence) else (self.n_shot,)

    def check(self) -> None:
        """Refuse values out of range.

        Raises
        ------
        ParameterError
        """
        rules: list[tuple[str, bool, str]] = [
            ("episodes", _is_whole(self.episodes, 1), "a whole number of at least 1"),
            ("n_way", _is_whole(self.n_way, 2), "a whole number of at least 2"),
            (
                "n_shot",
                bool(self.shots) and all(_is_whole(shot, 1) for shot in self.shots),
                "a whole number of at least 1, or several",
            ),
            ("n_query", _is_whole(self.n_query, 1), "a whole number of at least 1"),
            ("learning_rate", self.learning_rate > 0, "a number above 0"),
            ("schedule", self.schedule in SCHEDULES, f"one of {SCHEDULES}"),
        ]
        for name, holds, expected in rules:
            if not holds:
                raise ParameterError(describe(f"{name} as {expected}", repr(getattr(self, name))))


@dataclass(frozen=True)
class EpisodeReport:
    """The mean of some steps of training.

    Attributes
    ----------
    episode : int
        How many were done.
    loss : float
    accuracy : float
        Of queries, with as many classes as in training, over all numbers of shots.
    seconds : float
        Since the beginning.
    """

    episode: int
    loss: float
    accuracy: float
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def learn_episodes(
    network: EpisodicNetwork,
    objective: Objective,
    inputs: Tensor,
    labels: np.ndarray,
    preprocessing: Preprocessing,
    settings: EpisodeSettings,
    seed: int,
    callbacks: Sequence[Callable[[EpisodeReport], object]] = (),
) -> tuple[EpisodeReport, ...]:
    """Train a network in place.

    Parameters
    ----------
    network : EpisodicNetwork
    objective : Objective
    inputs : Tensor
        Of all base classes, shape ``(n, ...)``, in data units or 8-bit integers.
    labels : ndarray
        Shape ``(n,)``, integers from 0 to k - 1.
    preprocessing : Preprocessing
    settings : EpisodeSettings
    seed : int
        Of the episodes.
    callbacks : sequence of callable
        Told every report.

    Returns
    -------
    tuple of EpisodeReport
        One for every 50 episodes, and one for what is left.

    Raises
    ------
    DataError
        If there are too few classes, or too few examples of one.
    TrainingError
        If a loss is not finite.
    """
    settings.check()
    shots, most = settings.shots, max(settings.shots)
    sampler = EpisodeSampler(labels, n_way=settings.n_way, n_shot=most, n_query=settings.n_query, seed=seed)
    plan = [_split(settings.n_way, shot, most + settings.n_query) for shot in shots]
    supports, queries = [support for support, _ in plan], [query for _, query in plan]
    frozen = frozen_parameters(network)
    learned = [each for each in (*network.parameters(), *objective.parameters()) if each.requires_grad]
    optimizer = torch.optim.Adam(learned, lr=settings.learning_rate, fused=True)
    keep_freed_memory()
    network.train()
    rest_frozen(network, frozen)
    start, reports, terms = time.perf_counter(), [], []
    for episode in range(settings.episodes):
        if episode % _AHEAD == 0:
            drawn = sampler.draw(_AHEAD)
            places = torch.from_numpy(np.concatenate([drawn.support, drawn.queries], 2).reshape(_AHEAD, -1))
        progress = episode / settings.episodes
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * learning_rate_factor(settings.schedule, 0.1, progress)
        batch = preprocessing.standardize(inputs[places[episode % _AHEAD]])
        batch = batch.contiguous(memory_format=torch.channels_last) if batch.ndim == 4 else batch
        records = network.compare(batch, supports, queries)
        loss = torch.stack([objective(record, progress) for record in records]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        right = [record.logits.argmax(1).eq(record.known_targets()).float().mean() for record in records]
        terms.append((loss.item(), torch.stack(right).mean().item()))
        if not np.isfinite(terms[-1][0]):
            raise TrainingError(
                describe("a finite loss", f"{terms[-1][0]} in episode {episode}", "a smaller learning_rate")
            )
        if (episode + 1) % _EVERY == 0 or episode + 1 == settings.episodes:
            mean_loss, accuracy = np.mean(terms, 0).tolist()
            reports.append(EpisodeReport(episode + 1, mean_loss, accuracy, time.perf_counter() - start))
            terms = []
            for callback in callbacks:
                callback(reports[-1])
    network.eval()
    require_finite_weights(network.state_dict())
    return tuple(reports)


def _split(n_way: int, shot: int, n_examples: int) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Places of the support and of the queries in a batch that is sorted by class, and their classes."""
    places = torch.arange(n_way * n_examples).view(n_way, n_examples)
    labels = torch.arange(n_way)[:, None].expand(-1, n_examples)
    first, rest = (places[:, :shot], labels[:, :shot]), (places[:, shot:], labels[:, shot:])
    return (first[0].flatten(), first[1].flatten()), (rest[0].flatten(), rest[1].flatten())


def _is_whole(value: object, at_least: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= at_least
