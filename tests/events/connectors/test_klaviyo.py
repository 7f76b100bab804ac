"""Klaviyo's own quirks."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from paperknife.errors import SignatureError
from paperknife.events.connectors import connector
from paperknife.events.connectors.klaviyo import Klaviyo

COHORT = "$_cohort$message_send_cohort"
PROPERTIES = {"$message": "m1", COHORT: "1769849998:m1"}
METRICS = {"M1": "Opened Email", "M2": "Clicked Email", "M3": "Bounced Email"}
INCLUDED = [
    {"type": "profile", "id": "P1", "attributes": {"email": "a@example.org"}},
    *({"type": "metric", "id": key, "attributes": {"name": name}} for key, name in METRICS.items()),
]


def event(metric="M1", key="e1", properties=PROPERTIES, **attributes):
    related = {
        "metric": {"data": {"type": "metric", "id": metric}},
        "profile": {"data": {"type": "profile", "id": "P1"}},
    }
    said = {"timestamp": 1769850009, "event_properties": properties, **attributes}
    return {"type": "event", "id": key, "attributes": said, "relationships": related}


def page(*events, included=INCLUDED):
    return {"data": list(events), "included": included, "links": {"next": None}}


def pushed(topic, raw):
    return {"external_id": raw["id"], "topic": topic, "payload": {"data": raw}}


@pytest.fixture
def translator(hasher):
    return connector("klaviyo", hasher)


def one(translator, properties=PROPERTIES, **attributes):
    (found,) = translator.parse(page(event(properties=properties, **attributes))).events
    return found


def test_a_page_names_the_metrics_and_profiles_of_its_events(translator, hasher):
    batch = translator.parse(page(event(), event("M2", "e2"), event("M3", "e3"), event("M4", "e4"), 7))
    assert [found.event_type for found in batch.events] == ["open", "click"]
    assert {found.message_id for found in batch.events} == {f"1769849998:m1:{hasher.hash('P1')}"}
    assert [found.event_id for found in batch.events] == ["klaviyo:e1", "klaviyo:e2"]
    assert batch.unknown_types == {"Bounced Email": 1}
    assert [bad.reason for bad in batch.rejected] == [
        "the metric's name is missing: ask the Events API for include=metric,profile",
        "not a JSON object",
    ]
    assert not translator.parse(page()).rejected


def test_pages_of_others_names_do_not_mix(translator):
    other = page(event(), included=[{"type": "metric", "id": "M1", "attributes": {"name": "Clicked Email"}}])
    assert [found.event_type for found in translator.parse([page(event()), other]).events] == [
        "open",
        "click",
    ]


@pytest.mark.parametrize(
    "included", [None, [], 7, [7, {}, {"type": "metric", "id": []}, {"type": "metric", "id": "M1"}]]
)
def test_a_page_without_the_names_says_what_to_ask_for(translator, included):
    (bad,) = translator.parse(page(event(), included=included)).rejected
    assert bad.reason == "the metric's name is missing: ask the Events API for include=metric,profile"


def test_a_webhook_names_its_topic(translator, hasher):
    body = {
        "data": [
            pushed("event:klaviyo.opened_email", event()),
            pushed("event:klaviyo.received_email", event("M9", "e2")),
            pushed("event:klaviyo.email_delivered", event("M9", "e3")),
            pushed("event:klaviyo.sent_sms", event("M8", "e4")),
            {"external_id": "e5", "topic": "event:klaviyo.opened_email", "payload": {"data": []}},
            {"external_id": "e6", "topic": "event:klaviyo.opened_email", "payload": None},
            {"external_id": "e7", "topic": "event:klaviyo.opened_email", "payload": {"data": [7]}},
        ],
        "meta": {"klaviyo_webhook_id": "w", "timestamp": "2026-01-31T09:00:10.1+00:00"},
    }
    batch = translator.parse(body)
    assert [found.event_type for found in batch.events] == ["open", "delivered", "delivered"]
    assert {found.occurred_at for found in batch.events} == {1769850009_000000}
    assert {found.recipient_id for found in batch.events} == {hasher.hash("P1")}
    assert batch.unknown_types == {"event:klaviyo.sent_sms": 1}
    assert len(batch.rejected) == 3
    assert (
        translator.parse(body["data"][0]["payload"] | {"included": INCLUDED}).events[0].event_type == "open"
    )


def test_a_timeline_of_the_old_api(translator, hasher):
    old = {"object": "event", "id": "o1", "event_name": "Opened Email", "timestamp": 1556290921, "statistic_id": "S",
           "uuid": "3ea3", "datetime": "2019-04-26 15:02:01+00:00", "person": {"id": "P1", "$email": "a@example.org"},
           "event_properties": {**PROPERTIES, "machine_open": "true"}}  # fmt: skip
    (found,) = translator.parse({"object": "$list", "data": [old], "next": None, "count": 1}).events
    assert (found.event_type, found.occurred_at, found.vendor_verdict) == (
        "open",
        1556290921_000000,
        "machine",
    )
    assert found.message_id == f"1769849998:m1:{hasher.hash('P1')}"
    assert Klaviyo.recognises(old)


@pytest.mark.parametrize(
    "named",
    [{"metric": {"name": "Opened Email"}}, {"event_name": "Opened Email"}],
)
def test_events_that_others_stored_with_their_metric(translator, named):
    assert translator.parse({**event(), **named}).events[0].event_type == "open"


@pytest.mark.parametrize(
    ("attributes", "us"),
    [
        ({"timestamp": 1769850009, "datetime": "2026-01-31T09:00:09+00:00"}, 1769850009_000000),
        ({"timestamp": 1769850009, "datetime": "2026-01-31T09:00:09.123456+00:00"}, 1769850009_123456),
        ({"timestamp": None, "datetime": "2026-01-31T10:00:09+01:00"}, 1769850009_000000),
        ({"timestamp": 1769850009, "datetime": None}, 1769850009_000000),
    ],
)
def test_the_finer_of_two_times(translator, attributes, us):
    assert one(translator, **attributes).occurred_at == us


@pytest.mark.parametrize(
    ("properties", "verdict"),
    [
        ({"machine_open": True}, "machine"),
        ({"machine_open": "true"}, "machine"),
        ({"Apple Privacy Open": "True"}, "machine"),
        ({"Bot Click": True}, "machine"),
        ({"machine_open": False, "Bot Click": "False"}, None),
        ({"machine_open": [True]}, None),
        ({}, None),
    ],
)
def test_what_klaviyo_takes_for_a_machine(translator, properties, verdict):
    assert one(translator, {**PROPERTIES, **properties}).vendor_verdict == verdict


def test_the_mailbox_domain_is_known_without_the_address(translator):
    told = {**PROPERTIES, "Email Domain": "Example.org"}
    (found,) = translator.parse(page(event(properties=told), included=INCLUDED[1:])).events
    assert found.recipient_domain == "example.org"


def test_two_sends_of_a_flows_mail_are_two_messages_where_the_cohort_is_known(translator):
    again = one(translator, {**PROPERTIES, COHORT: "1770000000:m1"})
    assert again.message_id != one(translator).message_id
    assert again.campaign_id == one(translator).campaign_id == "m1"
    assert one(translator, {"$message": "m1"}).message_id.startswith("m1:")
    (bad,) = translator.parse(page(event(properties={}))).rejected
    assert bad.reason == "the message's id is missing"


@pytest.mark.parametrize(
    ("included", "properties", "who"),
    [
        (INCLUDED, {"Recipient Email Address": "b@example.org"}, "a@example.org"),
        (INCLUDED[1:], {"Recipient Email Address": "b@example.org"}, "b@example.org"),
        (INCLUDED[1:], {}, "P1"),
    ],
)
def test_the_recipient_in_its_stated_order(translator, hasher, included, properties, who):
    (found,) = translator.parse(
        page(event(properties={**PROPERTIES, **properties}), included=included)
    ).events
    assert found.recipient_id == hasher.hash(who)


def test_events_of_a_message_join_whether_their_request_asked_for_the_profile_or_not(translator, hasher):
    asked = page(event(), included=INCLUDED)
    unasked = {"data": [pushed("event:klaviyo.received_email", event("M9", "e2"))]}
    old = {"event_name": "Clicked Email", "event_properties": PROPERTIES, "timestamp": 1769850019, "id": "o1",
           "person": {"id": "P1", "email": "a@example.org"}}  # fmt: skip
    found = translator.parse([asked, unasked, old]).events
    assert [one.event_type for one in found] == ["open", "delivered", "click"]
    assert len({one.message_id for one in found}) == 1
    nameless = {**old, "person": {"email": "a@example.org"}}
    assert translator.parse(nameless).events[0].message_id == f"1769849998:m1:{hasher.hash('a@example.org')}"


def test_a_message_to_nobody_is_set_aside(translator):
    (bad,) = translator.parse({**event(), "relationships": {}, "metric": "Opened Email"}).rejected
    assert bad.reason == "the recipient is missing: ask the Events API for include=metric,profile"


def test_an_unsubscription_from_no_message_is_counted(translator):
    topic = "event:klaviyo.unsubscribed_from_email_marketing"
    assert translator.parse({"data": [pushed(topic, event())]}).events[0].event_type == "unsubscribe"
    batch = translator.parse({"data": [pushed(topic, event(properties={"method": "PROFILE_PAGE"}))]})
    assert batch.unknown_types == {f"{topic}, no message": 1}


KEY = "a-secret-key-of-tests"
NOW = 1_769_850_000
BODY = b'{"data": []}\r\n'
HTTP_DATE = format_datetime(datetime.fromtimestamp(NOW, UTC), usegmt=True)


def signed(key=KEY, moment=HTTP_DATE, body=BODY):
    digest = hmac.new(key.encode(), body + moment.encode(), hashlib.sha256).hexdigest()
    return {"Klaviyo-Signature": digest, "Klaviyo-Timestamp": moment, "Klaviyo-Webhook-Id": "w"}


@pytest.mark.parametrize("moment", [HTTP_DATE, "2026-01-31T09:00:00+00:00", str(NOW)])
def test_a_genuine_request_is_accepted_however_its_time_is_written(moment):
    Klaviyo.verify(signed(moment=moment), BODY, KEY, now=NOW + 299)
    with pytest.raises(SignatureError, match="3,600 seconds away from now"):
        Klaviyo.verify(signed(moment=moment), BODY, KEY, now=NOW + 3600)


def test_a_request_is_fresh_by_its_bodys_time_or_by_its_headers():
    body = json.dumps({"meta": {"timestamp": "2026-01-31T09:00:00.101159+00:00"}, "data": []}).encode()
    off = signed(moment="Sat, 31 Jan 2026 14:00:00 GMT", body=body)
    Klaviyo.verify(off, body, KEY, now=NOW)
    again = signed(moment=str(NOW + 7200), body=body)
    Klaviyo.verify(again, body, KEY, now=NOW + 7200)
    with pytest.raises(SignatureError, match="3,600 seconds away from now"):
        Klaviyo.verify(again, body, KEY, now=NOW + 10_800)


@pytest.mark.parametrize(
    ("headers", "body"),
    [(signed("another"), BODY), (signed(), BODY + b" "), ({**signed(), "Klaviyo-Timestamp": str(NOW)}, BODY),
     ({**signed(), "Klaviyo-Signature": "é"}, BODY)],
)  # fmt: skip
def test_a_forged_request_is_refused(headers, body):
    with pytest.raises(SignatureError, match="does not fit the body"):
        Klaviyo.verify(headers, body, KEY, now=NOW)


@pytest.mark.parametrize("body", [BODY, b"no JSON", b"[" * 100_000])
def test_a_time_that_is_none_and_an_unsigned_request_are_refused(body):
    with pytest.raises(SignatureError, match="is no time"):
        Klaviyo.verify(signed(moment="soon", body=body), body, KEY, now=NOW)
    with pytest.raises(SignatureError, match="has no header klaviyo-timestamp"):
        Klaviyo.verify({"Klaviyo-Signature": "ab"}, body, KEY, now=NOW)
