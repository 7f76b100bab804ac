"""Only callers with a key are let in, and before their bodies are read."""

from __future__ import annotations

import pytest

from paperknife.service.app import create_app
from paperknife.service.keys import keys_from_environment

QUESTION = {"open": {"event_id": "o1", "occurred_at": "2026-03-02T10:00:00Z", "message_id": "m1"}}


@pytest.fixture
def guarded(caller_of, counting_model):
    return caller_of(create_app(counting_model, keys=["first secret", "zweites-Schlüsselwort"]))


@pytest.mark.parametrize("key", ["first secret", "zweites-Schlüsselwort"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_any_of_the_keys_lets_in(guarded, key, scheme):
    headers = {"authorization": f"{scheme} {key}".encode()}
    assert guarded.post("/v1/score", json=QUESTION, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer  ", "Basic Zmlyc3Q6c2VjcmV0", "first secret"]
)
def test_without_a_key_nobody_is_let_in(guarded, authorization):
    headers = {} if authorization is None else {"authorization": authorization}
    answer = guarded.post("/v1/score", json=QUESTION, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["code"] == "no-key"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("key", ["first", "first secret,zweites", "First secret", "ÿ"])
def test_a_wrong_key_is_told_so_and_not_repeated(guarded, key):
    answer = guarded.post(
        "/v1/score", json=QUESTION, headers={"authorization": f"Bearer {key}".encode("latin-1")}
    )
    assert answer.status_code == 401
    assert answer.json()["code"] == "wrong-key"
    assert key not in answer.json()["detail"].split("(")[0]


def test_a_stranger_s_body_is_not_read(guarded):
    async def body():
        pytest.fail("the body was read")
        yield b""

    assert guarded.send("/v1/score", body()).status_code == 401


@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/docs", 200), ("/openapi.json", 200)])
def test_health_and_documentation_need_no_key(guarded, path, status):
    assert guarded.get(path).status_code == status


@pytest.mark.parametrize("path", ["/v1/model", "/nowhere", "/healthz/", "//healthz"])
def test_everything_else_needs_one(guarded, path):
    assert guarded.get(path).status_code == 401


def test_keys_come_from_the_environment():
    assert keys_from_environment({"PAPERKNIFE_API_KEYS": " one, two ,,"}) == ("one", "two")
    assert keys_from_environment({}) == ()
