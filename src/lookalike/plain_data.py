"""Plain data from text: the one door for YAML, and the one for JSON; nothing that comes through them is executed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import yaml

from lookalike.errors import DataNotFoundError, LookalikeError, ParameterError, describe
from lookalike.yaml_events import EXPONENT, YamlProblem, values_of

MOST_YAML, MOST_JSON = 2**20, 2**26
MOST_DEPTH = 64
_LARGEST = 2**64


class _Dumper(yaml.SafeDumper):
    """Quotes whatever `parse_yaml` would not read as text."""


_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", EXPONENT, list("-+.0123456789"))


def read_yaml(file: Path) -> Any:
    """What a YAML file says: text, numbers, truth values, lists, and mappings whose names are text.

    Parameters
    ----------
    file : Path

    Raises
    ------
    DataNotFoundError
        If the file is not there.
    ParameterError
        If it is no YAML, or holds more than plain data.
    """
    if not file.is_file():
        raise DataNotFoundError(describe("a YAML file", f"no file {file}", "check the path"))
    if file.stat().st_size > MOST_YAML:
        _refuse_size(f"YAML in {file}", MOST_YAML, ParameterError)
    content = file.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(f"YAML in {file}", f"line {_line(content, error.start)}: bytes that are not UTF-8", ParameterError)
    return parse_yaml(text, f"YAML in {file}")


def parse_yaml(text: str, source: str) -> Any:
    """What a YAML text says.

    Parameters
    ----------
    text : str
    source : str
        What it is, for messages.

    Raises
    ------
    ParameterError
        Naming the line, if it is no YAML; if it holds a tag, a name twice, a number that is not finite, or more than
        a document of settings can need.

    Notes
    -----
    Plain words are read as YAML 1.2 reads them, with one exception: digits with a leading zero stay text. So ``no``,
    ``2024-01-01``, ``1_000`` and ``007`` are text, and names of mappings are always text.

    Examples
    --------
    >>> parse_yaml("{rate: 1e-3, sizes: [8, 16], code: 007, 1: no}", "settings")
    {'rate': 0.001, 'sizes': [8, 16], 'code': '007', '1': 'no'}
    """
    if len(text) > MOST_YAML:
        _refuse_size(source, MOST_YAML, ParameterError)
    try:
        return values_of(text)
    except YamlProblem as problem:
        _refuse(source, str(problem), ParameterError, problem.advice)


def to_yaml(values: Mapping[str, Any]) -> bytes:
    r"""A YAML document that `parse_yaml` reads back as it was.

    Parameters
    ----------
    values : mapping
        Plain values, in this order.

    Examples
    --------
    >>> to_yaml({"rate": 0.001, "word": "1e-3"})
    b"rate: 0.001\nword: '1e-3'\n"
    """
    return yaml.dump(dict(values), Dumper=_Dumper, sort_keys=False).encode()


def read_json(file: Path, refuse: type[LookalikeError] = ParameterError, advice: str = "") -> Any:
    """What a JSON file says.

    Parameters
    ----------
    file : Path
    refuse : type
        The error to raise.
    advice : str
        What the reader of the error can do.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    if file.stat().st_size > MOST_JSON:
        _refuse_size(f"JSON in {file}", MOST_JSON, refuse)
    return parse_json(file.read_bytes(), f"JSON in {file}", refuse, advice)


def parse_json(
    content: bytes | str, source: str, refuse: type[LookalikeError] = ParameterError, advice: str = ""
) -> Any:
    """What a JSON text says.

    Parameters
    ----------
    content : bytes or str
    source : str
        What it is, for messages.
    refuse : type
        The error to raise.
    advice : str
        What the reader of the error can do.

    Raises
    ------
    LookalikeError
        Of the type asked for, naming the line: if it is no JSON, is nested deeply, has a name twice, or a number that
        is not finite or has more than 64 bits.

    Examples
    --------
    >>> parse_json('{"a": [1, 2.5]}', "an answer")
    {'a': [1, 2.5]}
    >>> parse_json('{"a": NaN}', "an answer")
    Traceback (most recent call last):
    lookalike.errors.ParameterError: expected an answer, got NaN, which is no finite number; try: write the file again
    """
    advice = advice or "write the file again"
    if len(content) > MOST_JSON:
        _refuse_size(source, MOST_JSON, refuse)
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        found = json.loads(
            text,
            object_pairs_hook=_once_each,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_of_64_bits,
        )
    except json.JSONDecodeError as error:
        _refuse(source, f"line {error.lineno}, column {error.colno}: {error.msg}", refuse, advice)
    except UnicodeDecodeError as error:
        _refuse(source, f"line {_line(error.object, error.start)}: bytes that are not UTF-8", refuse, advice)
    except RecursionError:
        _refuse(source, f"values nested more than {MOST_DEPTH} deep", refuse, advice)
    except ValueError as error:
        _refuse(source, str(error), refuse, advice)
    if _is_deep(found):
        _refuse(source, f"values nested more than {MOST_DEPTH} deep", refuse, advice)
    return found


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} twice in one mapping")
    return found


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word}, which is no finite number")


def _finite(digits: str) -> float:
    number = float(digits)
    if abs(number) == float("inf"):
        raise ValueError(f"{digits[:40]}, which is no finite number")
    return number


def _of_64_bits(digits: str) -> int:
    if len(digits) > 21 or abs(int(digits)) > _LARGEST:
        raise ValueError(f"{digits[:24]}..., a whole number of more than 64 bits")
    return int(digits)


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MOST_DEPTH):
        containers = [each for each in level if isinstance(each, dict | list)]
        level = [item for each in containers for item in (each.values() if isinstance(each, dict) else each)]
        if not level:
            return False
    return True


def _line(content: bytes, place: int) -> int:
    return content.count(b"\n", 0, place) + 1


def _refuse_size(source: str, most: int, refuse: type[LookalikeError]) -> NoReturn:
    raise refuse(describe(f"{source} of at most {most} bytes", "more", "check that it is the right file"))


def _refuse(source: str, came: str, refuse: type[LookalikeError], advice: str = "") -> NoReturn:
    # Not chained: what a parser says of itself is in the message.
    raise refuse(describe(source, came, advice or "correct that line")) from None
