"""Every example in the README and the pages runs: Python blocks of a page in order, and the commands between them."""

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from lookalike.cli import main
from lookalike.experiments import config_from

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page):
    return [(language, text) for language, text in _BLOCK.findall(page.read_text()) if language in _RUNS]


@pytest.fixture(scope="session")
def fits(tmp_path_factory):
    """Runs that pages have made in this session, by the command that made them."""
    return Fits(tmp_path_factory.mktemp("fits"))


class Fits:
    """Fits of named data are the same wherever they are asked for: each is made once, and copied from then on."""

    def __init__(self, folder):
        self.folder, self.kept = folder, {}

    def run(self, words):
        if words[:2] != ["lookalike", "fit"] or "--out" not in words or Path(words[2]).exists():
            return run(words)
        made, command = Path(words[words.index("--out") + 1]), shlex.join(words)
        if command in self.kept:
            shutil.copytree(self.kept[command], made)
            return 0
        code = run(words)
        self.kept[command] = shutil.copytree(made, self.folder / str(len(self.kept)))
        return code


def run(words):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", words)
        try:
            main()
        except SystemExit as stop:
            return stop.code
    return 0


def run_commands(text, namespace, fits):
    commands = [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
    assert commands, "a console block without a command"
    for command in commands:
        words = shlex.split(command, comments=True)
        assert words[0] == "lookalike", command
        assert not fits.run(words), command


def run_python(text, namespace, fits):
    exec(compile(text, "<page>", "exec"), namespace)


def read_yaml(text, namespace, fits):
    config_from(yaml.safe_load(text))


_RUNS = {"console": run_commands, "python": run_python, "yaml": read_yaml}


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_run(page, tmp_path, monkeypatch, fits):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "page"}
    for language, text in blocks(page):
        _RUNS[language](text, namespace, fits)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_blocks_are_of_a_kind_that_is_run():
    """Text and shell blocks are shown, not run; no other kind is there."""
    kinds = {language for page in PAGES for language in re.findall(r"^```(\w+)$", page.read_text(), re.MULTILINE)}
    assert kinds <= {*_RUNS, "text", "shell"}
