"""Brevo's own quirks and its shared secret."""

from __future__ import annotations

import pytest

from paperknife.errors import SignatureError
from paperknife.events.connectors import connector
from paperknife.events.connectors.brevo import Brevo

RAW = {"event": "opened", "email": "a@example.org", "message-id": "<m.1@smtp-relay.mailin.fr>",
       "ts_epoch": 1769850000125}  # fmt: skip
MARKETING = {"event": "opened", "email": "a@example.org", "camp_id": 960, "campaign name": "Spring", "id": 1239108,
             "date_sent": "2026-01-30 09:00:00", "date_event": "2026-01-31 10:00:00", "ts_sent": 1769763600,
             "ts_event": 1769850000, "ts": 1769853600, "tag": "", "segment_ids": [1, 10]}  # fmt: skip


@pytest.fixture
def translator(hasher):
    return connector("brevo", hasher)


@pytest.fixture
def one(translator):
    def parse(**fields):
        (event,) = translator.parse({**RAW, **fields}).events
        return event

    return parse


@pytest.mark.parametrize(
    ("times", "us"),
    [
        ({"ts_epoch": 1769850000125, "ts_event": 1769846400, "ts": 1}, 1769850000_125000),
        ({"ts_epoch": "1769850000125"}, 1769850000_125000),
        ({"ts_epoch": 1769850000}, 1769850000_000000),
        ({"ts_epoch": None, "ts_event": 1769850000, "ts": 1769853600}, 1769850000_000000),
        ({"ts_epoch": 0, "ts": 1769850000.5}, 1769850000_500000),
        ({"ts_epoch": None, "date": "2026-01-31T10:00:00.250+01:00"}, 1769850000_250000),
    ],
)
def test_the_time_is_the_best_that_is_there_in_its_own_unit(one, times, us):
    assert one(**times).occurred_at == us


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ({"date": "2026-01-31 10:00:00"}, "the time has no time zone"),
        ({}, "the time is missing"),
        ({"ts": True}, "the time is no time"),
        ({"ts_epoch": "9" * 30}, "the time is before 2000 or after 2100"),
        ({"ts": float("nan")}, "the time is no time"),
    ],
)
def test_a_date_without_a_zone_is_not_guessed(translator, times, reason):
    (bad,) = translator.parse({**RAW, "ts_epoch": None, **times}).rejected
    assert bad.reason == reason


@pytest.mark.parametrize(
    "kind", ["proxy_open", "unique_proxy_open", "proxyOpen", "uniqueProxyOpen", "loadedByProxy"]
)
def test_a_proxys_open_is_an_open_with_the_vendors_word(one, kind):
    assert (one(event=kind).event_type, one(event=kind).vendor_verdict) == ("open", "machine")


@pytest.mark.parametrize(
    ("kind", "event_type"),
    [("request", "sent"), ("requests", "sent"), ("sent", "sent"), ("delivered", "delivered"), ("opened", "open"),
     ("unique_opened", "open"), ("uniqueOpened", "open"), ("click", "click"), ("clicks", "click"),
     ("unsubscribed", "unsubscribe"), ("unsubscribe", "unsubscribe")],
)  # fmt: skip
def test_names_of_webhooks_and_of_the_report(one, kind, event_type):
    assert (one(event=kind).event_type, one(event=kind).vendor_verdict) == (event_type, None)


def test_one_open_told_twice_is_one_event_and_the_next_open_another(one):
    assert one(event="unique_opened").event_id == one(event="opened").event_id
    assert one(event="opened", ts_epoch=1769850000126).event_id != one(event="opened").event_id


def test_webhook_and_report_join(one, translator):
    row = {"event": "clicks", "email": "A@example.org", "messageId": RAW["message-id"], "ip": "203.0.113.9",
           "date": "2026-01-31T09:00:01Z", "link": "https://x.example"}  # fmt: skip
    (event,) = translator.parse({"events": [row]}).events
    assert event.message_id == one().message_id
    assert (event.ip, event.url) == ("203.0.113.9", "https://x.example")
    assert Brevo.recognises(row)


def test_batches_and_pages(translator):
    assert len(translator.parse([RAW, {**RAW, "event": "click"}]).events) == 2
    assert len(translator.parse([{"events": [RAW]}, {"events": [RAW, 7]}]).events) == 2
    assert len(translator.parse({"events": "none"}).rejected) == 1


def test_marketing_joins_by_campaign_and_recipient(translator, hasher):
    events = [
        translator.parse({**MARKETING, "event": kind}).events[0] for kind in ("delivered", "opened", "click")
    ]
    assert {event.message_id for event in events} == {f"campaign-960:{hasher.hash('a@example.org')}"}
    assert {event.campaign_id for event in events} == {"960"}
    assert {event.occurred_at for event in events} == {1769850000_000000}
    assert Brevo.recognises(MARKETING)


def test_the_sending_ip_is_nobodys(one):
    event = one(sending_ip="198.51.100.7", user_agent="Thunderbird/128.0")
    assert (event.ip, event.user_agent) == (None, "Thunderbird/128.0")


@pytest.mark.parametrize(
    ("fields", "campaign"),
    [
        ({"camp_id": 5, "campaign name": "n", "tags": ["t"]}, "5"),
        ({"campaign name": "n", "tags": ["t"]}, "n"),
        ({"tags": ["t", "u"], "tag": "s"}, "t"),
        ({"tags": None, "tag": '["j","k"]'}, "j"),
        ({"tags": [], "tag": "s"}, "s"),
        ({"tag": "[s"}, "[s"),
        ({"tag": ""}, None),
    ],
)
def test_the_campaign_in_its_stated_order(one, fields, campaign):
    assert one(**fields).campaign_id == campaign


def test_what_is_no_reading_is_counted(translator):
    kinds = [
        "hard_bounce",
        "soft_bounce",
        "blocked",
        "spam",
        "invalid_email",
        "deferred",
        "error",
        "list_addition",
    ]
    assert translator.parse([{**RAW, "event": kind} for kind in kinds]).unknown_types == dict.fromkeys(
        kinds, 1
    )


def test_the_shared_secret():
    Brevo.verify({"Authorization": "Bearer a secret"}, b"[]", "a secret")
    with pytest.raises(SignatureError, match="The request's secret is another one"):
        Brevo.verify({"Authorization": "Bearer another"}, b"[]", "a secret")
