"""SparkPost's own quirks."""

from __future__ import annotations

import base64

import pytest

from paperknife.errors import SignatureError
from paperknife.events.connectors import connector
from paperknife.events.connectors.sparkpost import SparkPost

RAW = {
    "type": "open",
    "event_id": "92356927693813850",
    "timestamp": "1769850000",
    "transmission_id": "65832150921904130",
    "message_id": "000443ee14578172be20",
    "raw_rcpt_to": "A@example.org",
    "rcpt_to": "a@example.org",
    "ip_address": "203.0.113.40",
    "user_agent": "Agent/1",
}


@pytest.fixture
def translator(hasher):
    return connector("sparkpost", hasher)


@pytest.fixture
def one(translator):
    def parse(**fields):
        (event,) = translator.parse([{"msys": {"track_event": {**RAW, **fields}}}]).events
        return event

    return parse


@pytest.mark.parametrize(
    "wrap",
    [
        lambda raw: [{"msys": {"track_event": raw}}],
        lambda raw: {"msys": {"unsubscribe_event": raw}},
        lambda raw: [{"msys": {"message_event": raw}, "cust": {"id": "1"}}],
        lambda raw: {"results": [raw], "total_count": 1, "links": {}},
        lambda raw: raw,
    ],
)
def test_webhooks_pages_and_bare_events_are_unwrapped(translator, wrap):
    assert [event.event_type for event in translator.parse(wrap(RAW)).events] == ["open"]


def test_a_ping_is_no_row_and_an_empty_page_has_none(translator):
    batch = translator.parse([{"msys": {}}, {"msys": {"track_event": RAW}}])
    assert (batch.pings_n, len(batch.events), batch.rejected) == (1, 1, [])
    assert translator.parse({"results": []}).rejected == []


@pytest.mark.parametrize("wrapped", [None, 1, "text", [], {"track_event": None}, {"track_event": []}])
def test_what_is_not_understood_is_counted(translator, wrapped):
    batch = translator.parse([{"msys": wrapped}])
    assert (len(batch.rejected), batch.pings_n) == (1, 0)


def test_inbound_mail_is_counted_by_its_name(translator):
    batch = translator.parse(
        [{"msys": {"relay_message": {"rcpt_to": "a@example.org", "msg_from": "b@x.org"}}}]
    )
    assert (batch.unknown_types, batch.rejected) == ({"relay_message": 1}, [])


@pytest.mark.parametrize(
    ("said", "us"),
    [
        ("1769850000", 1769850000_000000),
        (1769850000, 1769850000_000000),
        ("2026-01-31T09:00:00.123+00:00", 1769850000_123000),
        ("2026-01-31T10:00:00.000+01:00", 1769850000_000000),
    ],
)
def test_times_as_text_of_seconds_and_as_iso(one, said, us):
    assert one(timestamp=said).occurred_at == us
    assert one(timestamp=said, type="click").occurred_at == us


def test_a_pixel_without_a_usable_time_is_set_aside(translator):
    (bad,) = translator.parse([{**RAW, "timestamp": "soon"}]).rejected
    assert bad.reason == "the time is no time"


@pytest.mark.parametrize("seconds", [0, 1, 7])
def test_the_two_pixels_of_one_display_are_one_open(one, seconds):
    top = one(type="initial_open", event_id="1", ip_address="172.225.0.1")
    bottom = one(
        event_id="2", timestamp=str(1769850000 + seconds), ip_address="172.225.0.9", initial_pixel=True
    )
    assert top.event_type == bottom.event_type == "open"
    assert top.event_id == bottom.event_id


@pytest.mark.parametrize(
    "other",
    [
        {"timestamp": "1769850061"},
        {"user_agent": "Agent/2"},
        {"is_prefetched": True},
        {"message_id": "m2"},
        {"transmission_id": "t2"},
        {"raw_rcpt_to": "b@example.org"},
    ],
)
def test_other_displays_are_other_opens(one, other):
    assert one(type="initial_open").event_id != one(**other).event_id


@pytest.mark.parametrize("kind", ["open", "initial_open", "amp_open", "amp_initial_open"])
def test_each_pixel_alone_is_an_open(one, kind):
    assert one(type=kind).event_type == "open"


def test_without_a_top_pixel_or_a_message_each_open_keeps_its_own_id(one):
    assert one(initial_pixel=False).event_id == "sparkpost:92356927693813850"
    assert one(initial_pixel="false").event_id == "sparkpost:92356927693813850"
    assert one(message_id=None).event_id == "sparkpost:92356927693813850"


def test_the_shared_id_holds_no_address(one):
    assert "example.org" not in one().event_id.lower()
    assert one(raw_rcpt_to=None, rcpt_to=None).recipient_id is None


@pytest.mark.parametrize("kind", ["injection", "delivery", "click", "list_unsubscribe"])
def test_all_other_events_keep_sparkposts_id(one, kind):
    assert one(type=kind).event_id == "sparkpost:92356927693813850"


def test_false_is_not_a_vendors_word_for_a_person(one):
    assert one(is_prefetched=True).vendor_verdict == "machine"
    assert one(is_prefetched="true").vendor_verdict == "machine"
    assert one(is_prefetched=False).vendor_verdict is None
    assert one().vendor_verdict is None


def test_a_message_is_its_transmission_its_own_id_and_its_recipient(one, hasher):
    own = hasher.hash("a@example.org")
    assert one().message_id == f"65832150921904130.000443ee14578172be20:{own}"
    assert one(raw_rcpt_to=None).message_id == one().message_id
    assert one(transmission_id=None).message_id == f"000443ee14578172be20:{own}"
    assert one(message_id=None).message_id == f"65832150921904130:{own}"


def test_without_any_id_of_the_message_a_row_is_set_aside(translator):
    (bad,) = translator.parse({**RAW, "transmission_id": None, "message_id": ""}).rejected
    assert bad.reason == "the message's id is missing"


def test_an_id_above_two_to_the_53_is_kept_whether_number_or_text(one):
    assert one(type="click", event_id=92356927693813857).event_id == "sparkpost:92356927693813857"


def test_types_that_are_left_out_are_counted(translator):
    types = ["bounce", "delay", "spam_complaint", "policy_rejection", "generation_failure", "relay_delivery"]
    batch = translator.parse([{**RAW, "type": kind} for kind in types])
    assert batch.unknown_types == dict.fromkeys(types, 1)


def test_the_webhooks_credentials_are_checked():
    good = {"Authorization": "Basic " + base64.b64encode(b"user:long password").decode()}
    SparkPost.verify(good, b"[]", "user:long password")
    with pytest.raises(SignatureError, match="The request's secret is another one"):
        SparkPost.verify(good, b"[]", "user:another")
    with pytest.raises(SignatureError, match="The request carries no secret"):
        SparkPost.verify({}, b"[]", "user:long password")
