"""Iterable's own quirks."""

from __future__ import annotations

import base64

import pytest

from paperknife.errors import SignatureError
from paperknife.events.connectors import connector
from paperknife.events.connectors.iterable import Iterable

FIELDS = {"createdAt": "2026-01-31 09:00:09 +00:00", "messageId": "m1", "campaignId": 7, "templateId": 8}
RAW = {"email": "a@example.org", "eventName": "emailOpen", "dataFields": FIELDS}
EXPORTED = {"email": "a@example.org", **FIELDS}


@pytest.fixture
def translator(hasher):
    return connector("iterable", hasher)


def one(translator, name="emailOpen", **fields):
    (event,) = translator.parse({**RAW, "eventName": name, "dataFields": {**FIELDS, **fields}}).events
    return event


def in_file(translator, name, raw=EXPORTED):
    return translator.parse(raw, {"X-File-Name": name})


@pytest.mark.parametrize(
    ("given", "us"),
    [("2026-01-31 09:00:09 +00:00", 1769850009_000000), ("2026-01-31 10:00:09 +01:00", 1769850009_000000),
     ("2026-01-31T09:00:09.250Z", 1769850009_250000)],
)  # fmt: skip
def test_times_as_iterable_writes_them(translator, given, us):
    assert one(translator, createdAt=given).occurred_at == us


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"proxySource": "Apple"}, "machine"),
        ({"proxySource": "apple"}, "machine"),
        ({"isBot": True}, "machine"),
        ({"proxySource": "Google"}, None),
        ({"proxySource": "Yahoo"}, None),
        ({"proxySource": None, "isBot": False}, None),
        ({"proxySource": ["Apple"]}, None),
        ({}, None),
    ],
)
def test_only_apples_proxy_and_bots_are_a_word_for_a_machine(translator, fields, verdict):
    assert one(translator, **fields).vendor_verdict == verdict


def test_exported_rows_and_webhooks_of_one_event_are_one_event(translator):
    for row in ({**EXPORTED, "eventName": "emailOpen"}, {**EXPORTED, "eventType": "emailOpen"}):
        assert translator.parse(row).events == [one(translator)]
        assert translator.parse({"events": [row]}).events == [one(translator)]


@pytest.mark.parametrize(
    ("name", "event_type"),
    [
        ("exports/emailOpen.ndjson", "open"),
        ("exports/email_opens_2026.csv", "open"),
        ("emailSend/emailClick/part-0.json", "click"),
        ("email-send.json.gz", "sent"),
        ("EMAIL_UNSUBSCRIBE.csv", "unsubscribe"),
    ],
)
def test_an_exported_rows_type_stands_in_the_files_name(translator, name, event_type):
    (event,) = in_file(translator, name).events
    assert event.event_type == event_type


def test_other_types_in_a_files_name_are_counted_and_a_rows_own_type_counts_more(translator):
    assert in_file(translator, "emailSendSkip.ndjson").unknown_types == {"emailSendSkip": 1}
    assert in_file(translator, "email_subscribe.ndjson").unknown_types == {"emailSubscribe": 1}
    (event,) = in_file(translator, "emailSend.ndjson", RAW).events
    assert event.event_type == "open"


def test_without_a_type_anywhere_the_row_says_where_it_should_stand(translator):
    (bad,) = in_file(translator, "export-7.ndjson").rejected
    assert bad.reason == "the event's type is missing: keep it in the file's name, as in emailOpen.ndjson"


def test_an_unsubscription_from_no_message_is_counted_and_one_from_a_message_is_an_event(translator):
    fields = {**FIELDS, "messageId": None}
    batch = translator.parse({**RAW, "eventName": "emailUnSubscribe", "dataFields": fields})
    assert batch.unknown_types == {"emailUnSubscribe, no message": 1}
    assert one(translator, "emailUnSubscribe").event_type == "unsubscribe"
    (bad,) = translator.parse({**RAW, "dataFields": fields}).rejected
    assert bad.reason == "the message's id is missing"


def test_where_there_is_no_address_the_users_id_is_the_recipient(translator, hasher):
    (event,) = translator.parse({**RAW, "email": None, "userId": "u-1"}).events
    assert (event.recipient_id, event.recipient_domain) == (hasher.hash("u-1"), None)
    (event,) = translator.parse(
        {**RAW, "email": None, "dataFields": {**FIELDS, "email": "b@example.org"}}
    ).events
    assert event.recipient_id == hasher.hash("b@example.org")


def test_large_ids_stay_exact_and_push_events_are_counted(translator):
    assert one(translator, campaignId=2**60 + 1).campaign_id == str(2**60 + 1)
    assert translator.parse({**RAW, "eventName": "pushOpen"}).unknown_types == {"pushOpen": 1}


def test_the_webhooks_secret_is_checked():
    good = {"Authorization": "Basic " + base64.b64encode(b"user:word").decode()}
    Iterable.verify(good, b"{}", "user:word")
    with pytest.raises(SignatureError, match="The request's secret is another one"):
        Iterable.verify(good, b"{}", "user:other")
