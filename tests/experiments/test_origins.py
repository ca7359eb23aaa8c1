"""Data move, grow and shrink after a fit: a run knows again what it learned from and was tested on."""

import numpy as np
import pytest
from PIL import Image

from lookalike.data import Dataset, Part, load_dataset
from lookalike.data.splits import content_digests
from lookalike.errors import DataError, DataNotFoundError, ModelFileError
from lookalike.experiments import config_from, data_of, fit_run, learned_from, news_of, open_run, retrain, validation_of
from lookalike.experiments.asked import asked_inputs
from lookalike.experiments.origins import EXAMPLES, as_noted, is_as_noted, note_examples, unlearned

QUICK = {"backbone": "mlp", "training__epochs": 1, "prototypes__n_per_class": 1}


def write_pictures(folder, first, last, size=12):
    generator = np.random.default_rng(first)
    for name in ("dark", "light"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index in range(first, last):
            pixels = generator.integers(0, 100, (size, size), dtype=np.uint8) + (100 if name == "light" else 0)
            Image.fromarray(pixels).save(folder / name / f"{index:03}.png")


def write_table(file, rows):
    lines = [f"{row},{row / 7:.3f},{row % 5},{'ab'[row % 2]}" for row in rows]
    file.write_text("id,u,v,label\n" + "\n".join(lines) + "\n")


def fitted_to(data, folder, **options):
    return fit_run(config_from({"data": str(data), **QUICK, **options}), folder / "run")[0]


@pytest.fixture
def fitted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path / "pictures", 0, 20)
    return fitted_to("pictures", tmp_path)


def same(part, other):
    return np.array_equal(content_digests(part.inputs), content_digests(other.inputs))


def test_what_has_not_changed_is_what_it_was(fitted):
    loaded, again = load_dataset("pictures"), data_of(open_run(fitted.folder))
    assert news_of(fitted, again) == []
    assert same(again.train, loaded.train)
    assert again.test.names.tolist() == loaded.test.names.tolist()
    assert len(validation_of(fitted, again))


def test_pictures_of_many_sizes_that_have_not_changed(tmp_path):
    write_pictures(tmp_path / "mixed", 0, 14, size=40)
    write_pictures(tmp_path / "mixed", 14, 20, size=100)
    run = fitted_to(tmp_path / "mixed", tmp_path)
    assert run.classifier.preprocessing_.shape == (1, 40, 40)
    assert news_of(run, data_of(open_run(run.folder))) == []


@pytest.mark.parametrize(
    "options", [{}, {"data__limit": 16}, {"data__bootstrap": 3}, {"data__judge_share": 0.3}], ids=str
)
def test_a_folder_that_has_grown_is_the_one_that_it_was(tmp_path, options):
    write_pictures(tmp_path / "pictures", 0, 20)
    run = fitted_to(tmp_path / "pictures", tmp_path, **options)
    before = data_of(run)
    held = validation_of(run, before)
    write_pictures(tmp_path / "pictures", 20, 25)
    run = open_run(run.folder)
    after = data_of(run)
    for part in ("train", "test", "validation", "judging"):
        old, new = getattr(before, part), getattr(after, part)
        assert (old is None) == (new is None)
        assert old is None or (same(old, new) and old.names.tolist() == new.names.tolist())
    assert same(validation_of(run, after), held)
    (note,) = [note for note in news_of(run, after) if "changed" in note]
    assert "gone are 0 that it learned from and 0 that it was tested on" in note
    if not options:
        assert "10 examples are new and not looked at" in note
        assert note in asked_inputs(run, ["test:0"]).notes


@pytest.mark.slow
def test_other_trainings_learn_from_what_the_run_learned_from(fitted, tmp_path):
    before = data_of(fitted)
    write_pictures(tmp_path / "pictures", 20, 25)
    retrain(fitted, data_of(fitted), n_seeds=2)
    seed = fitted.folder / "retrained" / "seed-1"
    assert is_as_noted(seed, before)
    known = set(content_digests(before.train.inputs).tolist())
    for draw in range(2):
        noted = data_of(open_run(fitted.folder / "retrained" / f"bootstrap-{draw}"))
        assert set(content_digests(noted.train.inputs).tolist()) < known
        assert same(noted.test, before.test)


def test_a_folder_that_has_shrunk_keeps_what_is_left(fitted, tmp_path):
    before = data_of(fitted)
    gone = {f"dark/{index:03}.png" for index in range(6)}
    for name in gone:
        (tmp_path / "pictures" / name).unlink()
    after = data_of(open_run(fitted.folder))
    for part in ("train", "test"):
        old, new = getattr(before, part).names.tolist(), getattr(after, part).names.tolist()
        assert new == [name for name in old if name not in gone]
    with pytest.raises(DataError, match="as the run learned from them"):
        retrain(fitted, after)
    # Which of them were set aside within the training part is no longer known.
    assert len(validation_of(fitted, after)) == 0


def test_a_table_keeps_its_columns_when_rows_go(tmp_path):
    write_table(tmp_path / "t.csv", range(40))
    run = fitted_to(tmp_path / "t.csv", tmp_path)
    assert run.extras["columns"] == ["u", "v"]
    write_table(tmp_path / "t.csv", [row for row in range(50) if row != 3])
    after = data_of(open_run(run.folder))
    assert after.columns == ("u", "v")
    assert len(after.train) + len(after.test) == 39
    assert run.classifier.predict(after.test.inputs).shape == (len(after.test),)
    assert len(data_of(run, str(tmp_path / "t.csv")).test)


def test_other_data_in_the_place_are_refused(fitted, tmp_path):
    for file in (tmp_path / "pictures").rglob("*.png"):
        file.unlink()
    write_pictures(tmp_path / "pictures", 50, 60)
    with pytest.raises(DataError, match="the run learned from, got others"):
        data_of(fitted)
    assert learned_from(fitted) is None


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


def test_data_without_a_test_part_are_tested_on_whole(fitted, tmp_path):
    write_pictures(tmp_path / "new", 60, 64)
    other = data_of(fitted, str(tmp_path / "new"))
    assert other.test.names.tolist() == sorted(
        file.relative_to(tmp_path / "new").as_posix() for file in (tmp_path / "new").rglob("*.png")
    )
    assert other.notes == ("no test part: all that the model did not learn from is tested on",)
    before = data_of(fitted)
    write_pictures(tmp_path / "pictures", 20, 22)
    grown = data_of(fitted, str(tmp_path / "pictures"))
    assert set(before.test.names) < set(grown.test.names)
    assert len(grown.test) == len(before.test) + 4
    assert not set(grown.test.names) & set(before.train.names)


def test_examples_are_found_by_the_names_that_explanations_print(fitted, tmp_path):
    data = data_of(fitted)
    wanted = [data.test.names[0], data.train.names[3]]
    asked = asked_inputs(fitted, wanted)
    assert asked.names == wanted
    assert np.array_equal(asked.inputs, np.stack([data.test.inputs[0], data.train.inputs[3]]))
    assert asked.true == [data.test.labels[0], data.train.labels[3]]
    with pytest.raises(DataNotFoundError, match="names of the run's examples, got nothing at dark/999"):
        asked_inputs(fitted, ["dark/999.png"])


def test_rows_are_found_by_their_lines(tmp_path):
    write_table(tmp_path / "t.csv", range(40))
    run = fitted_to(tmp_path / "t.csv", tmp_path)
    asked = asked_inputs(run, ["line 3"])
    whole = np.concatenate([data_of(run).test.names, data_of(run).train.names]).tolist()
    inputs = np.concatenate([data_of(run).test.inputs, data_of(run).train.inputs])
    assert np.array_equal(asked.inputs[0], inputs[whole.index("line 3")])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"data__limit": 16},
        {"data__bootstrap": 3},
        {"data__judge_share": 0.3},
        {"data__test_fraction": 0.4},
    ],
    ids=str,
)
def test_data_that_have_moved_are_tested_on_as_before(tmp_path, options):
    write_pictures(tmp_path / "pictures", 0, 20)
    run = fitted_to(tmp_path / "pictures", tmp_path, **options)
    before = data_of(run)
    (tmp_path / "pictures").rename(tmp_path / "moved")
    after = data_of(open_run(run.folder), str(tmp_path / "moved"))
    assert after.test.names.tolist() == before.test.names.tolist()
    assert after.notes == before.notes
    name = before.test.names[0]
    assert asked_inputs(run, [name], data=str(tmp_path / "moved")).names == [name]


def test_what_judges_learned_from_is_not_tested_on(tmp_path):
    write_pictures(tmp_path / "pictures", 0, 20)
    run = fitted_to(tmp_path / "pictures", tmp_path, data__judge_share=0.3)
    judging = set(data_of(run).judging.names)
    write_pictures(tmp_path / "pictures", 20, 22)
    assert judging
    assert not judging & set(data_of(run, str(tmp_path / "pictures")).test.names)


def test_a_run_that_noted_nothing_keeps_its_test_part(fitted, tmp_path):
    before = data_of(fitted)
    (fitted.folder / EXAMPLES).unlink()
    (tmp_path / "pictures").rename(tmp_path / "moved")
    assert data_of(fitted, str(tmp_path / "moved")).test.names.tolist() == before.test.names.tolist()


def test_another_test_part_that_was_learned_from_is_refused(tmp_path):
    part = Part(np.arange(12.0).reshape(6, 2), np.array([0, 1] * 3))
    whole = Dataset("whole", part.select(np.arange(4)), part.select(np.arange(4, 6)))
    note_examples(tmp_path, whole)
    with pytest.raises(DataError, match="did not learn from, got 2, and it learned from all of them"):
        unlearned(tmp_path, Dataset("other", part, part.select(np.arange(2))))
    new = Dataset("new", part, Part(np.zeros((2, 2)), np.array([0, 1])))
    assert unlearned(tmp_path, new) is new


def test_rows_that_are_both_tested_on_and_learned_from_stay(tmp_path):
    rows = np.array([[1.0], [2.0], [1.0], [3.0]])
    whole = Dataset("double", Part(rows[:2], np.array([0, 1])), Part(rows[2:], np.array([0, 1])))
    note_examples(tmp_path, whole)
    assert is_as_noted(tmp_path, whole)
    assert unlearned(tmp_path, whole) is whole
    grown = Dataset("double", Part(np.array([[5.0], [1.0], [1.0], [2.0]]), np.zeros(4)), Part(rows[3:], np.zeros(1)))
    again = as_noted(tmp_path, grown)
    assert again.train.inputs.tolist() == [[1.0], [2.0]]
    assert again.test.inputs.tolist() == [[1.0], [3.0]]


@pytest.mark.parametrize("content", [b"broken", b"\x02\0\0\0\0\0\0\0{}"])
def test_what_a_run_learned_from_cannot_be_read(tmp_path, content):
    (tmp_path / EXAMPLES).write_bytes(content)
    part = Part(np.zeros((2, 2)), np.array([0, 1]))
    with pytest.raises(ModelFileError, match="remove the file"):
        is_as_noted(tmp_path, Dataset("any", part, part))


def test_a_run_that_noted_nothing_is_not_compared(fitted):
    (fitted.folder / EXAMPLES).unlink()
    write_pictures(fitted.folder.parent / "pictures", 20, 25)
    assert len(data_of(fitted).test) == 10


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
    with pytest.raises(DataError, match="leave --data out"):
        asked_inputs(lost, ["picture.png"], data=str(tmp_path / "moved"))


def test_the_noted_place_comes_before_the_name(fitted, tmp_path, monkeypatch):
    write_pictures(tmp_path / "elsewhere" / "pictures", 50, 60)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert news_of(fitted, data_of(open_run(fitted.folder))) == []
    assert open_run(fitted.folder).config.data == "pictures"


def test_a_folder_that_has_grown_is_read_at_the_size_of_the_fit(tmp_path):
    write_pictures(tmp_path / "pictures", 0, 20)
    write_pictures(tmp_path / "pictures", 20, 22, size=30)
    run = fitted_to(tmp_path / "pictures", tmp_path)
    before = data_of(run)
    write_pictures(tmp_path / "pictures", 22, 60, size=30)
    after = data_of(open_run(run.folder))
    assert same(after.train, before.train)
    assert same(after.test, before.test)
