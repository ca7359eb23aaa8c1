"""What comes from outside comes through one door each; and what is imported is declared."""

import ast
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
DOORS = {
    "json.load": {"plain_data.py"},
    "json.loads": {"plain_data.py"},
    "json.JSONDecoder": set(),
    "yaml": {"plain_data.py", "yaml_events.py"},
}


def _uses(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found |= {f"{node.value.id}.{node.attr}", node.value.id}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{name.name}" for name in node.names} | {node.module}
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT / "src" / "lookalike")))
def test_plain_data_come_through_one_door(file):
    used = _uses(ast.parse(file.read_text()))

    for name, doors in DOORS.items():
        assert name not in used or file.name in doors, f"{file}: {name}; lookalike.plain_data reads it"


# Names of packages whose import has another name.
_CALLED = {
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "lightning": "lightning-fabric",
    "lightning_fabric": "lightning-fabric",
}


def _declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lines = project["dependencies"] + [line for name in extras if name not in ("test", "docs") for line in extras[name]]
    return {re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0].lower() for line in lines}


def test_what_is_imported_is_declared():
    imported = set()
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text())):
            names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            imported |= {name.partition(".")[0] for name in names}
    foreign = imported - set(sys.stdlib_module_names) - {"lookalike", ""}

    assert {_CALLED.get(name, name) for name in foreign} <= _declared()


def _pinned() -> dict[str, str]:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and line[0] != "#"]
    return {re.sub(r"[-_.]+", "-", name).lower(): pin for name, _, pin in (line.partition("==") for line in lines)}


def test_what_is_declared_is_pinned():
    """Networks that torchvision and timm bring are not part of continuous integration."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lines = project["dependencies"] + [line for name in extras if name != "pretrained" for line in extras[name]]
    names = {re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0].lower() for line in lines}

    assert names - {"lookalike"} <= set(_pinned())
    assert all(re.fullmatch(r"[\w.]+", pin) for pin in _pinned().values())
    assert _pinned()["torch"] == "2.13.0"


def test_whatever_a_pinned_package_needs_is_pinned():
    pinned = _pinned()
    for name in pinned:
        try:
            needed = requires(name) or []
        except PackageNotFoundError:
            continue
        for line in needed:
            if "extra ==" in line or ";" in line:
                continue
            other = re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; (]", line, maxsplit=1)[0]).lower()
            assert other in pinned or other in ("setuptools", "pip"), f"{other}, which {name} needs"
