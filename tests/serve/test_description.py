"""Everything that the OpenAPI description allows, and much that it does not, is put to the interface."""

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks

from lookalike.experiments import open_run
from lookalike.serve import Desk, bare_app


@pytest.fixture
def described(digits_folder, monkeypatch):
    desk = Desk(open_run(digits_folder))
    # Made-up requests may save as often as they like, but not beside the run.
    monkeypatch.setattr(desk, "save", lambda: digits_folder)
    monkeypatch.setattr("lookalike.serve.desk.write_whole", lambda file, content: None)
    return schemathesis.openapi.from_asgi("/openapi.json", bare_app(desk))


schema = schemathesis.pytest.from_fixture("described")

_KEPT = [
    checks.CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
    )
]


@schema.parametrize()
@settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
def test_answers_are_as_described(case):
    case.call_and_validate(checks=_KEPT)
