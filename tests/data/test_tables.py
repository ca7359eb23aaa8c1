"""Ordinary tables: text, missing values, truth values, other separators; what only looks like a number is refused."""

import gzip
import json

import numpy as np
import pytest

from lookalike.data import load_dataset
from lookalike.data.delimited import read_table
from lookalike.data.encoding import Encoding, number_of
from lookalike.errors import DataError, ModelFileError

ROWS = [(i / 4, i % 7, "ab"[i % 2]) for i in range(40)]


def write(folder, text, name="table.csv", encoding="utf-8"):
    (folder / name).write_bytes(text.encode(encoding))
    return str(folder / name)


def written(rows=ROWS, header=("u", "v", "label"), sign=",", decimal=".", end="\n"):
    lines = [
        sign.join(str(cell) if isinstance(cell, str) else str(cell).replace(".", decimal) for cell in row)
        for row in rows
    ]
    return end.join([sign.join(header), *lines]) + end


def numbers(folder, cells, name="u", **options):
    """What a column of these words becomes."""
    rows = "".join(f"{cell},{i % 2},{'ab'[i % 2]}\n" for i, cell in enumerate(cells))
    return load_dataset(write(folder, f"{name},flag,label\n{rows}"), **options)


def together(found):
    return np.concatenate([found.train.inputs, found.test.inputs])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", written().encode()),
        ("t.tsv", written(sign="\t").encode()),
        ("t.csv", written(sign="\t").encode()),
        ("t.csv", written(sign=";").encode()),
        ("t.csv", written(sign="|").encode()),
        ("t.csv", written(sign=";", decimal=",").encode()),
        ("t.tsv", written(sign="\t", decimal=",").encode()),
        ("t.CSV", written(end="\r\n").encode()),
        ("t.csv", written(end="\r").encode()),
        ("t.csv", b"\xef\xbb\xbf" + written().encode()),
        ("t.csv", written(sign="\t").encode("utf-16")),
        ("t.csv.gz", gzip.compress(written().encode())),
        ("t.tsv.gz", gzip.compress(written(sign="\t").encode())),
        ("t.csv", written().replace("\n", "\n\n").encode()),
        ("t.csv", ('"u","v","label"\n' + "".join(f'"{u}", "{v}","{c}"\n' for u, v, c in ROWS)).encode()),
        ("t.csv", ("u,v,label\n" + "".join(f'"{str(u).replace(".", ",")}",{v},{c}\n' for u, v, c in ROWS)).encode()),
        ("t.csv", written([(*row, "") for row in ROWS], ("u", "v", "label", "")).encode()),
    ],
)
def test_a_table_is_the_same_however_it_was_saved(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    found = load_dataset(str(tmp_path / name))
    assert found.columns == ("u", "v")
    expected = sorted((u, v) for u, v, _ in ROWS)
    assert sorted(map(tuple, together(found).tolist())) == expected
    assert found.train.labels.tolist() == ["ab"[int(u * 4) % 2] for u in found.train.inputs[:, 0]]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("u,u,label\n1,2,a\n3,4,b\n", "'u' as columns 1 and 2"),
        ("u, u ,label\n1,2,a\n3,4,b\n", "'u' as columns 1 and 2"),
        ("u,label,label\n1,a,a\n3,b,b\n", "another name for every column"),
        (",,label\n1,2,a\n3,4,b\n", "another name for every column"),
        ('u,v,label\n1,2,"a\n3,4,b\n', "close every quote"),
        ("u,v,label\n1,5,2,a\n3,4,b\n", "decimal commas need semicolons"),
        ("u;v;label\n1,5;2.5;a\n3;4;b\n", "one decimal sign.*'1,5' and '2.5'"),
        ("u;v;label\n1,500;2;a\n3;4;b\n", "'1,500', which may be thousands"),
        ("u,v,label\n1,2,NA\n3,4,b\n", "'NA'.*quotes"),
        ("u,v,label\n1,2,none\n3,4,b\n", "data__missing"),
        ("u,v,label\n1,2,a\n3,4,a\0\n", "null characters"),
        ("u,v,label\n" + "".join(f"{i},1,{i / 7:.3f}\n" for i in range(20)), "20 different labels in 20 rows"),
        ("u,v,label\n" + "".join(f"{i % 3},1,name {i // 2 * 2 or i}\n" for i in range(20)), "classes of several rows"),
    ],
)
def test_what_a_table_cannot_be_is_said(tmp_path, text, match):
    with pytest.raises(DataError, match=match):
        load_dataset(write(tmp_path, text))


@pytest.mark.parametrize(
    "word", ["4_0", "1_000", "inf", "-Infinity", "0x1F", "٣", "1e999", "1,000,000", "1'000", "many"]
)
def test_a_word_among_numbers_is_refused_with_line_and_column(tmp_path, word):
    assert number_of(word) is None
    with pytest.raises(DataError, match="line 5, column 'u'"):
        numbers(tmp_path, ["1", "2.5", "-3e2", f'"{word}"', "5", "6"])


@pytest.mark.parametrize("cells", [["4_0", "5_0"], ["inf", "inf"], ["٣", "٤"], ["0x1", "0x2"]])
def test_a_column_of_words_that_others_take_for_numbers_is_refused(tmp_path, cells):
    with pytest.raises(DataError, match="column 'u'"):
        numbers(tmp_path, cells * 10)


def test_numbers_are_read_exactly(tmp_path):
    words = ["1", "-2", "+3", ".5", "4.", "1e3", "-2.5E-3", "007", "9007199254740993"]
    found = numbers(tmp_path, words + ["0"] * 11, test_fraction=0.0)
    assert found.train.inputs[:9, 0].tolist() == [1, -2, 3, 0.5, 4, 1000, -0.0025, 7, 9007199254740993.0]


def test_text_becomes_a_number_for_each_category(tmp_path):
    found = numbers(tmp_path, ["red", "blue", "red", "NA"] * 10, "coat", test_fraction=0.0)
    assert found.columns == ("coat=blue", "coat=red", "coat missing", "flag")
    assert found.train.inputs[:4, :3].tolist() == [[0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert "an input for each of its 2 values (blue, red), and one for 10 missing values" in found.notes[0]


@pytest.mark.parametrize("pair", [("True", "False"), ("TRUE", "FALSE"), ("yes", "no")])
def test_truth_values_are_one_and_zero(tmp_path, pair):
    found = numbers(tmp_path, [pair[0], pair[1], pair[0], ""] * 10, test_fraction=0.0)
    assert found.columns[0] == "u"
    assert found.train.inputs[:4, 0].tolist() == [1, 0, 1, 1]
    assert "read as 1 and 0" in found.notes[0]
    assert "10 of 40 values missing; the more frequent value of training, 1," in "; ".join(found.notes)


def test_missing_numbers_are_the_median_of_the_training_rows_and_said(tmp_path):
    cells = [str(i) if i % 4 else ["", "NA", "nan", "?"][i // 4 % 4] for i in range(40)]
    found = numbers(tmp_path, cells)
    fill = found.encoding.columns[0].fill
    places = [int(name.removeprefix("line ")) - 2 for name in found.train.names]
    assert fill == np.median([place for place in places if place % 4])
    assert all(
        value == (place if place % 4 else fill) for place, value in zip(places, found.train.inputs[:, 0], strict=True)
    )
    assert f"column 'u': 10 of 40 values missing; the median of training, {fill:g}, replaces them" in found.notes


def test_texts_that_are_all_different_and_empty_columns_are_left_out(tmp_path):
    rows = "".join(f"name {i},,{i % 3},{'ab'[i % 2]}\n" for i in range(40))
    found = load_dataset(write(tmp_path, f"name,empty,v,label\n{rows}"))
    assert found.columns == ("v",)
    assert "'name' holds 32 different texts in 32 rows, and is left out" in found.notes[0]
    assert "'empty' holds no value" in found.notes[1]


def test_classes_called_like_missing_values(tmp_path):
    rows = "".join(f"{i},{i % 3},{label}\n" for i, label in enumerate(['"NA"', '"none"', "x"] * 8))
    assert set(load_dataset(write(tmp_path, f"u,v,label\n{rows}")).train.labels) == {"NA", "none", "x"}
    bare = write(tmp_path, f"u,v,label\n{rows}".replace('"', ""))
    assert set(load_dataset(bare, missing=[""]).train.labels) == {"NA", "none", "x"}
    assert read_table(tmp_path / "table.csv").words(2)[:3] == [None, None, "x"]


def test_columns_may_be_chosen(tmp_path):
    found = load_dataset(write(tmp_path, written()), columns=["v"])
    assert found.columns == ("v",)
    with pytest.raises(DataError, match="without the labels"):
        load_dataset(str(tmp_path / "table.csv"), columns=["v", "label"])
    with pytest.raises(DataError, match=r"add \['w'\]"):
        load_dataset(str(tmp_path / "table.csv"), columns=["w"])


def test_another_table_is_read_as_the_first(tmp_path):
    rows = "".join(f"{i},{['red', 'blue'][i % 2]},{bool(i % 3)},{'ab'[i % 2]}\n" for i in range(40))
    encoding = load_dataset(write(tmp_path, f"u,coat,flag,label\n{rows}")).encoding
    assert Encoding.from_dict(json.loads(json.dumps(encoding.to_dict()))) == encoding
    values, notes = encoding.apply(read_table(write_path(tmp_path, "more,flag,coat,u\n0,TRUE,red,7\n0,false,green,\n")))
    assert encoding.names == ("u", "coat=blue", "coat=red", "flag")
    assert values.tolist() == [[7, 0, 1, 1], [encoding.columns[0].fill, 0, 0, 0]]
    assert "their order is another one" in notes[0]
    assert "column 'u': 1 of 2 values missing" in notes[1]
    assert "column 'coat': 1 of 2 values unknown in training ('green')" in notes[2]
    with pytest.raises(DataError, match="line 2, column 'flag'"):
        encoding.apply(read_table(write_path(tmp_path, "u,coat,flag\n1,red,maybe\n")))
    with pytest.raises(DataError, match=r"add \['coat'\]"):
        encoding.apply(read_table(write_path(tmp_path, "u,flag\n1,true\n")))
    with pytest.raises(ModelFileError, match="how the model reads tables"):
        Encoding.from_dict(
            {"columns": [{"name": "u", "kind": "picture", "categories": []}], "decimal": ".", "absent": []}
        )


def write_path(folder, text):
    (folder / "other.csv").write_text(text)
    return folder / "other.csv"


def test_decimal_commas_of_training_decide_what_may_be_thousands(tmp_path):
    encoding = load_dataset(write(tmp_path, written(sign=";", decimal=","))).encoding
    assert encoding.decimal == ","
    table = read_table(write_path(tmp_path, "u;v\n1,500;2\n"))
    assert encoding.apply(table)[0].tolist() == [[1.5, 2]]
    assert encoding.apply(read_table(write_path(tmp_path, "u,v\n1.5,2\n")))[0].tolist() == [[1.5, 2]]


@pytest.mark.parametrize(
    ("name", "values", "left_out", "said"),
    [
        ("id", range(7, 47), True, "only numbers the rows"),
        ("customer_id", [n * n for n in range(40)], True, "another number in every row"),
        ("Unnamed: 0", np.random.default_rng(0).permutation(40), True, "only numbers the rows"),
        ("PassengerId", range(1, 41), True, "only numbers the rows"),
        ("time", range(40), False, "numbers the 40 rows, and is learned from"),
        ("weight", [n * n for n in range(40)], False, ""),
        ("paid", [n * n for n in range(40)], False, ""),
        ("kind", [5 + n % 2 for n in range(40)], False, "gives the class away: 40 of 40 rows"),
        (
            "sort",
            [("x", "y", "z")[n % 2 + n // 20 * (n % 2)] for n in range(40)],
            False,
            "gives the class away: 40 of 40",
        ),
        ("third", [n % 3 for n in range(40)], False, ""),
        ("constant", [1] * 40, False, ""),
    ],
)
def test_columns_that_tell_what_they_should_not(tmp_path, name, values, left_out, said):
    rows = "".join(f"{value},{i % 7},{'ab'[i % 2]}\n" for i, value in enumerate(values))
    found = load_dataset(write(tmp_path, f"{name},v,label\n{rows}"))
    assert (not any(column.startswith(name) for column in found.columns)) == left_out
    notes = [note for note in found.notes if "text: an input" not in note and "set aside" not in note]
    assert [said in note for note in notes] == ([True] if said else [])


@pytest.mark.parametrize("data", ["iris", "wine", "breast-cancer"])
def test_measurements_give_no_false_alarm(tmp_path, data):
    plain = load_dataset(data)
    rows = [
        ",".join([*map(str, row), str(label)])
        for row, label in zip(plain.train.inputs, plain.train.labels, strict=True)
    ]
    found = load_dataset(write(tmp_path, "\n".join([",".join([*plain.columns, "class"]), *rows])))
    assert found.columns == plain.columns
    assert all("set aside" in note for note in found.notes)


@pytest.mark.parametrize(("step", "said"), [(0.25, True), (1, False)])
def test_rows_in_both_parts_are_counted_where_values_are_measured(tmp_path, step, said):
    rows = [(i % 10 * step, i % 10 * 7, "ab"[i % 2]) for i in range(40)]
    found = load_dataset(write(tmp_path, written(rows)))
    assert any("8 of 8 test examples are in the training part as well" in note for note in found.notes) == said
