import base64
import io

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from lookalike.experiments import config_from, fit_run, open_run
from lookalike.serve import Desk, make_app

# A class whose name would run if it were not escaped; it is drawn, so that no data set has it.
DANGEROUS = "<script>alert(1)</script>"


@pytest.fixture(scope="session")
def digits_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "digits"
    fit_run(
        config_from({"data": "digits", "prototypes__n_per_class": 2, "training__epochs": 8, "random_state": 0}), folder
    )
    return folder


@pytest.fixture(scope="session")
def drawn_folder(tmp_path_factory):
    """Colour pictures of classes with names that are no words."""
    root = tmp_path_factory.mktemp("drawn")
    generator = np.random.default_rng(0)
    x = generator.integers(0, 90, (120, 12, 12, 3)).astype(np.uint8)
    y = np.array([DANGEROUS, "b & c"])[np.arange(120) % 2]
    x[::2, 2:6, 2:6] += 150
    np.savez(root / "drawn.npz", x=x, y=y)
    config = {"data": str(root / "drawn.npz"), "prototypes__n_per_class": 2, "training__epochs": 3, "random_state": 0}
    fit_run(config_from(config), root / "run")
    return root / "run"


@pytest.fixture(scope="session")
def iris_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "iris"
    fit_run(config_from({"data": "iris", "training__epochs": 3, "random_state": 0}), folder)
    return folder


@pytest.fixture
def desk(digits_folder):
    return Desk(open_run(digits_folder))


@pytest.fixture
def client(desk):
    with TestClient(make_app(desk), base_url="http://127.0.0.1") as opened:
        yield opened


def encoded(picture, kind="PNG"):
    """A picture as the page sends it."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, format=kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(stream.getvalue()).decode()}"
