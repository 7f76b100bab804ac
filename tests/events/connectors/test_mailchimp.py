"""Mailchimp's own quirks: many shapes of one report, no sends, exports that leave the campaign to the file's name."""

from __future__ import annotations

import hashlib
import json

import pytest

from paperknife.errors import SignatureError
from paperknife.events.connectors import connector
from paperknife.events.connectors.base import FILE_NAME
from paperknife.events.connectors.mailchimp import Mailchimp
from paperknife.events.connectors.values import microseconds
from paperknife.events.identity import RecipientHasher

ACT = {"action": "open", "timestamp": "2026-01-31T10:00:00+00:00", "ip": "203.0.113.40"}
MEMBER = {
    "campaign_id": "7c41d2a9e0",
    "list_id": "b10c22d4ef",
    "email_id": "0f3f3d6c5a1b4c0e9a7d2b8c6e5f4a31",
    "email_address": "a@example.org",
}


def digest(address):
    """Return what Mailchimp calls `email_id`."""
    return hashlib.md5(address.encode()).hexdigest()  # noqa: S324 - Mailchimp's own choice


@pytest.fixture
def translator(hasher):
    return connector("mailchimp", hasher)


def parsed(translator, payload, path=""):
    return translator.parse(payload, {FILE_NAME: path})


@pytest.mark.parametrize(
    "payload",
    [
        {"emails": [{**MEMBER, "activity": [ACT]}], "campaign_id": "7c41d2a9e0", "total_items": 1},
        {"emails": [{**MEMBER, "campaign_id": None, "activity": [ACT]}], "campaign_id": "7c41d2a9e0"},
        [{"emails": [{**MEMBER, "activity": [ACT]}]}],
        {**MEMBER, "activity": [ACT]},
        {**MEMBER, "activity": [{**ACT, "campaign_id": None}]},
        {**MEMBER, **ACT, "type": None, "list_is_active": True},
        [{**MEMBER, **ACT}],
        [
            {
                "status_code": 200,
                "operation_id": "o",
                "response": json.dumps({"emails": [{**MEMBER, "activity": [ACT]}]}),
            }
        ],
    ],
)
def test_pages_members_and_flat_records_say_the_same(translator, hasher, payload):
    (event,) = parsed(translator, payload).events
    assert event.occurred_at == microseconds("2026-01-31T10:00:00Z")
    assert (event.event_type, event.ip, event.campaign_id) == ("open", "203.0.113.40", "7c41d2a9e0")
    assert event.message_id == f"7c41d2a9e0:{hasher.hash(digest('a@example.org') + '@')}"


@pytest.mark.parametrize(
    ("said", "verdict"), [(True, "machine"), (False, None), ("true", "machine"), (None, None)]
)
def test_a_proxys_open_is_a_machines_by_the_vendors_word(translator, said, verdict):
    opens = [{"timestamp": ACT["timestamp"], "is_proxy_open": said}]
    (event,) = parsed(translator, {"members": [{**MEMBER, "opens": opens}]}).events
    assert (event.event_type, event.vendor_verdict) == ("open", verdict)


def test_a_members_feeds_know_the_recipient_by_digest_and_some_hold_the_send(translator, hasher):
    of_member = {"email_id": MEMBER["email_id"], "list_id": "b10c22d4ef"}
    acts = [{**ACT, "action": "sent", "campaign_id": "7c41d2a9e0"}, {**ACT, "campaign_id": "7c41d2a9e0"}]
    feed = [
        {"activity_type": "click", "created_at_timestamp": "2026-01-31T10:00:00+00:00", "campaign_id": "7c41d2a9e0",
         "link_clicked": "https://example.org"},
        {"activity_type": "note", "created_at_timestamp": "2026-01-31T10:00:00+00:00"},
    ]  # fmt: skip
    first = parsed(translator, {"activity": acts, **of_member})
    second = parsed(translator, {"activity": feed, **of_member})
    assert [event.event_type for event in (*first.events, *second.events)] == ["sent", "open", "click"]
    assert {event.recipient_id for event in (*first.events, *second.events)} == {
        hasher.hash(MEMBER["email_id"])
    }
    assert len({event.message_id for event in (*first.events, *second.events)}) == 1
    assert second.events[0].url == "https://example.org"
    assert second.unknown_types == {"note": 1}
    assert parsed(translator, {**of_member, **feed[0]}).events == second.events


def test_a_members_feed_joins_reports_that_know_the_address(translator):
    told = {**MEMBER, "email_address": "Ada+News@Example.org", "email_id": digest("ada+news@example.org")}
    feed = {
        "email_id": told["email_id"],
        "activity": [{**ACT, "action": "sent", "campaign_id": "7c41d2a9e0"}],
    }
    line = {"ADA+News@example.org": [ACT]}
    found = [
        *parsed(translator, {**told, "activity": [ACT]}).events,
        *parsed(translator, feed).events,
        *parsed(translator, line, "7c41d2a9e0.ndjson").events,
    ]
    assert len(found) == 3
    assert len({event.message_id for event in found}) == 1
    keeping = connector("mailchimp", RecipientHasher(b"0123456789abcdef", keep_ids=True))
    (kept,) = parsed(keeping, {**told, "activity": [ACT]}).events
    assert not any(told["email_id"] in one.message_id for one in (kept, *found))


def test_lines_of_the_old_export_take_the_campaign_from_the_file(translator, hasher):
    line = {
        "a@example.org": [
            {"action": "open", "timestamp": "2026-01-31 10:00:00", "url": None, "ip": "203.0.113.40"},
            {
                "action": "click",
                "timestamp": "2026-01-31 10:00:11",
                "url": "https://example.org",
                "ip": "203.0.113.40",
            },
        ],
        "b@example.org": [],
    }
    batch = parsed(translator, line, "exports/7c41d2a9e0.ndjson.gz")
    assert [event.occurred_at for event in batch.events] == [
        microseconds("2026-01-31T10:00:00Z"),
        microseconds("2026-01-31T10:00:11Z"),
    ]
    assert {event.message_id for event in batch.events} == {
        f"7c41d2a9e0:{hasher.hash(digest('a@example.org') + '@')}"
    }
    assert batch.pings_n == 1
    reasons = {bad.reason for bad in parsed(translator, line).rejected}
    assert reasons == {"the campaign is missing, in the row and in the file's name"}


def test_files_of_an_account_export_join_by_their_name(translator):
    opened = {"Timestamp": "2026-01-31 10:00:00", "IP": "203.0.113.40", "Email": "a@example.org"}
    clicked = {**opened, "Timestamp": "2026-01-31 10:00:11", "URL": "https://example.org"}
    folder = "export/granular_activity"
    (first,) = parsed(translator, opened, f"{folder}/opens/12_click-here.v2.csv").events
    (second,) = parsed(translator, clicked, f"{folder}/clicks/12_click-here.v2.csv").events
    assert (first.event_type, second.event_type) == ("open", "click")
    assert (first.ip, first.occurred_at) == ("203.0.113.40", microseconds("2026-01-31T10:00:00Z"))
    assert first.message_id == second.message_id
    assert first.message_id != parsed(translator, opened, f"{folder}/opens/13_other.csv").events[0].message_id
    assert parsed(translator, {**opened, "Action": "Open", "Campaign ID": "c"}).events[0].campaign_id == "c"
    wider = {**opened, "Latitude": "52.5"}
    assert parsed(translator, wider, f"{folder}/opens/12_click-here.v2.csv").events == [first]
    assert parsed(translator, wider, "opens/12_click-here.v2.csv").rejected


def test_a_row_that_nothing_names_is_set_aside_as_it_came(translator):
    row = {"Timestamp": "2026-01-31 10:00:00", "Email": "a@example.org"}
    (bad,) = parsed(translator, row, "export.csv").rejected
    assert (bad.row, bad.reason) == (row, "the event's type is missing or no text")


def test_without_a_recipient_a_row_is_set_aside(translator):
    (bad,) = parsed(translator, {"campaign_id": "c", "activity": [ACT]}).rejected
    assert bad.reason == "the recipient is missing, and with it the message"


def test_bounces_are_counted_and_silence_is_no_row(translator):
    bounce = {"action": "bounce", "type": "hard", "timestamp": ACT["timestamp"]}
    assert parsed(translator, {**MEMBER, "activity": [bounce]}).unknown_types == {"bounce": 1}
    silent = [{"emails": [], "total_items": 0}, {**MEMBER, "activity": []}, {**MEMBER, "opens": []}]
    batch = parsed(translator, silent)
    assert (batch.pings_n, batch.rejected, batch.events) == (3, [], [])


def test_what_is_no_activity_is_counted(translator):
    odd = [
        {"emails": ["x"]},
        {"status_code": 404, "response": "no JSON"},
        {**MEMBER, "activity": [7]},
        {"members": [{**MEMBER, "clicks": 2}]},
        {"unsubscribes": [7]},
    ]
    assert len(parsed(translator, odd).rejected) == 5


def test_an_activity_of_nobody_is_not_taken_for_mailchimps(translator):
    payload = {"activity": [{"action": "open", "timestamp": "2026-01-31T10:00:00Z"}]}
    assert not any(Mailchimp.recognises(raw) for raw in translator.unwrap(payload, {}))
    line = {"a@example.org": [{"action": "open", "timestamp": "2026-01-31 10:00:00"}]}
    assert all(Mailchimp.recognises(raw) for raw in translator.unwrap(line, {}))


def test_reports_are_fetched_so_a_webhook_proves_itself_by_a_shared_secret():
    Mailchimp.verify({"X-Webhook-Secret": "a secret"}, b"{}", "a secret")
    with pytest.raises(SignatureError, match="secret is another one"):
        Mailchimp.verify({"X-Webhook-Secret": "another"}, b"{}", "a secret")
