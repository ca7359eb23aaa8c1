"""Models of a user's own network, or loss, on the command line: opened when that is named there, and only there."""

import json
import sys

import numpy as np
import pytest
import typer
from torch import nn

from lookalike import PrototypeClassifier
from lookalike.cli.app import app
from lookalike.cli.opening import network_from
from lookalike.errors import LookalikeError, ModelFileError, ParameterError
from lookalike.objectives import CrossEntropyObjective, Objective
from lookalike.persistence import load_document, sealed

COMMAND = typer.main.get_command(app)
CODE = """
from torch import nn

def make():
    open("was_run", "a").close()
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 4))

net = make
small = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
number = 5
def fail():
    raise RuntimeError("no such file")
"""


class OwnLoss(Objective):
    """Somebody's own."""

    def __init__(self):
        super().__init__()
        self.inner = CrossEntropyObjective()

    def forward(self, comparison, progress):
        return self.inner(comparison, progress)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with the code, the data, and a model that was saved from Python."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "lookalike_own_nets", raising=False)
    (tmp_path / "lookalike_own_nets.py").write_text(CODE)
    inputs = np.random.default_rng(0).integers(0, 200, (24, 8, 8), dtype=np.uint8)
    labels = np.arange(24) % 2
    inputs[labels == 1, 2:6, 2:6] += 50
    np.savez("data.npz", x=inputs, y=labels)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 4))
    PrototypeClassifier(backbone=network, objective=OwnLoss(), training__epochs=1, random_state=0).fit(
        inputs, labels
    ).save("model")
    return tmp_path


def _run(*arguments):
    COMMAND.main([str(each) for each in arguments], standalone_mode=False)


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "model", "data.npz"],
        ["explain", "model", "data.npz"],
        ["evaluate", "model", "--data", "data.npz"],
        ["verify", "model", "--data", "data.npz"],
        ["report", "model", "--data", "data.npz", "--format", "md"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_commands_say_how_and_open_it(place, arguments, capsys):
    with pytest.raises(ModelFileError, match=r"instance of Sequential.*--backbone package\.module:function"):
        _run(*arguments)
    assert not (place / "was_run").exists()

    _run(*arguments, "--backbone", "lookalike_own_nets:make")

    assert (place / "was_run").exists()


def test_the_page_is_served_with_it(place, monkeypatch):
    served = []
    monkeypatch.setattr("lookalike.serve.serve", lambda desk, *_: served.append(desk))

    with pytest.raises(ModelFileError, match="--backbone"):
        _run("serve", "model")
    _run("serve", "model", "--backbone", "lookalike_own_nets:make")

    assert served[0].run if hasattr(served[0], "run") else served


def test_a_model_file_never_names_code(place):
    """Whatever it says in the place of the network, nothing is imported."""
    for named in ("lookalike_own_nets:make", {"instance": "lookalike_own_nets:make"}):
        document = load_document(place / "model")
        for table in ("parameters", "resolved"):
            document[table]["backbone"] = "module"
            document[table]["backbone__module"] = named
        (place / "model" / "model.json").write_text(json.dumps(sealed(document)))

        with pytest.raises(LookalikeError):
            _run("predict", "model", "data.npz")

    assert "lookalike_own_nets" not in sys.modules
    assert not (place / "was_run").exists()


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("lookalike_own_nets", "--backbone package.module:function"),
        ("lookalike_own_nets:", "--backbone package.module:function"),
        ("../evil:make", "--backbone package.module:function"),
        ("lookalike_own_nets:make()", "--backbone package.module:function"),
        ("no_such_module:make", "ModuleNotFoundError"),
        ("lookalike_own_nets:absent", "AttributeError"),
        ("lookalike_own_nets:fail", "RuntimeError: no such file"),
        ("lookalike_own_nets:number", "TypeError"),
        ("builtins:dict", "a torch.nn.Module from builtins:dict, got dict"),
    ],
)
def test_what_is_no_network_is_refused(place, reference, told):
    with pytest.raises(ParameterError, match=told.replace("(", r"\(")):
        network_from(reference)


def test_another_network_is_refused(place):
    with pytest.raises(ModelFileError, match="of shape"):
        _run("predict", "model", "data.npz", "--backbone", "lookalike_own_nets:small")


def test_a_model_without_one_refuses_it(place):
    inputs = np.random.default_rng(0).random((12, 3))
    PrototypeClassifier(training__epochs=1, random_state=0).fit(inputs, np.arange(12) % 2).save("table")

    with pytest.raises(ParameterError, match="leave --backbone out"):
        _run("predict", "table", "data.npz", "--backbone", "lookalike_own_nets:make")
