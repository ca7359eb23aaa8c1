"""A table with text, gaps and truth values: every command reads it as the fit did."""

import csv
import json

import pytest

from lookalike.cli import main

HEADER = "PassengerId,Name,Sex,Age,Alone,Survived"


@pytest.fixture
def call(capsys, monkeypatch):
    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["lookalike", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as stopped:
            code = stopped.code or 0
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def table(tmp_path):
    rows = []
    for i in range(80):
        age = "" if i % 5 == 0 else 20 + i % 30
        rows.append(f'{i + 1},"Doe, no. {i}",{["male", "female"][i % 2]},{age},{i % 3 > 0},{i // 2 % 2}')
    (tmp_path / "people.csv").write_text("\n".join([HEADER, *rows]))
    return tmp_path / "people.csv"


def test_an_ordinary_table_goes_through_every_command(call, table, tmp_path):
    run = tmp_path / "run"
    code, _, err = call("fit", table, "--out", run, "--epochs", 1, "--set", "data__label=Survived")
    assert code == 0
    said = " ".join(err.split())
    for note in (
        "'PassengerId' only numbers",
        "'Name' holds",
        "'Sex' is text",
        "16 of 80 values missing",
        "'Alone' holds true",
    ):
        assert note in said
    stored = json.loads((run / "model.json").read_text())["extras"]["table"]
    assert [column["name"] for column in stored["columns"]] == ["Sex", "Age", "Alone"]

    asked = tmp_path / "new.csv"
    asked.write_text("Alone,Sex,Age,other\nTrue,female,31,x\nFalse,other,,y\n")
    code, out, err = call("predict", run, asked)
    assert code == 0
    assert [row["predicted"] in "01" for row in csv.DictReader(out.splitlines())] == [True, True]
    said = " ".join(err.split())
    for note in ("found by their names", "1 of 2 values missing", "1 of 2 values unknown in training ('other')"):
        assert note in said

    code, out, _ = call("explain", run, f"{asked}, line 2", "--json")
    assert code == 0
    code, out, _ = call("explain", run, f"{asked}, line 2")
    assert code == 0
    assert "Sex=female" in out
    for command in (["evaluate", run], ["verify", run], ["evaluate", run, "--data", table], ["report", run]):
        code, _, err = call(*command)
        assert code == 0, err
    assert "Sex=female" in (run / "report.html").read_text()


def test_a_table_of_fewer_rows_is_read_as_in_training(call, table, tmp_path):
    """Labels that were text stay text; categories that are missing do not move the columns."""
    lines = table.read_text().replace(",0\n", ",01\n").splitlines()
    table.write_text("\n".join([lines[0], *lines[1:]]) + "\n")
    run = tmp_path / "run"
    assert call("fit", table, "--out", run, "--epochs", 1, "--set", "data__label=Survived")[0] == 0
    assert json.loads((run / "model.json").read_text())["classes"]["names"] == ["01", "1"]
    rows = [row.replace(",4", ",5") for row in lines[1:] if row.endswith(",1") and ",female," in row]
    (tmp_path / "few.csv").write_text("\n".join([lines[0], *rows]))
    code, out, err = call("evaluate", run, "--data", tmp_path / "few.csv", "--json")
    assert code == 0, err
    assert json.loads(out)["recalls"][0] is None
    (tmp_path / "few.csv").write_text("\n".join([lines[0], *(f"{row}.0" for row in rows)]))
    code, _, err = call("evaluate", run, "--data", tmp_path / "few.csv")
    assert code == 2
    assert "the text '1.0', which is not the class the text" in " ".join(err.split())


def test_columns_called_no_and_2024(call, tmp_path):
    rows = "".join(f"{i % 9},{i % 7},{'ab'[i % 2]}\n" for i in range(40))
    for name in ("no", "2024", "true", "null"):
        (tmp_path / "t.csv").write_text(f"p,q,{name}\n{rows}")
        out = tmp_path / f"run {name}"
        code, _, err = call(
            "fit", tmp_path / "t.csv", "--out", out, "--epochs", 1, "--set", f"data__label={name}", "-q"
        )
        assert code == 0, err
        code, _, err = call("fit", "--config", out / "config.yaml", "--out", tmp_path / f"again {name}", "-q")
        assert code == 0, err


def test_repeated_columns_are_refused_everywhere(call, table, tmp_path):
    run = tmp_path / "run"
    assert call("fit", table, "--out", run, "--epochs", 1, "--set", "data__label=Survived", "-q")[0] == 0
    twice = tmp_path / "twice.csv"
    twice.write_text("Sex,Sex,Age,Alone,Survived\nmale,female,3,True,1\nmale,female,3,True,0\n")
    for command in (
        ["fit", twice, "--out", tmp_path / "other", "--set", "data__label=Survived"],
        ["predict", run, twice],
        ["explain", run, twice],
        ["evaluate", run, "--data", twice],
    ):
        code, _, err = call(*command)
        assert code == 2
        assert "'Sex' as columns 1 and 2" in " ".join(err.split())


def test_options_of_data_are_checked_wherever_they_are_given(call, table, tmp_path):
    code, _, err = call("select", table, "-n", 2, "--set", "data__label=Survived", "--json")
    assert code == 0, err
    for option, match in (("data__labels=Survived", "did you mean 'label'"), ("data__encoding=1", "an option of data")):
        for command in ("select", "fit"):
            code, _, err = call(command, table, "--out", tmp_path / "r", "--set", option)
            assert code == 2
            assert match in " ".join(err.split())
    code, _, err = call("fit", "iris", "--out", tmp_path / "r", "--set", "data__columns=[a]")
    assert code == 2
    assert "whose columns can be chosen" in " ".join(err.split())
