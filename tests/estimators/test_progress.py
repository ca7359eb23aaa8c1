"""Where a training is, for those who wait for it."""

from lookalike.estimators import progress_bar
from lookalike.training import Epoch, EpochEnded, Finished, Started


def epoch(number, accuracy):
    return Epoch(number, "joint", 1.0, 0.5, 1.0, accuracy, 0.001, 1.0)


def told(capfd, every):
    on_event = progress_bar(every)
    on_event(Started(1, 3, 10))
    history = ()
    for number in (1, 2, 3):
        history += (epoch(number, number / 4),)
        on_event(EpochEnded(history))
    on_event(Finished(3))
    return capfd.readouterr()


def test_epochs_are_lines_where_there_is_no_terminal(capfd):
    out, err = told(capfd, 0.0)
    assert out == ""
    assert err.splitlines() == [
        "epoch 1 of 3: accuracy 0.250, about 0 s to go",
        "epoch 2 of 3: accuracy 0.500, about 0 s to go",
    ]


def test_what_is_short_says_nothing(capfd):
    assert told(capfd, 30.0) == ("", "")
