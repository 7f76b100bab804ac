"""Customer.io's own quirks."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from paperknife.errors import SignatureError
from paperknife.events.connectors import connector
from paperknife.events.connectors.customerio import CustomerIo

DATA = {"delivery_id": "d1", "recipient": "a@example.org", "customer_id": "7"}
RAW = {"event_id": "e1", "object_type": "email", "metric": "opened", "timestamp": 1769850009, "data": DATA}


@pytest.fixture
def translator(hasher):
    return connector("customerio", hasher)


def one(translator, data=DATA, **fields):
    (event,) = translator.parse({**RAW, **fields, "data": data}).events
    return event


@pytest.mark.parametrize(
    ("fields", "counted"),
    [
        ({"object_type": "push"}, "push_opened"),
        ({"object_type": "in_app"}, "in_app_opened"),
        ({"object_type": "customer", "metric": "subscribed"}, "customer_subscribed"),
        ({"metric": "converted"}, "converted"),
        ({"metric": "drafted"}, "drafted"),
    ],
)
def test_other_channels_and_metrics_are_counted(translator, fields, counted):
    assert translator.parse({**RAW, **fields}).unknown_types == {counted: 1}


def test_a_customer_unsubscribes_from_the_delivery_that_is_named_or_from_none(translator):
    fields = {"object_type": "customer", "metric": "unsubscribed"}
    assert one(translator, **fields).event_type == "unsubscribe"
    batch = translator.parse({**RAW, **fields, "data": {"customer_id": "7"}})
    assert batch.unknown_types == {"customer_unsubscribed": 1}


@pytest.mark.parametrize(
    ("metric", "event_type", "verdict"),
    [
        ("opened", "open", None),
        ("human_opened", "open", "human"),
        ("prefetch_opened", "open", "machine"),
        ("clicked", "click", None),
        ("human_clicked", "click", "human"),
        ("prefetch_clicked", "click", "machine"),
    ],
)
def test_the_verdict_stands_in_the_metrics_name_and_never_in_the_type(
    translator, metric, event_type, verdict
):
    event = one(translator, metric=metric)
    assert (event.event_type, event.vendor_verdict) == (event_type, verdict)


@pytest.mark.parametrize(
    ("data", "campaign"),
    [
        ({"campaign_id": 1, "newsletter_id": 3}, "1"),
        ({"campaign_id": None, "broadcast_id": 2}, "2"),
        ({"newsletter_id": 2**60 + 1}, str(2**60 + 1)),
        ({"transactional_message_id": "receipt"}, "receipt"),
        ({}, None),
    ],
)
def test_the_campaign_in_its_stated_order(translator, data, campaign):
    assert one(translator, {**DATA, **data}).campaign_id == campaign


def test_events_of_a_delivery_join_whatever_they_call_the_recipient(translator):
    calls = [{"recipient": "a@example.org"}, {"recipient": None, "customer_id": "7"},
             {"identifiers": {"email": "A@work.example.org"}}]  # fmt: skip
    assert {one(translator, {"delivery_id": "d1", **who}).message_id for who in calls} == {"d1"}


def test_a_message_to_several_is_nobodys_and_ambiguous(translator):
    event = one(translator, {**DATA, "recipient": "a@example.org, Bo <b@example.org>"})
    assert (event.message_id, event.recipient_id, event.is_ambiguous) == ("d1", None, True)
    own = one(translator, {**DATA, "recipient": '"a, b"@example.org'})
    assert (own.recipient_domain, own.is_ambiguous) == ("example.org", None)


@pytest.mark.parametrize(
    ("data", "who"),
    [
        ({"recipient": "a@example.org"}, "a@example.org"),
        ({"recipient": "", "identifiers": {"email": "b@example.org", "id": "7"}}, "b@example.org"),
        ({"recipient": ["x"], "customer_id": "7"}, "7"),
        ({"identifiers": {"id": "8"}}, "8"),
        ({"identifiers": {"cio_id": "c"}}, "c"),
    ],
)
def test_the_recipient_in_its_stated_order(translator, hasher, data, who):
    assert one(translator, {"delivery_id": "d1", **data}).recipient_id == hasher.hash(who)


def test_webhooks_before_2020(translator, hasher):
    data = {"campaign_id": "9", "customer_id": "7", "email_address": "a@example.org", "email_id": "34"}
    old = {"event_id": "e", "event_type": "email_opened", "timestamp": 1352005930, "data": data}
    (event,) = translator.parse(old).events
    assert (event.event_type, event.occurred_at, event.campaign_id) == ("open", 1352005930_000000, "9")
    assert event.message_id == f"34:{hasher.hash('a@example.org')}"
    assert CustomerIo.recognises(old)


def test_rows_of_the_warehouse_need_their_channel(translator):
    when = datetime(2026, 1, 31, 9, 0, 9, 5, tzinfo=UTC)
    row = {"event_id": "e1", "delivery_id": "d1", "metric": "clicked", "recipient": "a@example.org",
           "link_url": "https://shop.example.org/", "created_at": when}  # fmt: skip
    (event,) = translator.parse({**row, "delivery_type": "email"}).events
    assert (event.message_id, event.url) == (one(translator).message_id, "https://shop.example.org/")
    assert event.occurred_at == 1769850009_000005
    assert translator.parse({**row, "delivery_type": "sms"}).unknown_types == {"sms_clicked": 1}
    (bad,) = translator.parse(row).rejected
    assert bad.reason == "object_type is missing: it may be no email"


def test_a_page_of_messages_holds_an_event_per_metric(translator):
    message = {"id": "d1", "type": "email", "recipient": "a@example.org", "campaign_id": 5, "customer_id": "7",
               "metrics": {"sent": 1769850000, "opened": 1769850009, "converted": 1769850010}}  # fmt: skip
    batch = translator.parse({"messages": [message, {**message, "metrics": {}}, 7], "next": ""})
    assert [(event.event_type, event.occurred_at) for event in batch.events] == [
        ("sent", 1769850000_000000),
        ("open", 1769850009_000000),
    ]
    assert {event.message_id for event in batch.events} == {one(translator).message_id}
    assert len({event.event_id for event in batch.events}) == 2
    assert batch.unknown_types == {"converted": 1}
    assert len(batch.rejected) == 2


KEY = "key-of-the-tests"
BODY = b'{"metric": "opened"}\r\n'
NOW = 1_769_850_000


def signed(key=KEY, moment=NOW, body=BODY):
    digest = hmac.new(key.encode(), f"v0:{moment}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-CIO-Signature": digest, "X-CIO-Timestamp": str(moment)}


def test_a_genuine_request_is_accepted():
    CustomerIo.verify(signed(), BODY, KEY, now=NOW + 299)
    upper = {**signed(), "X-CIO-Signature": signed()["X-CIO-Signature"].upper()}
    CustomerIo.verify(upper, BODY, KEY, now=NOW)


@pytest.mark.parametrize(
    ("headers", "body"),
    [(signed("another"), BODY), (signed(), BODY + b" "), ({**signed(), "X-CIO-Timestamp": str(NOW + 1)}, BODY),
     ({**signed(), "X-CIO-Signature": "é"}, BODY)],
)  # fmt: skip
def test_a_forged_request_is_refused(headers, body):
    with pytest.raises(SignatureError, match="does not fit the body"):
        CustomerIo.verify(headers, body, KEY, now=NOW)


def test_a_stale_and_an_unsigned_request_are_refused_and_an_empty_key_checks_nothing():
    with pytest.raises(SignatureError, match="3,600 seconds away from now"):
        CustomerIo.verify(signed(), BODY, KEY, now=NOW + 3600)
    with pytest.raises(SignatureError, match="is no time"):
        CustomerIo.verify(signed(moment="soon"), BODY, KEY, now=NOW)
    with pytest.raises(SignatureError, match="has no header x-cio-timestamp"):
        CustomerIo.verify({"X-CIO-Signature": "ab"}, BODY, KEY, now=NOW)
    with pytest.raises(SignatureError, match="There is no secret"):
        CustomerIo.verify(signed(""), BODY, "", now=NOW)
