"""A user's own pictures and tables: what is read, what is said, what is refused."""

import numpy as np
import pytest
from PIL import Image

from lookalike.data import Preprocessing, load_dataset, stratified_split
from lookalike.data.files import fit_picture, load_folder, read_pictures
from lookalike.errors import DataError, DataNotFoundError

NAMES = ("cat", "dog <b>", "größe")


@pytest.fixture
def folder(tmp_path):
    generator = np.random.default_rng(0)
    for name in NAMES:
        (tmp_path / name).mkdir()
        for index in range(10):
            Image.fromarray(generator.integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(
                tmp_path / name / f"{index}.png"
            )
    return tmp_path


def test_a_folder_of_class_sub_folders(folder):
    found = load_dataset(str(folder))
    assert found.train.inputs.shape == (24, 20, 20, 3)
    assert len(found.test) == 6
    assert set(found.train.labels) == set(NAMES) == set(found.test.labels)
    assert found.notes == ("no test folder: 6 of 30 pictures set aside for testing",)
    assert np.array_equal(load_dataset(str(folder)).test.inputs, found.test.inputs)


def test_a_class_that_cannot_be_tested_is_said(folder):
    for index in range(1, 10):
        (folder / "cat" / f"{index}.png").unlink()
    found = load_dataset(str(folder))
    assert "cat" not in found.test.labels
    assert found.notes[1:] == ("no test pictures of cat: accuracy is about the other classes",)


def test_train_and_test_folders_are_kept_apart(folder, tmp_path):
    for part in ("train", "val"):
        (tmp_path / "set" / part).mkdir(parents=True)
    for name in NAMES:
        (folder / name).rename(tmp_path / "set" / "train" / name)
        (tmp_path / "set" / "val" / name).mkdir()
        Image.new("RGB", (20, 20), "red").save(tmp_path / "set" / "val" / name / "a.png")
    found = load_folder(tmp_path / "set")
    assert (len(found.train), len(found.test)) == (30, 3)
    assert (found.test.inputs[0, 0, 0] == [255, 0, 0]).all()
    (tmp_path / "set" / "val" / "other").mkdir()
    Image.new("RGB", (20, 20)).save(tmp_path / "set" / "val" / "other" / "a.png")
    with pytest.raises(DataError, match="other"):
        load_folder(tmp_path / "set")


def test_any_size_is_resized_and_said(folder):
    Image.new("RGB", (200, 100), "white").save(folder / "cat" / "large.jpg")
    found = load_folder(folder)
    assert found.train.inputs.shape[1:] == (20, 20, 3)
    assert any("cut and resized to 20x20" in note for note in found.notes)
    assert load_folder(folder, image_size=8).train.inputs.shape[1:] == (8, 8, 3)


def test_large_pictures_are_brought_to_64(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for index in range(3):
            Image.new("L", (300, 400), 90).save(tmp_path / name / f"{index}.png")
    found = load_folder(tmp_path, test_fraction=0.34)
    assert found.train.inputs.shape == (4, 64, 64)
    assert found.train.inputs.max() == 90


def test_grey_stays_grey_unless_one_is_colour(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for index in range(5):
            Image.new("L", (8, 8), 40 * index).save(tmp_path / name / f"{index}.png")
    assert load_folder(tmp_path).train.inputs.shape[1:] == (8, 8)
    Image.new("RGB", (8, 8)).save(tmp_path / "a" / "colour.png")
    assert load_folder(tmp_path).train.inputs.shape[1:] == (8, 8, 3)


@pytest.mark.parametrize("content", [b"", b"not a picture", "half"])
def test_unreadable_files_are_named_and_counted_or_refused(folder, content):
    whole = (folder / "cat" / "0.png").read_bytes()
    (folder / "cat" / "0.png").write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    found = load_folder(folder)
    assert len(found.train) + len(found.test) == 29
    assert "unreadable and left out: 1 of" in found.notes[0]
    assert "0.png" in found.notes[0]
    with pytest.raises(DataError, match=r"0\.png"):
        load_folder(folder, strict=True)


def test_a_bomb_is_a_file_that_cannot_be_read(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    Image.new("L", (20, 20)).save(tmp_path / "bomb.png")
    pictures, failed = read_pictures([tmp_path / "bomb.png"])
    assert not pictures
    assert "bomb" in failed[0][1]


def test_what_is_no_folder_of_classes_is_refused(tmp_path):
    with pytest.raises(DataNotFoundError, match="no folder"):
        load_folder(tmp_path / "nowhere")
    with pytest.raises(DataError, match="one sub-folder of pictures per class"):
        load_folder(tmp_path)
    (tmp_path / "only").mkdir()
    with pytest.raises(DataError, match=r"none in .*only"):
        load_folder(tmp_path)
    Image.new("L", (8, 8)).save(tmp_path / "only" / "a.png")
    Image.new("L", (8, 8)).save(tmp_path / "only" / "b.png")
    with pytest.raises(DataError, match="at least two classes, got one, 'only'"):
        load_folder(tmp_path)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.png").write_bytes(b"")
    with pytest.raises(DataError, match="broken"):
        load_folder(tmp_path)


def test_modes_become_eight_bits():
    deep = Image.fromarray((np.arange(64).reshape(8, 8) * 1000).astype(np.uint16))
    assert fit_picture(deep, (8, 8), grey=True).max() == pytest.approx(63000 / 65535 * 255, abs=1)
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert fit_picture(clear, (8, 8), grey=True).min() == 255
    assert fit_picture(Image.new("1", (9, 4), 1), (4, 4), grey=False).shape == (4, 4, 3)


def write(tmp_path, text, name="table.csv"):
    (tmp_path / name).write_text(text)
    return tmp_path / name


def test_a_table_with_a_label_column(tmp_path):
    rows = "\n".join(f"{i},{i * 2}.5,{'ab'[i % 2]}" for i in range(20))
    found = load_dataset(str(write(tmp_path, f"first,second,species\n{rows}\n")))
    assert found.columns == ("first", "second")
    assert found.train.inputs.shape == (16, 2)
    assert set(found.train.labels) == {"a", "b"}
    named = load_dataset(str(write(tmp_path, f"first,label,kind\n{rows}\n")), label="kind")
    assert named.columns == ("first", "label")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("a,b\n1,2\n", "data__label"),
        ("a,label\n1,x\n2,\n3,y\n", "line 3"),
        ("a,label\n1,x\nmany,y\n", "line 3, column 'a'"),
        ("a,label\n1,x\n2\n", "2 columns in line 3"),
        ("a,label\n", "at least one row"),
        ("", "at least one row"),
        ("label\nx\ny\n", "at least one column of numbers"),
        (",label\n0,x\n1,y\n", "at least one column of numbers"),
    ],
)
def test_a_table_that_cannot_be_learned_from(tmp_path, text, match):
    with pytest.raises(DataError, match=match):
        load_dataset(str(write(tmp_path, text)))


@pytest.mark.parametrize(("name", "first"), [("", 0), ("Unnamed: 0", 0), ("id", 1)])
def test_numbers_of_rows_are_not_learned_from(tmp_path, name, first):
    rows = "\n".join(f"{i + first},{i * 2}.5,{'ab'[i // 10]}" for i in range(20))
    found = load_dataset(str(write(tmp_path, f"{name},second,label\n{rows}\n")))
    assert found.columns == ("second",)
    assert found.notes[0] == f"column {name!r} only numbers the rows, and is left out"
    assert found.train.names[:2].tolist() == ["line 2", "line 3"]
    other = load_dataset(str(write(tmp_path, f"{name},second,label\n{rows}\n7,1.5,a\n")))
    assert other.columns == (name, "second")
    assert not [note for note in other.notes if "left out" in note]


def test_a_label_column_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="did you mean 'kind'"):
        load_dataset(str(write(tmp_path, "a,kind\n1,x\n2,y\n")), label="kinds")
    with pytest.raises(DataNotFoundError):
        load_dataset(str(tmp_path / "none.csv"))
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00a,label\n")
    with pytest.raises(DataError, match="UTF-8"):
        load_dataset(str(tmp_path / "binary.csv"))


def test_arrays_in_an_npz(tmp_path):
    x, y = np.zeros((20, 5, 5), dtype=np.uint8), np.arange(20) % 2
    np.savez(tmp_path / "a.npz", x=x, y=y)
    assert load_dataset(str(tmp_path / "a.npz")).test.inputs.shape == (4, 5, 5)
    np.savez(tmp_path / "b.npz", x_train=x, y_train=y, x_test=x[:3], y_test=y[:3])
    assert len(load_dataset(str(tmp_path / "b.npz")).test) == 3


def test_an_npz_that_cannot_be_read_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", pictures=np.zeros(3))
    with pytest.raises(DataError, match="rename the arrays"):
        load_dataset(str(tmp_path / "a.npz"))
    np.savez(tmp_path / "b.npz", x=np.array([{"code": 1}] * 4, dtype=object), y=np.arange(4))
    with pytest.raises(DataError, match="plain arrays"):
        load_dataset(str(tmp_path / "b.npz"))
    np.savez(tmp_path / "c.npz", x=np.zeros((4, 2)), y=np.zeros(3))
    with pytest.raises(DataError, match="4 inputs and 3 labels"):
        load_dataset(str(tmp_path / "c.npz"))
    (tmp_path / "d.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:40])
    with pytest.raises(DataError, match="plain arrays"):
        load_dataset(str(tmp_path / "d.npz"))
    with pytest.raises(DataNotFoundError):
        load_dataset(str(tmp_path / "e.npz"))


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.25, 0.5])
def test_a_split_keeps_every_class_in_its_share(fraction):
    labels = np.repeat(["a", "b", "c"], [40, 20, 3])
    first, second = stratified_split(labels, fraction, seed=1)
    assert sorted([*first, *second]) == list(range(63))
    for name, n in (("a", 40), ("b", 20), ("c", 3)):
        assert (labels[second] == name).sum() == round(fraction * n)
    again = stratified_split(labels, fraction, seed=1)
    assert np.array_equal(second, again[1])


def test_a_split_leaves_what_must_stay():
    labels = np.repeat([0, 1], [4, 40])
    first, second = stratified_split(labels, 0.5, seed=0, keep=4)
    assert (labels[first] == 0).sum() == 4
    assert (labels[second] == 1).sum() == 20


def test_preprocessing_goes_there_and_back():
    import torch

    generator = np.random.default_rng(0)
    for inputs in (
        torch.from_numpy(generator.integers(0, 256, (9, 3, 4, 5), dtype=np.uint8)),
        torch.from_numpy(generator.normal(5, 3, (9, 7)).astype(np.float32)),
        torch.full((4, 2), 3.0),
    ):
        preprocessing = Preprocessing.of(inputs)
        standard = preprocessing.standardize(inputs)
        assert standard.mean().abs() < 1e-5
        torch.testing.assert_close(
            preprocessing.restore(standard), preprocessing.to_data_units(inputs), check_dtype=False
        )
        assert Preprocessing.from_dict(preprocessing.to_dict()) == preprocessing
        low, high = preprocessing.value_range()
        assert bool((standard >= low - 1e-5).all())
        assert bool((standard <= high + 1e-5).all())
    pictures = torch.from_numpy(generator.integers(0, 256, (9, 3, 4, 5), dtype=np.uint8))
    preprocessing = Preprocessing.of(pictures)
    arrays = preprocessing.to_eight_bit(preprocessing.to_data_units(pictures))
    assert np.array_equal(arrays, pictures.permute(0, 2, 3, 1).numpy())
    torch.testing.assert_close(preprocessing.from_eight_bit(arrays), preprocessing.to_data_units(pictures))
