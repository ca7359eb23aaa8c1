"""The rules of the house that a program can check."""

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

from lookalike import registry
from tests.oracles import cards, decisions, fewshot, figures, networks, selections, similarities, starts

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
ORACLES = {
    **decisions.ORACLES,
    **fewshot.ORACLES,
    **networks.ORACLES,
    **selections.ORACLES,
    **similarities.ORACLES,
    **starts.ORACLES,
}
every_source = pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT / "src")))


def code_lines(node):
    """Lines of a definition without its docstring and the docstrings inside it."""
    documented = [
        inner.body[0]
        for inner in ast.walk(node)
        if isinstance(inner, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(inner)
    ]
    return node.end_lineno - node.lineno + 1 - sum(text.end_lineno - text.lineno + 1 for text in documented)


@pytest.mark.parametrize("family", registry.FAMILIES)
def test_every_component_has_an_oracle(family):
    members = registry.members(family)
    assert members
    missing = [cls.__name__ for cls in members.values() if cls.__name__ not in ORACLES]
    assert not missing, f"no oracle in tests/oracles for {missing}"


def test_every_oracle_has_a_component():
    known = {cls.__name__ for family in registry.FAMILIES for cls in registry.members(family).values()}
    assert set(ORACLES) == known


def test_every_metric_has_an_oracle():
    metrics = import_module("lookalike.metrics")
    functions = [name for name in metrics.__all__ if inspect.isfunction(getattr(metrics, name))]
    assert not [name for name in functions if not (hasattr(figures, name) or hasattr(cards, name))]


@pytest.mark.parametrize("family", registry.FAMILIES)
def test_components_are_final_and_own_their_constructor(family):
    """Abstract or final: a concrete class inherits from abstract ones only, and nothing inherits from it."""
    base = getattr(import_module(registry.FAMILIES[family].package), registry.FAMILIES[family].base)
    assert inspect.isabstract(base)
    assert "__init__" not in vars(base)
    for cls in registry.members(family).values():
        assert cls.__bases__ == (base,)
        assert not cls.__subclasses__()


@pytest.mark.parametrize("family", registry.FAMILIES)
def test_components_are_documented_with_an_example(family):
    for cls in registry.members(family).values():
        text = inspect.getdoc(cls)
        assert ">>> " in text, cls
        for option in registry.options(cls):
            assert re.search(rf"^{option} : |, {option} : |^{option}, ", text, re.MULTILINE), (cls, option)


@every_source
def test_rooms_are_small(file):
    text = file.read_text()
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert code_lines(node) <= 60, f"{node.name}: {code_lines(node)} lines"
        if isinstance(node, ast.ClassDef):
            assert code_lines(node) <= 200, f"{node.name}: {code_lines(node)} lines"


@every_source
def test_no_room_without_a_subject(file):
    assert not {"utils", "helpers", "common", "misc", "core"} & {part.removesuffix(".py") for part in file.parts}


@every_source
def test_library_code_neither_asserts_nor_unpickles(file):
    text = file.read_text()
    assert not re.search(r"\bpickle\b(?!\s*=\s*False)", text.replace("allow_pickle=False", ""))
    assert "torch.load(" not in text
    assert not any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(text)))


@every_source
def test_only_the_command_line_prints(file):
    if "cli" in file.parts:
        return
    calls = [node.func for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    assert not [call for call in calls if isinstance(call, ast.Name) and call.id == "print"]


@every_source
def test_references_are_in_the_bibliography(file):
    known = set(re.findall(r"@\w+\{(\w+),", (ROOT / "docs" / "references.bib").read_text()))
    for section in re.findall(r"References\n\s+-{3,}\n((?:\s+\[.*\]\n)+)", file.read_text()):
        for key in re.findall(r"\[(\w+)\]", section):
            assert key in known, f"{key} is not in docs/references.bib"


def test_every_reference_is_used():
    known = set(re.findall(r"@\w+\{(\w+),", (ROOT / "docs" / "references.bib").read_text()))
    cited = {
        key for file in SOURCES for key in re.findall(r"^\s+\[([a-z]+\d{4}\w+)\]$", file.read_text(), re.MULTILINE)
    }
    assert known == cited


def test_names_become_keys_without_their_suffix():
    assert registry.key_of(registry.component("head", "log_sum_exp"), registry.FAMILIES["head"]) == "log_sum_exp"
    assert {"cosine", "dot", "l2", "lk"} == set(registry.members("similarity"))
    assert "none" in registry.members("regularizer")
