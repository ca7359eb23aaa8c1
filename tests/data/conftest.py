"""A machine without any data set of its own: nothing but what a test puts into its folder is found."""

import pytest


@pytest.fixture
def bare(tmp_path, monkeypatch):
    monkeypatch.setenv("LOOKALIKE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOOKALIKE_OFFLINE", "1")
    monkeypatch.setattr("lookalike.data.places._SYSTEM", ())
    (tmp_path / "data").mkdir()
    return tmp_path / "data"
