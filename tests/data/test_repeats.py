"""Test pictures that were learned from are told of, whatever the type of their numbers and their shape."""

import numpy as np
import pytest

from lookalike.data.datasets import Dataset, Part, told_of_repeats

PICTURES = np.random.default_rng(0).integers(0, 256, (6, 8, 8)).astype(np.uint8)
LABELS = np.arange(6) % 2


def notes_of(train: np.ndarray, test: np.ndarray) -> tuple[str, ...]:
    return told_of_repeats(Dataset("some", Part(train, LABELS), Part(test, LABELS[: len(test)]))).notes


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
def test_equal_pictures_of_another_type_are_counted(dtype: type) -> None:
    (note,) = notes_of(PICTURES, PICTURES[:4].astype(dtype))
    assert note.startswith("4 of 4 test examples are in the training part")


def test_equal_pictures_in_rows_are_counted() -> None:
    (note,) = notes_of(PICTURES.reshape(6, 64), PICTURES[:3].reshape(3, 64))
    assert note.startswith("3 of 3 test examples")


def test_rows_of_few_whole_numbers_and_other_pictures_are_not() -> None:
    assert notes_of(PICTURES[:, 0, :3], PICTURES[:3, 0, :3]) == ()
    assert notes_of(PICTURES, 255 - PICTURES[:3].astype(np.int64)) == ()
