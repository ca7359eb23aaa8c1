"""A model file is judged before anything of it is used; loading executes nothing and reaches nowhere."""

import json
import socket

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save
from sklearn.datasets import load_iris
from torch import nn

from lookalike import PrototypeClassifier
from lookalike.backbones import module
from lookalike.errors import ModelFileError
from lookalike.fewshot import EpisodicLearner
from lookalike.persistence import load_document, sealed

X, Y = load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def fitted():
    return PrototypeClassifier(backbone__widths=[4], training__epochs=1, random_state=0).fit(X, Y)


@pytest.fixture
def folder(fitted, tmp_path):
    fitted.save(tmp_path / "model")
    return tmp_path / "model"


def _edit(folder, change):
    document = load_document(folder)
    change(document)
    (folder / "model.json").write_text(json.dumps(sealed(document)))


def _edit_tensors(folder, change, group="weights"):
    document = load_document(folder)
    file = folder / document["files"][group]["file"]
    tensors = load_file(file)
    change(tensors)
    content = save(tensors)
    file.write_bytes(content)
    import hashlib

    document["files"][group]["sha256"] = hashlib.sha256(content).hexdigest()
    (folder / "model.json").write_text(json.dumps(sealed(document)))


def _refused(folder, told):
    with pytest.raises(ModelFileError, match=told) as error:
        PrototypeClassifier.load(folder)
    assert ", got " in str(error.value)
    assert "; try: " in str(error.value)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("fit", 1, "a known parameter, got 'fit'"),
        ("__class__", "x", "a known parameter"),
        ("classes_", [1], "a known parameter"),
        ("_private", 1, "a known parameter"),
        ("verbose__x", 1, "'verbose' without options"),
        ("validation_fraction", "half", "validation_fraction to be float"),
        ("validation_fraction", 1e300, "finite"),
        ("verbose", [], "verbose to be bool"),
    ],
)
def test_parameters_are_those_of_the_constructor(folder, name, value, told):
    _edit(folder, lambda document: document["parameters"].update({name: value}))

    _refused(folder, told)


def test_resolved_options_are_bounded_on_loading(folder):
    _edit(folder, lambda document: document["resolved"].update({"backbone__widths": [10**9]}))

    _refused(folder, "a quarter of this machine's memory")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda tensors: tensors.pop("prototypes.values"), "the tensor prototypes.values among the weights"),
        (lambda tensors: tensors.update(more=torch.zeros(1)), "weights of this network only"),
        (lambda tensors: tensors.update({"prototypes.values": torch.zeros(1, 2)}), "prototypes.values of shape"),
        (
            lambda tensors: tensors.update({"prototypes.values": tensors["prototypes.values"].long()}),
            "prototypes.values of floating-point numbers, got torch.int64",
        ),
        (
            lambda tensors: tensors.update({"prototypes.labels": tensors["prototypes.labels"] + 7}),
            "labels of prototypes beyond the 3 classes",
        ),
        (
            lambda tensors: tensors.update({"prototypes.labels": tensors["prototypes.labels"].float()}),
            "prototypes.labels of whole numbers",
        ),
    ],
)
def test_tensors_are_those_of_the_network(folder, change, told):
    _edit_tensors(folder, change)

    _refused(folder, told)


def test_pictures_are_those_of_the_prototypes(folder):
    _edit_tensors(folder, lambda tensors: tensors.update(prototypes=tensors["prototypes"][:1].clone()), "pictures")
    _refused(folder, "pictures of shape")


def test_pretrained_weights_are_not_asked_for_again(tmp_path, monkeypatch):
    """Neither on loading, nor when a loaded model is assembled anew."""
    asked = []

    def network(name, weights=None):
        asked.append(weights)
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 4))

    def refuse(*_):
        raise AssertionError("the network was reached")

    monkeypatch.setattr(module, "network_by_name", network)
    pictures = np.random.default_rng(0).random((20, 8, 8)).astype(np.float32)
    labels = np.arange(20) % 2
    options = {"backbone": "module", "backbone__module": "torchvision:any", "backbone__weights": "DEFAULT"}
    PrototypeClassifier(**options, training__epochs=1, random_state=0).fit(pictures, labels).save(tmp_path / "a")
    EpisodicLearner(**options, episodes=1, n_way=2, n_shot=1, random_state=0).fit(pictures, labels).save(tmp_path / "b")
    assert set(asked) == {"DEFAULT"}

    asked.clear()
    monkeypatch.setattr(socket.socket, "connect", refuse)
    loaded = PrototypeClassifier.load(tmp_path / "a")
    learner = EpisodicLearner.load(tmp_path / "b")
    learner.gathered_by("mean")

    assert set(asked) == {None}
    assert loaded.fitted_.resolved["backbone__weights"] is None
    assert loaded.get_params()["backbone__weights"] == "DEFAULT"


def test_a_learners_file_is_judged_too(tmp_path):
    pictures = np.random.default_rng(0).random((20, 8, 8)).astype(np.float32)
    EpisodicLearner("identity", episodes=1, n_way=2, n_shot=1, random_state=0).fit(pictures, np.arange(20) % 2).save(
        tmp_path
    )
    _edit(tmp_path, lambda document: document["parameters"].update({"adapt": 1}))

    with pytest.raises(ModelFileError, match="a known parameter, got 'adapt'"):
        EpisodicLearner.load(tmp_path)
