"""One door for labels: numbers as numbers, text letter by letter, and what is no class named before training."""

import datetime

import numpy as np
import pytest

from lookalike import PrototypeClassifier
from lookalike.data import load_dataset
from lookalike.data.classes import class_indices, words_as_classes
from lookalike.data.labels import as_labels, labels_of_words
from lookalike.errors import DataError, ParameterError
from lookalike.evaluation.quality import judge
from lookalike.metrics import accuracy, confusion_matrix, expected_calibration_error, negative_log_likelihood


@pytest.mark.parametrize(
    "words",
    [
        ["01", "1"],
        ["007", "42"],
        ["1_0", "10"],
        ["+1", "1"],
        ["٣", "3"],
        ["1.0", "1"],
        ["-0", "0"],
        ["12345678901234567890", "1"],
        ["0x1", "1"],
        ["True", "1"],
        ["1 ", "1"],
    ],
)
def test_words_that_are_not_the_plain_form_of_an_integer_stay_text(words):
    assert labels_of_words(words).tolist() == words
    assert len(np.unique(labels_of_words(words))) == 2


def test_words_that_are_integers_become_integers_without_rounding():
    found = labels_of_words(["9007199254740993", "9007199254740992", "-1"])
    assert found.tolist() == [9007199254740993, 9007199254740992, -1]
    assert found.dtype == np.int64


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([0, 1], [0.0, 1.0]),
        ([0.0, 1.0], [0, 1]),
        ([False, True], [0, 1]),
        (np.array([0, 1], dtype=np.uint8), [False, True]),
        (np.array([[0], [1]]), [0, 1]),
        (np.array([0, 1], dtype=object), [0, 1]),
        ([b"a", b"b"], ["a", "b"]),
        (np.array(["a", "b"], dtype=object), ["a", "b"]),
        (["é".encode(), b"z"], ["é", "z"]),
    ],
)
def test_equal_labels_of_any_type_are_the_same_classes(labels, classes):
    assert class_indices(labels, np.array(classes)).tolist() == [0, 1]


def test_large_integers_are_compared_exactly():
    classes = np.array([2**53, 2**53 + 1])
    assert class_indices([2**53 + 1, 2**53], classes).tolist() == [1, 0]
    with pytest.raises(DataError, match="got"):
        class_indices([2**53 + 2], classes)


@pytest.mark.parametrize(
    ("labels", "classes", "named"),
    [
        (["0"], [0, 1], "the text '0', which is not the class the number 0"),
        (["1.0"], ["1", "2"], "the text '1.0', which is not the class the text '1'"),
        (["01"], ["1", "2"], "'01'"),
        ([1], ["1", "2"], "the number 1, which is not the class the text '1'"),
        (["True"], [False, True], "True"),
        (["1_0"], [10, 20], "'1_0', which is not the class the number 10"),
        (["a "], ["a", "b"], "'a ', which is not the class the text 'a'"),
    ],
)
def test_what_equals_a_class_only_as_a_number_is_refused_and_the_class_named(labels, classes, named):
    with pytest.raises(DataError, match=named):
        class_indices(labels, np.array(classes))


@pytest.mark.parametrize(
    ("labels", "match"),
    [
        (np.eye(3), r"\(3, 3\).*argmax"),
        (np.zeros((2, 2, 2)), "shape"),
        (np.array(["2024-01-01"], dtype="datetime64[D]"), "dates"),
        (np.array([datetime.date(2024, 1, 1)], dtype=object), "dates"),
        ([1, "a"], "text and numbers"),
        (["a", None], "None"),
        (["a", float("nan")], "nan at 1 of 2, first at index 1"),
        ([0.0, float("inf")], "infinity"),
        ([b"\xff"], "UTF-8"),
        (["a", "a\0"], "null characters"),
        (np.array([(1, 2)], dtype=object), r"\(1, 2\)"),
        ([10**30, 1], "64 bits"),
        (None, "None"),
        ([[1, 2], [3]], "one column"),
        (5, "shape"),
    ],
)
def test_what_is_no_label_is_refused(labels, match):
    with pytest.raises(DataError, match=match):
        as_labels(labels)


def test_rows_of_another_table_are_read_as_those_of_training():
    assert words_as_classes(np.array([1, 7]), np.array(["007", "1", "7"])).tolist() == ["1", "7"]
    assert words_as_classes(np.array(["1", "2"]), np.array([1, 2])).tolist() == [1, 2]
    assert words_as_classes(np.array(["01"]), np.array([1, 2])).tolist() == ["01"]


def test_halves_are_no_classes_and_whole_floats_are():
    rows = np.random.default_rng(0).normal(size=(40, 2))
    with pytest.raises(DataError, match=r"truth values.*Unknown label type"):
        PrototypeClassifier().fit(rows, np.arange(40) % 3 / 2)
    fitted = PrototypeClassifier(training__epochs=1, random_state=0).fit(rows, np.arange(40) % 2 * 1.0)
    decisions = fitted.predict(rows)
    for same in (decisions, decisions.astype(int), decisions.astype(bool), decisions[:, None].astype(int)):
        assert fitted.scorecard(rows, same, rows=["ACC"]).value_of("ACC") == 1
        shown = fitted.show(rows[:3], same[:3])
        assert [each.example.true for each in shown] == [each.explanation.predicted for each in shown]
    with pytest.raises(DataError, match="the text"):
        fitted.scorecard(rows, decisions.astype(int).astype(str), rows=["ACC"])


def test_wider_classes_name_numbers_and_text_as_they_are_written(tmp_path):
    x, y = np.zeros((24, 4, 4), np.uint8), np.arange(24) % 3
    for labels in (y, y.astype(float), y.astype(str)):
        np.savez(tmp_path / "a.npz", x_train=x, y_train=labels, x_val=x, y_val=labels, x_test=x, y_test=labels)
        found = load_dataset(str(tmp_path / "a.npz"), superclasses={"no": [0, "1"]})
        assert len(set(found.train.labels)) == 2
        assert set(found.train.labels) == set(found.test.labels) == set(found.validation.labels)
    with pytest.raises(ParameterError, match="'010'"):
        load_dataset(str(tmp_path / "a.npz"), superclasses={"a": ["010"]})


def test_a_limit_that_drops_a_class_is_refused_with_one_that_does_not(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((120, 4, 4), np.uint8), y=np.arange(120) % 12)
    with pytest.raises(ParameterError, match="data__limit=12") as refused:
        load_dataset(str(tmp_path / "a.npz"), limit=5)
    assert "of every class" in str(refused.value)
    assert len(set(load_dataset(str(tmp_path / "a.npz"), limit=12).train.labels)) == 12


def test_figures_compare_labels_of_any_shape_and_type():
    predicted, logits = np.array([0, 1, 1]), np.log(np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]]))
    true = np.array([0, 1, 0])
    expected = (
        accuracy(predicted, true),
        expected_calibration_error(np.exp(logits), true),
        negative_log_likelihood(logits, true),
        confusion_matrix(predicted, true, 2).tolist(),
        judge(logits, true, ["a", "b"], 1.0),
    )
    for same in (true[:, None], true.astype(float), true.astype(bool), true.astype(object)):
        assert expected == (
            accuracy(predicted, same),
            expected_calibration_error(np.exp(logits), same),
            negative_log_likelihood(logits, same),
            confusion_matrix(predicted, same, 2).tolist(),
            judge(logits, same, ["a", "b"], 1.0),
        )
    for wrong in (true.astype(str), np.array([0, 1, 2]), np.array([0, 1, -1]), np.array([0, 1, 0.5])):
        for figure in (
            lambda wrong=wrong: expected_calibration_error(np.exp(logits), wrong),
            lambda wrong=wrong: negative_log_likelihood(logits, wrong),
            lambda wrong=wrong: confusion_matrix(predicted, wrong, 2),
            lambda wrong=wrong: judge(logits, wrong, ["a", "b"], 1.0),
        ):
            with pytest.raises(DataError, match="from 0 to 1"):
                figure()
    with pytest.raises(DataError, match="both text or both numbers"):
        accuracy(predicted, true.astype(str))
