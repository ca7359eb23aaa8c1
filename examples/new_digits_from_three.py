"""Few-shot: a space learned from six digits, then a classifier of the other four from three drawings of each.

Run it with ``python examples/new_digits_from_three.py``; it takes a few seconds.
"""

import numpy as np

from lookalike import load_dataset
from lookalike.recipes import prototypical_network


def main() -> None:
    """Learn from digits 0 to 5, be told 6 to 9 by three each, and explain one decision."""
    digits = load_dataset("digits")
    X, y = digits.train.inputs, digits.train.labels
    learner = prototypical_network(backbone="mlp", n_shot=(1, 3), n_query=5, episodes=300, random_state=0)
    learner.fit(X[y < 6], y[y < 6])
    support = np.concatenate([np.flatnonzero(y == digit)[:3] for digit in (6, 7, 8, 9)])
    classifier = learner.adapt(X[support], y[support])
    new = digits.test.labels >= 6
    accuracy = classifier.score(digits.test.inputs[new], digits.test.labels[new])
    print(f"four new digits from three drawings each, on the test part: {accuracy:.3f}")
    explanation = classifier.explain(digits.test.inputs[new][:1])[0]
    print(f"the first is a {explanation.predicted} ({explanation.probability:.3f}), runner-up {explanation.runner_up}")


if __name__ == "__main__":
    main()
