"""A run that cannot be written is judged all the same, and what is said of it has three parts."""

import errno
import shutil
import sys
from pathlib import Path

import pytest

from lookalike import experiments
from lookalike.cli import main

RUN = Path(__file__).parents[1] / "fixtures" / "models" / "format-1" / "run"


def test_a_read_only_run_prints_its_result(tmp_path, monkeypatch, capsys):
    def keep_card(run, card):
        raise OSError(errno.EROFS, "Read-only file system", str(run.folder / "scorecard.json"))

    shutil.copytree(RUN, tmp_path / "run")
    monkeypatch.setattr(experiments, "keep_card", keep_card)
    monkeypatch.setattr(sys, "argv", ["lookalike", "evaluate", str(tmp_path / "run"), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    said = " ".join(told.err.split())  # lines break where the folder's name is long
    assert ended.value.code == 0
    assert '"verdict"' in told.out
    assert "the scorecard is not kept: expected" in said
    assert "got Read-only file system; try: check the path" in said
