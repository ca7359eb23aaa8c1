"""Shapes are checked at run time, for every function of the library whose annotations hold them, while tests run."""

import os
from functools import cache

import pytest

from tests import typechecker, workers

os.environ.setdefault("LOOKALIKE_OFFLINE", "1")
# Pictures of tests are too small for more, and workers beside each other have a core each.
os.environ.setdefault("OMP_NUM_THREADS", "1")
typechecker.install()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return workers.scheduling(config, log)


def pytest_collection_modifyitems(items):
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: workers.place_of(item.nodeid))


@pytest.fixture(scope="session", autouse=True)
def callbacks_of_others():
    """Lightning asks every installed package for callbacks at each fit; here it asks once."""
    from lightning_fabric import fabric

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fabric, "_load_external_callbacks", cache(fabric._load_external_callbacks))
        yield


@pytest.fixture(scope="session", autouse=True)
def own_judges(tmp_path_factory):
    """Judges of tests are kept for the session, away from the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lookalike.evaluation.judges.cache_folder", lambda: folder)
        patch.setattr("lookalike.evaluation.judges._LEAST_STEPS", 100)
        yield folder
