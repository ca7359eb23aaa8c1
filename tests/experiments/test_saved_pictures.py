"""``verify`` fails unless the files beside a model are its prototypes, rounded to 8 bits."""

import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from lookalike.estimators import PrototypeClassifier
from lookalike.experiments import config_from, data_of, fit_run, open_run, report_run, verify_run


@pytest.fixture(scope="module", params=["grey", "colour", "floats"])
def made(request, tmp_path_factory):
    generator = np.random.default_rng(0)
    labels = np.arange(24) % 2
    shape = (24, 6, 6, 3) if request.param == "colour" else (24, 6, 6)
    pictures = generator.integers(0, 60, shape) + (labels * 120).reshape(-1, *[1] * (len(shape) - 1))
    values = pictures / 16 - 3 if request.param == "floats" else pictures.astype(np.uint8)
    place = tmp_path_factory.mktemp(request.param)
    np.savez(place / "few.npz", x=values, y=labels)
    settings = {"backbone": "mlp", "backbone__widths": [4], "prototypes__n_per_class": 2, "training__epochs": 1}
    return fit_run(config_from({"data": str(place / "few.npz"), "random_state": 0, **settings}), place / "run")[0]


@pytest.fixture
def run(made, tmp_path):
    shutil.copytree(made.folder, tmp_path / "run")
    return open_run(tmp_path / "run")


def found_of(run):
    return verify_run(run, data_of(run).test)


def files_of(run):
    return sorted((run.folder / "prototypes").iterdir())


def noise(file):
    with Image.open(file) as opened:
        shape = np.asarray(opened).shape
    Image.fromarray(np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)).save(file)


def one_level(file):
    with Image.open(file) as opened:
        array = np.asarray(opened).copy()
    array[0, 0] += np.where(array[0, 0] < 255, 1, -1).astype(np.uint8)
    Image.fromarray(array).save(file)


def larger(file):
    Image.new("L", (9, 9)).save(file)


def cut_short(file):
    file.write_bytes(file.read_bytes()[:60])


def another_format(file):
    with Image.open(file) as opened:
        held = io.BytesIO()
        opened.convert("RGB").save(held, "JPEG", quality=50)
    file.write_bytes(held.getvalue())


def another_name(file):
    file.rename(file.with_name("999-z.png"))


@pytest.mark.parametrize(
    "spoil", [noise, one_level, larger, cut_short, another_format, lambda file: file.unlink(), another_name]
)
def test_files_that_are_not_the_prototypes_are_told(run, spoil):
    spoil(files_of(run)[0])
    found = found_of(run)
    assert not found.holds
    assert "save the model again" in found.problems[0]
    assert found.float_difference < 1e-4
    json.dumps(found.to_dict())


def test_a_file_too_many_and_no_files_at_all(run):
    shutil.copy(files_of(run)[0], run.folder / "prototypes" / "extra.png")
    assert "pictures in" in found_of(run).problems[0]
    shutil.rmtree(run.folder / "prototypes")
    assert "got 0" in found_of(run).problems[0]


def test_what_is_saved_anew_or_packed_otherwise_is_the_prototypes(run):
    assert found_of(run).holds
    (run.folder / "prototypes" / "._x.png").write_bytes(b"\0\5\x16\7")  # as another system leaves beside each file
    for file in files_of(run)[1:]:
        with Image.open(file) as opened:
            same = opened.convert("RGB")
        same.save(file, optimize=True)
    found = found_of(run)
    assert found.holds
    assert found.problems == ()
    PrototypeClassifier.load(run.folder).save(run.folder, **run.extras)
    assert found_of(run).holds


def test_a_report_says_that_files_are_not_the_prototypes(run, tmp_path):
    noise(files_of(run)[0])
    report_run(run, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "✗ not verified" in page
    assert "1 picture file not as saved" in page
