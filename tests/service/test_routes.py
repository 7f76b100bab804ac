"""What the calls answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from paperknife.events.log import read_events
from paperknife.model.bundle import load_model
from paperknife.service.app import create_app
from paperknife.service.schemas import QUESTION_EXAMPLES
from paperknife.verdicts.scoring import VERDICT_COLUMNS, score

NOW = datetime(2026, 3, 20, tzinfo=UTC)
BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
PROXY = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


def happened(event_id, event_type, after_s, message_id, **columns):
    at = BEGAN + timedelta(seconds=after_s)
    return {
        "event_id": event_id,
        "event_type": event_type,
        "occurred_at": at.isoformat(),
        "message_id": message_id,
        "campaign_id": "spring",
        **columns,
    }


def story():
    """Alice reads behind Apple and clicks; Bob reads through Gmail, twice; one mail has but an open."""
    alice = {"recipient_id": "alice", "recipient_domain": "example.org"}
    bob = {"recipient_id": "bob", "recipient_domain": "example.com"}
    apple = {"ip": "172.225.10.20", "user_agent": "Mozilla/5.0"}
    gmail = {"ip": "66.249.84.7", "user_agent": PROXY}
    return [
        happened("d1", "delivered", 0, "m1", **alice),
        happened("o1", "open", 4, "m1", **alice, **apple),
        happened("o2", "open", 3_600, "m1", **alice, **apple),
        happened("c1", "click", 3_640, "m1", **alice, ip="203.0.113.9", user_agent=SAFARI),
        happened("d2", "delivered", 1, "m2", **bob),
        happened("o3", "open", 900, "m2", **bob, **gmail),
        happened("o4", "open", 90_000, "m2", **bob, **gmail),
        happened("s3", "sent", 2, "m3", **bob),
        happened("o5", "open", 3, "m3", **bob, user_agent=""),
        happened("o6", "open", 5, "m4"),
        happened("u1", "unsubscribe", 99_000, "m1", **alice),
        happened("x1", "bounce", 100, "m2", **bob),
    ]


@pytest.fixture(scope="module")
def shipped(model):
    return create_app(model, keys=None, clock=lambda: NOW)


@pytest.fixture(scope="module")
def model():
    return load_model()


def test_a_verdict_has_the_columns_of_a_verdict_table_and_adds_up(shipped, caller_of, model):
    answer = caller_of(shipped).post("/v1/score", json=QUESTION_EXAMPLES["prefetch"]["value"])
    assert answer.status_code == 200
    verdict = answer.json()
    assert tuple(verdict) == VERDICT_COLUMNS
    assert verdict["p_human"] + verdict["p_prefetch"] + verdict["p_machine"] == pytest.approx(1)
    assert verdict["mechanism"] == "apple_relay"
    assert verdict["occurred_at"] == "2026-03-02T10:00:04.120000Z"
    assert verdict["model_id"] == model.model_id
    assert 1 <= len(verdict["reasons"]) <= 3


@pytest.mark.parametrize("horizon", ["instant", "24h", "settled"])
@pytest.mark.parametrize("preset", ["report", "notify"])
def test_asking_and_batch_scoring_agree(shipped, caller_of, model, horizon, preset):
    events = story()
    table = score(
        read_events(pd.DataFrame(events)), model, horizon=horizon, as_of=NOW, preset=preset, reasons=True
    )
    batch = {
        "opens": [
            {"open": event, "events": events, "horizon": horizon, "preset": preset, "reasons": True}
            for event in events
            if event["event_type"] == "open"
        ]
    }
    answer = caller_of(shipped).post("/v1/score/batch", json=batch)
    asked = {verdict.pop("event_id"): verdict for verdict in answer.json()["verdicts"]}
    assert len(asked) == len(table) == 6
    for row in table.to_dict("records"):
        verdict = asked[row.pop("event_id")]
        assert pd.Timestamp(verdict.pop("occurred_at")) == row.pop("occurred_at")
        # To the last bit: one definition of the evidence, one model, one table of verdicts.
        for name, value in row.items():
            assert verdict[name] == (None if pd.api.types.is_scalar(value) and pd.isna(value) else value), (
                name
            )


def test_a_batch_is_answered_in_the_order_asked_whatever_each_open_asks_for(counting):
    asked = [
        {"open": {"event_id": f"o{n}", "occurred_at": f"2026-03-02T10:00:{n:02}Z", "message_id": "m"}}
        | ({"preset": "suppress"} if n % 2 else {})
        | ({"reasons": True} if n % 3 else {})
        | ({"horizon": "1h"} if n % 5 else {})
        for n in (31, 5, 17, 2, 9, 30)
    ]
    verdicts = counting.post("/v1/score/batch", json={"opens": asked}).json()["verdicts"]
    assert [verdict["event_id"] for verdict in verdicts] == ["o31", "o5", "o17", "o2", "o9", "o30"]
    assert [bool(verdict["reasons"]) for verdict in verdicts] == [True, True, True, True, False, False]
    assert [verdict["horizon"] for verdict in verdicts] == ["1h", "instant", "1h", "1h", "1h", "instant"]


def test_an_empty_batch_has_no_verdicts(counting):
    assert counting.post("/v1/score/batch", json={"opens": []}).json() == {"verdicts": []}


def test_what_the_caller_knows_counts(counting):
    opened = {"event_id": "o2", "occurred_at": "2026-03-02T10:00:00Z", "message_id": "m"}
    before = {
        "event_id": "o1",
        "event_type": "open",
        "occurred_at": "2026-03-02T09:00:00Z",
        "message_id": "m",
    }
    alone = counting.post("/v1/score", json={"open": opened}).json()
    after = counting.post("/v1/score", json={"open": opened, "events": [before]}).json()
    assert (alone["p_human"], after["p_human"]) == (1 / 2, 1 / 3)


@pytest.mark.parametrize("example", QUESTION_EXAMPLES)
def test_every_example_of_the_documentation_is_answered(shipped, caller_of, example):
    answer = caller_of(shipped).post("/v1/score", json=QUESTION_EXAMPLES[example]["value"])
    assert answer.status_code == 200


def test_the_model_shows_its_card(shipped, caller_of, model):
    shown = caller_of(shipped).get("/v1/model").json()
    assert shown == {"model_id": model.model_id, "manifest": model.manifest, "card": model.card}


def test_it_says_that_it_is_up(counting):
    assert counting.get("/healthz").json() == {"status": "ok"}
