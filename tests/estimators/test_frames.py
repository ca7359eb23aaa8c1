"""Data frames: errors name the column, and no text is taken for a number."""

import numpy as np
import pandas as pd
import pytest

from lookalike import PrototypeClassifier
from lookalike.errors import DataError

FRAME = pd.DataFrame({"age": np.arange(20.0), "coat": np.arange(20.0) % 3, "when": np.arange(20.0) % 7})
Y = np.arange(20) % 2


@pytest.fixture(scope="module")
def fitted():
    return PrototypeClassifier(training__epochs=1, random_state=0).fit(FRAME, Y)


@pytest.mark.parametrize(
    ("column", "values", "match"),
    [
        ("coat", ["red", "blue"] * 10, "'red' in column 'coat', index 0"),
        ("coat", pd.Categorical(["red", "blue"] * 10), "'red' in column 'coat'"),
        ("age", [*map(float, range(19)), "4_0"], "'4_0' in column 'age', index 19"),
        ("age", [*range(19), "inf"], "'inf' in column 'age'"),
        ("age", [1.0, np.nan] * 10, "NaN in column 'age', 10 of 20 rows, first at index 1"),
        ("age", [1.0, np.inf] * 10, "inf .*in column 'age', 10 of 20 rows"),
        ("age", pd.array([1, None] * 10, dtype="Int64"), "NaN in column 'age', 10 of 20 rows"),
        ("coat", [True, None] * 10, "missing value in column 'coat'"),
        ("when", pd.date_range("2024", periods=20), "dates in column 'when'"),
        ("when", [pd.Timestamp("2024")] * 10 + [1] * 10, "dates in column 'when'"),
    ],
)
def test_an_error_names_the_column(fitted, column, values, match):
    other = FRAME.assign(**{column: values})
    with pytest.raises(DataError, match=match):
        PrototypeClassifier().fit(other, Y)
    with pytest.raises(DataError, match=match):
        fitted.predict(other)


def test_columns_of_one_name_are_refused(fitted):
    twice = FRAME.set_axis(["age", "coat", "age"], axis=1)
    for ask in (lambda: PrototypeClassifier().fit(twice, Y), lambda: fitted.predict(twice)):
        with pytest.raises(DataError, match="'age' as columns 0 and 2"):
            ask()


@pytest.mark.parametrize(
    "rows",
    [
        [[1.0, "4_0"]] * 20,
        np.array([["1", "٣"]] * 20),
        np.array([[1.0, "nan"]] * 20, dtype=object),
        np.array([[1.0, b"3"]] * 20, dtype=object),
        np.array([["2024-01-01"]] * 20, dtype="datetime64[D]"),
    ],
)
def test_text_and_dates_in_arrays_are_no_numbers(rows):
    with pytest.raises(DataError, match="in column"):
        PrototypeClassifier().fit(rows, Y)


def test_truth_values_and_numbers_as_objects_are_numbers(fitted):
    same = FRAME.astype({"age": object, "coat": "category"}).assign(when=FRAME["when"].astype("Int64"))
    np.testing.assert_array_equal(fitted.predict_proba(same), fitted.predict_proba(FRAME))
    rows = FRAME.assign(coat=FRAME["coat"] > 0)
    assert fitted.predict(rows).shape == (20,)
