"""Rows of the scorecard against the passes that they need: ``python -m benchmarks.scorecard``.

10,000 test pictures of 28 x 28, 40 prototypes, 3 x 2,000 foreign pictures, 2,000 training pictures for what is usual:
the rows that read nothing but forward passes (ACC, OOD-AUROC, SIZE, SUFF@3), and the same passes alone.
"""

import numpy as np
import torch

from benchmarks.pairs import in_turn, ratio, report
from lookalike import PrototypeClassifier
from lookalike.data import Examples
from lookalike.evaluation import Subject
from lookalike.evaluation.decision_rows import accuracy_row, rejection_row, size_row, sufficiency_row

PICTURES, FOREIGN = 10_000, 2000


def ways():
    """The same model and pictures, judged and passed."""
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (PICTURES, 28, 28), dtype=np.uint8)
    labels = np.arange(PICTURES) % 10
    classifier = PrototypeClassifier(random_state=0, training="none", prototypes__n_per_class=4)
    classifier.fit(pictures[:1000], labels[:1000])
    inputs = torch.from_numpy(pictures)[:, None]
    examples = Examples(inputs, torch.from_numpy(labels), classifier.preprocessing_)
    foreign = {name: inputs[start : start + FOREIGN] for name, start in (("a", 0), ("b", 2000), ("c", 4000))}

    def subject():
        return Subject(
            network=classifier.network_,
            preprocessing=classifier.preprocessing_,
            classes=[str(label) for label in range(10)],
            temperature=1.0,
            pictures=torch.from_numpy(classifier.prototypes_),
            stand_ins=torch.zeros(0),
            test=examples,
            training=examples.select(torch.arange(FOREIGN)),
            foreign=foreign,
        )

    def rows():
        judged = subject()
        return [row(judged) for row in (accuracy_row, rejection_row, size_row, sufficiency_row)]

    def passes():
        judged = subject()
        return [judged.passed(each) for each in (inputs, *foreign.values(), inputs[:FOREIGN])]

    return {"rows": rows, "passes": passes}


def main():
    """Measure and report."""
    seconds = in_turn(ways(), rounds=7, warmup=1)
    name = "forward-only rows of the scorecard against their passes, 10,000 pictures"
    report("scorecard", {name: ratio(seconds, "rows", "passes")}, {name: 1.2})


if __name__ == "__main__":
    main()
