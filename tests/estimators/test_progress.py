"""Where a training is, for those who wait for it."""

import pytest

from lookalike.estimators import progress_bar
from lookalike.training import Epoch, EpochEnded, Finished, Started


def epoch(number, accuracy):
    return Epoch(number, "joint", 1.0, 0.5, 1.0, accuracy, 0.001, 1.0)


@pytest.fixture
def told(capfd, monkeypatch):
    """What a training of five epochs says that goes on with the third, every epoch of ten seconds."""

    def run(every):
        now = [100.0]
        monkeypatch.setattr("lookalike.estimators.progress.time.monotonic", lambda: now[0])
        on_event = progress_bar(every)
        on_event(Started(3, 5, 10))
        history = (epoch(1, 0.1), epoch(2, 0.2))
        for number in (3, 4, 5):
            now[0] += 10
            history += (epoch(number, number / 10),)
            on_event(EpochEnded(history))
        on_event(Finished(5))
        return capfd.readouterr()

    return run


def test_epochs_are_lines_where_there_is_no_terminal(told):
    out, err = told(10.0)
    assert out == ""
    assert err.splitlines() == [
        "epoch 3 of 5: accuracy 0.300, about 20 s to go",
        "epoch 4 of 5: accuracy 0.400, about 10 s to go",
    ]


def test_not_every_epoch_is_a_line(told):
    assert told(15.0)[1].splitlines() == ["epoch 4 of 5: accuracy 0.400, about 10 s to go"]


def test_what_is_short_says_nothing(told):
    assert told(30.0) == ("", "")
