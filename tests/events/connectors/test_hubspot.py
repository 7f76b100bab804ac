"""HubSpot's own quirks."""

from __future__ import annotations

import pytest

from paperknife.errors import SignatureError
from paperknife.events.connectors import connector
from paperknife.events.connectors.hubspot import HubSpot

RAW = {
    "id": "e-1",
    "created": 1769850000123,
    "type": "OPEN",
    "recipient": "a@example.org",
    "emailCampaignId": 2**60 + 1,
    "sentBy": {"id": "s-1", "created": 1769849999000},
}


@pytest.fixture
def translator(hasher):
    return connector("hubspot", hasher)


def one(translator, **fields):
    (event,) = translator.parse({**RAW, **fields}).events
    return event


def test_sends_of_one_campaign_to_one_person_are_told_apart(translator):
    first = one(translator)
    assert first.message_id != one(translator, sentBy={"id": "s-2", "created": 1769849999000}).message_id
    assert first.message_id == one(translator, id="s-1", type="SENT", sentBy=None).message_id
    assert first.campaign_id == str(2**60 + 1)


def test_without_a_send_events_join_by_campaign_and_without_that_a_row_is_set_aside(translator):
    no_send = one(translator, sentBy=None)
    assert no_send.message_id == one(translator, sentBy={}, type="CLICK").message_id
    assert no_send.message_id != one(translator, sentBy=None, recipient="b@example.org").message_id
    (bad,) = translator.parse({**RAW, "sentBy": None, "emailCampaignId": None}).rejected
    assert bad.reason == "the message's id is missing"


def test_the_event_id_is_both_parts_of_hubspots_whoever_brought_the_event(translator):
    assert one(translator).event_id == "hubspot:1769850000123:e-1"
    assert one(translator, created="2026-01-31T09:00:00.123Z") == one(translator)
    assert one(translator, created="1769850000123") == one(translator)
    assert one(translator, created=1769850000124).event_id != one(translator).event_id


@pytest.mark.parametrize(
    ("said", "verdict"), [(True, "machine"), ("true", "machine"), (False, None), (None, None), ([], None)]
)
def test_a_filtered_event_is_a_machines_by_the_vendors_word(translator, said, verdict):
    assert one(translator, filteredEvent=said).vendor_verdict == verdict


def test_older_events_keep_their_ip(translator):
    assert one(translator, ipAddress="203.0.113.40").ip == "203.0.113.40"


@pytest.mark.parametrize(
    ("fields", "events_n"),
    [
        ({"portalSubscriptionStatus": "UNSUBSCRIBED"}, 1),
        ({"subscriptions": [{"id": 1, "status": "SUBSCRIBED"}, {"id": 2, "status": "UNSUBSCRIBED"}]}, 1),
        ({"portalSubscriptionStatus": "UNSUBSCRIBED", "bounced": True}, 0),
        ({"portalSubscriptionStatus": "UNSUBSCRIBED", "sentBy": None, "emailCampaignId": None}, 0),
        ({"portalSubscriptionStatus": "SUBSCRIBED"}, 0),
        ({"subscriptions": "UNSUBSCRIBED"}, 0),
        ({}, 0),
    ],
)
def test_only_a_change_to_unsubscribed_is_an_unsubscribe(translator, fields, events_n):
    batch = translator.parse({**RAW, "type": "STATUSCHANGE", **fields})
    assert [event.event_type for event in batch.events] == ["unsubscribe"] * events_n
    assert batch.unknown_types == ({} if events_n else {"STATUSCHANGE": 1})


@pytest.mark.parametrize(
    "kind", ["PROCESSED", "DROPPED", "DEFERRED", "BOUNCE", "FORWARD", "PRINT", "SPAMREPORT"]
)
def test_other_types_are_counted(translator, kind):
    assert translator.parse({**RAW, "type": kind}).unknown_types == {kind: 1}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda raw: {"hasMore": False, "offset": "x", "events": [raw]},
        lambda raw: [{"events": [raw]}],
        lambda raw: raw,
        lambda raw: [raw],
    ],
)
def test_pages_and_bare_events_are_unwrapped(translator, wrap):
    assert translator.parse(wrap(RAW)).events == [one(translator)]


def test_an_empty_page_is_no_row_and_an_odd_one_is_set_aside(translator):
    batch = translator.parse({"hasMore": False, "offset": "x", "events": []})
    assert (batch.pings_n, batch.rejected, batch.events) == (1, [], [])
    assert len(translator.parse({"hasMore": False, "events": {"OPEN": 3}}).rejected) == 1


def test_what_brings_the_pages_proves_itself_by_a_shared_secret():
    HubSpot.verify({"Authorization": "Bearer pat-eu1-secret"}, b"{}", "pat-eu1-secret")
    with pytest.raises(SignatureError, match="secret is another one"):
        HubSpot.verify({"Authorization": "Bearer pat-eu1-other"}, b"{}", "pat-eu1-secret")
