"""Everything that the OpenAPI description allows, and much that it does not, is put to the interface."""

import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode, checks

from lookalike.experiments import open_run
from lookalike.serve import Desk, bare_app
from tests.serve.conftest import encoded

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
    ("/sizes", "GET"),
    ("/self-test", "GET"),
    ("/self-test", "POST"),
]
# Those that take a body or a query, of which there can be another than is described.
_WITH_SOMETHING_TO_SAY = {
    ("/examples", "GET"),
    ("/self-test", "GET"),
    ("/changes/last", "DELETE"),
    *(each for each in _OPERATIONS if each[1] == "POST" and each[0] != "/save"),
}
# Words of the right form need not be pictures, so what is described may be refused, with a reason.
_LEFT_OUT = [checks.positive_data_acceptance]


@pytest.fixture(scope="module")
def described(digits_folder):
    desk = Desk(open_run(digits_folder))
    with pytest.MonkeyPatch.context() as patch:
        # Made-up requests may save as often as they like, but not beside the run.
        patch.setattr(desk, "save", lambda: digits_folder)
        patch.setattr("lookalike.serve.trials.write_whole", lambda file, content: None)
        yield schemathesis.openapi.from_asgi("/openapi.json", bare_app(desk))


def test_every_operation_is_asked(described):
    known = {(each.ok().path, each.ok().method.upper()) for each in described.get_all_operations()}
    assert known == set(_OPERATIONS)


def test_what_can_be_answered_is_answered_as_described(described, digits_folder):
    picture = encoded(np.full((8, 8), 99, np.uint8))
    bodies = {
        "/strip": {"input": picture, "name": "mine", "most": 1, "coverage": 0.5},
        "/predict": {"inputs": [picture, picture]},
        "/explain": {"inputs": [picture]},
        "/blend": {"test": 3, "prototype": 1},
        "/changes/preview": {"kind": "forget", "prototype": 1},
        "/changes": {"kind": "replace", "prototype": 1, "inputs": [picture]},
        "/save": None,
        "/self-test": {"seed": 424242, "answers": [0] * 20},
    }
    assert set(bodies) == {path for path, method in _OPERATIONS if method == "POST"}
    for path, body in bodies.items():
        options = {} if body is None else {"body": body, "media_type": "application/json"}
        answer = described[path]["POST"].Case(**options).call_and_validate(excluded_checks=_LEFT_OUT)
        assert answer.status_code == 200, path


@pytest.mark.parametrize(
    ("path", "method", "mode"),
    [
        *((*each, GenerationMode.POSITIVE) for each in _OPERATIONS),
        *((*each, GenerationMode.NEGATIVE) for each in _OPERATIONS if each in _WITH_SOMETHING_TO_SAY),
    ],
)
def test_answers_are_as_described(described, path, method, mode):
    operation = described[path][method]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=20, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def ask(case):
        case.call_and_validate(excluded_checks=_LEFT_OUT)

    ask()
