"""A disk that fails at a chosen step, and a process that is killed there: what lies there then is there for good."""

import errno
import io
import os
from contextlib import contextmanager, suppress

import pytest

_NAMES = ("replace", "rename", "unlink", "rmdir", "mkdir", "link", "fsync")
# A full disk takes no more; names go and change as before.
_TAKING = ("mkdir", "link", "fsync")


class Killed(BaseException):
    """Nothing catches it but the test: from then on the process changes nothing any more."""


class _Disk:
    def __init__(self, failing, full):
        self.failing, self.full, self.names = failing, full, []

    def step(self, name):
        if name not in _TAKING if self.full else name == "fsync":
            return  # what is kept before and after it is the same
        self.names.append(name)
        if self.failing is None or len(self.names) <= self.failing:
            return
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise Killed


@contextmanager
def _patched(disk, exchanging):
    import lookalike.atomic.folders as folders

    with pytest.MonkeyPatch.context() as patch:

        def stepping(name, real):
            def called(*arguments, **options):
                disk.step(name)
                # What a test writes need not outlive the machine.
                return None if name == "fsync" else real(*arguments, **options)

            return called

        for name in _NAMES:
            patch.setattr(os, name, stepping(name, getattr(os, name)))
        opened, swapped = io.open, folders.exchange

        def open_(file, mode="r", *arguments, **options):
            if set(mode) & set("wxa+"):
                disk.step("open")
            return opened(file, mode, *arguments, **options)

        def exchange(first, second):
            disk.step("exchange")
            return exchanging and swapped(first, second)

        patch.setattr(io, "open", open_)
        patch.setattr(folders, "exchange", exchange)
        # Whoever is killed here lives on in fact.
        patch.setattr("lookalike.atomic.drafts._is_alive", lambda process: False)
        yield


def steps_of(action, exchanging=True, full=False):
    """The steps on the disk that an action takes, as `killed_at` or `full_at` count them."""
    disk = _Disk(None, full)
    with _patched(disk, exchanging):
        action()
    return disk.names


def killed_at(step, action, exchanging=True):
    """Kill an action before one of its steps on the disk."""
    with _patched(_Disk(step, False), exchanging), suppress(Killed):
        action()


def full_at(step, action, exchanging=True):
    """Let the disk be full from a step on; the error that the action ends with, or none."""
    with _patched(_Disk(step, True), exchanging):
        try:
            action()
        except OSError as error:
            return error
    return None
