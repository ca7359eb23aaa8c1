"""What a notebook shows of explanations and scorecards: the pieces of the report, made when asked for."""

import copy
import json

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris

from lookalike import PrototypeClassifier
from lookalike.evaluation import Card, Row
from lookalike.explanations import LocalExplanation

X, y = load_digits(return_X_y=True)
X, y = X.reshape(-1, 8, 8)[:60].astype(np.uint8), y[:60]


@pytest.fixture(scope="module")
def classifier():
    return PrototypeClassifier(training="none", prototypes__n_per_class=1, random_state=0).fit(X, y)


def test_an_explanation_shows_itself_as_the_report_does(classifier):
    explanations = classifier.explain(X[:3])
    page = explanations[2]._repr_html_()
    assert '<article class="strip' in page
    assert page.count("data:image/png") > 3
    assert f"prototype {explanations[2].reasons()[0].prototype}" in page
    assert page == classifier.show(X[2:3], names=["input"])[0]._repr_html_()
    # It stays plain data.
    assert LocalExplanation.from_dict(json.loads(json.dumps(explanations[2].to_dict()))) == explanations[2]
    assert copy.deepcopy(explanations[2]) == explanations[2]
    assert LocalExplanation.from_dict(explanations[2].to_dict())._repr_html_() is None


def test_it_shows_the_model_that_explained(classifier):
    model = PrototypeClassifier(training="none", prototypes__n_per_class=1, random_state=0).fit(X, y)
    explanation = model.explain(X[:1])[0]
    before = explanation._repr_html_()
    model.add_class(77, X[:2])
    assert explanation._repr_html_() == before


def test_rows_of_a_table_show_themselves_by_their_columns():
    frame, labels = load_iris(return_X_y=True, as_frame=True)
    model = PrototypeClassifier(training="none", random_state=0).fit(frame, labels)
    assert "petal length (cm)" in model.explain(frame[:2])[1]._repr_html_()


def test_a_scorecard_shows_the_rows_that_were_computed(classifier):
    card = classifier.scorecard(X, y, (X, y), rows=["ACC", "SIZE"])
    page = card._repr_html_()
    assert 'class="small scorecard"' in page
    assert page.count('class="light') == 2
    assert "Not computed: D-FROZEN, OOD-AUROC" in page
    assert page.count("Not computed") == 1


def test_names_are_escaped(classifier):
    rows = (Row("TRANSFER", "", 1.0, (1.0, 1.0), "green", failing=(0,)), Row("NN-PCTL", "", 0.5, light="green"))
    view = classifier.scorecard(X, y, rows=["ACC"]).view
    for each in (None, view):
        page = Card(rows, {}, 10, {"<script>": [0]}, each)._repr_html_()
        assert "&lt;script&gt;" in page
        assert "<script>" not in page
