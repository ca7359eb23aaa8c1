"""A table: the prototype wine that a wine is most like, with both in the units of the data.

Run it with ``python examples/why_this_wine.py``; it takes a few seconds.
"""

from lookalike import PrototypeClassifier, load_dataset


def main() -> None:
    """Learn, explain one wine, and print its nearest prototype beside it."""
    wines = load_dataset("wine")
    classifier = PrototypeClassifier(prototypes__n_per_class=2, random_state=0)
    classifier.fit(wines.train.inputs, wines.train.labels)
    wine = wines.test.inputs[:1]
    explanation = classifier.explain(wine)[0]
    match = explanation.matches[0]
    print(f"accuracy on the test part: {classifier.score(wines.test.inputs, wines.test.labels):.3f}")
    print(f"this wine: {explanation.predicted} ({explanation.probability:.3f}), runner-up {explanation.runner_up}")
    print(f"most like prototype {match.prototype}, measured similarity {explanation.measured(match):.3f}")
    for column, value, typical in zip(wines.columns, wine[0], classifier.prototypes_[match.prototype], strict=True):
        print(f"  {column:30} {value:8.2f}   prototype {typical:8.2f}")


if __name__ == "__main__":
    main()
