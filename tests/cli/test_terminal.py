"""Output for terminals of few letters, names that are no text, and errors of the system in our words."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from lookalike.cli import app
from lookalike.cli.encoding import in_ascii
from lookalike.data import load_dataset


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n", "plain\n"),
        ("● good; ◐ ○ ·", "* good; + o -"),
        ("Müller – “naïve” …", 'Muller - "naive" ...'),
        ("中", "\\u4e2d"),
        ("caf\udce9", "caf\\xe9"),
        ("😀", "\\U0001f600"),
    ],
)
def test_ascii_comes_as_near_as_it_can(text, shown):
    assert in_ascii(text) == shown


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_no_encoding_ends_the_program(encoding):
    code = (
        "import sys; from lookalike.cli.encoding import forgive_terminal; forgive_terminal();"
        "print('● é 中 \\udce9'); print('◐ \\udcff', file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding, "LC_ALL": "C"},
        check=True,
    )

    assert done.stdout.decode(encoding).startswith("●" if encoding == "utf-8" else "*")
    assert b"\\xe9" in done.stdout
    assert b"\\xff" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux")
def test_names_that_are_no_text_are_written_out(tmp_path):
    for place, name in enumerate((b"caf\xe9", b"dog")):
        folder = os.path.join(os.fsencode(tmp_path), name)
        os.makedirs(folder)
        for number in range(6):
            picture = Image.fromarray(np.full((6, 6), 100 * place + number, np.uint8))
            picture.save(os.fsdecode(os.path.join(folder, b"p\xff%d.png" % number)))

    found = load_dataset(str(tmp_path))

    assert set(found.train.labels) == {"caf\\xe9", "dog"}
    for name in found.train.names:
        assert "\\xff" in name
        name.encode()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            PermissionError(13, "Permission denied", "a.csv"),
            "expected a.csv that can be read or written, got P",
        ),
        (OSError("odd"), "expected a file or folder that can be read or written, got odd; try:"),
        (ValueError("odd"), "expected an input that can be used, got ValueError: odd; try:"),
        (MemoryError(), "expected enough memory, got none left; try:"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 5"), "expected enough memory, got DefaultCPU"),
    ],
    ids=str,
)
def test_errors_of_the_system_have_three_parts(monkeypatch, capsys, error, told):
    def fail():
        raise error

    monkeypatch.setattr(app, "app", fail)
    with pytest.raises(SystemExit) as ended:
        app.main()

    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith(f"error: {told}")


def test_a_fault_of_the_program_is_not_hidden(monkeypatch):
    def fail():
        raise RuntimeError("a fault")

    monkeypatch.setattr(app, "app", fail)
    with pytest.raises(RuntimeError, match="a fault"):
        app.main()
