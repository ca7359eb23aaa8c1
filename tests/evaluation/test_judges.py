"""Judges are trained once, kept by what they learned from, and rebuilt when damaged."""

import numpy as np
import pytest
import torch

from lookalike.data import Examples, Preprocessing, content_split
from lookalike.errors import DataError
from lookalike.evaluation import judges_of


def blobs(n=60, seed=0):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % 3
    inputs = 4 * torch.eye(3)[labels] + torch.randn(n, 3, generator=generator)
    return Examples(inputs, labels, Preprocessing.of(inputs))


def test_judges_are_trained_once(tmp_path):
    told = []
    first = judges_of(blobs(), 3, folder=tmp_path, progress=told.append)
    assert len(told) == 3
    again = judges_of(blobs(), 3, folder=tmp_path, progress=told.append)
    assert len(told) == 3
    for one, other in zip(first, again, strict=True):
        for found, expected in zip(one.look(blobs().inputs), other.look(blobs().inputs), strict=True):
            np.testing.assert_array_equal(found, expected)
        assert np.mean(one.look(blobs(seed=1).inputs)[1] == blobs(seed=1).labels.numpy()) > 0.9
    assert len({judge.name for judge in first}) == 3


def test_other_data_need_other_judges(tmp_path):
    told = []
    judges_of(blobs(), 3, folder=tmp_path, progress=told.append)
    judges_of(blobs(seed=1), 3, folder=tmp_path, progress=told.append)
    assert len(told) == 6
    changed = blobs()
    changed.labels[0] = 1
    judges_of(changed, 3, folder=tmp_path, progress=told.append)
    assert len(told) == 9


@pytest.mark.parametrize("damage", ["cut", "alter", "remove", "document"])
def test_a_damaged_judge_is_rebuilt(tmp_path, damage):
    expected = judges_of(blobs(), 3, folder=tmp_path)[0].look(blobs().inputs)[0]
    for file in tmp_path.glob("*/*.safetensors"):
        content = file.read_bytes()
        if damage == "cut":
            file.write_bytes(content[:-7])
        elif damage == "alter":
            file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        elif damage == "remove":
            file.unlink()
        else:
            (file.parent / "model.json").write_text("{")
    told = []
    found = judges_of(blobs(), 3, folder=tmp_path, progress=told.append)[0].look(blobs().inputs)[0]
    assert len(told) == 3
    np.testing.assert_array_equal(found, expected)
    judges_of(blobs(), 3, folder=tmp_path, progress=told.append)
    assert len(told) == 3


def test_judges_are_not_trained_unasked(tmp_path):
    assert judges_of(blobs(), 3, folder=tmp_path, train_missing=False) == []
    assert not list(tmp_path.iterdir())
    judges_of(blobs(), 3, folder=tmp_path)
    assert len(judges_of(blobs(), 3, folder=tmp_path, train_missing=False)) == 3


def test_a_class_that_judges_never_saw_is_an_error(tmp_path):
    with pytest.raises(DataError, match="judge_share"):
        judges_of(blobs(), 4, folder=tmp_path)


def test_training_judges_leaves_the_random_stream_alone(tmp_path):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    judges_of(blobs(), 3, folder=tmp_path)
    assert torch.equal(torch.rand(1), expected)


def test_a_split_by_content_does_not_depend_on_order_or_company():
    rows = np.random.default_rng(0).integers(0, 255, (3000, 5), dtype=np.uint8)
    kept, left_out = content_split(rows, 1 / 6)
    assert len(left_out) / 3000 == pytest.approx(1 / 6, abs=0.03)
    assert sorted([*kept, *left_out]) == list(range(3000))
    order = np.random.default_rng(1).permutation(3000)
    _, shuffled = content_split(rows[order], 1 / 6)
    assert {*order[shuffled]} == {*left_out}
    _, fewer = content_split(rows[:100], 1 / 6)
    assert {*fewer} == {index for index in left_out if index < 100}
    assert len(content_split(rows, 0.0)[1]) == 0
    doubled = np.concatenate([rows[:50], rows[:50]])
    _, twins = content_split(doubled, 0.5)
    assert {index % 50 for index in twins if index < 50} == {index % 50 for index in twins if index >= 50}
