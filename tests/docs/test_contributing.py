"""The guide for contributors, followed to the letter on a copy of the library."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text()
_FILE = re.compile(r'^```python title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_COMMANDS = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def copy(tmp_path):
    """The library with the guide's files: a new one is written, a line for an existing one is added at its end."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    touched = []
    for name, text in _FILE.findall(GUIDE):
        file = tmp_path / name
        touched.append(file.exists())
        before = file.read_text() + "\n" if file.exists() else ""
        file.write_text(before + text)
    assert touched == [False, True], "one new file, and one line in the family's __init__"
    return tmp_path


def run(copy, *words):
    environment = {**os.environ, "PYTHONPATH": str(copy / "src"), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *words], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )


def test_a_component_in_two_files(copy):
    where = run(copy, "-c", "import lookalike; print(lookalike.__file__)")
    assert where.stdout.startswith(str(copy)), where.stderr
    commands = [line.removeprefix("$ ") for line in "".join(_COMMANDS.findall(GUIDE)).splitlines()]
    assert len(commands) == 2
    outputs = []
    for command in commands:
        words = shlex.split(command)[1:]
        quick = ["--set", "training__epochs=2"] if words[0] == "fit" else []
        done = run(copy, "-m", "lookalike", *words, *quick)
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout)
    assert "intersection" in outputs[0]
    assert "scale=10.0" in outputs[0]
    assert "similarity: intersection" in (copy / "runs" / "new" / "config.yaml").read_text()


def test_its_docstring_holds(copy):
    done = run(copy, "-m", "doctest", "src/lookalike/similarities/intersection.py")
    assert done.returncode == 0, done.stdout + done.stderr
