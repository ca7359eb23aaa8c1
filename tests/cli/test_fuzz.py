"""Damaged inputs of every kind, drawn by a seed: whatever comes, the command line answers in our words."""

import hashlib
import json
import random
import shutil
import struct
import time

import numpy as np
import pytest
import typer
import yaml
from PIL import Image

from lookalike.cli.app import app
from lookalike.errors import LookalikeError
from lookalike.persistence import sealed

COMMAND = typer.main.get_command(app)
# All kinds together stay below half a minute, on a slow machine too.
SECONDS, ROUNDS = 3.5, 40
VALUES = [
    None,
    True,
    -1,
    0,
    10**12,
    0.5,
    1e300,
    "",
    "x",
    "é",
    [],
    [1],
    ["x"],
    {},
    {"a": 1},
    [[]],
    "../x",
    "nan",
    [None],
]
PIECES = [
    "[",
    "{",
    ": ",
    "- ",
    "&a ",
    "*a",
    "!!x ",
    "\t",
    "\n",
    "'",
    '"',
    "#",
    "~",
    "1e999",
    ".nan",
    "<<: ",
    "\x00",
    "%",
]
CONFIG = """data: {data}
similarity: dot
training__epochs: 0
backbone__widths: [4]
prototypes__n_per_class: 1
regularizers: {{total_variation: 0.1}}
"""
STUDY = """title: A study
seeds: 1
common: {{data: {data}, training__epochs: 0}}
arms:
  one: {{similarity: dot}}
  two: {{similarity: cosine, claim: 0.5}}
contrasts:
- {{outcome: accuracy, arm: one, against: two}}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A table, arrays, pictures, and a model of each."""
    folder = tmp_path_factory.mktemp("fuzz")
    drawn = np.random.default_rng(0)
    labels = np.arange(24) % 2
    pictures = drawn.integers(0, 90, (24, 8, 8), dtype=np.uint8) + (100 * labels).astype(np.uint8)[:, None, None]
    rows = [f"{a:.3f},{b:.3f},{'dog' if k else 'cat'}" for k, (a, b) in zip(labels, drawn.random((24, 2)), strict=True)]
    (folder / "t.csv").write_text("\n".join(["a,b,label", *rows]) + "\n")
    np.savez(folder / "p.npz", x=pictures, y=labels)
    Image.fromarray(pictures[0]).save(folder / "one.png")
    for name, data in (("tables", "t.csv"), ("arrays", "p.npz")):
        _call("fit", folder / data, "--out", folder / name, "-q", "--set", "training__epochs=0")
    return folder


def _call(*arguments):
    COMMAND.main([str(each) for each in arguments], standalone_mode=False)


def _answered(what, *arguments):
    """Done, or refused in three parts (advice may be missing); anything else is a fault."""
    refused, ended = "expected nothing, got nothing", 0
    try:
        _call(*arguments)
    except LookalikeError as error:
        refused = str(error)
    except typer.Exit as error:
        ended = error.exit_code
    except OSError as error:
        # `main` words it by these.
        refused = f"expected {error.filename}, got {error.strerror}"
    except Exception as error:
        raise AssertionError(f"{what} with {arguments} gave {type(error).__name__}: {error}") from error

    assert refused.startswith("expected "), (what, refused)
    assert ", got " in refused, (what, refused)
    assert ended in (0, 1), what


def _rounds(kind):
    end = time.process_time() + SECONDS
    for number in range(ROUNDS):
        if time.process_time() > end and number > 3:
            return
        yield random.Random(f"{kind} {number}"), f"{kind} {number}"


def _bytes(draw, content):
    changed = bytearray(content)
    for _ in range(draw.choice([1, 3, 30])):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed[: draw.randrange(len(changed))] if draw.random() < 0.3 else changed)


def _text(draw, text):
    words = text.replace("\n", " \n ").split(" ")
    for _ in range(draw.choice([1, 1, 2])):
        at = draw.randrange(len(words))
        words[at : at + draw.choice([0, 1])] = [draw.choice([*PIECES, *(json.dumps(value) for value in VALUES)])]
    return " ".join(words).replace(" \n ", "\n")


def _places(values, path=()):
    if path:
        yield path
    inside = values.items() if isinstance(values, dict) else enumerate(values[:3]) if isinstance(values, list) else ()
    for name, value in inside:
        yield from _places(value, (*path, name))


def _change(draw, document):
    first = draw.choice(sorted(set(document) - {"sha256"}))
    path = draw.choice([path for path in _places(document) if path[0] == first])
    holder = document
    for name in path[:-1]:
        holder = holder[name]
    if draw.random() < 0.25:
        del holder[path[-1]]
    else:
        holder[path[-1]] = draw.choice(VALUES)
    return path


@pytest.mark.parametrize("name", ["t.csv", "p.npz"])
def test_data(place, tmp_path, name):
    for draw, what in _rounds(name):
        file = tmp_path / name
        file.write_bytes(_bytes(draw, (place / name).read_bytes()))
        model = place / ("tables" if name == "t.csv" else "arrays")
        _answered(what, *draw.choice([("predict", model, file), ("select", file, "-n", "2")]))


def test_pictures(place, tmp_path):
    for draw, what in _rounds("pictures"):
        file = tmp_path / "one.png"
        file.write_bytes(_bytes(draw, (place / "one.png").read_bytes()))
        _answered(what, "predict", place / "arrays", file)


def test_models(place, tmp_path):
    for draw, what in _rounds("models"):
        name, data = draw.choice([("tables", "t.csv"), ("arrays", "p.npz")])
        model = tmp_path / "model"
        shutil.rmtree(model, ignore_errors=True)
        shutil.copytree(place / name, model)
        document = json.loads((model / "model.json").read_text())
        path = _change(draw, document)
        (model / "model.json").write_text(json.dumps(sealed(document)))
        _answered(f"{what} {path}", draw.choice(["predict", "explain"]), model, place / data)


def test_tensors(place, tmp_path):
    for draw, what in _rounds("tensors"):
        model = tmp_path / "model"
        shutil.rmtree(model, ignore_errors=True)
        shutil.copytree(place / "arrays", model)
        document = json.loads((model / "model.json").read_text())
        entry = document["files"][draw.choice(sorted(document["files"]))]
        content = bytearray((model / entry["file"]).read_bytes())
        header = 8 + struct.unpack("<Q", content[:8])[0]
        for _ in range(draw.choice([1, 2])):
            content[draw.randrange(header)] = draw.randrange(32, 127)
        (model / entry["file"]).write_bytes(content)
        entry["sha256"] = hashlib.sha256(content).hexdigest()
        (model / "model.json").write_text(json.dumps(sealed(document)))
        _answered(what, "predict", model, place / "p.npz")


def test_configurations(place, tmp_path):
    for draw, what in _rounds("configurations"):
        file = tmp_path / "run.yaml"
        file.write_text(_text(draw, CONFIG.format(data=place / "t.csv")), encoding="utf-8")
        out = tmp_path / f"run{draw.random()}"
        _answered(what, "fit", "--config", file, "--out", out, "-q", "--epochs", "0")


def test_studies(place, tmp_path):
    from lookalike.experiments import read_study

    for draw, what in _rounds("studies"):
        file = tmp_path / "study.yaml"
        file.write_text(_text(draw, STUDY.format(data=place / "t.csv")), encoding="utf-8")
        refused = "expected "
        try:
            read_study(file)
        except LookalikeError as error:
            refused = str(error)
        assert refused.startswith("expected "), what


def test_settings(place, tmp_path):
    names = ["similarity", "recipe", "head", "data", "data__limit", "training", "training__epochs", "regularizers"]
    names += ["backbone__widths", "prototypes__n_per_class", "prototypes", "initializer", "selection", "augmentation"]
    for draw, what in _rounds("settings"):
        value = draw.choice([*PIECES, *(yaml.safe_dump(value).replace("\n...\n", "") for value in VALUES)])
        out = tmp_path / f"run{draw.random()}"
        word = f"{draw.choice(names)}={value}"
        _answered(what, "fit", place / "t.csv", "--out", out, "-q", "--epochs", "0", "--set", word)
