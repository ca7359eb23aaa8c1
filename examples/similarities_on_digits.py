"""Which similarity suits the digits? Chosen by cross-validation, then judged once on the test part.

Run it with ``python examples/similarities_on_digits.py``; it takes a few seconds.
"""

from sklearn.model_selection import GridSearchCV

from lookalike import PrototypeClassifier, load_dataset


def main() -> None:
    """Search, and print what was found."""
    digits = load_dataset("digits", limit=600)
    quick = {"backbone": "mlp", "training__epochs": 6, "training__batch_size": 32, "validation_fraction": 0.2}
    search = GridSearchCV(
        PrototypeClassifier(**quick, random_state=0),
        {"similarity": ["cosine", "dot", "l2"], "prototypes__n_per_class": [1, 4]},
        cv=2,
    )
    search.fit(digits.train.inputs, digits.train.labels)
    for parameters, accuracy in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True):
        print(f"{accuracy:.3f}  {parameters}")
    accuracy = search.score(digits.test.inputs, digits.test.labels)
    print(f"chosen: {search.best_params_}; on the test part {accuracy:.3f}")


if __name__ == "__main__":
    main()
