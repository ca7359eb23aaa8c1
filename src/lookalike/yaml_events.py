"""From YAML's events to plain values, within bounds: no tags, no classes, no recursion."""

import copy
import re
from dataclasses import dataclass
from typing import Any

import yaml

MOST_DEPTH = 32
MOST_VALUES = 20_000
_MOST_DIGITS = 18
# Exponents without a point are numbers for YAML 1.2 and for people.
EXPONENT = re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$")
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)", re.ASCII)
_NUMBER = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)|[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS = {word: value for value in (True, False) for word in (str(value), str(value).lower(), str(value).upper())}
_NOTHING = ("", "~", "null", "Null", "NULL")


class YamlProblem(Exception):  # noqa: N818 (worded where the file is known)
    """What is wrong with a text, in which line, and what to do.

    Parameters
    ----------
    line : int
        From 1.
    problem : str
    advice : str
    """

    def __init__(self, line: int, problem: str, advice: str = "") -> None:
        super().__init__(f"line {line}: {problem}")
        self.advice = advice


@dataclass
class _Frame:
    """A list or mapping that is being read."""

    values: Any
    anchor: str | None
    before: int
    name: str | None = None

    def add(self, value: Any) -> None:
        if isinstance(self.values, list):
            self.values.append(value)
        else:
            self.values[self.name], self.name = value, None


def values_of(text: str) -> Any:
    """The plain values of a YAML document; ``None`` for an empty one.

    Parameters
    ----------
    text : str

    Raises
    ------
    YamlProblem

    Examples
    --------
    >>> values_of("a: [1, '1']")
    {'a': [1, '1']}
    """
    reading = _Reading()
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            reading.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        told = ", ".join(part for part in (error.context, error.problem) if part)
        raise YamlProblem(mark.line + 1 if mark else 1, told) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlProblem(line, f"a character that YAML does not allow, {error.character!r}") from None
    except (ValueError, OverflowError):
        # Escapes beyond Unicode, and versions of more digits than Python converts.
        raise YamlProblem(reading.line, "an escape or a directive that stands for nothing") from None
    return reading.found


class _Reading:
    """Takes events one after the other."""

    def __init__(self) -> None:
        self.found: Any = None
        self.line = 1
        self._frames: list[_Frame] = []
        self._anchored: dict[str, tuple[Any, int]] = {}
        self._count = 0
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event."""
        self.line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise YamlProblem(self.line, "a second document", "keep one document to a file")
        elif isinstance(event, yaml.AliasEvent):
            self._take_alias(event.anchor)
        elif isinstance(event, yaml.ScalarEvent):
            self._take_scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            frame = self._frames.pop()
            self._keep(frame.anchor, frame.values, self._count - frame.before)
            self._add(frame.values)

    def _take_alias(self, anchor: str) -> None:
        if self._is_name_next():
            raise YamlProblem(self.line, f"the alias *{anchor} in the place of a name", "write the name out")
        if anchor not in self._anchored:
            raise YamlProblem(self.line, f"the alias *{anchor} of nothing before it", f"&{anchor} first")
        value, size = self._anchored[anchor]
        self._grow(size)
        self._add(copy.deepcopy(value))

    def _take_scalar(self, event: yaml.ScalarEvent) -> None:
        self._refuse_tag(event.tag)
        plain = event.style is None
        if self._is_name_next():
            self._take_name(event.value, plain)
            return
        value = self._plain(event.value) if plain else event.value
        self._grow(1)
        self._keep(event.anchor, value, 1)
        self._add(value)

    def _take_name(self, name: str, plain: bool) -> None:
        frame = self._frames[-1]
        if plain and name == "<<":
            raise YamlProblem(self.line, "a merge key, <<", "write the settings out")
        if name in frame.values:
            raise YamlProblem(self.line, f"{name!r} is there twice", "leave one of them")
        self._grow(1)
        frame.values[name] = None
        frame.name = name

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        self._refuse_tag(event.tag)
        if self._is_name_next():
            raise YamlProblem(self.line, "a list or mapping in the place of a name", "a word, then a colon")
        if len(self._frames) >= MOST_DEPTH:
            raise YamlProblem(self.line, f"values nested more than {MOST_DEPTH} deep", "fewer brackets")
        values: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._frames.append(_Frame(values, event.anchor, self._count))
        self._grow(1)

    def _is_name_next(self) -> bool:
        return bool(self._frames) and isinstance(self._frames[-1].values, dict) and self._frames[-1].name is None

    def _add(self, value: Any) -> None:
        if self._frames:
            self._frames[-1].add(value)
        else:
            self.found = value

    def _keep(self, anchor: str | None, value: Any, size: int) -> None:
        if anchor is not None:
            self._anchored[anchor] = (value, size)

    def _grow(self, size: int) -> None:
        self._count += size
        if self._count > MOST_VALUES:
            raise YamlProblem(self.line, f"more than {MOST_VALUES} values", "fewer values, or fewer aliases")

    def _refuse_tag(self, tag: str | None) -> None:
        if tag is not None:
            raise YamlProblem(self.line, f"the tag {tag}", "plain text, numbers, lists and mappings only")

    def _plain(self, word: str) -> Any:
        """What a word without quotes stands for."""
        if word in _NOTHING:
            return None
        if word in _WORDS:
            return _WORDS[word]
        if _WHOLE.fullmatch(word):
            if len(word.lstrip("-+")) > _MOST_DIGITS:
                raise YamlProblem(
                    self.line, f"{word[:40]!r}, a number of more than {_MOST_DIGITS} digits", "quote text"
                )
            return int(word)
        if _NUMBER.fullmatch(word) or _NOT_FINITE.fullmatch(word):
            number = float(word) if _NUMBER.fullmatch(word) else float("nan")
            if number != number or abs(number) == float("inf"):
                raise YamlProblem(self.line, f"{word[:40]!r}, which is no finite number", "a finite number")
            return number
        return word
