"""Few-shot learning: from episodes, a space in which a class is known by a few examples."""

from lookalike.fewshot.episodes import Episodes, EpisodeSampler
from lookalike.fewshot.evaluation import episode_accuracies
from lookalike.fewshot.gathering import ExemplarGathering, Gathering, MeanGathering, PictureGathering
from lookalike.fewshot.learner import EpisodicLearner
from lookalike.fewshot.learning import EpisodeReport, EpisodeSettings, learn_episodes
from lookalike.fewshot.network import EpisodicNetwork

__all__ = [
    "EpisodeReport",
    "EpisodeSampler",
    "EpisodeSettings",
    "Episodes",
    "EpisodicLearner",
    "EpisodicNetwork",
    "ExemplarGathering",
    "Gathering",
    "MeanGathering",
    "PictureGathering",
    "episode_accuracies",
    "learn_episodes",
]
