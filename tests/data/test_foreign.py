"""Inputs of no class: what is on this machine, and nothing fetched unasked."""

import numpy as np
import pytest

from lookalike.data import foreign_inputs, places
from lookalike.data.datasets import Dataset, Part


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """The addresses that are asked for, on a machine without data."""
    addresses = []

    def retrieve(address, *_args, **_options):
        addresses.append(address)
        raise OSError("no network")

    monkeypatch.delenv("LOOKALIKE_OFFLINE", raising=False)
    monkeypatch.setattr(places.pooch, "retrieve", retrieve)
    monkeypatch.setattr(places, "roots", lambda: [tmp_path])
    return addresses


def digits(name):
    pictures = np.zeros((4, 28, 28), dtype=np.uint8)
    return Dataset(name, Part(pictures, np.arange(4)), Part(pictures, np.arange(4)))


@pytest.mark.parametrize("name", ["mnist", "mnist-5k", "fashion-mnist"])
def test_nothing_is_fetched_unasked_and_what_would_add_it_is_said(name, asked, caplog):
    assert set(foreign_inputs(digits(name))) == {"noise", "inverted"}
    assert asked == []
    assert "LOOKALIKE_DATA" in caplog.text


def test_asked_for_it_is_fetched(asked):
    foreign_inputs(digits("mnist"), fetch=True)
    assert len(asked) == 1
    # Later loading may fetch again.
    assert not places._is_local.get()
