"""Which numbers count as constant follows from rounding, not from a unit: the same data in other units is the same."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits, load_iris

from lookalike import PrototypeClassifier
from lookalike.data import Preprocessing
from lookalike.metrics import energy_shares, high_frequency_share

X, y = load_iris(return_X_y=True)
FACTORS = (1e-300, 1e-160, 1e-12, 3e-9, 1.0, 1e9, 1e160, 1e300)


@pytest.mark.parametrize("factor", FACTORS)
def test_columns_of_any_unit_are_standardised(factor):
    preprocessing = Preprocessing.of(torch.from_numpy(X * factor))
    np.testing.assert_allclose(np.array(preprocessing.spread) / factor, X.std(0), rtol=1e-12)
    standard = preprocessing.standardize(torch.from_numpy(X * factor), torch.float64).numpy()
    np.testing.assert_allclose(standard, (X - X.mean(0)) / X.std(0), atol=1e-10)


@pytest.mark.parametrize(
    ("offset", "spread"), [(1e6, 1e-3), (1.7e9, 0.1), (1.7e15, 5e6), (1.7e18, 5e9), (-1e6, 1e-3), (1e-6, 1e-15)]
)
def test_a_small_spread_on_a_large_offset_is_a_spread(offset, spread):
    values = torch.randn(200, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    rows = values * spread + offset
    preprocessing = Preprocessing.of(rows)
    assert preprocessing.spread[0] == pytest.approx(float(rows.std(correction=0)), rel=1e-6)
    standard = preprocessing.standardize(rows, torch.float64)
    assert float((standard - (values - values.mean()) / values.std(correction=0)).abs().max()) < 1e-3


@pytest.mark.parametrize("value", [0.0, 0.1, 1.0, 1e-9, 1e-300, 1e100, -7.3, 1.7e18, np.pi])
@pytest.mark.parametrize("n", [2, 100, 5000])
def test_a_constant_column_has_spread_one(value, n):
    noise = np.nextafter(value, np.inf)
    for column in (np.full(n, value), np.where(np.arange(n) % 2, value, noise)):
        preprocessing = Preprocessing.of(torch.from_numpy(column[:, None]))
        if value != 0 or not column.any():
            assert preprocessing.spread == (1.0,)


@pytest.mark.parametrize(("factor", "offset"), [(1e-9, 0.0), (1e-3, 1e6), (1e160, 0.0), (1e-12, 1.0)])
def test_pictures_are_not_rounded_before_their_spread_is_taken(factor, offset):
    digits, labels = load_digits().images[:200] / 16, load_digits().target[:200]
    options = {"backbone": "mlp", "training__epochs": 2, "random_state": 0}
    usual = PrototypeClassifier(**options).fit(digits, labels)
    moved = PrototypeClassifier(**options).fit(digits * factor + offset, labels)
    spread = float(digits.std()) * factor
    assert moved.preprocessing_.spread[0] == pytest.approx(spread, rel=0.01)
    agree = (usual.predict(digits) == moved.predict(digits * factor + offset)).mean()
    assert agree > 0.97
    one = np.concatenate([moved.predict_proba(digits[i : i + 1] * factor + offset) for i in range(5)])
    np.testing.assert_allclose(one, moved.predict_proba(digits[:5] * factor + offset), atol=1e-5)


def test_pictures_that_need_no_more_are_kept_in_single_precision():
    digits = load_digits().images[:50] / 16
    twice, once = (
        PrototypeClassifier(backbone="mlp", training__epochs=1, random_state=0).fit(given, np.arange(50) % 2)
        for given in (digits, digits.astype(np.float32))
    )
    np.testing.assert_array_equal(twice.predict_proba(digits), once.predict_proba(digits.astype(np.float32)))
    assert twice.preprocessing_ == once.preprocessing_
    assert twice.fitted_.pictures["neighbors"].dtype == torch.float32


@pytest.mark.parametrize("factor", [1e-9, 1.0, 1e9])
def test_a_table_in_another_unit_makes_the_same_model(factor):
    options = {"prototypes__n_per_class": 2, "training__epochs": 20, "random_state": 0}
    classifier = PrototypeClassifier(**options).fit(X * factor, y)
    assert classifier.score(X * factor, y) > 0.95
    np.testing.assert_allclose(
        classifier.predict_proba(X * factor), PrototypeClassifier(**options).fit(X, y).predict_proba(X), atol=1e-3
    )


@pytest.mark.parametrize("factor", [1e-30, 1e-9, 1.0, 1e9, 1e30])
def test_measures_of_pictures_do_not_depend_on_their_unit(factor):
    checkers = (np.indices((8, 8)).sum(0) % 2)[None, None] * factor
    assert high_frequency_share(checkers).tolist() == [1.0]
    assert high_frequency_share(np.full((1, 1, 8, 8), 0.1 * factor)).tolist() == [0.0]
    first, second = np.array([[[1.0, -1.0, 0.0, 0.0]]]), np.array([[[0.0, 0.0, 1.0, -1.0]]])
    shares = energy_shares((3 * first + 4 * second) * factor, {"first": [first * factor]})
    assert shares == {"first": 0.36, "rest": 0.64}


def test_pictures_of_a_tiny_range_are_shown_in_full():
    pictures = torch.tensor([0.0, 1e-13]).view(2, 1, 1, 1).expand(2, 1, 2, 2)
    preprocessing = Preprocessing.of(pictures)
    assert preprocessing.to_eight_bit(pictures).reshape(2, -1)[:, 0].tolist() == [0, 255]
