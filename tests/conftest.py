"""Shapes are checked at run time, for every function of the library whose annotations hold them, while tests run."""

import os

import pytest

from tests import typechecker

os.environ.setdefault("LOOKALIKE_OFFLINE", "1")
typechecker.install()


@pytest.fixture(scope="session", autouse=True)
def own_judges(tmp_path_factory):
    """Judges of tests are kept for the session, away from the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lookalike.evaluation.judges.cache_folder", lambda: folder)
        patch.setattr("lookalike.evaluation.judges._LEAST_STEPS", 100)
        yield folder
