"""Postmark's own quirks."""

from __future__ import annotations

import base64

import pytest

from paperknife.errors import SignatureError
from paperknife.events.connectors import connector
from paperknife.events.connectors.postmark import Postmark

OPEN = {
    "RecordType": "Open",
    "MessageID": "883953f4-0001",
    "Recipient": "a@example.org",
    "ReceivedAt": "2026-01-31T09:00:00.1234567Z",
    "UserAgent": "Agent/1",
    "Geo": {"IP": "203.0.113.40"},
    "FirstOpen": True,
}
CHANGE = {
    "RecordType": "SubscriptionChange",
    "MessageID": "883953f4-0001",
    "Recipient": "a@example.org",
    "ChangedAt": "2026-01-31T09:00:00Z",
    "Origin": "Recipient",
    "SuppressSending": True,
    "SuppressionReason": "ManualSuppression",
}


@pytest.fixture
def translator(hasher):
    return connector("postmark", hasher)


@pytest.fixture
def one(translator):
    def parse(**fields):
        (event,) = translator.parse({**OPEN, **fields}).events
        return event

    return parse


@pytest.mark.parametrize(
    ("said", "us"),
    [
        ("2026-01-31T09:00:00.1234567Z", 1769850000_123456),
        ("2026-01-31T04:00:00.1234569-05:00", 1769850000_123456),
        ("2026-01-31T09:00:00Z", 1769850000_000000),
    ],
)
def test_the_seventh_digit_is_cut_and_the_zone_counts(one, said, us):
    assert one(ReceivedAt=said).occurred_at == us


def test_each_type_has_its_own_time(translator):
    delivery = {"RecordType": "Delivery", "MessageID": "m", "Recipient": "a@example.org"}
    (bad,) = translator.parse(delivery).rejected
    assert bad.reason == "the time is missing"
    (event,) = translator.parse({**delivery, "DeliveredAt": "2026-01-31T09:00:00Z"}).events
    assert (event.event_type, event.occurred_at) == ("delivered", 1769850000_000000)


def test_the_readers_ip_stands_under_geo(one):
    assert one().ip == "203.0.113.40"
    assert one(Geo={}).ip is None
    assert one(Geo=None).ip is None


def test_being_the_first_is_no_verdict(one):
    assert [one(FirstOpen=first).vendor_verdict for first in (True, False)] == [None, None]


@pytest.mark.parametrize(
    ("fields", "campaign"),
    [
        ({"Tag": "t", "Metadata": {"campaign_id": "c"}}, "t"),
        ({"Tag": "", "Metadata": {"campaign_id": 7, "campaign": "v"}}, "7"),
        ({"Tag": None, "Metadata": {"campaign": "v"}}, "v"),
        ({"Metadata": {"order": "17"}}, None),
        ({"Metadata": []}, None),
    ],
)
def test_the_campaign_in_its_stated_order(one, fields, campaign):
    assert one(**fields).campaign_id == campaign


@pytest.mark.parametrize(
    ("fields", "type_"),
    [
        ({"FirstOpen": True, "ReceivedAt": "2026-01-31T09:00:00Z"}, "open"),
        ({"ReadSeconds": 3, "ReceivedAt": "2026-01-31T09:00:00Z"}, "open"),
        ({"OriginalLink": "https://x.org", "ReceivedAt": "2026-01-31T09:00:00Z"}, "click"),
        ({"DeliveredAt": "2026-01-31T09:00:00Z", "Details": ""}, "delivered"),
        ({"ChangedAt": "2026-01-31T09:00:00Z", "SuppressSending": True}, "unsubscribe"),
    ],
)
def test_older_webhooks_without_a_record_type_are_told_by_their_fields(translator, fields, type_):
    (event,) = translator.parse({"MessageID": "m", "Recipient": "a@example.org", **fields}).events
    assert event.event_type == type_


def test_bounces_and_complaints_are_counted(translator):
    old = {
        "ID": 42,
        "Type": "HardBounce",
        "MessageID": "m",
        "Email": "a@example.org",
        "BouncedAt": "2026-01-31T09:00:00Z",
    }
    batch = translator.parse([old, {**old, "RecordType": "SpamComplaint"}])
    assert (batch.unknown_types, batch.rejected) == ({"Bounce": 1, "SpamComplaint": 1}, [])


def test_a_row_that_tells_no_type_is_set_aside(translator):
    (bad,) = translator.parse({"MessageID": "m"}).rejected
    assert bad.reason == "the event's type is missing or no text"


@pytest.mark.parametrize(
    ("fields", "counted"),
    [
        ({"SuppressionReason": "HardBounce"}, "SubscriptionChange: HardBounce"),
        ({"SuppressionReason": "SpamComplaint"}, "SubscriptionChange: SpamComplaint"),
        ({"Origin": "Customer"}, "SubscriptionChange: Customer"),
        ({"Origin": "Admin"}, "SubscriptionChange: Admin"),
        ({"SuppressSending": False, "SuppressionReason": None}, "SubscriptionChange: reactivation"),
    ],
)
def test_only_a_recipients_wish_is_an_unsubscribe(translator, fields, counted):
    assert [event.event_type for event in translator.parse(CHANGE).events] == ["unsubscribe"]
    assert translator.parse({**CHANGE, **fields}).unknown_types == {counted: 1}


def test_pages_of_opens_and_clicks(translator):
    plain = {name: value for name, value in OPEN.items() if name != "RecordType"}
    opens = translator.parse({"TotalCount": 2, "Opens": [OPEN, plain]}).events
    assert [event.event_type for event in opens] == ["open", "open"]
    assert opens[0] == opens[1]
    click = {**plain, "OriginalLink": "https://x.org"}
    (event,) = translator.parse({"TotalCount": 1, "Clicks": [click]}).events
    assert (event.event_type, event.url) == ("click", "https://x.org")


MESSAGE = {
    "MessageID": "883953f4-0001",
    "Tag": "news",
    "To": [{"Email": "a@example.org", "Name": None}],
    "Recipients": ["a@example.org", "b@example.org"],
    "ReceivedAt": "2026-01-31T08:59:00Z",
    "Status": "Sent",
}


def test_pages_of_messages_tell_what_was_sent_to_each_recipient(translator, one):
    events = translator.parse({"TotalCount": 1, "Messages": [MESSAGE]}).events
    assert [event.event_type for event in events] == ["sent", "sent"]
    assert events[0].message_id == one().message_id != events[1].message_id
    assert {event.campaign_id for event in events} == {"news"}
    (fallback,) = translator.parse({"Messages": [{**MESSAGE, "Recipients": None}]}).events
    assert fallback == events[0]
    (nobody,) = translator.parse({"Messages": [{**MESSAGE, "Recipients": [], "To": []}]}).events
    assert nobody.recipient_id is None


def test_details_of_a_message_tell_its_life(translator, one):
    told = {"Recipient": "a@example.org", "ReceivedAt": "2026-01-31T09:00:00Z"}
    details = [
        {**told, "Type": "Delivered", "Details": {"DeliveryMessage": "250 OK"}},
        {**told, "Type": "Opened", "Details": {"Summary": "Email opened"}},
        {**told, "Type": "LinkClicked", "Details": {"Link": "https://x.org", "ClickLocation": "HTML"}},
        {**told, "Type": "Transient", "Details": None},
        "no event",
        {**told, "Type": 7},
    ]
    batch = translator.parse({**MESSAGE, "Recipients": ["a@example.org"], "MessageEvents": details})
    assert [event.event_type for event in batch.events] == ["sent", "delivered", "open", "click"]
    assert {event.message_id for event in batch.events} == {one().message_id}
    assert batch.events[3].url == "https://x.org"
    assert (batch.unknown_types, len(batch.rejected)) == ({"Transient": 1}, 2)


def test_a_bounce_is_recognised_though_old_ones_have_no_record_type(translator):
    bounce = {
        "ID": 1,
        "Type": "HardBounce",
        "MessageID": "m",
        "Email": "a@example.org",
        "BouncedAt": "2026-01-31T09:00:00Z",
    }
    (said,) = translator.unwrap(bounce, {})
    assert Postmark.recognises(said)
    assert translator.parse(bounce).unknown_types == {"Bounce": 1}


def test_items_of_pages_that_are_no_events_are_counted(translator):
    batches = [translator.parse(page) for page in ({"Opens": [1]}, {"Clicks": [None]}, {"Messages": ["x"]})]
    assert [len(batch.rejected) for batch in batches] == [1, 1, 1]


def test_the_webhooks_credentials_are_checked():
    good = {"Authorization": "Basic " + base64.b64encode(b"user:long password").decode()}
    Postmark.verify(good, b"{}", "user:long password")
    with pytest.raises(SignatureError, match="The request's secret is another one"):
        Postmark.verify({"X-Webhook-Secret": "forged"}, b"{}", "user:long password")
