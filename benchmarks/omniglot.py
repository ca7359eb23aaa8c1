"""Few-shot learning on Omniglot: ``python -m benchmarks.omniglot [ARM ...]``.

1,200 characters and their turns for training, the other 423 and theirs for testing. One thread. Every arm is kept in
the results file when it is done, so that arms can be run one by one; its network stays in ``runs/omniglot``, where the
arms that are tried on it without training find it. Accuracy is the mean over 1,000 test episodes of 15 queries a class,
with a 95% interval.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from lookalike.backbones import Conv4Backbone
from lookalike.data import Preprocessing, load_dataset
from lookalike.fewshot import (
    EpisodeSampler,
    EpisodeSettings,
    EpisodicNetwork,
    ExemplarGathering,
    MeanGathering,
    PictureGathering,
    episode_accuracies,
    learn_episodes,
)
from lookalike.metrics import mean_interval
from lookalike.objectives import CrossEntropyObjective
from lookalike.pooling import MaxPooling
from lookalike.similarities import CosineSimilarity, L2Similarity, NegativeKernel
from lookalike.transforms import IdentityTransform, ShiftTransform

RUNS = Path("runs") / "omniglot"
RESULTS = Path(__file__).parent / "results" / "omniglot.json"
TEST_EPISODES, QUERIES, SEED = 1000, 15, 0
TASKS = ((5, 1), (5, 5), (20, 1), (20, 5))
PUBLISHED = {
    "published, squared Euclidean (arXiv 1703.05175)": {
        "5-way 1-shot": 98.8,
        "5-way 5-shot": 99.7,
        "20-way 1-shot": 96.0,
        "20-way 5-shot": 98.9,
    }
}
LONG, SHORT = EpisodeSettings(episodes=4000), EpisodeSettings(episodes=200)


def squared():
    """Squared Euclidean distance, summed, as published."""
    return L2Similarity(kernel=NegativeKernel(scale=1.0, learn_scale=False), mean=False)


def cosine(**options):
    """Cosine of the angle, with a scale or without."""
    return CosineSimilarity(**options)


# What stands for a class, how it is compared, how long it is trained.
ARMS = {
    "squared Euclidean": (MeanGathering, squared, LONG),
    "squared Euclidean, short": (MeanGathering, squared, SHORT),
    "cosine, learnable scale, short": (MeanGathering, cosine, SHORT),
    "cosine, no scale, short": (MeanGathering, lambda: cosine(scale=1.0, learn_scale=False), SHORT),
    "picture of a class, squared Euclidean, short": (PictureGathering, squared, SHORT),
}
FIRST = next(iter(ARMS))
# What else is tried on the first arm's network, without training.
VARIANTS = {
    "picture of a class": (PictureGathering, IdentityTransform),
    "every example, no shift": (ExemplarGathering, IdentityTransform),
    "every example, best of 9 shifts": (ExemplarGathering, lambda: ShiftTransform(pixels=1)),
}


def network_of(gathering, similarity, transform=IdentityTransform):
    """The rooms of one arm."""
    network = EpisodicNetwork(
        backbone=Conv4Backbone((1, 28, 28)),
        gathering=gathering(),
        similarity=similarity(),
        transform=transform(),
        pooling=MaxPooling(),
    )
    return network.to(memory_format=torch.channels_last)


def pictures_of(part):
    """Pictures with a channel, and labels as integers."""
    return torch.from_numpy(np.ascontiguousarray(part.inputs))[:, None], np.unique(part.labels, return_inverse=True)[1]


def tested(network, test, labels, preprocessing):
    """Accuracy in every task, in percent."""
    tasks = [
        EpisodeSampler(labels, n_way=n_way, n_shot=n_shot, n_query=QUERIES, seed=SEED).draw(TEST_EPISODES)
        for n_way, n_shot in TASKS
    ]
    rows = {}
    for (n_way, n_shot), found in zip(TASKS, episode_accuracies(network, test, preprocessing, tasks), strict=True):
        mean, (low, high) = 100 * found.mean(), mean_interval(100 * found)
        rows[f"{n_way}-way {n_shot}-shot"] = {"accuracy": float(mean), "low": low, "high": high}
        print(f"  {n_way}-way {n_shot}-shot: {mean:.2f} [{low:.2f}, {high:.2f}]", flush=True)
    return rows


def keep(name, row):
    """Write one arm into the results file."""
    document = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"benchmark": "omniglot", "arms": {}}
    document |= {
        "published": PUBLISHED,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "test_episodes": TEST_EPISODES,
    }
    document["arms"][name] = row
    RESULTS.write_text(json.dumps(document, indent=1) + "\n")


def shown(report):
    """Print every fifth report."""
    if report.episode % 250 == 0:
        print(f"  {report}", flush=True)


def trained(name, train, train_labels, preprocessing):
    """The network of an arm, and what its training was like."""
    gathering, similarity, settings = ARMS[name]
    torch.manual_seed(SEED)
    network = network_of(gathering, similarity)
    start = time.perf_counter()
    objective = CrossEntropyObjective()
    history = learn_episodes(network, objective, train, train_labels, preprocessing, settings, SEED, [shown])
    minutes = (time.perf_counter() - start) / 60
    RUNS.mkdir(parents=True, exist_ok=True)
    state = {key: tensor.contiguous() for key, tensor in network.state_dict().items()}
    save_file(state, RUNS / f"{name}.safetensors")
    return network, {"episodes": settings.episodes, "minutes": minutes, "training_accuracy": history[-1].accuracy}


def main():
    """Train and test the arms that are named, or all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("arms", nargs="*", help=f"of {[*ARMS, *VARIANTS]}")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    data = load_dataset("omniglot")
    (train, train_labels), (test, test_labels) = pictures_of(data.train), pictures_of(data.test)
    preprocessing = Preprocessing.of(train)
    for name in chosen.arms or [*ARMS, *VARIANTS]:
        print(name, flush=True)
        if name in ARMS:
            network, row = trained(name, train, train_labels, preprocessing)
        else:
            network, row = network_of(VARIANTS[name][0], squared, VARIANTS[name][1]), {"network of": FIRST}
            network.load_state_dict(load_file(RUNS / f"{FIRST}.safetensors"))
        keep(name, {**row, "tasks": tested(network, test, test_labels, preprocessing)})


if __name__ == "__main__":
    main()
