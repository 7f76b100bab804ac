"""Bodies are read strictly: what is not JSON, or too much of it, is refused before it costs anything."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

OPEN = {"event_id": "o1", "occurred_at": "2026-03-02T10:00:00Z", "message_id": "m1"}


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "The body is empty"),
        (b"{", "Line 1, column 2: Expecting property name"),
        (b'{"open": {}} x', "Line 1, column 14: Extra data"),
        (b'{"open": NaN}', "NaN is not JSON. Send null"),
        (b'{"open": -Infinity}', "-Infinity is not JSON"),
        (b'{"open": {}, "open": {}}', "names the same member twice"),
        (b'{"open": {"ip": "a", "ip": "b"}}', "names the same member twice"),
        (b'{"open": "\xff"}', "Byte 10 of the body is not UTF-8"),
        (json.dumps({"open": OPEN}).encode("utf-16"), "is not UTF-8"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"open":' * 50_000, "nested too deep"),
        (b'{"open": ' + b"9" * 10_000 + b"}", "a number of thousands of digits"),
    ],
)
def test_what_is_not_json_says_why(counting, body, detail):
    answer = counting.send("/v1/score", body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "bad-json"
    assert detail in answer.json()["detail"]


@pytest.mark.parametrize("number", [b"1e999", b"-0", b"123456789012345678901234567890", b"0.1"])
def test_numbers_are_no_opens(counting, number):
    answer = counting.send("/v1/score", b'{"open": ' + number + b"}")
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "text/plain"},
        {"content_type": "application/x-ndjson"},
        {"content_type": "application/jsonp"},
        {"content_type": ""},
        {"content_encoding": "gzip"},
    ],
)
def test_only_plain_json_is_read(counting, headers):
    answer = counting.send("/v1/score", json.dumps({"open": OPEN}), **headers)
    assert answer.status_code == 415
    assert answer.json()["code"] == "wrong-content-type"


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_may_be_declared_in_any_way(counting, kind):
    assert counting.send("/v1/score", json.dumps({"open": OPEN}), content_type=kind).status_code == 200


async def trickle(chunks, pulled):
    for chunk in chunks:
        pulled.append(len(chunk))
        yield chunk


@pytest.mark.parametrize(("path", "limit"), [("/v1/score", 1_000_000), ("/v1/score/batch", 16_000_000)])
def test_a_body_without_a_declared_length_is_cut_off_where_it_grows_too_large(counting, path, limit):
    pulled = []
    answer = counting.send(path, trickle([b" " * 500_000] * 100, pulled))
    assert answer.status_code == 413
    assert answer.json()["code"] == "too-large"
    assert f"larger than {limit:,} bytes" in answer.json()["detail"]
    assert sum(pulled) <= limit + 500_000


def test_a_body_declared_too_large_is_not_read_at_all(counting):
    pulled = []
    answer = counting.send("/v1/score", trickle([b"{"], pulled), content_length="1000001")
    assert answer.status_code == 413
    assert pulled == []


def test_a_body_of_just_the_limit_is_read(counting):
    body = json.dumps({"open": OPEN})
    assert counting.send("/v1/score", body.ljust(1_000_000)).status_code == 200
    assert counting.send("/v1/score", body.ljust(1_000_001)).status_code == 413


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_break_it(counting, body):
    assert 400 <= counting.send("/v1/score", body).status_code < 500
