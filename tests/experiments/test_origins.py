"""Data move, grow and shrink after a fit: what a run learned from is never taken for a test."""

import numpy as np
import pytest
from PIL import Image

from lookalike.data import Dataset, Part
from lookalike.data.splits import content_digests
from lookalike.errors import DataError, DataNotFoundError, ModelFileError
from lookalike.experiments import config_from, data_of, fit_run, learned_from, news_of, open_run
from lookalike.experiments.asked import asked_inputs
from lookalike.experiments.origins import EXAMPLES, as_learned, note_examples

QUICK = {"backbone": "mlp", "training__epochs": 1, "prototypes__n_per_class": 1}


def write_pictures(folder, first, last):
    generator = np.random.default_rng(first)
    for name in ("dark", "light"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index in range(first, last):
            pixels = generator.integers(0, 100, (12, 12), dtype=np.uint8) + (100 if name == "light" else 0)
            Image.fromarray(pixels).save(folder / name / f"{index:03}.png")


@pytest.fixture
def fitted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path / "pictures", 0, 20)
    run, _ = fit_run(config_from({"data": "pictures", **QUICK}), tmp_path / "run")
    return run


def digests(part):
    return set(content_digests(part.inputs).tolist())


def test_what_has_not_changed_is_what_it_was(fitted):
    again = data_of(open_run(fitted.folder))
    assert news_of(fitted, again) == []
    assert again.test.names.tolist() == [f"{name}/{index:03}.png" for name, index in _places(again.test)]


def _places(part):
    return [(label, int(name.removesuffix(".png")[-3:])) for label, name in zip(part.labels, part.names, strict=True)]


def test_a_folder_that_has_grown_is_not_tested_on_what_was_learned_from(fitted, tmp_path):
    before = data_of(fitted)
    write_pictures(tmp_path / "pictures", 20, 25)
    after = data_of(open_run(fitted.folder))
    assert digests(after.train) == digests(before.train)
    assert not digests(after.test) & digests(before.train)
    left = len(after.test)
    (note,) = [note for note in news_of(fitted, after) if "changed" in note]
    # Two of ten per class were tested on before, five of 25 are set aside now.
    assert note.endswith(f"{10 - left} of 10 test examples were learned from, and are left out")
    assert 0 < left < 10
    assert note in asked_inputs(fitted, ["test:0"]).notes


def test_a_folder_that_has_shrunk_keeps_what_is_left(fitted, tmp_path):
    before = data_of(fitted)
    for index in range(6):
        (tmp_path / "pictures" / "dark" / f"{index:03}.png").unlink()
    after = data_of(open_run(fitted.folder))
    assert digests(after.train) < digests(before.train)
    assert not digests(after.test) & digests(before.train)
    assert len(after.test)


def test_another_data_set_is_rid_of_what_was_learned_from(fitted, tmp_path):
    learned = data_of(fitted).train
    write_pictures(tmp_path / "other" / "train", 30, 34)
    write_pictures(tmp_path / "other" / "test", 40, 44)
    for name in learned.names[learned.labels == "dark"][:3]:
        (tmp_path / "pictures" / name).rename(tmp_path / "other" / "test" / "dark" / f"9{name[-7:]}")
    other = data_of(fitted, str(tmp_path / "other"))
    assert len(other.test) == 8
    assert other.notes[-1] == "3 of 11 test examples were learned from, and are left out"
    assert len(other.train) == 8


def test_a_test_part_that_was_learned_from_is_refused(tmp_path):
    values = np.arange(12.0).reshape(6, 2)
    part = Part(values, np.array([0, 1] * 3))
    note_examples(tmp_path, Dataset("whole", part.select(np.arange(4)), part.select(np.arange(4, 6))))
    with pytest.raises(DataError, match="did not learn from, got 2, and it learned from all of them"):
        as_learned(tmp_path, Dataset("other", part, part.select(np.arange(2))), own=False)
    # The run's own test part may hold an example twice.
    same = Dataset("whole", part.select(np.arange(4)), part.select(np.arange(4, 6)))
    assert as_learned(tmp_path, same) is same


def test_rows_that_are_both_tested_on_and_learned_from_stay_where_nothing_has_changed(tmp_path):
    rows = np.array([[1.0], [2.0], [1.0], [3.0]])
    whole = Dataset("double", Part(rows[:2], np.array([0, 1])), Part(rows[2:], np.array([0, 1])))
    note_examples(tmp_path, whole)
    assert as_learned(tmp_path, whole) is whole
    assert len(as_learned(tmp_path, whole, own=False).test) == 2


def test_what_a_run_learned_from_cannot_be_read(tmp_path):
    (tmp_path / EXAMPLES).write_bytes(b"broken")
    part = Part(np.zeros((2, 2)), np.array([0, 1]))
    with pytest.raises(ModelFileError, match="remove the file"):
        as_learned(tmp_path, Dataset("any", part, part))


def test_data_are_found_from_elsewhere_and_their_loss_is_said(fitted, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert len(data_of(open_run(fitted.folder)).test) == 8
    (tmp_path / "pictures").rename(tmp_path / "moved")
    lost = open_run(fitted.folder)
    with pytest.raises(DataNotFoundError, match=r"nothing at pictures or .*pictures; try: --data PLACE"):
        data_of(lost)
    assert learned_from(lost) is None
    moved = asked_inputs(lost, ["test:0"], data=str(tmp_path / "moved"))
    assert moved.names[0].startswith("dark/")
    assert not [note for note in moved.notes if "learned from" in note]


def test_a_folder_that_has_grown_is_read_at_the_size_of_the_fit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path / "pictures", 0, 20)
    Image.new("L", (20, 14)).save(tmp_path / "pictures" / "dark" / "100.png")
    run, _ = fit_run(config_from({"data": "pictures", **QUICK}), tmp_path / "run")
    size = run.classifier.preprocessing_.shape[1:]
    for index in range(90):
        Image.new("L", (30, 30)).save(tmp_path / "pictures" / "dark" / f"{200 + index}.png")
    assert data_of(open_run(run.folder)).test.inputs.shape[1:] == size
