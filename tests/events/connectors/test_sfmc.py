"""Marketing Cloud's own quirks: three forms that join, a clock without its zone, tables that do not say what they are."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from paperknife.errors import SignatureError
from paperknife.events.connectors import connector
from paperknife.events.connectors.base import FILE_NAME
from paperknife.events.connectors.sfmc import MarketingCloud
from paperknife.events.connectors.values import microseconds

VIEW = {
    "AccountID": "7200455",
    "JobID": "771204",
    "ListID": "3105",
    "BatchID": "42",
    "SubscriberID": "208811",
    "SubscriberKey": "003Ab00000XyZ",
    "EventDate": "7/1/2026 9:00:00 AM",
    "Domain": "Mail.Example.org",
}
OPENED = {**VIEW, "IsUnique": "True", "TriggererSendDefinitionObjectID": "", "TriggeredSendCustomerKey": ""}
EXTRACT = {
    "ClientID": "7200455",
    "SendID": "771204",
    "SubscriberKey": "003Ab00000XyZ",
    "EmailAddress": "Ada.Fern@Mail.Example.org",
    "SubscriberID": "208811",
    "ListID": "3105",
    "EventDate": "7/1/2026 9:00:00 AM",
    "EventType": "Open",
    "BatchID": "42",
    "TriggeredSendExternalKey": "",
}
NOTICE = {
    "eventCategoryType": "EngagementEvents.EmailOpen",
    "timestampUTC": 1782918000000,
    "compositeId": "771204.3105.42.208811",
    "composite": {"jobId": "771204", "batchId": "42", "listId": "3105", "subscriberId": "208811"},
    "info": {"ipAddress": "203.0.113.40", "userAgent": "Mozilla/5.0"},
}


@pytest.fixture
def translator(hasher):
    return connector("sfmc", hasher)


def one(translator, raw, name="_Open.csv"):
    (event,) = translator.parse(raw, {FILE_NAME: name}).events
    return event


def kinds(translator, raw, name=""):
    batch = translator.parse([raw], {FILE_NAME: name})
    return [event.event_type for event in batch.events] + list(batch.unknown_types)


def test_all_three_forms_name_one_message_at_one_moment(translator):
    events = [one(translator, raw) for raw in (OPENED, EXTRACT, NOTICE)]
    assert {event.message_id for event in events} == {"771204.3105.42.208811"}
    assert {event.campaign_id for event in events} == {"771204"}
    # July: with daylight saving it would be an hour less.
    assert {event.occurred_at for event in events} == {microseconds("2026-07-01T15:00:00Z")}


def test_in_csv_the_recipient_is_the_subscriber_key_and_in_notifications_the_number(translator, hasher):
    view, extract, notice = (one(translator, raw) for raw in (OPENED, EXTRACT, NOTICE))
    assert view.recipient_id == extract.recipient_id == hasher.hash("003Ab00000XyZ")
    assert notice.recipient_id == hasher.hash("208811")
    assert view.recipient_domain == extract.recipient_domain == "mail.example.org"
    keyless = {name: value for name, value in EXTRACT.items() if name != "SubscriberKey"}
    assert one(translator, keyless).recipient_id == hasher.hash("ada.fern@mail.example.org")
    addressed = one(translator, {**OPENED, "SubscriberKey": "ada.fern@mail.example.org", "Domain": ""})
    assert addressed.recipient_domain == "mail.example.org"
    told = {**NOTICE["info"], "to": "Ada.Fern@Mail.Example.org"}
    assert one(translator, {**NOTICE, "info": told}).recipient_domain == "mail.example.org"


def test_without_the_subscribers_number_the_recipient_tells_messages_apart(translator):
    plain = {name: value for name, value in OPENED.items() if name != "SubscriberID"}
    first = one(translator, plain)
    assert first.message_id != one(translator, {**plain, "SubscriberKey": "another"}).message_id
    assert first.message_id == one(translator, {**plain, "URL": "https://example.org"}).message_id


def test_a_tables_columns_join_in_any_writing(translator):
    snake = {"job_id": "771204", "list_id": "3105", "batch_id": 42, "subscriber_id": "208811",
             "Event Date": "2026-07-01 09:00:00.000", "event type": "open"}  # fmt: skip
    assert one(translator, snake, "").message_id == one(translator, OPENED).message_id


@pytest.mark.parametrize(
    ("raw", "name", "kind"),
    [
        ({**OPENED, "URL": "https://example.org", "LinkName": "x"}, "", "click"),
        ({**OPENED, "URL": "https://example.org"}, "_Open.csv", "click"),
        ({**VIEW, "SMTPCode": "550"}, "_Open.csv", "bounce"),
        (OPENED, "", "open"),
        (OPENED, "export/2026-07/_Open.csv.gz", "open"),
        ({**VIEW, "IsUnique": "True"}, "_Unsubscribe.csv", "unsubscribe"),
        ({**VIEW, "IsUnique": "True"}, "_Complaint.csv", "complaint"),
        ({**VIEW, "TriggererSendDefinitionObjectID": ""}, "", "sent"),
        (VIEW, "C:\\exports\\_Sent.csv", "sent"),
        (VIEW, "sfmc/Opens/part-0001.csv", "open"),
        (VIEW, "AllClicks2026.csv", "click"),
        (VIEW, "tracking/NotSent.csv", "notsent"),
        (EXTRACT, "Clicks.csv", "open"),
        ({**VIEW, "DataView": "_Click"}, "all.csv", "click"),
        ({**EXTRACT, "EventType": "CLICK"}, "", "click"),
        ({**EXTRACT, "EventType": "Unsubscribe"}, "", "unsubscribe"),
        ({**EXTRACT, "EventType": "Sent"}, "", "sent"),
        ({**EXTRACT, "EventType": "SurveyResponse"}, "", "SurveyResponse"),
    ],
)
def test_a_rows_type_from_what_it_says_its_columns_or_its_files_name(translator, raw, name, kind):
    assert kinds(translator, raw, name) == [kind]


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ({**VIEW, "IsUnique": "True"}, "export.csv"),
        (VIEW, "opens_and_clicks.csv"),
        (VIEW, "SendJobs.csv"),
        (VIEW, ""),
    ],
)
def test_what_does_not_tell_its_type_is_set_aside_and_never_guessed(translator, raw, name):
    batch = translator.parse(raw, {FILE_NAME: name})
    assert [bad.reason for bad in batch.rejected] == ["the event's type is missing or no text"]


def test_an_extract_keeps_its_ip_and_its_link(translator, hasher):
    raw = {
        **EXTRACT,
        "EventType": "Click",
        "IpAddress": "203.0.113.40",
        "URL": "https://x.example/?e=ada@example.org",
    }
    event = one(translator, raw)
    assert (event.ip, event.user_agent) == ("203.0.113.40", None)
    assert event.url == f"https://x.example/?e={hasher.hash('ada@example.org')}"


def test_the_joined_id_serves_where_its_parts_are_missing(translator):
    old = {name: value for name, value in NOTICE.items() if name != "composite"}
    assert one(translator, old) == one(translator, NOTICE)
    assert one(translator, {**old, "compositeId": "guid.771204.3105.42.208811"}) == one(translator, NOTICE)
    (bad,) = translator.parse({**old, "compositeId": "771204"}).rejected
    assert bad.reason == "the message's id is missing"


def test_other_notifications_are_counted_and_a_verification_is_a_ping(translator):
    batch = translator.parse(
        [
            {**NOTICE, "eventCategoryType": "TransactionalSendEvents.EmailNotSent"},
            {**NOTICE, "eventCategoryType": "TransactionalSendEvents.SmsSent"},
            {"callbackId": "9c1f", "verificationKey": "5e0a"},
        ]
    )
    assert batch.unknown_types == {
        "TransactionalSendEvents.EmailNotSent": 1,
        "TransactionalSendEvents.SmsSent": 1,
    }
    assert (batch.pings_n, batch.rejected, batch.events) == (1, [], [])


def test_rows_of_other_tables_are_left_as_they_came(translator):
    row = {"email_address": "a@example.org", "url": "https://example.org", "EventDate": "7/1/2026 9:00:00 AM"}
    assert [bad.row for bad in translator.parse([row]).rejected] == [row]
    assert not MarketingCloud.recognises(row)
    assert all(MarketingCloud.recognises(raw) for raw in (OPENED, EXTRACT, NOTICE))


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (
            {"ClientID": "1", "SendID": "7", "FromName": "x", "SchedTime": "7/1/2026 9:00:00 AM"},
            "SendJobs.csv",
        ),
        ({"ClientID": "1", "SubscriberKey": "k", "DateCreated": "7/1/2026 9:00:00 AM"}, "Subscribers.csv"),
        ({"JobID": "7", "AccountID": "1", "EmailSubject": "x"}, "_Job.csv"),
    ],
)
def test_rows_of_an_extracts_other_tables_are_counted(translator, row, name):
    batch = translator.parse([row], {FILE_NAME: name})
    assert batch.unknown_types == {"row of a table without EventDate": 1}
    assert len(translator.parse([row], {FILE_NAME: "Opens.csv"}).rejected) == 1
    assert not MarketingCloud.recognises(row)


BODY = b'[{"eventCategoryType": "EngagementEvents.EmailOpen"}]'
KEY = "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="


def signed(key, body=BODY):
    return {"X-SFMC-ENS-Signature": base64.b64encode(hmac.digest(key, body, hashlib.sha256)).decode()}


def test_a_genuine_notification_is_accepted_by_the_key_as_it_is_or_decoded():
    MarketingCloud.verify(signed(KEY.encode()), BODY, KEY)
    MarketingCloud.verify(signed(base64.b64decode(KEY)), BODY, KEY)
    MarketingCloud.verify(signed(b"no base64!"), BODY, "no base64!")


@pytest.mark.parametrize(
    ("headers", "body", "why"),
    [
        (signed(KEY.encode()), BODY + b" ", "does not fit the body"),
        (signed(b"another key"), BODY, "does not fit the body"),
        ({"x-sfmc-ens-signature": "no base64!"}, BODY, "is no base64"),
        ({"x-sfmc-ens-signature": ""}, BODY, "has no header x-sfmc-ens-signature"),
        ({}, BODY, "it is not signed"),
    ],
)
def test_a_forged_or_unsigned_notification_is_refused(headers, body, why):
    with pytest.raises(SignatureError, match=why):
        MarketingCloud.verify(headers, body, KEY)
    with pytest.raises(SignatureError, match="There is no secret"):
        MarketingCloud.verify(signed(b""), BODY, "")
