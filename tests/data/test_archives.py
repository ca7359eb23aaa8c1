"""One door for .npz files: what they would unpack to is checked first; names and shapes are told in three parts."""

import io
import zipfile

import numpy as np
import pytest

from lookalike.data import load_dataset, require_consistent
from lookalike.data.archives import read_arrays
from lookalike.errors import DataError

PARTS = ("train", "val", "test")
X, Y = np.zeros((20, 5, 5), np.uint8), np.arange(20) % 2


def member(array, shape=None, dtype=None):
    content = io.BytesIO()
    np.save(content, array)
    raw = content.getvalue()
    if shape or dtype:
        head = {"descr": dtype or array.dtype.str, "fortran_order": False, "shape": shape or array.shape}
        content = io.BytesIO()
        np.lib.format.write_array_header_1_0(content, head)
        raw = content.getvalue() + array.tobytes()
    return raw


def pack(file, compression=zipfile.ZIP_STORED, **members):
    with zipfile.ZipFile(file, "w", compression) as packed:
        for name, content in members.items():
            packed.writestr(f"{name}.npy", content)
    return str(file)


@pytest.mark.parametrize(
    ("arrays", "sizes"),
    [
        ({"x": X, "y": Y}, (16, 4, None)),
        ({"X": X, "y": Y[:, None]}, (16, 4, None)),
        ({"train_images": X, "train_labels": Y, "test_images": X[:3], "test_labels": Y[:3]}, (20, 3, None)),
        ({"x_train": X, "y_train": Y, "x_val": X[:3], "y_val": Y[:3]}, (20, 3, None)),
        (
            {
                f"{part}_{kind}": array
                for part in ("train", "val", "test")
                for kind, array in (("images", X), ("labels", Y))
            },
            (20, 20, 20),
        ),
    ],
)
def test_names_of_arrays(tmp_path, arrays, sizes):
    np.savez(tmp_path / "a.npz", **arrays)
    found = load_dataset(str(tmp_path / "a.npz"))
    assert (len(found.train), len(found.test), found.validation and len(found.validation)) == sizes
    assert found.train.labels.ndim == 1


def test_names_of_classes(tmp_path):
    np.savez(tmp_path / "a.npz", x=X, y=Y, class_names=np.array(["cat", "dog"]))
    assert load_dataset(str(tmp_path / "a.npz")).train.labels[:2].tolist() == ["cat", "dog"]
    for names, match in ((["cat"], "got 1"), (["cat", "cat"], "another name")):
        np.savez(tmp_path / "a.npz", x=X, y=Y, class_names=np.array(names))
        with pytest.raises(DataError, match=match):
            load_dataset(str(tmp_path / "a.npz"))


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"x_train": X, "y_train": Y, "x_test": X}, "'x_test' alone.*'y_test'"),
        ({"x_train": X, "y_train": Y, "val_labels": Y}, "'val_labels' alone"),
        ({"x": X}, "'x' alone"),
        ({"x": X.astype(str), "y": Y}, "numbers in 'x'"),
        ({"x": np.zeros(20), "y": Y}, r"shape \(20,\)"),
        ({"x": np.zeros((20, 1, 1, 1, 1)), "y": Y}, "reshape"),
        ({"x": np.float64(3), "y": Y}, r"shape \(\)"),
        ({"x": X, "y": np.eye(2)[Y]}, "argmax"),
        ({"x": X, "y": Y.astype("datetime64[D]")}, "dates"),
        ({"x": X, "y": Y[:9]}, "20 inputs and 9 labels"),
        ({"x": X, "y": np.full(20, np.nan)}, "NaN"),
        ({"x": X.astype("V1"), "y": Y}, "plain arrays"),
        ({"x": np.zeros((20, 0)), "y": Y}, r"at least one value in 'x'.*\(20, 0\)"),
        ({"x": X[:0], "y": Y[:0]}, "at least one value"),
        ({"x": X + 1j, "y": Y}, "^expected plain arrays of numbers or text"),
    ],
)
def test_what_is_wrong_is_said_in_three_parts(tmp_path, arrays, match):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=match) as refused:
        load_dataset(str(tmp_path / "a.npz"))
    assert str(refused.value).startswith("expected ")
    assert ", got " in str(refused.value)


@pytest.mark.parametrize(
    ("other", "match"),
    [
        ({"y_test": Y[:3] + 1}, r"test labels among \[0, 1\], got \[2\]"),
        ({"y_test": Y[:3].astype(str)}, "the text '0', which is not the class the number 0"),
        ({"x_test": X[:3, :4]}, r"\(5, 5\), as in training, got \(4, 5\)"),
        ({"x_test": X[:3] / 255}, "uint8, as in training, got float64"),
    ],
)
def test_parts_that_do_not_fit_are_told_before_training(tmp_path, other, match):
    np.savez(tmp_path / "a.npz", **{"x_train": X, "y_train": Y, "x_test": X[:3], "y_test": Y[:3], **other})
    with pytest.raises(DataError, match=match):
        require_consistent(load_dataset(str(tmp_path / "a.npz")))


@pytest.mark.parametrize("shape", [(1, 5, 5), (5, 5, 1)])
def test_one_channel_is_none(tmp_path, shape):
    np.savez(tmp_path / "a.npz", x_train=X, y_train=Y, x_test=X[:3].reshape(3, *shape), y_test=Y[:3].astype(float))
    require_consistent(load_dataset(str(tmp_path / "a.npz")))


@pytest.mark.parametrize(
    "content",
    [
        member(np.zeros(3), shape=(10**12,)),
        member(np.zeros(3), shape=(10**30, 10**30)),
        member(np.zeros(3), shape=(-3,)),
        member(np.zeros(3), dtype="|O"),
        member(np.zeros(3))[:-5],
        member(np.zeros(3)) + b"more",
        b"",
        b"\x93NUMPY\x09\x00",
        b"\x93NUMPY\x01\x00\xff\xff{",
        b"no array",
    ],
)
def test_a_member_must_hold_what_its_header_says(tmp_path, content):
    file = pack(tmp_path / "a.npz", x=content, y=member(Y))
    with pytest.raises(DataError, match="plain arrays"):
        load_dataset(file)


def test_bombs_are_refused_before_they_are_unpacked(tmp_path, monkeypatch):
    file = pack(tmp_path / "a.npz", zipfile.ZIP_DEFLATED, x=member(np.zeros((2**20, 8))), y=member(Y))
    assert read_arrays(tmp_path / "a.npz", ["y"])["y"].tolist() == Y.tolist()
    monkeypatch.setattr("lookalike.data.archives._DENSE_BYTES", 2**20)
    with pytest.raises(DataError, match=r"packed at most.*64\.0 MiB"):
        load_dataset(file)
    monkeypatch.setattr("lookalike.data.archives._SHARE_OF_MEMORY", 0)
    with pytest.raises(DataError, match="memory"):
        load_dataset(file)


def test_too_many_members_and_the_same_twice(tmp_path, monkeypatch):
    monkeypatch.setattr("lookalike.data.archives.MAX_MEMBERS", 3)
    with pytest.raises(DataError, match="at most 3 arrays"):
        load_dataset(pack(tmp_path / "a.npz", **{f"x{n}": member(Y) for n in range(4)}))
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as packed:
        packed.writestr("x.npy", member(X))
        with pytest.warns(UserWarning, match="Duplicate"):
            packed.writestr("x.npy", member(X))
    with pytest.raises(DataError, match="'x' twice"):
        load_dataset(str(tmp_path / "b.npz"))


def test_altered_bytes_never_pass_unseen(tmp_path):
    """Any byte changed: refused in our words, or the arrays are what they were."""
    np.savez_compressed(tmp_path / "a.npz", x=X, y=Y)
    raw, draw = (tmp_path / "a.npz").read_bytes(), np.random.default_rng(0)
    for place in draw.integers(0, len(raw), 150).tolist():
        changed = bytearray(raw)
        changed[place] ^= int(draw.integers(1, 256))
        (tmp_path / "b.npz").write_bytes(changed)
        try:
            found = load_dataset(str(tmp_path / "b.npz"))
        except DataError:
            continue
        assert np.array_equal(found.train.inputs, X[:16])


@pytest.mark.parametrize(
    ("n_repeated", "said"), [(0, []), (3, ["3 of 9 test examples are in the training part as well"])]
)
def test_pictures_in_both_parts_are_counted(tmp_path, n_repeated, said):
    x = np.random.default_rng(0).integers(0, 255, (29, 5, 5), dtype=np.uint8)
    train, test = x[:20], np.concatenate([x[:n_repeated], x[20 : 29 - n_repeated]])
    np.savez(tmp_path / "a.npz", x_train=train, y_train=Y, x_test=test, y_test=np.arange(9) % 2)
    notes = load_dataset(str(tmp_path / "a.npz")).notes
    assert [note.partition(":")[0] for note in notes] == said
