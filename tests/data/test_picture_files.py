"""Pictures of every depth are read in one way; what is no data is passed over; parts are known by their names."""

import numpy as np
import pytest
from PIL import Image

from lookalike import PrototypeClassifier, load_dataset
from lookalike.data import Preprocessing
from lookalike.data.listing import require_outside
from lookalike.data.picture_sets import read_set
from lookalike.data.pictures import PictureForm, open_picture
from lookalike.data.pixel_scale import PixelScale
from lookalike.errors import DataError, ParameterError
from lookalike.estimators.inputs import table_or_pictures


def fill(root, make, suffix="png", n=6, classes=("a", "b")):
    for number, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for index in range(n):
            make(number, index).save(root / name / f"{index}.{suffix}")
    return root


def whole(dtype, low, high, side=8):
    def make(number, index):
        values = np.random.default_rng([number, index]).integers(low[number], high[number], (side, side))
        return Image.fromarray(values.astype(dtype))

    return make


def big_endian(number, index):
    values = np.random.default_rng([number, index]).integers(39000 * number + 1000, 39000 * number + 20000, (8, 8))
    return Image.frombytes("I;16B", (8, 8), values.astype(">u2").tobytes())


def floats(number, index):
    return Image.fromarray(np.random.default_rng([number, index]).uniform(0, 0.4 + number / 2, (8, 8)).astype("f4"))


def palette(number, index):
    values = np.random.default_rng([number, index]).integers(0, 120 + 120 * number, (90, 80, 3)).astype(np.uint8)
    return Image.fromarray(values).convert("P", palette=Image.Palette.ADAPTIVE, colors=16)


@pytest.mark.parametrize(
    ("make", "suffix", "pixel_range"),
    [
        (whole(np.uint16, (100, 300), (250, 1000)), "png", None),
        (whole(np.uint16, (100, 300), (250, 60000)), "png", (0, 65535)),
        (whole(np.uint16, (100, 100), (200, 250)), "png", (0, 255)),
        (whole(np.int32, (-100, 0), (0, 90000)), "tif", None),
        (big_endian, "tif", (0, 65535)),
        (floats, "tif", (0, 1)),
    ],
)
def test_numbers_of_deep_pictures_stay_as_they_are(tmp_path, make, suffix, pixel_range):
    found = load_dataset(str(fill(tmp_path, make, suffix)))
    assert found.pixels.range == pixel_range
    for array, name in zip(found.train.inputs, found.train.names, strict=True):
        number, index = "ab".index(name[0]), int(name[2])
        np.testing.assert_array_equal(array, np.asarray(make(number, index)))


def test_bytes_beside_sixteen_bits_share_their_white_and_others_are_refused(tmp_path):
    fill(tmp_path, whole(np.uint16, (0, 30000), (20000, 65536)))
    Image.new("L", (8, 8), 100).save(tmp_path / "a" / "0.png")
    found = load_dataset(str(tmp_path), test_fraction=0.0)
    assert (found.train.inputs[found.train.names.tolist().index("a/0.png")] == 25700).all()
    fill(tmp_path / "unclear", whole(np.uint16, (0, 1000), (1000, 4096)))
    Image.new("L", (8, 8), 100).save(tmp_path / "unclear" / "a" / "0.png")
    with pytest.raises(DataError, match="save all of them with 8 bits"):
        load_dataset(str(tmp_path / "unclear"))


def test_a_file_is_the_same_for_training_and_for_a_model(tmp_path):
    for name, make, suffix in (("p", palette, "png"), ("deep", whole(np.uint16, (0, 0), (900, 4000), 90), "png")):
        root = fill(tmp_path / name, make, suffix)
        found = load_dataset(str(root), test_fraction=0.0)
        inputs = table_or_pictures(None, found.train.inputs, reset=True)
        form = PictureForm.of(Preprocessing.of(inputs).with_pixels(found.pixels))
        again = read_set([root / each for each in found.train.names], form=form)
        np.testing.assert_array_equal(np.stack(list(again.arrays.values())), found.train.inputs)


def test_what_is_transparent_is_white_in_a_palette_too(tmp_path):
    picture = Image.new("P", (8, 8), 3)
    picture.putpalette([0, 0, 0] * 256)
    picture.save(tmp_path / "p.png", transparency=3)
    grey = Image.new("L", (8, 8), 7)
    grey.save(tmp_path / "l.png", transparency=7)
    form = PictureForm((8, 8), 1)
    for array in read_set([tmp_path / "p.png", tmp_path / "l.png"], form=form).arrays.values():
        assert (array == 255).all()


@pytest.mark.parametrize("mode", ["LAB", "YCbCr", "CMYK"])
@pytest.mark.parametrize("channels", [1, 3])
def test_other_colours_are_converted(tmp_path, mode, channels):
    Image.new(mode, (8, 8)).save(tmp_path / "a.tif")
    found = read_set([tmp_path / "a.tif"], form=PictureForm((8, 8), channels))
    assert found.arrays[0].shape == ((8, 8) if channels == 1 else (8, 8, 3))


@pytest.mark.parametrize(
    ("name", "is_folder"),
    [(".ipynb_checkpoints", True), ("@eaDir", True), ("$RECYCLE.BIN", True), ("lost+found", True), ("._0.png", False)],
)
@pytest.mark.parametrize("level", ["", "a"])
def test_system_entries_are_passed_over_and_said(tmp_path, name, is_folder, level):
    fill(tmp_path, whole(np.uint8, (0, 100), (100, 200)))
    clean = load_dataset(str(tmp_path), strict=True)
    place = tmp_path / level / name
    if is_folder:
        (place / "x").mkdir(parents=True)
        Image.new("L", (8, 8)).save(place / "x" / "0.png")
    else:
        place.write_bytes(b"\0\5\x16\7")
    found = load_dataset(str(tmp_path), strict=True)
    np.testing.assert_array_equal(found.train.names, clean.train.names)
    assert [note for note in found.notes if "passed over: 1" in note and name in note]


def test_saved_models_are_no_data(tmp_path):
    fill(tmp_path, whole(np.uint8, (0, 100), (100, 200)))
    (tmp_path / "a" / "run" / "prototypes").mkdir(parents=True)
    (tmp_path / "a" / "run" / "model.json").write_text("{}")
    Image.new("L", (8, 8)).save(tmp_path / "a" / "run" / "prototypes" / "0.png")
    (tmp_path / "runs" / "one").mkdir(parents=True)
    (tmp_path / "runs" / "one" / "model.json").write_text("{}")
    found = load_dataset(str(tmp_path))
    assert len(found.train) + len(found.test) == 12
    assert any("saved model passed over: 2" in note for note in found.notes)
    for folder in (tmp_path / "a" / "run", tmp_path / "a" / "run" / "prototypes"):
        with pytest.raises(DataError, match="a saved model"):
            load_dataset(str(folder))


def test_results_are_refused_in_the_data(tmp_path):
    fill(tmp_path / "d", whole(np.uint8, (0, 100), (100, 200)))
    for out in ("d", "d/runs", "d/a/run"):
        with pytest.raises(DataError, match="outside of the data folder"):
            require_outside(tmp_path / out, str(tmp_path / "d"))
    require_outside(tmp_path / "d2", str(tmp_path / "d"))


@pytest.mark.parametrize(
    ("names", "sizes"),
    [
        (("Train", "TEST"), (8, 4, None)),
        (("training", "testing", "valid"), (8, 4, 4)),
        (("train", "val"), (8, 4, None)),
        (("train", "test", "val"), (8, 4, 4)),
    ],
)
def test_parts_are_known_by_their_names(tmp_path, names, sizes):
    for number, name in enumerate(names):
        fill(tmp_path / name, whole(np.uint8, (0, 100), (100, 200)), n=2 if number else 4)
    found = load_dataset(str(tmp_path))
    assert (len(found.train), len(found.test), found.validation and len(found.validation)) == sizes
    said = " ".join(found.notes)
    assert ("is the test part" in said, "is the validation part" in said) == ("val" in names[1], len(names) == 3)


def test_a_class_may_be_called_train(tmp_path):
    fill(tmp_path, whole(np.uint8, (0, 100), (100, 200)), classes=("bus", "train"))
    assert set(load_dataset(str(tmp_path)).train.labels) == {"bus", "train"}


def test_other_suffixes_are_tried_and_the_rest_is_counted(tmp_path):
    fill(tmp_path, whole(np.uint8, (0, 100), (100, 200)))
    Image.new("L", (8, 8)).save(tmp_path / "a" / "x.jfif", "JPEG")
    Image.new("L", (8, 8)).save(tmp_path / "a" / "nothing", "PNG")
    (tmp_path / "a" / "b.txt").write_text("no picture")
    found = load_dataset(str(tmp_path))
    assert len(found.train) + len(found.test) == 14
    assert any("no pictures, not read: 1 (.txt 1)" in note for note in found.notes)


def test_links_are_followed_once(tmp_path):
    fill(tmp_path / "d", whole(np.uint8, (0, 100), (100, 200)))
    fill(tmp_path / "more", whole(np.uint8, (0, 100), (100, 200)))
    (tmp_path / "d" / "a" / "linked").symlink_to(tmp_path / "more" / "a")
    (tmp_path / "d" / "b" / "loop").symlink_to(tmp_path / "d" / "b")
    found = load_dataset(str(tmp_path / "d"))
    assert len(found.train) + len(found.test) == 18
    assert any("not followed" in note and "loop" in note for note in found.notes)


@pytest.mark.parametrize("mode", ["L", "RGBA", "I;16"])
def test_the_size_is_looked_at_before_the_pixels(tmp_path, mode):
    Image.new(mode, (30, 20)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="at most"):
        open_picture(tmp_path / "a.png", most_pixels=599)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([0, 100]), (0, 255)),
        (np.array([0.0, 0.4]), (0, 1)),
        (np.array([False, True]), (0, 1)),
        (np.array([0, 1]), None),
        (np.array([0.0, 16.0]), None),
        (np.array([0, 4095]), None),
        (np.array([-1.0, 1.0]), None),
        (np.array([0, 60000]), (0, 65535)),
    ],
)
def test_what_numbers_mean(values, expected):
    assert PixelScale.of(values).range == expected


def test_a_range_is_two_numbers():
    assert PixelScale.given([0, 4095]).range == (0, 4095)
    for wrong in ("no", (1, 0), (0, 1, 2), (0, float("nan")), (True, 2)):
        with pytest.raises(ParameterError, match="pixel_range"):
            PixelScale.given(wrong)


@pytest.mark.parametrize(
    ("convert", "options"),
    [
        (lambda X: X / 255, {}),
        (lambda X: X.astype(int), {}),
        (lambda X: X, {}),
        (lambda X: X / 255 * 16, {"pixel_range": (0, 16)}),
        (lambda X: X * 16.0, {"pixel_range": (0, 4080)}),
        (lambda X: (X / 255 - 0.5) / 0.5, {"pixel_range": (-1, 1)}),
        (lambda X: X / 255 * 16, None),
        (lambda X: X.astype(int) * 16, None),
        (lambda X: (X > 50).astype(int), None),
    ],
)
def test_arrays_are_learned_and_files_asked(tmp_path, convert, options):
    X = np.random.default_rng(0).integers(0, 100, (20, 6, 6), dtype=np.uint8)
    classifier = PrototypeClassifier(backbone="identity", training="none", random_state=0, **(options or {}))
    classifier.fit(convert(X), np.arange(20) % 2)
    pictures = [Image.fromarray(each) for each in X]
    if options is None:
        with pytest.raises(DataError, match="pixel_range"):
            classifier.predict(pictures)
        return
    np.testing.assert_allclose(classifier.predict_proba(pictures), classifier.predict_proba(convert(X)), atol=1e-5)


def test_pictures_of_pil_are_read_as_files_are(tmp_path):
    pictures = [palette(number, index) for number in range(2) for index in range(6)]
    fill(tmp_path, palette)
    found = load_dataset(str(tmp_path), image_size=80, test_fraction=0.0)
    squares = [each.convert("RGB").crop((0, 5, 80, 85)) for each in pictures]
    inputs = table_or_pictures(None, squares, reset=True)
    assert tuple(inputs.shape[1:]) == (3, 80, 80)
    np.testing.assert_array_equal(inputs.permute(0, 2, 3, 1).numpy(), found.train.inputs)


@pytest.mark.parametrize(
    "change",
    [
        lambda X: X[::-1][:1],
        lambda X: X[:, ::-1, ::-1],
        lambda X: np.asfortranarray(X),
        lambda X: (X / 255).astype(">f8"),
        lambda X: (X / 255).astype(object),
        lambda X: np.array([*X, None], dtype=object)[:-1],
    ],
)
def test_arrays_of_any_layout(change):
    X = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    X.flags.writeable = False
    tensor = table_or_pictures(None, change(X), reset=True)
    expected = np.stack([np.asarray(each, dtype=float) for each in change(X)])
    np.testing.assert_array_equal(tensor[:, 0].numpy(), expected.astype(tensor.numpy().dtype))
