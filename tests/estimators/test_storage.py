"""Model folders: written whole or not at all, never executed, and refused when they are not what was written."""

import json
import os

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_iris

from lookalike import persistence
from lookalike.errors import FolderInUseError, ModelFileError
from lookalike.estimators import PrototypeClassifier
from lookalike.persistence import FORMAT, StoredModel, load_model, save_model, save_pictures, sealed
from tests.crash import killed_at, steps_of


@pytest.fixture(scope="module")
def fitted():
    X, y = load_iris(return_X_y=True)
    return PrototypeClassifier(training__epochs=2, random_state=0).fit(X, y), X


@pytest.fixture
def folder(fitted, tmp_path):
    fitted[0].save(tmp_path / "model", note="kept")
    return tmp_path / "model"


def test_a_folder_is_enough(fitted, folder):
    loaded = PrototypeClassifier.load(folder)
    assert np.array_equal(loaded.predict_proba(fitted[1]), fitted[0].predict_proba(fitted[1]))
    assert loaded.explain(fitted[1][:3]) == fitted[0].explain(fitted[1][:3])
    assert loaded.get_params() == fitted[0].get_params()
    assert loaded.extras_ == {"note": "kept"}
    assert loaded.history_ == fitted[0].history_


def test_only_json_and_safetensors_are_written(folder):
    names = sorted(path.name for path in folder.iterdir())
    assert names[0] == "model.json"
    assert all(name.endswith(".safetensors") for name in names[1:])
    document = json.loads((folder / "model.json").read_text())
    assert document["format"] == FORMAT
    assert {"python", "torch", "lookalike"} <= document["versions"].keys()


def test_saving_again_replaces_and_sweeps(fitted, folder):
    X, y = load_iris(return_X_y=True)
    PrototypeClassifier(training__epochs=1, random_state=5).fit(X, y).save(folder)
    assert len(list(folder.iterdir())) == 3
    assert PrototypeClassifier.load(folder).seed_ != fitted[0].seed_


@pytest.mark.parametrize("moment", ["the first file", "the document", "the last step"])
def test_a_full_disk_leaves_the_old_model(fitted, folder, monkeypatch, moment):
    X, y = load_iris(return_X_y=True)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    other = PrototypeClassifier(training__epochs=1, random_state=5).fit(X, y)
    real = os.replace
    calls = []

    def full(source, target):
        calls.append(target)
        failing = {"the first file": 1, "the document": 3, "the last step": 3}[moment]
        if len(calls) == failing:
            raise OSError(28, "No space left on device")
        return real(source, target)

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        other.save(folder)
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert PrototypeClassifier.load(folder).seed_ == fitted[0].seed_


def test_leftovers_of_a_kill_do_no_harm(fitted, folder):
    (folder / ".model.json.draft").write_text("{")
    (folder / "weights-000000000000.safetensors").write_bytes(b"half")
    assert PrototypeClassifier.load(folder).seed_ == fitted[0].seed_
    fitted[0].save(folder)
    assert not (folder / "weights-000000000000.safetensors").exists()


def weights_file(folder):
    return next(folder.glob("weights-*.safetensors"))


def test_altered_and_truncated_files_are_refused(folder):
    file = weights_file(folder)
    content = file.read_bytes()
    for damaged in (content[:-1], b"", content[:-8] + b"\x01" * 8, content + b"\x00"):
        file.write_bytes(damaged)
        with pytest.raises(ModelFileError, match="sha256 differs"):
            PrototypeClassifier.load(folder)
    file.unlink()
    with pytest.raises(ModelFileError, match="copy the whole folder"):
        PrototypeClassifier.load(folder)


def edit(folder, change):
    document = json.loads((folder / "model.json").read_text())
    change(document)
    (folder / "model.json").write_text(json.dumps(sealed(document)))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda d: d.update(format=FORMAT + 1, versions={"lookalike": "9.0"}), "version 9.0"),
        (lambda d: d.update(format="new"), "model's description"),
        (lambda d: d.pop("files"), "table of files"),
        (lambda d: d.update(files={"weights": "weights.bin"}), "table of files"),
        (lambda d: d.pop("preprocessing"), "as this version writes it"),
        (lambda d: d["preprocessing"].update(shape=[7]), r"of shape \(128, 7\)"),
        (lambda d: d["resolved"].update(backbone="mpl"), "did you mean 'mlp'"),
        (lambda d: d["resolved"].update(backbone__widths=[3]), "weights of this network only"),
        (lambda d: d["classes"].update(names=["only"]), "as this version writes it"),
        (lambda d: d.update(history=[{"odd": 1}]), "as this version writes it"),
        (lambda d: d.update(extras=[]), "as this version writes it"),
        (lambda d: d["files"].update(pictures=d["files"]["weights"]), "as this version writes it"),
        (lambda d: d.update(format=FORMAT + 1, versions=["new"]), "version unknown"),
        (lambda d: d["resolved"].update(backbone="module", backbone__module="os:system"), "torchvision:NAME"),
    ],
)
def test_a_document_that_does_not_fit_is_refused(folder, change, match):
    edit(folder, change)
    with pytest.raises(ModelFileError, match=match):
        PrototypeClassifier.load(folder)


@pytest.mark.parametrize("name", ["temperature", "seed", "n_training"])
def test_an_altered_document_is_refused(folder, name):
    document = json.loads((folder / "model.json").read_text())
    document[name] += 1
    (folder / "model.json").write_text(json.dumps(document))
    with pytest.raises(ModelFileError, match="sha256 differs"):
        PrototypeClassifier.load(folder)


def test_files_of_somebody_elses_are_not_replaced_by_pictures(tmp_path):
    X = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
    classifier = PrototypeClassifier(backbone="identity", training="none", random_state=0).fit(X, np.arange(20) % 2)
    (tmp_path / "prototypes").mkdir()
    (tmp_path / "prototypes" / "draft.py").write_text("mine")
    with pytest.raises(FolderInUseError, match=r"draft\.py"):
        classifier.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["prototypes"]


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_model_does_not_take_the_place_of_a_file(tmp_path, place):
    X = np.random.default_rng(0).random((20, 4))
    classifier = PrototypeClassifier(backbone="identity", training="none", random_state=0).fit(X, np.arange(20) % 2)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FolderInUseError, match=r"a file, .*file; try: another name"):
        classifier.save(tmp_path / place)
    with pytest.raises(FolderInUseError, match=r"a file, .*file; try: another name"):
        clone(classifier).fit(X, np.arange(20) % 2, folder=tmp_path / place)
    assert (tmp_path / "file").read_text() == "mine"


def test_pictures_of_many_prototypes_keep_their_order(tmp_path):
    X = np.random.default_rng(0).integers(0, 256, (1200, 8, 8), dtype=np.uint8)
    many = {"backbone": "identity", "training": "none", "prototypes__n_per_class": 520, "validation_fraction": 0.0}
    classifier = PrototypeClassifier(**many, random_state=0).fit(X, np.arange(1200) % 2)
    classifier.save(tmp_path)
    names = sorted(path.name for path in (tmp_path / "prototypes").iterdir())
    assert [int(name.split("-")[0]) for name in names] == list(range(1040))


def test_a_document_may_not_name_files_elsewhere(folder, tmp_path):
    outside = tmp_path / "outside.safetensors"
    outside.write_bytes(weights_file(folder).read_bytes())
    edit(folder, lambda d: d["files"]["weights"].update(file="../outside.safetensors"))
    with pytest.raises(ModelFileError, match="copy the whole folder"):
        PrototypeClassifier.load(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "\xff", "3"])
def test_a_document_that_is_no_document_is_refused(folder, content):
    (folder / "model.json").write_text(content, encoding="latin-1")
    with pytest.raises(ModelFileError):
        PrototypeClassifier.load(folder)


def test_no_model_says_how_to_make_one(tmp_path):
    with pytest.raises(ModelFileError, match="lookalike fit"):
        PrototypeClassifier.load(tmp_path / "nowhere")


def test_tensors_round_trip(tmp_path):
    tensors = {"weights": {"a": torch.randn(2, 3), "b": torch.arange(4)}, "empty": {}}
    save_model(tmp_path, StoredModel({"name": "x"}, tensors))
    found = load_model(tmp_path)
    assert found.document["name"] == "x"
    assert torch.equal(found.tensors["weights"]["a"], tensors["weights"]["a"])
    assert found.tensors["empty"] == {}


def test_pictures_have_safe_names_and_are_replaced_together(tmp_path):
    picture = np.zeros((3, 3), np.uint8)
    save_pictures(tmp_path / "prototypes", {"000 ../../etc/x": picture, "001 größe": picture})
    assert sorted(path.name for path in (tmp_path / "prototypes").iterdir()) == ["000-etc-x.png", "001-größe.png"]
    save_pictures(tmp_path / "prototypes", {"002 <b>": picture})
    assert [path.name for path in (tmp_path / "prototypes").iterdir()] == ["002-b.png"]
    assert [path.name for path in tmp_path.iterdir()] == ["prototypes"]


def test_a_model_that_is_replaced_while_it_is_read_is_read_again(fitted, folder, monkeypatch):
    X, y = load_iris(return_X_y=True)
    other = PrototypeClassifier(training__epochs=1, random_state=5).fit(X, y)
    real, calls = persistence.load_document, []

    def replaced_after_reading(place):
        found = real(place)
        calls.append(place)
        if len(calls) == 1:
            other.save(folder)
        return found

    monkeypatch.setattr(persistence, "load_document", replaced_after_reading)
    assert PrototypeClassifier.load(folder).seed_ == other.seed_
    weights_file(folder).unlink()  # but what is not there the second time is missing
    with pytest.raises(ModelFileError, match="copy the whole folder"):
        PrototypeClassifier.load(folder)


def test_what_a_killed_process_had_written_whole_is_brought_to_its_place_on_loading(fitted, folder, monkeypatch):
    X, y = load_iris(return_X_y=True)
    other = PrototypeClassifier(training__epochs=1, random_state=5).fit(X, y)
    steps = steps_of(lambda: fitted[0].save(folder), exchanging=False)
    moved = steps.index("rename") + 2
    killed_at(moved, lambda: other.save(folder), exchanging=False)
    assert (folder / ".replacement").is_dir()
    assert PrototypeClassifier.load(folder).seed_ == other.seed_
    assert not (folder / ".replacement").exists()
