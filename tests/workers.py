"""Which tests run in one worker, one after the other, where several workers share them."""

import re

# These start processes of their own, or kill them: beside each other they would wait for each other.
_PROCESSES = re.compile(r"/test_devices\.py|process_killed|killed_run|study_that_is_killed|engines_give")
# A folder whose tests share what its fixtures make (and a browser), and files whose tests share nothing at all.
_TOGETHER = "tests/serve/"
_APART = ("tests/experiments/test_studies.py", "tests/conformance/")
# What takes longest begins first, so that no worker is left with it at the end.
_FIRST = ("processes", "tests/serve/", "tests/docs/", "tests/cli/", "tests/estimators/", "tests/experiments/")


def scope_of(nodeid):
    """The group a test belongs to: as a rule its file, whose fixtures are made once."""
    if _PROCESSES.search(nodeid):
        return "processes"
    if nodeid.startswith(_TOGETHER):
        return _TOGETHER
    return nodeid if nodeid.startswith(_APART) else nodeid.split("::")[0]


def place_of(nodeid):
    """When its turn is, as a number that sorts."""
    scope = scope_of(nodeid)
    return next((place for place, start in enumerate(_FIRST) if scope.startswith(start)), len(_FIRST))


def scheduling(config, log):
    """The scheduler of pytest-xdist, with these groups in this order."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return scope_of(nodeid)

    config.option.loadscopereorder = False
    return Scheduling(config, log)
