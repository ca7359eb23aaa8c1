"""What is downloaded is checked while it is unpacked, and comes over https or by its sha256."""

import gzip
import io
import tarfile

import pytest

from lookalike.data import cifar, idx, places
from lookalike.errors import DataError, DataNotFoundError


def test_an_address_without_https_needs_a_sha256(monkeypatch):
    monkeypatch.setenv("LOOKALIKE_OFFLINE", "1")

    with pytest.raises(DataNotFoundError, match="expected https, or a sha256"):
        places.download("http://example.org/a.gz", "a.gz")
    assert places.download("https://example.org/a.gz", "a.gz") is None
    assert places.download("http://example.org/a.gz", "a.gz", "sha256:0") is None
    assert places.download("http://example.org/a.gz", "a.gz", unpacked_sha256="0") is None


def test_no_more_is_unpacked_than_a_data_set_has(tmp_path):
    bomb = tmp_path / "bomb.gz"
    with gzip.open(bomb, "wb") as packed:
        packed.write(bytes(idx._LONGEST + 1_000_000))

    assert len(idx._content(bomb)) == idx._LONGEST + 1


def test_an_archive_is_not_unpacked_beyond_its_size(monkeypatch, tmp_path):
    monkeypatch.setattr(cifar, "_MOST_UNPACKED", 1000)
    archive = tmp_path / "cifar.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        for name, size in (("small", 900), ("large", 200)):
            about = tarfile.TarInfo(name)
            about.size = size
            packed.addfile(about, io.BytesIO(bytes(size)))

    with (
        tarfile.open(archive) as packed,
        pytest.raises(DataError, match="at most 1000 bytes"),
    ):
        packed.extractall(tmp_path / "out", members=cifar._bounded(packed), filter="data")
    assert not (tmp_path / "out" / "large").exists()
