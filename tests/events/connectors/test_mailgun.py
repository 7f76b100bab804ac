"""Mailgun's own quirks."""

from __future__ import annotations

import pytest

from paperknife.events.connectors import connector

RAW = {
    "event": "opened",
    "id": "x",
    "timestamp": 1521472262.908181,
    "recipient": "a@example.org",
    "message": {"headers": {"message-id": "1.2@mg.example.com"}},
}


@pytest.fixture
def translator(hasher):
    return connector("mailgun", hasher)


def one(translator, **fields):
    (event,) = translator.parse({**RAW, **fields}).events
    return event


def test_microseconds_are_kept_exactly(translator):
    assert one(translator).occurred_at == 1521472262_908181
    for us in range(0, 1_000_000, 9973):
        assert one(translator, timestamp=float(f"4102444799.{us:06d}")).occurred_at == 4102444799_000000 + us


def test_the_event_id_holds_the_utc_day(translator):
    assert one(translator).event_id == "mailgun:2018-03-19:x"
    assert one(translator, timestamp=1521472262 + 86400).event_id == "mailgun:2018-03-20:x"


@pytest.mark.parametrize(
    ("bot", "verdict"),
    [
        ("apple", "machine"),
        ("gmail", "machine"),
        ("generic", "machine"),
        ("new-kind", "machine"),
        ("", "human"),
        (None, None),
        (1, None),
    ],
)
def test_the_bot_field_is_the_vendors_verdict(translator, bot, verdict):
    assert one(translator, **{"client-info": {"bot": bot}}).vendor_verdict == verdict
    assert one(translator).vendor_verdict is None


@pytest.mark.parametrize(
    "wrap",
    [
        lambda raw: {"signature": {"token": "t"}, "event-data": raw},
        lambda raw: [{"event-data": raw}],
        lambda raw: {"items": [raw], "paging": {}},
        lambda raw: raw,
        lambda raw: [raw],
    ],
)
def test_webhooks_pages_and_bare_events_are_unwrapped(translator, wrap):
    assert len(translator.parse(wrap(RAW)).events) == 1


@pytest.mark.parametrize(
    ("fields", "campaign"),
    [
        ({"campaigns": [{"id": "c1"}, {"id": "c2"}], "tags": ["t"]}, "c1"),
        ({"campaigns": [], "tags": ["t", "u"], "user-variables": {"campaign": "v"}}, "t"),
        ({"tags": [], "user-variables": {"campaign_id": 7, "campaign": "v"}}, "7"),
        ({"user-variables": {"campaign": "v"}}, "v"),
        ({"user-variables": []}, None),
    ],
)
def test_the_campaign_in_its_stated_order(translator, fields, campaign):
    assert one(translator, **fields).campaign_id == campaign


def test_without_a_message_id_a_row_is_set_aside(translator):
    (bad,) = translator.parse({**RAW, "message": {}}).rejected
    assert bad.reason == "message.headers.message-id is missing"


def test_a_recipients_address_inside_the_message_id_is_hashed(translator, hasher):
    raw = {"message": {"headers": {"message-id": "<bounce-a@example.org-17@mg.example.com>"}}}
    assert "a@example.org" not in one(translator, **raw).message_id
    assert hasher.hash("a@example.org") in one(translator, **raw).message_id
