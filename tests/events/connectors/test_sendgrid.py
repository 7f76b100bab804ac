"""SendGrid's own quirks."""

from __future__ import annotations

import pytest

from paperknife.events.connectors import connector

RAW = {
    "email": "a@example.org",
    "timestamp": 1769850000,
    "event": "open",
    "sg_event_id": "e",
    "sg_message_id": "m.x",
}


@pytest.fixture
def one(hasher):
    def parse(**fields):
        (event,) = connector("sendgrid", hasher).parse([{**RAW, **fields}]).events
        return event

    return parse


def test_the_routing_suffix_does_not_separate_events_of_a_message(one):
    assert one(sg_message_id="m.filter1").message_id == one(sg_message_id="m.recvd-2").message_id
    assert one(sg_message_id="n.filter1").message_id != one().message_id


def test_the_message_id_header_serves_where_there_is_no_sg_message_id(one, hasher):
    assert (
        one(sg_message_id=None, **{"smtp-id": "<abc@geopod-3>"}).message_id
        == f"abc/geopod-3:{hasher.hash('a@example.org')}"
    )


@pytest.mark.parametrize(
    ("given", "us"),
    [(1769850000, 1769850000_000000), (1769850000.25, 1769850000_250000), ("1769850000", 1769850000_000000),
     ("1769850000.5", 1769850000_500000), ("2026-01-31T09:00:00Z", 1769850000_000000)],
)  # fmt: skip
def test_times_as_integers_floats_and_texts(one, given, us):
    assert one(timestamp=given).occurred_at == us


@pytest.mark.parametrize(
    ("given", "reason"),
    [(None, "timestamp is missing"), ("", "timestamp is missing"), ("soon", "timestamp is no time"),
     (True, "timestamp is no time"), ([1], "timestamp is no time"), ("9" * 50, "timestamp is no time"),
     ("1e39", "timestamp is before 2000 or after 2100"), (1769850000000, "timestamp is before 2000 or after 2100"),
     (float("nan"), "timestamp is no time"), (float("inf"), "timestamp is no time"),
     ("2026-01-31T09:00:00", "timestamp has no time zone"), ("2026-99-31T09:00:00Z", "timestamp is no time")],
)  # fmt: skip
def test_times_that_cannot_be(hasher, given, reason):
    (bad,) = connector("sendgrid", hasher).parse([{**RAW, "timestamp": given}]).rejected
    assert bad.reason == reason


def test_false_is_not_a_vendors_word_for_a_person(one):
    assert one(sg_machine_open=True).vendor_verdict == "machine"
    assert one(sg_machine_open=False).vendor_verdict is None
    assert one().vendor_verdict is None


@pytest.mark.parametrize(
    ("fields", "campaign"),
    [
        ({"marketing_campaign_id": 2**60 + 1, "singlesend_id": "s", "category": "c"}, str(2**60 + 1)),
        ({"singlesend_id": "s", "category": "c"}, "s"),
        ({"category": "c"}, "c"),
        ({"category": ["c1", "c2"]}, "c1"),
        ({"category": []}, None),
        ({}, None),
    ],
)
def test_the_campaign_in_its_stated_order(one, fields, campaign):
    assert one(**fields).campaign_id == campaign


def test_without_an_email_the_event_stays_without_a_recipient(one):
    event = one(email=None)
    assert (event.recipient_id, event.recipient_domain, event.message_id) == (None, None, "m")


def test_a_single_object_is_a_batch_of_one(hasher):
    assert len(connector("sendgrid", hasher).parse(RAW).events) == 1


def test_ip_and_user_agent_stay_exactly_as_given_and_a_long_user_agent_is_cut(one):
    event = one(ip="2001:DB8::0:1", useragent=" Odd  Agent\t")
    assert (event.ip, event.user_agent) == ("2001:DB8::0:1", " Odd  Agent\t")
    assert one(useragent="").user_agent == ""
    assert len(one(useragent="x" * 100_000).user_agent) == 4096
