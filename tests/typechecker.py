"""The run-time type checker of the tests: functions and dataclasses whose annotations hold array types are checked.

Shapes are what a static checker cannot see, and mypy checks all the rest; a check of every function would make each fit
twice as slow. A whole number may stand where a float is annotated.
"""

import ast
import dataclasses
import functools
import inspect
import re
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder, SourceFileLoader
from typing import get_args

from beartype import BeartypeConf, beartype
from jaxtyping import AbstractArray, jaxtyped

_beartype = beartype(conf=BeartypeConf(is_pep484_tower=True))
_PACKAGE = "lookalike"
_WORD = re.compile(r"\w+")


def holds_arrays(annotation, names):
    """Whether an array type is the annotation or stands within it; words of a string are looked up in ``names``."""
    if isinstance(annotation, str):
        return any(holds_arrays(names[word], {}) for word in _WORD.findall(annotation) if word in names)
    if isinstance(annotation, list | tuple):
        return any(holds_arrays(inner, names) for inner in annotation)
    if inspect.isclass(annotation) and issubclass(annotation, AbstractArray):
        return True
    return any(holds_arrays(inner, names) for inner in get_args(annotation))


def checked(defined):
    """A function or a dataclass as it was defined, checked at each call where its annotations hold array types."""
    if inspect.isclass(defined):
        if dataclasses.is_dataclass(defined) and "__init__" in vars(defined):
            defined.__init__ = checked(defined.__init__)
        return defined
    if not holds_arrays(tuple(defined.__annotations__.values()), defined.__globals__):
        return defined
    strict = _beartype(defined)

    @functools.wraps(defined)
    def in_its_own_scope(*args, **kwargs):
        with jaxtyped("context"):
            return strict(*args, **kwargs)

    return in_its_own_scope


class _Decorated(ast.NodeTransformer):
    """Every definition of a module, with `checked` as the decorator nearest to a function and furthest from a class."""

    def visit_FunctionDef(self, node):
        node.decorator_list.append(_decorator(node))
        return self.generic_visit(node)

    def visit_ClassDef(self, node):
        node.decorator_list.insert(0, _decorator(node))
        return self.generic_visit(node)


def _decorator(node):
    found = ast.parse(f"__import__('sys').modules[{__name__!r}].checked", mode="eval").body
    for inner in ast.walk(found):
        ast.copy_location(inner, node)
    return found


class _Loader(SourceFileLoader):
    def path_stats(self, path):
        """None, which keeps compiled code of this kind out of the folders of compiled code."""
        raise OSError(path)

    def source_to_code(self, data, path, *, _optimize=-1):
        tree = ast.fix_missing_locations(_Decorated().visit(ast.parse(data, path)))
        return compile(tree, path, "exec", dont_inherit=True, optimize=_optimize)


class _Finder(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] != _PACKAGE:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


def install():
    """Has every module of the library checked that is imported from now on."""
    imported = [name for name in sys.modules if name.split(".")[0] == _PACKAGE]
    if imported:
        raise RuntimeError(f"expected to come before the library, got {imported} already imported; import it later")
    sys.meta_path.insert(0, _Finder())
