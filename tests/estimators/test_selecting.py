"""Prototypes that are selected examples, and classes that come and go without training."""

import numpy as np
import pytest

from lookalike import recipes, registry
from lookalike.data import load_dataset
from lookalike.data.knownproto import KnownWorld
from lookalike.errors import DataError, ParameterError
from lookalike.estimators import PrototypeClassifier
from lookalike.selection import MedoidsSelection

SAMPLES = KnownWorld.of(0).sample("L0", 300, seed=0)
FRESH = KnownWorld.of(0).sample("L0", 300, seed=1)
SMALL = {
    "backbone__widths": [4, 6],
    "prototypes__n_per_class": 2,
    "training__epochs": 4,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def five_classes():
    """A classifier of five of the six classes, and what it answers about them."""
    known = SAMPLES.labels != 3
    classifier = PrototypeClassifier(**SMALL).fit(SAMPLES.inputs[known], SAMPLES.labels[known])
    asked = FRESH.inputs[FRESH.labels != 3]
    return classifier, asked, classifier.decision_scores(asked)


@pytest.mark.parametrize("method", registry.members("selection"))
def test_every_selection_makes_a_classifier_without_training(method, tmp_path):
    iris = load_dataset("iris")
    made = recipes.nearest_prototype(selection=method, prototypes__n_per_class=2, random_state=0)
    made.fit(iris.train.inputs, iris.train.labels)
    sources = [summary.source for summary in made.explanation_.prototypes]
    np.testing.assert_allclose(made.prototypes_, iris.train.inputs[sources], atol=1e-5)
    assert list(iris.train.labels[sources]) == list(made.prototype_labels_)
    assert made.score(iris.test.inputs, iris.test.labels) > 0.5
    made.save(tmp_path)
    again = PrototypeClassifier.load(tmp_path)
    assert np.array_equal(made.predict(iris.test.inputs), again.predict(iris.test.inputs))


def test_selected_examples_may_be_chosen_in_activations_and_learned_afterwards():
    options = {**SMALL, "selection": "density_peaks", "regularizers": "none", "counterfactuals": "none"}
    frozen = PrototypeClassifier(**{**options, "prototypes": "exemplar"}).fit(SAMPLES.inputs, SAMPLES.labels)
    seen = PrototypeClassifier(**{**options, "prototypes": "exemplar", "selection__space": "activation"})
    seen.fit(SAMPLES.inputs, SAMPLES.labels)
    sources = [[each.source for each in made.explanation_.prototypes] for made in (frozen, seen)]
    assert sources[0] != sources[1]
    learned = PrototypeClassifier(**options).fit(SAMPLES.inputs, SAMPLES.labels)
    begun = PrototypeClassifier(**{**options, "training": "none"}).fit(SAMPLES.inputs, SAMPLES.labels)
    np.testing.assert_allclose(begun.prototypes_, frozen.prototypes_, atol=1e-5)
    assert not np.allclose(learned.prototypes_, frozen.prototypes_, atol=1e-3)


def test_a_selection_may_be_an_instance():
    options = {**SMALL, "prototypes": "exemplar", "training": "none"}
    named = PrototypeClassifier(**options, selection="medoids").fit(SAMPLES.inputs, SAMPLES.labels)
    given = PrototypeClassifier(**options, selection=MedoidsSelection()).fit(SAMPLES.inputs, SAMPLES.labels)
    assert np.array_equal(named.prototypes_, given.prototypes_)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"selection": "medoid"}, "did you mean 'medoids'"),
        ({"selection": "medoids", "selection__space": "pixels"}, "selection__space of input or activation"),
        ({"selection__max_matrix": 5}, "a selection to have options"),
        ({"selection": "medoids", "selection__radius": 5.0}, "an option of selection='medoids'"),
    ],
)
def test_selections_that_cannot_be_are_refused(options, match):
    with pytest.raises(ParameterError, match=match):
        PrototypeClassifier(**SMALL, **options).fit(SAMPLES.inputs, SAMPLES.labels)


@pytest.mark.parametrize("kind", ["aligned", "examples"])
def test_a_class_comes_without_training(five_classes, kind, tmp_path):
    classifier, asked, before = five_classes
    classifier.save(tmp_path / "before")
    grown = PrototypeClassifier.load(tmp_path / "before")
    new = SAMPLES.inputs[SAMPLES.labels == 3][:6]
    assert grown.add_class(3, new, n_prototypes=2, kind=kind) is grown
    assert grown.classes_.tolist() == [0, 1, 2, 3, 4, 5]
    assert grown.prototype_labels_.tolist().count(3) == 2
    np.testing.assert_allclose(grown.decision_scores(asked)[:, [0, 1, 2, 4, 5]], before, rtol=1e-4, atol=1e-4)
    assert np.mean(grown.predict(new) == 3) >= 0.5
    own = grown.prototypes_[grown.prototype_labels_ == 3][:, 0]
    apart = np.abs(own[:, None] - new[None]).max((2, 3)).min(1)
    assert bool((apart < 1e-4).all()) == (kind == "examples")
    explanation = grown.explain(new[:1])[0]
    assert sum(match.contribution for match in explanation.matches) == pytest.approx(explanation.logit, abs=1e-3)
    grown.save(tmp_path / "after")
    again = PrototypeClassifier.load(tmp_path / "after")
    assert np.array_equal(again.decision_scores(asked), grown.decision_scores(asked))
    again.remove_class(3)
    np.testing.assert_allclose(again.decision_scores(asked), before, rtol=1e-4, atol=1e-4)
    assert again.classes_.tolist() == classifier.classes_.tolist()
    assert len(again.explanation_.prototypes) == len(classifier.explanation_.prototypes)


def test_rows_of_a_table_and_words_get_classes_too():
    iris = load_dataset("iris")
    known = iris.train.labels != "versicolor"
    classifier = PrototypeClassifier(random_state=0, prototypes__n_per_class=1)
    classifier.fit(iris.train.inputs[known], iris.train.labels[known].astype(object))
    classifier.add_class("versicolor", iris.train.inputs[~known])
    assert classifier.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert len(classifier.prototypes_) == 6
    assert classifier.score(iris.test.inputs, iris.test.labels) > 0.5


def test_what_cannot_be_edited_is_refused(five_classes):
    classifier, _, _ = five_classes
    new = SAMPLES.inputs[SAMPLES.labels == 3][:3]
    with pytest.raises(DataError, match="a class that is not there yet"):
        classifier.add_class(4, new)
    with pytest.raises(DataError, match=r"a class of the kind of \[0, 1, 2\]"):
        classifier.add_class("three", new)
    for name in (None, True, float("nan"), ["a"]):
        with pytest.raises(DataError, match="a class of the kind of"):
            classifier.add_class(name, new)
    with pytest.raises(ParameterError, match="n_prototypes as a whole number"):
        classifier.add_class(3, new, n_prototypes=0)
    with pytest.raises(DataError, match="at least 4 examples of 3"):
        classifier.add_class(3, new, n_prototypes=4)
    with pytest.raises(DataError, match="inputs of shape"):
        classifier.add_class(3, new[:, :20])
    with pytest.raises(DataError, match="finite values"):
        classifier.add_class(3, np.full_like(new, np.nan))
    with pytest.raises(ParameterError, match="kind of aligned or examples"):
        classifier.add_class(3, new, kind="mean")
    with pytest.raises(DataError, match="one of the classes"):
        classifier.remove_class(3)
    linear = PrototypeClassifier(**SMALL, head="linear").fit(SAMPLES.inputs, SAMPLES.labels)
    with pytest.raises(ParameterError, match="a head that learned nothing about single classes"):
        linear.remove_class(3)
    two = PrototypeClassifier(**SMALL).fit(SAMPLES.inputs, SAMPLES.labels == 3)
    with pytest.raises(DataError, match="at least two classes that stay"):
        two.remove_class(True)
