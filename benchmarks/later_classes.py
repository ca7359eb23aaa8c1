"""Two classes that come to a trained model by five images each: ``python -m benchmarks.later_classes``.

Fashion-MNIST, 8,000 training images of the first eight classes; the last two come by five images each, drawn with the
seed. With aligned matching and residual swap (the defaults), and without; new prototypes as aligned means of the
images, and as images, one, two or four of a class. Mean and range over seeds of the accuracy on test images of the
old classes before and after, of the new ones, and of all.
"""

import argparse
import itertools
import json

import numpy as np

from benchmarks.pairs import RESULTS
from lookalike import PrototypeClassifier, recipes
from lookalike.data import load_dataset

N_NEW, EPOCHS, LIMIT = 5, 8, 10_000
COUNTS = (1, 2, 4)


def accuracies(classifier, inputs, labels, is_new):
    """On old classes, on new ones, and on all."""
    right = classifier.predict(inputs) == labels
    return float(right[~is_new].mean()), float(right[is_new].mean()), float(right.mean())


def main():
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    dataset = load_dataset("fashion-mnist", limit=LIMIT)
    classes = list(dict.fromkeys(np.unique(dataset.train.labels).tolist()))
    new = classes[-2:]
    is_new, is_new_test = (np.isin(part.labels, new) for part in (dataset.train, dataset.test))
    gathered = {}
    for seed in range(asked.seeds):
        generator = np.random.default_rng(seed)
        few = {name: generator.permutation(np.flatnonzero(dataset.train.labels == name))[:N_NEW] for name in new}
        for network, make in {"with aligned matching": PrototypeClassifier, "without": recipes.siamese}.items():
            fitted = make(training__epochs=EPOCHS, random_state=seed)
            fitted.fit(dataset.train.inputs[~is_new], dataset.train.labels[~is_new])
            before = fitted.score(dataset.test.inputs[~is_new_test], dataset.test.labels[~is_new_test])
            for kind, count in itertools.product(("aligned", "examples"), COUNTS):
                for name in new:
                    fitted.add_class(name, dataset.train.inputs[few[name]], kind=kind, n_prototypes=count)
                old, added, every = accuracies(fitted, dataset.test.inputs, dataset.test.labels, is_new_test)
                gathered.setdefault(f"{network}, {count} {kind}", []).append((before, old, added, every))
                for name in new:
                    fitted.remove_class(name)
    rows = []
    for name, values in gathered.items():
        columns = zip(*values, strict=True)
        summary = [[round(f(each), 4) for f in (np.mean, min, max)] for each in map(list, columns)]
        rows.append({"name": name, **dict(zip(("before", "old", "new", "all"), summary, strict=True))})
        print(name, rows[-1])
    document = {"benchmark": "later_classes", "new": new, "seeds": asked.seeds, "rows": rows}
    (RESULTS / "later_classes.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
