"""The description of the API is true: what it allows is answered, and every answer is as it says."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from paperknife.events.schema import COLUMN_NAMES
from paperknife.evidence.history import HORIZONS
from paperknife.service.schemas import EventKnown, OpenAsked, QuestionAsked, Verdict
from paperknife.verdicts.presets import PRESETS
from paperknife.verdicts.scoring import VERDICT_COLUMNS

CALLS = [("GET", "/healthz"), ("GET", "/v1/model"), ("POST", "/v1/score"), ("POST", "/v1/score/batch")]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def described(counting):
    return schemathesis.openapi.from_asgi("/openapi.json", counting.app)


def test_no_call_is_left_out(described):
    found = [operation.ok() for operation in described.get_all_operations()]
    assert sorted((operation.method.upper(), operation.path) for operation in found) == CALLS


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize(("method", "path"), CALLS[2:])
def test_every_call_answers_as_described(described, method, path, mode):
    @settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(described[path][method].as_strategy(generation_mode=mode))
    def answers_as_described(case):
        case.call_and_validate(checks=CHECKS)

    answers_as_described()


def test_the_columns_are_those_of_the_log_and_of_verdicts():
    assert set(OpenAsked.model_fields) == set(EventKnown.model_fields) == set(COLUMN_NAMES)
    assert tuple(Verdict.model_fields) == VERDICT_COLUMNS


@pytest.mark.parametrize(("field", "known"), [("horizon", HORIZONS), ("preset", PRESETS)])
def test_the_choices_are_those_of_the_scorer(field, known):
    choices = QuestionAsked.model_json_schema()["properties"][field]["enum"]
    assert choices == list(known)


def test_every_refusal_is_described_as_a_problem(counting):
    described = counting.get("/openapi.json").json()
    refused = described["paths"]["/v1/score"]["post"]["responses"]["422"]["content"]
    assert refused == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert {"Problem", "Wrong"} <= set(described["components"]["schemas"])
    assert "HTTPValidationError" not in str(described)


def test_the_documentation_has_examples(counting):
    described = counting.get("/openapi.json").json()
    for path in ("/v1/score", "/v1/score/batch"):
        assert described["paths"][path]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert described["components"]["schemas"]["Verdict"]["examples"]
