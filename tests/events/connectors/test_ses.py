"""Amazon SES's own quirks; its signature is SNS's, see test_sns.py."""

from __future__ import annotations

import json

import pytest

from paperknife.events.connectors import connector
from paperknife.events.connectors.ses import Ses

MAIL = {"timestamp": "2026-01-31T08:59:00.000Z", "messageId": "m-1", "destination": ["a@example.org"]}
OPEN = {"timestamp": "2026-01-31T09:00:00.125Z", "ipAddress": "203.0.113.4", "userAgent": "Thunderbird/128.0"}
RAW = {"eventType": "Open", "mail": MAIL, "open": OPEN}
SNS = {"Type": "Notification", "MessageId": "sns-1", "Timestamp": "2026-02-01T00:00:00.000Z"}


@pytest.fixture
def translator(hasher):
    return connector("ses", hasher)


@pytest.fixture
def one(translator):
    def parse(raw=RAW, **mail):
        (event,) = translator.parse({**raw, "mail": {**MAIL, **mail}}).events
        return event

    return parse


def enveloped(message, **fields):
    return {**SNS, "Message": message if isinstance(message, str) else json.dumps(message), **fields}


@pytest.mark.parametrize(
    "payload",
    [
        RAW,
        [RAW],
        enveloped(RAW),
        enveloped(RAW, MessageId="sns-2"),
        {**SNS, "Message": RAW},
        {"source": "aws.ses", "detail-type": "Email Opened", "time": "2026-02-01T00:00:00Z", "detail": RAW},
        enveloped({"source": "aws.ses", "detail-type": "Email Opened", "detail": RAW}),
        {"Records": [{"EventSource": "aws:sns", "Sns": enveloped(RAW)}]},
        {"Records": [{"eventSource": "aws:sqs", "body": json.dumps(enveloped(RAW))}]},
        {"Messages": [{"MessageId": "q", "Body": json.dumps(RAW)}]},
    ],
)
def test_whatever_wraps_an_event_it_is_the_same_event(translator, one, payload):
    batch = translator.parse(payload)
    assert batch.events == [one()]
    assert one().occurred_at == 1769850000_125000
    assert (batch.rejected, batch.pings_n) == ([], 0)


@pytest.mark.parametrize(
    "payload",
    [
        {"Type": "SubscriptionConfirmation", "Token": "t", "Message": "You have chosen to subscribe"},
        {"Type": "UnsubscribeConfirmation", "Token": "t", "Message": "You have chosen to deactivate"},
        enveloped("Successfully validated SNS topic for Amazon SES event publishing."),
        enveloped({"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "You have subscribed"}),
        {"notificationType": "AmazonSnsSubscriptionSucceeded"},
    ],
)
def test_what_tries_a_topic_is_a_ping(translator, payload):
    batch = translator.parse(payload)
    assert (batch.pings_n, len(batch.events), batch.rejected, batch.unknown_types) == (1, 0, [], {})


@pytest.mark.parametrize(
    "message", ["", "Hello", "[]", "[1]", "{", "7", {"no": "event"}, {"eventType": None}]
)
def test_a_notification_of_something_else_is_set_aside(translator, message):
    batch = translator.parse(enveloped(message))
    assert [bad.reason for bad in batch.rejected] == ["the event's type is missing or no text"]


def test_endless_wrapping_is_set_aside(translator):
    payload = RAW
    for _ in range(30):
        payload = {"detail": payload, "Message": payload}
    assert len(translator.parse(payload).rejected) == 1


def test_each_type_has_its_own_time(one):
    assert one({"eventType": "Send", "send": {}}).occurred_at == 1769849940_000000
    delivery = {"timestamp": "2026-01-31T09:00:01.5Z", "recipients": ["a@example.org"]}
    for name in ("eventType", "notificationType"):
        assert one({name: "Delivery", "delivery": delivery}).occurred_at == 1769850001_500000
    click = {**OPEN, "timestamp": "2026-01-31T09:00:02Z", "link": "https://x.example"}
    event = one({"eventType": "Click", "click": click})
    assert (event.occurred_at, event.url, event.ip) == (1769850002_000000, "https://x.example", "203.0.113.4")


def test_an_open_without_its_own_time_does_not_borrow_one(translator):
    batch = translator.parse([{**RAW, "open": {}}, enveloped({**RAW, "open": None})])
    assert [bad.reason for bad in batch.rejected] == ["the time is missing"] * 2


def test_several_recipients_share_one_ambiguous_message(one):
    several = ["a@example.org", "Bob <b@example.org>"]
    delivery = {"timestamp": "2026-01-31T09:00:01Z", "recipients": ["a@example.org"]}
    raws = [RAW, {"eventType": "Delivery", "delivery": delivery}, {"eventType": "Send"}]
    events = [one(raw, destination=several) for raw in raws]
    assert {(event.recipient_id, event.is_ambiguous, event.message_id) for event in events} == {
        (None, True, "m-1")
    }


@pytest.mark.parametrize(
    "destination",
    [["Ada <A@example.org>"], ["a@example.org", "A@EXAMPLE.org"], '"Fern, Ada" <a@example.org>'],
)
def test_one_recipient_however_it_is_written(one, hasher, destination):
    event = one(destination=destination)
    assert (event.recipient_id, event.is_ambiguous) == (hasher.hash("a@example.org"), None)


def test_where_the_mail_names_nobody_the_delivery_does(one, hasher):
    delivery = {"timestamp": "2026-01-31T09:00:01Z", "recipients": ["a@example.org"]}
    event = one({"eventType": "Delivery", "delivery": delivery}, destination=None)
    assert event.recipient_id == hasher.hash("a@example.org")
    assert one(destination=[]).recipient_id is None


@pytest.mark.parametrize(
    ("tags", "campaign"),
    [
        ({"campaign_id": ["i"], "campaign": ["c"]}, "i"),
        ({"campaign": ["c", "d"], "campaign-name": ["n"]}, "c"),
        ({"campaignName": "n"}, "n"),
        ({"ses:configuration-set": ["newsletters"], "shop": ["12"]}, None),
        ({"campaign": []}, None),
        (["campaign"], None),
        (None, None),
    ],
)
def test_the_campaign_in_its_stated_order(one, tags, campaign):
    assert one(tags=tags).campaign_id == campaign


def topics(**statuses):
    return {
        "topicSubscriptionStatus": [{"topicName": k, "subscriptionStatus": v} for k, v in statuses.items()]
    }


@pytest.mark.parametrize(
    ("new", "old", "is_unsubscribe"),
    [
        ({"unsubscribeAll": True}, {"unsubscribeAll": False}, True),
        (topics(news="OptOut"), topics(news="OptIn"), True),
        (topics(sales="OPT_IN", news="OPT_OUT"), None, True),
        (topics(sales="OptIn", news="OptOut"), topics(sales="OptOut", news="OptOut"), False),
        ({"unsubscribeAll": False, **topics(news="OptIn")}, topics(news="OptOut"), False),
        ({"topicSubscriptionStatus": ["?", None]}, None, False),
        (None, None, False),
    ],
)
def test_a_subscription_given_up_is_an_unsubscribe(translator, new, old, is_unsubscribe):
    said = {"timestamp": "2026-01-31T09:00:00Z", "newTopicPreferences": new, "oldTopicPreferences": old}
    batch = translator.parse({"eventType": "Subscription", "mail": MAIL, "subscription": said})
    assert [event.event_type for event in batch.events] == ["unsubscribe"] * is_unsubscribe
    assert batch.unknown_types == ({} if is_unsubscribe else {"Subscription": 1})


def test_what_is_no_reading_is_counted(translator):
    kinds = ["Bounce", "Complaint", "Reject", "Rendering Failure", "DeliveryDelay", "Received"]
    batch = translator.parse([{"eventType": kind, "mail": MAIL} for kind in kinds])
    assert batch.unknown_types == dict.fromkeys(kinds, 1)
    advice = {
        "source": "aws.ses",
        "detail-type": "Advisor Recommendation Status Open",
        "detail": {"version": "1"},
    }
    assert translator.parse(advice).unknown_types == {"Advisor Recommendation Status Open": 1}


def test_bare_and_feedback_events_are_recognised(translator):
    assert Ses.recognises(RAW)
    assert Ses.recognises({"notificationType": "Delivery", "mail": MAIL})
    assert not Ses.recognises(SNS)
