"""The one door for writing: whole or not at all, links and pipes, drafts that are swept, locks between processes."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from lookalike.atomic import (
    draft_beside,
    exchange,
    locked,
    replaced,
    require_unlocked,
    require_writable,
    sweep,
    write_text,
    write_whole,
)
from lookalike.errors import DiskFullError, FolderInUseError
from tests.crash import full_at, killed_at, steps_of


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_the_old_one_or_the_new_one_wherever_it_is_killed(tmp_path):
    file = tmp_path / "a.json"
    action = partial(write_whole, file, b"new")
    write_whole(file, b"old")
    steps = steps_of(action)
    found = []
    for step in range(len(steps)):
        file.write_bytes(b"old")
        killed_at(step, action)
        found.append(file.read_bytes())
    assert set(found) <= {b"old", b"new"}
    write_whole(file, b"new")
    for step in range(len(steps_of(action, full=True))):
        file.write_bytes(b"old")
        error = full_at(step, action)
        assert isinstance(error, DiskFullError)
        assert "room for the 3 bytes of" in str(error)
        assert "a.json" in str(error)


def test_bytes_that_are_missing_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda place: type("Usage", (), {"free": 1000})())
    error = full_at(0, partial(write_whole, tmp_path / "a", bytes(5000)))
    assert "4000 bytes are missing" in str(error)
    assert names(tmp_path) == []


def test_drafts_of_dead_processes_are_swept_and_those_of_living_ones_stay(tmp_path):
    own = draft_beside(tmp_path / "a.json")
    dead = own.with_name(own.name.replace(f"-{os.getpid()}-", "-4194304-"))
    foreign = tmp_path / ".mine.draft"
    for file in (own, dead, foreign):
        file.write_text("")
    write_whole(tmp_path / "a.json", b"")
    assert names(tmp_path) == sorted([own.name, foreign.name, "a.json"])
    folder = dead.with_name(dead.name.replace("a.json", "run"))
    folder.mkdir()
    (folder / "x").write_text("")
    sweep(tmp_path, of="run")
    assert not folder.exists()


def test_links_are_followed_pipes_are_written_to_and_modes_stay(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "real.txt").chmod(0o640)
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    write_text(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "real.txt").stat().st_mode) == 0o640
    write_text(Path("/dev/null"), "nothing")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    os.mkfifo(tmp_path / "pipe")
    came = []
    reader = threading.Thread(target=lambda: came.append((tmp_path / "pipe").read_text()))
    reader.start()
    write_text(tmp_path / "pipe", "through")
    reader.join(10)
    assert came == ["through"]
    write_text(tmp_path / ("x" * 250), "a long name")
    write_text(tmp_path / "half", "a\udcff")  # as of a file's name that is no UTF-8
    assert (tmp_path / "half").read_text() == "a\\udcff"


def test_a_place_is_tried_before_the_work(tmp_path):
    require_writable(tmp_path / "not" / "yet" / "there")
    assert names(tmp_path) == []
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "below", tmp_path / ("x" * 256), tmp_path / "new" / ("ä" * 200) / "run"):
        with pytest.raises(OSError, match=r"file|x|ä"):
            require_writable(place)
    with pytest.raises(IsADirectoryError):
        require_writable(tmp_path, is_file=True)
    require_writable(Path("/dev/stdout"), is_file=True)
    with pytest.raises(OSError, match=r"/proc/none|/sys/none"):
        require_writable(Path("/sys/none/run"))


_HOLD = """
import sys, time
from pathlib import Path
from lookalike.atomic import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_holds_between_processes_and_ends_with_a_killed_one(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", _HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(FolderInUseError, match=rf"process {other.pid}\)"), locked(tmp_path):
            pass
        with pytest.raises(FolderInUseError):
            require_unlocked(tmp_path)
    finally:
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
        other.stdout.close()
    with locked(tmp_path, wait=5.0):
        pass
    assert names(tmp_path) == []


def test_one_of_many_at_a_time_holds_a_lock(tmp_path):
    inside, most = [], []

    def work():
        for _ in range(20):
            with locked(tmp_path / "file", wait=30.0):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.0005)
                inside.pop()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert (max(most), len(most)) == (1, 80)
    assert names(tmp_path) == []


def fill(folder, text, *more):
    with replaced(folder, "last", ["gone-*"]) as draft:
        for name in ("first", *more, "last"):
            (draft / name).write_text(text)


def test_a_folder_that_has_to_stay_what_it_is_is_replaced_within(tmp_path, monkeypatch):
    fill(tmp_path, "old", "gone-1")
    (tmp_path / "mine").write_text("mine")
    number = tmp_path.stat().st_ino
    monkeypatch.chdir(tmp_path)  # the folder that a process works in
    fill(tmp_path, "new")
    assert tmp_path.stat().st_ino == number
    assert {name: (tmp_path / name).read_text() for name in names(tmp_path)} == {
        "first": "new",
        "last": "new",
        "mine": "mine",
    }


def test_what_stays_of_a_folder_stays_as_it_was(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir(mode=0o750)
    fill(folder, "old", "gone-1")
    (folder / "sub").mkdir()
    (folder / "sub" / "deep").write_text("deep")
    (folder / "link").symlink_to("nowhere")
    with (folder / "log").open("a") as log:  # still open, as a log of training is
        fill(folder, "new")
        log.write("later")
    assert names(folder) == ["first", "last", "link", "log", "sub"]
    assert (folder / "log").read_text() == "later"
    assert (folder / "sub" / "deep").read_text() == "deep"
    assert os.readlink(folder / "link") == "nowhere"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750
    assert names(tmp_path) == ["run"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems exchange in other ways, and go the other way here")
def test_two_folders_change_names(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("")
    if exchange(tmp_path / "a", tmp_path / "b"):  # file systems may not know how
        assert (names(tmp_path / "a"), names(tmp_path / "b")) == (["b"], ["a"])
    assert not exchange(tmp_path / "a", tmp_path / "nowhere")
