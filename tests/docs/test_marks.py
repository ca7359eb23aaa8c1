"""Every mark of a page is filled where the documentation is built, and says on disk what stands there."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MARKED = [page for page in sorted((ROOT / "docs").rglob("*.md")) if "<!-- " in page.read_text(encoding="utf-8")]


@pytest.fixture(scope="module")
def hooks():
    found = importlib.util.spec_from_file_location("hooks", ROOT / "docs" / "hooks.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", MARKED, ids=lambda page: page.stem)
def test_marks_are_filled(hooks, page):
    text = page.read_text(encoding="utf-8")
    marks = [line for line in text.splitlines() if line.startswith("<!-- ")]
    assert all(re.fullmatch(r"<!-- [\w ]+ --> \*.+\*", mark) for mark in marks)
    filled = hooks.on_page_markdown(text, None, None, None)
    assert "<!-- " not in filled
    assert "The built documentation" not in filled


def test_a_mark_that_is_not_known_stays(hooks):
    assert hooks.on_page_markdown("<!-- componets --> *x*", None, None, None) == "<!-- componets --> *x*"
