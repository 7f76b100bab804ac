"""What goes wrong is said in problem documents, and nothing of what was sent comes back."""

from __future__ import annotations

import json
import logging

import pytest

from paperknife.service.app import create_app

OPEN = {"event_id": "o1", "occurred_at": "2026-03-02T10:00:00Z", "message_id": "m1"}
CLICK = {**OPEN, "event_id": "c1", "event_type": "click"}


def problem(answer, status, code):
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert (said["status"], said["code"], said["type"]) == (status, code, f"urn:paperknife:problem:{code}")
    assert said["title"]
    return said


@pytest.mark.parametrize(
    ("question", "pointer", "code", "detail"),
    [
        ({}, "#/open", "missing-field", "is missing"),
        ({"open": "o1"}, "#/open", "wrong-type", "must be an object"),
        ({"open": {**OPEN, "message_id": None}}, "#/open/message_id", "wrong-type", "must be a text"),
        ({"open": {**OPEN, "event_id": 7}}, "#/open/event_id", "wrong-type", "must be a text"),
        ({"open": {**OPEN, "event_id": ""}}, "#/open/event_id", "missing-field", "is empty"),
        ({"open": {**OPEN, "event_id": " "}}, "#/open/event_id", "missing-field", "is empty"),
        ({"open": {**OPEN, "url": "u" * 9000}}, "#/open/url", "too-long", "at most 8,192 characters"),
        ({"open": {**OPEN, "is_ambiguous": "yes"}}, "#/open/is_ambiguous", "wrong-type", "true or false"),
        ({"open": {**OPEN, "useragent": "x"}}, "#/open", "unknown-field", "Did you mean 'user_agent'?"),
        ({"open": {**OPEN, "event_type": "click"}}, "#/open/event_type", "unknown-value", "must be 'open'"),
        ({"open": {**OPEN, "ip": "203.0.113.9:443"}}, "#/open/ip", "bad-ip", "no IPv4 or IPv6 address"),
        ({"open": {**OPEN, "ip": "fe80::1%eth0"}}, "#/open/ip", "bad-ip", "no IPv4 or IPv6 address"),
        (
            {"open": {**OPEN, "network_class": "icloud"}},
            "#/open/network_class",
            "unknown-value",
            "apple_relay",
        ),
        (
            {"open": {**OPEN, "occurred_at": "2026-03-02T10:00:00"}},
            "#/open/occurred_at",
            "bad-time",
            "'2026-03-02T10:00:00' has no time zone. Add 'Z'",
        ),
        ({"open": {**OPEN, "occurred_at": "1772445600"}}, "#/open/occurred_at", "bad-time", "Write it like"),
        (
            {"open": {**OPEN, "occurred_at": "2026-02-30T10:00Z"}},
            "#/open/occurred_at",
            "bad-time",
            "no time of the calendar",
        ),
        (
            {"open": {**OPEN, "occurred_at": "1970-01-21T12:20:45Z"}},
            "#/open/occurred_at",
            "bad-time",
            "not from 2000 to 2100",
        ),
        ({"open": OPEN, "horizon": "2h"}, "#/horizon", "unknown-value", "'instant', '1h', '24h', '7d'"),
        ({"open": OPEN, "preset": "sales"}, "#/preset", "unknown-value", "'report', 'notify' or 'suppress'"),
        ({"open": OPEN, "reasons": 1}, "#/reasons", "wrong-type", "true or false"),
        ({"open": OPEN, "event": []}, "#", "unknown-field", "Did you mean 'events'?"),
        ({"open": OPEN, "events": {}}, "#/events", "wrong-type", "must be an array"),
        ({"open": OPEN, "events": [CLICK, {}]}, "#/events/1/event_id", "missing-field", "is missing"),
        (
            {"open": OPEN, "events": [CLICK, {**CLICK, "occurred_at": "noon"}]},
            "#/events/1/occurred_at",
            "bad-time",
            "is no ISO 8601 time",
        ),
        ({"open": OPEN, "events": [CLICK] * 1001}, "#/events", "too-many-events", "more than the 1,000"),
        ([], "#", "wrong-type", "must be an object"),
    ],
)
def test_each_malformed_question_is_sent_back_with_its_place(counting, question, pointer, code, detail):
    said = problem(counting.post("/v1/score", json=question), 422, "invalid-request")
    found = said["errors"][0]
    assert (found["pointer"], found["code"]) == (pointer, code)
    assert detail in found["detail"]


def test_half_a_surrogate_pair_is_no_character(counting):
    body = json.dumps({"open": {**OPEN, "event_id": "\ud800"}})
    said = problem(counting.send("/v1/score", body), 422, "invalid-request")
    assert said["errors"][0]["code"] == "not-unicode"


def test_a_batch_names_the_opens_that_are_wrong(counting):
    opens = [
        {"open": OPEN},
        {"open": {**OPEN, "ip": "nowhere"}},
        {"open": OPEN},
        {"open": {**OPEN, "ip": "?"}},
    ]
    said = problem(counting.post("/v1/score/batch", json={"opens": opens}), 422, "invalid-request")
    assert [found["pointer"] for found in said["errors"]] == ["#/opens/1/open/ip", "#/opens/3/open/ip"]
    assert said["detail"] == "2 things are wrong with the request; nothing was scored."


def test_of_many_faults_the_first_twenty_are_listed_and_all_counted(counting):
    opens = [{"open": {**OPEN, "ip": "nowhere"}}] * 50
    said = problem(counting.post("/v1/score/batch", json={"opens": opens}), 422, "invalid-request")
    assert len(said["errors"]) == 20
    assert said["detail"].startswith("50 things are wrong")


def test_a_misnamed_list_of_opens_is_recognised(counting):
    said = problem(counting.post("/v1/score/batch", json={"open": []}), 422, "invalid-request")
    assert "Did you mean 'opens'?" in said["errors"][1]["detail"]


def test_more_than_ten_thousand_opens_are_a_job_for_a_log(counting):
    body = json.dumps({"opens": [{"open": OPEN}] * 10_001})
    said = problem(counting.send("/v1/score/batch", body), 422, "invalid-request")
    assert said["errors"] == [
        {
            "pointer": "#/opens",
            "code": "too-many-opens",
            "detail": "holds more than the 10,000 that one call takes.",
        }
    ]


@pytest.mark.parametrize(
    "question",
    [
        {"open": {**OPEN, "ip": "alice@example.org"}},
        {"open": {**OPEN, "occurred_at": "alice@example.org"}},
        {"open": {**OPEN, "alice@example.org": 1}},
        {"open": {**OPEN, "network_class": "alice@example.org"}},
        {"open": OPEN, "horizon": "alice@example.org"},
        {"open": ["alice@example.org"]},
    ],
)
def test_no_value_comes_back(counting, question):
    answer = counting.post("/v1/score", json=question)
    assert answer.status_code == 422
    assert "alice" not in answer.text


@pytest.mark.parametrize("path", ["/v2/score", "/v1/score/", "/v1/message/alice", "/"])
def test_an_unknown_address_points_to_the_documentation(counting, path):
    said = problem(counting.get(path), 404, "not-found")
    assert "/docs" in said["detail"]
    assert "alice" not in json.dumps(said)


def test_a_wrong_method_says_which_is_right(counting):
    answer = counting.get("/v1/score")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"


def test_the_unforeseen_is_answered_and_logged_without_a_word_of_it(caller_of, counting_model, caplog):
    def fail(evidence, *, threads=0):
        raise ValueError(f"cannot place {evidence['recipient_id'].iloc[0]}")

    counting_model.predict = fail
    caller = caller_of(create_app(counting_model, keys=None))
    with caplog.at_level(logging.INFO):
        answer = caller.post("/v1/score", json={"open": {**OPEN, "recipient_id": "alice"}})
    said = problem(answer, 500, "unexpected")
    assert (
        said["detail"] == "The service could not answer. Nothing was stored. Its log says where it happened."
    )
    assert "Unexpected ValueError at " in caplog.text
    assert "test_problems.py" in caplog.text
    assert "alice" not in caplog.text + answer.text
