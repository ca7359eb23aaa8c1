"""Figures of single classes against scikit-learn's, and against nothing where nothing can be said."""

import json
import warnings

import numpy as np
import pytest
from rich.console import Console

from lookalike.cli.class_tables import class_table, confusion_table
from lookalike.errors import DataError
from lookalike.evaluation import judge
from lookalike.metrics import areas_one_against_rest, class_figures, confusion_matrix
from tests.oracles import figures


def drawn(seed, n=40, k=4, classes=None):
    random = np.random.default_rng(seed)
    labels = random.choice(range(k) if classes is None else classes, n)
    logits = random.normal(size=(n, k)) + 1.5 * np.eye(k)[labels]
    return logits, labels


def printed(*parts):
    console = Console(width=100, file=None, record=True, quiet=False)
    with console.capture() as captured:
        for table, notes in parts:
            if table is not None:
                console.print(table)
            for note in notes:
                console.print(note, markup=False)
    return captured.get()


@pytest.mark.parametrize("seed", range(6))
def test_figures_equal_scikit_learns(seed):
    logits, labels = drawn(seed, classes=[0, 1, 3] if seed % 2 else None)
    predicted = logits.argmax(1)
    found = class_figures(confusion_matrix(predicted, labels, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = figures.class_figures(predicted, labels, 4)
    for ours, theirs in zip((found.precisions, found.recalls, found.f1, found.supports), expected, strict=True):
        np.testing.assert_allclose([np.nan if each is None else each for each in ours], theirs)
    odds = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    areas, expected = areas_one_against_rest(odds, labels), figures.areas_one_against_rest(odds, labels)
    assert {label for label, area in enumerate(areas) if area is not None} == set(expected)
    for label, area in expected.items():
        assert areas[label] == pytest.approx(area)


def test_ties_count_half_as_in_scikit_learn():
    odds, labels = np.array([[0.5, 0.5], [0.5, 0.5], [0.2, 0.8], [0.9, 0.1]]), np.array([0, 1, 1, 0])
    assert areas_one_against_rest(odds, labels)[1] == pytest.approx(figures.areas_one_against_rest(odds, labels)[1])


def test_what_cannot_be_said_is_none_and_said_in_words():
    logits = np.array([[9.0, 0, 0], [9.0, 0, 0], [0, 9.0, 0]])
    found = judge(logits, np.array([0, 2, 0]), ["a", "b", "c"], temperature=1.0)
    assert found.precisions == (0.5, 0.0, None)
    assert found.recalls == (0.5, None, 0.0)
    assert found.f1 == (0.5, 0.0, 0.0)
    assert found.areas[1] is None
    assert found.supports == (2, 0, 1)
    text = printed(class_table(found), confusion_table(found))
    assert "no test examples, so no recall and no ROC-AUC: b" in text
    assert "never predicted, so no precision: c" in text
    assert "nan" not in text.lower()
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_test_part_of_one_class():
    found = judge(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 0]), ["a", "b"], temperature=1.0)
    assert found.areas == (None, None)
    assert "all test examples are of one class" in printed(class_table(found))
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_matrix_that_is_none_is_refused():
    with pytest.raises(DataError):
        class_figures(np.zeros((2, 3)))


def test_two_hundred_classes_with_long_names_stay_readable():
    names = [f"{'long ' * 20}{number}" for number in range(200)]
    random = np.random.default_rng(0)
    labels = random.integers(0, 200, 3000)
    found = judge(random.normal(size=(3000, 200)) + 3 * np.eye(200)[labels], labels, names, temperature=1.0)
    text = printed(class_table(found), confusion_table(found))
    assert len(text.splitlines()) < 40
    assert max(map(len, text.splitlines())) <= 100
    assert "the 20 classes of 200 with the lowest F1" in text


def test_twelve_classes_fit_a_line():
    logits, labels = drawn(0, n=200, k=12)
    text = printed(confusion_table(judge(logits, labels, [f"class {n}" for n in range(12)], temperature=1.0)))
    assert len(text.splitlines()) == 13
