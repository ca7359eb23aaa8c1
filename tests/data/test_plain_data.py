"""YAML and JSON: what is read, what is refused, and in which words."""

import json
import math

import pytest

from lookalike.errors import DataNotFoundError, ModelFileError, ParameterError
from lookalike.experiments import assignments, read_settings
from lookalike.plain_data import MOST_JSON, MOST_YAML, parse_json, parse_yaml, read_json, read_yaml, to_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-12", -12),
        ("007", "007"),
        ("0", 0),
        ("010", "010"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("0x10", "0x10"),
        ("1e-3", 1e-3),
        ("1E5", 1e5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-0.5e+2", -50.0),
        ("1.2.3", "1.2.3"),
        ("2024-01-01", "2024-01-01"),
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("NA", "NA"),
        ("none", "none"),
        ("'null'", "null"),
        ("'1'", "1"),
        ('"1e-3"', "1e-3"),
        ("=", "="),
        ("{1: a, 1.0: b, true: c, null: d}", {"1": "a", "1.0": "b", "true": "c", "null": "d"}),
        ("{0: [cat, no], 01: [dog]}", {"0": ["cat", "no"], "01": ["dog"]}),
        ("[]", []),
        ("{a: &x [1, 2], b: *x}", {"a": [1, 2], "b": [1, 2]}),
        ("a: |\n  one\n  two\n", {"a": "one\ntwo\n"}),
        ("১২", "১২"),
    ],
)
def test_words_are_read_as_people_mean_them(text, value):
    found = parse_yaml(text, "settings")

    assert found == value
    assert type(found) is type(value)


def _bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\na: 2", "line 2: 'a' is there twice"),
        ("a: 1\nb: {c: 1, 'c': 2}", "line 2: 'c' is there twice"),
        ("a: !!python/object/apply:os.system [echo]", "line 1: the tag"),
        ("a: 1\nb: !!str 5", "line 2: the tag"),
        ("!!set {a, b}", "the tag"),
        ("a: !own x", "the tag !own"),
        ("a: &x 1\nb: *y", "line 2: the alias \\*y of nothing"),
        ("a: &x [*x]", "the alias \\*x of nothing"),
        ("a: &x {b: 1}\nc: {<<: *x}", "line 2: a merge key"),
        ("? [a, b]\n: c", "a list or mapping in the place of a name"),
        ("x: &x a\n*x : 2", "in the place of a name"),
        ("a: 1\n--- \nb: 2", "line 2: a second document"),
        ("a: .nan", "no finite number"),
        ("a: -.inf", "no finite number"),
        ("a: 1e999", "no finite number"),
        ("a: " + "9" * 5000, "a number of more than 18 digits"),
        ("[" * 100_000, "nested more than 32 deep"),
        ("{a: " * 5000, "nested more than 32 deep"),
        ("- " * 5000, "nested more than 32 deep"),
        (_bomb(), "more than 20000 values"),
        ("[" + "1," * 30_000 + "]", "more than 20000 values"),
        ("a: [1, 2", "line 1: "),
        ("a: b\n c: d: e", "line 2: "),
        ("a:\n\t- b", "line 2: "),
        ('a: "\\UFFFFFFFF"', "line 1: "),
        ("%YAML " + "9" * 5000 + ".1\n---\na: 1", "line 1: "),
        ("a: \x00", "line 1: a character"),
        ("a: 1\nb: \ud800", "line 2: a character"),
        ("@a", "line 1: "),
        ("a: " + "x" * MOST_YAML, f"at most {MOST_YAML} bytes"),
    ],
)
def test_more_than_plain_settings_is_refused_with_the_line(text, told):
    with pytest.raises(ParameterError, match=told) as refused:
        parse_yaml(text, "settings")

    message = str(refused.value)
    assert message.startswith("expected settings")
    assert ", got " in message
    assert "; try: " in message
    assert len(message) < 600


def test_a_file_is_named_with_its_line(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_bytes(b"data: digits\nsimilarity: \xff\n")

    with pytest.raises(ParameterError, match=r"run\.yaml, got line 2: bytes that are not UTF-8"):
        read_settings(file)

    file.write_bytes(b" " * (MOST_YAML + 1))
    with pytest.raises(ParameterError, match="at most"):
        read_yaml(file)
    with pytest.raises(DataNotFoundError):
        read_yaml(tmp_path)

    file.write_bytes(b"\xef\xbb\xbfdata: digits\n")
    assert read_settings(file) == {"data": "digits"}


@pytest.mark.parametrize("setting", ["=5", "similarity", " =1", ""])
def test_a_setting_has_a_name_and_a_value(setting):
    with pytest.raises(ParameterError, match="expected name=value"):
        assignments([setting])


def test_a_setting_that_is_no_value_is_named():
    with pytest.raises(ParameterError, match="expected a value for backbone__widths, got line 1"):
        assignments(["backbone__widths=[8, 16"])


@pytest.mark.parametrize(
    "word",
    [
        *("1e-3", ".5e3", "no", "null", "~", "007", "2024-01-01", "1:2", "a: b", "# c", "", " x ", "é", "\udce9.png"),
        *("1_0", "- a", "[", "*a", "&a", "!a", "%a", "@a", "<<", "true", "1.", ".inf", "0x1f", "line\nbreak", "tab\t"),
    ],
)
def test_what_is_written_comes_back(word):
    values = {"data": word, "n": [1, 2.5, 1e-7, 1e22, True, None, word], word: {"deep": word}}

    assert parse_yaml(to_yaml(values).decode(), "settings") == values


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": 1, "a": 2}', "'a' twice"),
        ('{"a": NaN}', "NaN, which is no finite number"),
        ('{"a": [-Infinity]}', "-Infinity, which is no finite number"),
        ('{"a": 1e999}', "1e999, which is no finite number"),
        ('{"a": ' + "9" * 5000 + "}", "more than 64 bits"),
        ("[" * 100_000, "nested more than 64 deep"),
        ("[" * 100 + "]" * 100, "nested more than 64 deep"),
        ('{"a":\n 1,,}', "line 2, column"),
        ("", "line 1"),
        (b'{"a": 1,\n"b": "\xff"}', "line 2: bytes that are not UTF-8"),
    ],
)
def test_json_that_is_no_plain_data_is_refused(text, told):
    with pytest.raises(ModelFileError, match=told) as refused:
        parse_json(text, "JSON in model.json", ModelFileError, "copy it again")

    assert str(refused.value).startswith("expected JSON in model.json, got ")
    assert str(refused.value).endswith("; try: copy it again")


def test_json_is_read_as_it_was_written(tmp_path):
    values = {"a": [1, -2.5, None, True, 2**64 - 1, 1e-300], "b": {"c": "\udce9 \u00e9"}}
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values))

    assert read_json(file) == values
    assert math.isfinite(read_json(file)["a"][1])


def test_a_large_file_is_not_read(tmp_path):
    file = tmp_path / "large.json"
    with file.open("wb") as opened:
        opened.truncate(MOST_JSON + 1)

    with pytest.raises(ModelFileError, match=f"at most {MOST_JSON} bytes"):
        read_json(file, ModelFileError)
