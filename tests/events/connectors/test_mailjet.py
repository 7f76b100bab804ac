"""Mailjet's own quirks."""

from __future__ import annotations

import base64

import pytest

from paperknife.errors import SignatureError
from paperknife.events.connectors import connector
from paperknife.events.connectors.mailjet import Mailjet

RAW = {
    "event": "open",
    "time": 1769850000,
    "MessageID": 2**60 + 1,
    "email": "a@example.org",
    "mj_campaign_id": 7173,
    "customcampaign": "",
    "ip": "203.0.113.40",
    "agent": "Agent/1",
}


@pytest.fixture
def translator(hasher):
    return connector("mailjet", hasher)


@pytest.fixture
def one(translator):
    def parse(**fields):
        (event,) = translator.parse({**RAW, **fields}).events
        return event

    return parse


def test_single_and_grouped_events_are_the_same(translator):
    assert translator.parse([RAW, RAW]).events == translator.parse(RAW).events * 2


def test_sent_means_delivered(one):
    assert one(event="sent").event_type == "delivered"


def test_an_id_above_two_to_the_53_is_kept_exactly(one, hasher):
    own = hasher.hash("a@example.org")
    assert one().message_id == f"1152921504606846977:{own}"
    assert one(MessageID=str(2**60 + 1)).message_id == one().message_id


def test_older_names_of_the_message_serve_where_its_id_is_missing(one, hasher):
    own = hasher.hash("a@example.org")
    assert one(MessageID=None, mj_message_id="1152921504606846977").message_id == one().message_id
    assert one(MessageID=0, Message_GUID="1ab23cd4").message_id == f"1ab23cd4:{own}"


def test_the_oldest_events_name_no_message_and_are_joined_by_campaign_and_recipient(translator, one, hasher):
    assert one(MessageID=None).message_id == f"campaign-7173:{hasher.hash('a@example.org')}"
    assert one(MessageID=None, event="click").message_id == one(MessageID=None).message_id
    (bad,) = translator.parse({**RAW, "MessageID": None, "mj_campaign_id": 0}).rejected
    assert bad.reason == "the message's id is missing"


@pytest.mark.parametrize(
    ("fields", "campaign"),
    [
        ({"customcampaign": "spring", "CustomID": "order-1"}, "spring"),
        ({"customcampaign": "", "CustomID": "order-1"}, "7173"),
        ({"mj_campaign_id": "1210245103"}, "1210245103"),
        ({"mj_campaign_id": 0, "CustomID": "order-1"}, None),
        ({"mj_campaign_id": "0"}, None),
        ({"mj_campaign_id": None, "customcampaign": None}, None),
    ],
)
def test_the_campaign_in_its_stated_order(one, fields, campaign):
    assert one(**fields).campaign_id == campaign


def test_without_an_id_of_its_own_an_event_gets_one_of_its_content(one):
    assert one().event_id == one(geo="US").event_id
    others = [
        one(**fields).event_id for fields in ({"time": 1769850001}, {"ip": "203.0.113.41"}, {"agent": "B"})
    ]
    assert len({one().event_id, *others}) == 4


def test_types_that_are_left_out_are_counted(translator):
    types = ["bounce", "blocked", "spam"]
    assert translator.parse([{**RAW, "event": kind} for kind in types]).unknown_types == dict.fromkeys(
        types, 1
    )


def test_a_page_of_statistics_is_counted_as_unusable(translator):
    page = {
        "Count": 1,
        "Data": [{"MessageID": 2**60 + 1, "OpenedAt": "2026-01-31T09:00:00Z", "ContactID": 4}],
    }
    (bad,) = translator.parse(page).rejected
    assert bad.reason == "the event's type is missing or no text"


def test_the_webhooks_credentials_are_checked():
    good = {"Authorization": "Basic " + base64.b64encode(b"user:long password").decode()}
    Mailjet.verify(good, b"{}", "user:long password")
    with pytest.raises(SignatureError, match="The request's secret is another one"):
        Mailjet.verify(good, b"{}", "user:another")
