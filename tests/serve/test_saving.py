"""Two pages on one run: every copy has a name of its own, and nobody takes back another's change."""

import json
import threading

import pytest

from lookalike.errors import DataError
from lookalike.experiments import open_run
from lookalike.serve import Desk
from lookalike.serve.changes import Change
from lookalike.serve.standing import StaleError, save_beside, unwritable
from lookalike.serve.trials import keep_result
from tests.crash import full_at, killed_at, steps_of


@pytest.fixture
def changed(drawn_folder, tmp_path):
    """A changed model, to be saved beside a run in an empty folder."""
    desk = Desk(open_run(drawn_folder))
    standing = desk.accept(Change("keep", 0, None, None))
    return standing, tmp_path / "run"


def copies(place):
    return sorted(folder.name for folder in place.parent.iterdir())


def test_copies_that_are_saved_at_the_same_time_have_names_of_their_own(changed):
    standing, origin = changed
    saved, n_each = [], 2
    both = threading.Barrier(3)

    def save():
        both.wait()
        saved.extend(save_beside(standing, origin).name for _ in range(n_each))

    pages = [threading.Thread(target=save) for _ in range(3)]
    for each in pages:
        each.start()
    for each in pages:
        each.join()
    assert sorted(saved) == copies(origin) == [f"run-changed-{number}" for number in range(1, 7)]
    for name in saved:
        assert open_run(origin.with_name(name)).extras["changes"]


def test_a_save_killed_anywhere_leaves_nothing_half_and_blocks_nothing(changed, monkeypatch):
    standing, origin = changed
    monkeypatch.setattr("lookalike.atomic.drafts._is_alive", lambda process: False)

    def action():
        save_beside(standing, origin)

    steps = steps_of(action)
    assert copies(origin) == ["run-changed-1"]
    for step in [*range(0, len(steps), 5), len(steps) - 1]:
        killed_at(step, action)
    whole = [name for name in copies(origin) if not name.startswith(".")]
    for name in whole:
        open_run(origin.with_name(name))
    assert save_beside(standing, origin).name == f"run-changed-{len(whole) + 1}"
    assert not [name for name in copies(origin) if name.startswith(".")]  # what was left is swept


def test_a_full_disk_is_said_and_leaves_nothing(changed):
    standing, origin = changed
    refused = []

    def action():
        try:
            save_beside(standing, origin)
        except DataError as error:
            refused.append(str(error))

    for step in (0, 3, 9):
        assert full_at(step, action) is None
    assert len(refused) == 3
    assert all("bytes are free" in each for each in refused)
    assert not [name for name in copies(origin) if not name.startswith(".")]


def test_the_last_change_is_taken_back_only_as_it_was_seen(client, desk):
    first = client.post("/changes", json={"kind": "keep", "prototype": 1}).json()
    second = client.post("/changes", json={"kind": "keep", "prototype": 2}).json()
    assert first["version"] < second["version"]
    refused = client.delete("/changes/last", params={"version": first["version"]})
    assert (refused.status_code, "as it was" in refused.json()["error"]) == (409, True)
    assert len(desk.standing.changes) == 2
    undone = client.delete("/changes/last", params={"version": second["version"]}).json()
    assert undone["version"] == first["version"]
    assert f'data-version="{first["version"]}"' in client.get("/cards").json()["html"]
    with pytest.raises(StaleError):
        desk.undo(second["version"])
    assert client.delete("/changes/last").json()["changes"] == []
    assert client.delete("/changes/last", params={"version": -1}).status_code == 422


def test_results_of_two_pages_are_all_kept(tmp_path):
    file = tmp_path / "self-tests.json"
    pages = [
        threading.Thread(
            target=lambda start: [keep_result(file, {"seed": start + each}) for each in range(5)], args=[a]
        )
        for a in (0, 100)
    ]
    for each in pages:
        each.start()
    for each in pages:
        each.join()
    assert sorted(each["seed"] for each in json.loads(file.read_text())) == [*range(5), *range(100, 105)]


def test_what_cannot_be_written_is_worded():
    assert "chmod" in str(unwritable(PermissionError(13, "Permission denied", "x")))
