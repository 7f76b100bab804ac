"""Braze's own quirks."""

from __future__ import annotations

import pytest

from paperknife.errors import SignatureError
from paperknife.events.connectors import connector
from paperknife.events.connectors.braze import Braze

PROPERTIES = {
    "dispatch_id": "d1",
    "campaign_id": "c1",
    "message_variation_id": "v1",
    "email_address": "a@example.org",
}
USER = {"user_id": "u1", "external_user_id": "x1"}
RAW = {
    "event_type": "users.messages.email.Open",
    "id": "e1",
    "time": 1769850009,
    "user": USER,
    "properties": PROPERTIES,
}
RECORD = {"id": "e1", "time": 1769850009, **USER, **PROPERTIES}
FOLDER = (
    "dataexport.prod-01.S3.integration.5f0c/event_type={}/date=2026-01-31-09/437/prod-01/dataexport+0+7.avro"
)


@pytest.fixture
def translator(hasher):
    return connector("braze", hasher)


def one(translator, user=USER, **properties):
    (event,) = translator.parse({**RAW, "user": user, "properties": {**PROPERTIES, **properties}}).events
    return event


def in_file(translator, path, record=RECORD):
    return translator.parse(record, {"x-file-name": path})


def test_a_request_of_the_http_connector_holds_many_events(translator):
    assert len(translator.parse({"events": [RAW, {**RAW, "id": "e2"}]}).events) == 2
    assert len(translator.parse([{"events": [RAW]}, {"events": []}, RAW]).events) == 2
    assert len(translator.parse({"events": [7, None]}).rejected) == 2
    assert len(translator.parse({"events": 7}).rejected) == 1


@pytest.mark.parametrize(
    "path",
    [FOLDER.format("users.messages.email.Open"), FOLDER.format("users.messages.email.Open").replace("/", "\\"),
     "sample/users.messages.email.Open.avro", "sample/messages.email.Open.avro", "sample/Email_Open.avro",
     "users.messages.email.Send/users.messages.email.Open.avro"],
)  # fmt: skip
def test_a_record_of_a_file_is_the_same_event_and_its_type_stands_in_the_path(translator, path):
    assert in_file(translator, path).events == [one(translator)]


@pytest.mark.parametrize(
    ("path", "counted"),
    [
        (FOLDER.format("users.messages.email.SoftBounce"), "users.messages.email.SoftBounce"),
        ("users.messages.pushnotification.Open.avro", "users.messages.pushnotification.Open"),
        ("users.behaviors.app.SessionStart.avro", "users.behaviors.app.SessionStart"),
        ("Email_MarkAsSpam.avro", "users.messages.email.MarkAsSpam"),
    ],
)
def test_other_types_in_a_path_are_counted(translator, path, counted):
    assert in_file(translator, path).unknown_types == {counted: 1}


def test_a_record_without_a_type_anywhere_says_where_it_should_stand(translator):
    (bad,) = in_file(translator, "dataexport.S3.integration.5f0c+2+0000035465.avro").rejected
    assert bad.reason == "the event's type is missing: it stands in the path of Braze's file, event_type=…"
    assert Braze.recognises(RECORD)


@pytest.mark.parametrize(
    ("properties", "verdict"),
    [
        ({"machine_open": "true"}, "machine"),
        ({"machine_open": "Apple"}, "machine"),
        ({"machine_open": True}, "machine"),
        ({"is_suspected_bot_click": True}, "machine"),
        ({"machine_open": "false"}, None),
        ({"machine_open": ""}, None),
        ({"machine_open": False}, None),
        ({"machine_open": None, "is_suspected_bot_click": False}, None),
        ({"machine_open": {"true": 1}}, None),
    ],
)
def test_what_braze_takes_for_a_machine(translator, properties, verdict):
    assert one(translator, **properties).vendor_verdict == verdict


def test_a_dispatch_is_one_message_to_each_user(translator, hasher):
    first = one(translator)
    assert first.message_id == f"d1:{hasher.hash('u1')}"
    assert one(translator, send_id="s", message_variation_id=None).message_id == first.message_id
    assert one(translator, dispatch_id="d2").message_id != first.message_id
    assert one(translator, {"user_id": "u2"}).message_id != first.message_id
    assert one(translator, {"external_user_id": "x1"}).message_id == f"d1:{hasher.hash('a@example.org')}"


def test_events_of_a_message_join_whether_they_name_the_address_or_only_the_user(translator):
    anonymous = one(translator, {"user_id": "u1"}, email_address=None)
    by_own_id = one(translator, email_address=None)
    assert {anonymous.message_id, by_own_id.message_id} == {one(translator).message_id}


def test_without_a_dispatch_the_send_campaign_variation_and_step_stand_for_it(translator):
    def key(**properties):
        return one(
            translator, **{**dict.fromkeys(PROPERTIES), "email_address": "a@example.org", **properties}
        ).message_id

    assert len({key(send_id="s"), key(campaign_id="c"), key(campaign_id="c", message_variation_id="v"),
                key(canvas_id="n", canvas_step_id="1"), key(canvas_id="n", canvas_step_id="2")}) == 5  # fmt: skip
    assert key(campaign_id="c", message_variation_id="v") == key(campaign_id="c", message_variation_id="v")
    (bad,) = translator.parse({**RAW, "properties": {"email_address": "a@example.org"}}).rejected
    assert bad.reason == "the message's id is missing"


@pytest.mark.parametrize(
    ("address", "user", "who"),
    [("a@example.org", USER, "a@example.org"), (None, USER, "x1"), ("", {"user_id": "u1"}, "u1")],
)
def test_the_recipient_in_its_stated_order(translator, hasher, address, user, who):
    assert one(translator, user, email_address=address).recipient_id == hasher.hash(who)


def test_a_dispatch_of_nobody_is_set_aside(translator):
    (bad,) = translator.parse({**RAW, "user": {}, "properties": {"dispatch_id": "d1"}}).rejected
    assert bad.reason == "the user is missing: a dispatch alone is no message"


def test_a_canvas_is_a_campaign_too_and_the_senders_address_is_left_out(translator):
    event = one(translator, campaign_id=None, canvas_id="n1", sending_ip="198.51.100.7")
    assert (event.campaign_id, event.ip) == ("n1", None)


def test_the_connectors_token_is_checked():
    Braze.verify({"Authorization": "Bearer a-token"}, b"{}", "a-token")
    with pytest.raises(SignatureError, match="The request's secret is another one"):
        Braze.verify({"Authorization": "Bearer a-token"}, b"{}", "another")
