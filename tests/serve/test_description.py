"""Everything that the OpenAPI description allows, and much that it does not, is put to the interface."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode, checks

from lookalike.experiments import open_run
from lookalike.serve import Desk, bare_app

_OPERATIONS = [
    ("/cards", "GET"),
    ("/strip", "POST"),
    ("/examples", "GET"),
    ("/health", "GET"),
    ("/predict", "POST"),
    ("/explain", "POST"),
    ("/prototypes", "GET"),
    ("/blend", "POST"),
    ("/changes/preview", "POST"),
    ("/changes", "POST"),
    ("/changes/last", "DELETE"),
    ("/save", "POST"),
    ("/self-test", "GET"),
    ("/self-test", "POST"),
]
# Words of the right form need not be pictures, so what is described may be refused, with a reason.
_LEFT_OUT = [checks.positive_data_acceptance]


@pytest.fixture(scope="module")
def described(digits_folder):
    desk = Desk(open_run(digits_folder))
    with pytest.MonkeyPatch.context() as patch:
        # Made-up requests may save as often as they like, but not beside the run.
        patch.setattr(desk, "save", lambda: digits_folder)
        patch.setattr("lookalike.serve.desk.write_whole", lambda file, content: None)
        yield schemathesis.openapi.from_asgi("/openapi.json", bare_app(desk))


def test_every_operation_is_asked(described):
    known = {(each.ok().path, each.ok().method.upper()) for each in described.get_all_operations()}
    assert known == set(_OPERATIONS)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["described", "not described"])
@pytest.mark.parametrize(("path", "method"), _OPERATIONS)
def test_answers_are_as_described(described, path, method, mode):
    operation = described[path][method]
    if mode.is_negative and not (operation.body or operation.query):
        with pytest.raises(Exception, match="negative"):
            operation.as_strategy(generation_mode=mode).example()
        return

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=20, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def ask(case):
        case.call_and_validate(excluded_checks=_LEFT_OUT)

    ask()
