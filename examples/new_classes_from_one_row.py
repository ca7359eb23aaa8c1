"""Few-shot on a table: what tells classes apart is learned from 60 of them, and serves for five that are new.

Three columns of 23 tell the class, and the others are louder. Run it with
``python examples/new_classes_from_one_row.py``; it takes a few seconds.
"""

import numpy as np

from lookalike.recipes import nearest_class_mean, prototypical_network


def rows_of(n_classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Twenty rows of each class."""
    random = np.random.default_rng(seed)
    labels = np.arange(n_classes).repeat(20)
    told = random.normal(size=(n_classes, 3))[labels] + 0.2 * random.normal(size=(len(labels), 3))
    return np.hstack([told, 2 * random.normal(size=(len(labels), 20))]), labels


def main() -> None:
    """Learn from 60 classes, be told five new ones by one row each, and compare with the rows as they are."""
    learner = prototypical_network(backbone="mlp", episodes=200, random_state=0).fit(*rows_of(60, seed=0))
    rows, labels = rows_of(5, seed=1)
    support, rest = np.arange(100) % 20 == 0, np.arange(100) % 20 > 0
    classifier = learner.adapt(rows[support], labels[support])
    plain = nearest_class_mean(validation_fraction=0.0).fit(rows[support], labels[support])
    print(f"five new classes from one row each, on the test part: {classifier.score(rows[rest], labels[rest]):.3f}")
    print(f"the nearest of the five rows as they are: {plain.score(rows[rest], labels[rest]):.3f}")
    accuracies = learner.episode_accuracies(*rows_of(60, seed=2), n_way=5, n_shot=1, n_query=15, episodes=200)
    print(f"over 200 episodes of five other classes: {accuracies.mean():.3f}")


if __name__ == "__main__":
    main()
