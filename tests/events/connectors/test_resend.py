"""Resend's own quirks, and Svix's signature."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from paperknife.errors import SignatureError
from paperknife.events.connectors import connector
from paperknife.events.connectors.resend import Resend

DATA = {"email_id": "e-1", "to": ["a@example.org"], "created_at": "2026-01-31T08:00:00Z"}
RAW = {"type": "email.opened", "created_at": "2026-01-31T09:00:00.125Z", "data": DATA}


@pytest.fixture
def one(hasher):
    def parse(kind="email.opened", headers=None, **data):
        (event,) = (
            connector("resend", hasher).parse({**RAW, "type": kind, "data": {**DATA, **data}}, headers).events
        )
        return event

    return parse


def test_the_time_is_the_events_and_a_clicks_own(one):
    assert one().occurred_at == 1769850000_125000
    click = {"timestamp": "2026-01-31T08:59:59.999Z", "link": "https://x.example"}
    assert one("email.clicked", click=click).occurred_at == 1769849999_999000
    assert one("email.clicked", click={"link": "https://x.example"}).occurred_at == 1769850000_125000
    assert one("email.clicked", click=None).occurred_at == 1769850000_125000


def test_the_event_id_is_the_requests_and_without_one_the_same_event_has_the_same(one, hasher):
    assert one(headers={"Svix-Id": "msg_1"}).event_id == "resend:msg_1"
    assert one(headers={"webhook-id": "msg_2"}).event_id == "resend:msg_2"
    assert one().event_id == one(subject="other").event_id
    assert one().event_id != one("email.delivered").event_id
    batch = connector("resend", hasher).parse(
        [RAW, {**RAW, "created_at": "2026-01-31T09:00:01Z"}], {"svix-id": "m"}
    )
    assert len({event.event_id for event in batch.events}) == 2


def test_events_of_contacts_and_domains_are_recognised_and_counted(hasher):
    contact = {
        "type": "contact.updated",
        "created_at": "2026-01-31T09:00:00Z",
        "data": {"id": "c", "email": "a@x.org"},
    }
    domain = {
        "type": "domain.created",
        "created_at": "2026-01-31T09:00:00Z",
        "data": {"id": "d", "name": "x.org"},
    }
    assert Resend.recognises(contact)
    assert Resend.recognises(domain)
    assert not Resend.recognises({**contact, "type": "invoice.paid"})
    batch = connector("resend", hasher).parse([contact, domain])
    assert batch.unknown_types == {"contact.updated": 1, "domain.created": 1}


def test_an_event_fetched_from_the_api_is_the_one_that_was_sent(one, hasher):
    kept = {"object": "webhook_event", "id": "msg_1", "type": "email.opened", "created_at": "2026-02-01T00:00:00Z",
            "status": "success", "payload": RAW}  # fmt: skip
    (event,) = connector("resend", hasher).parse([kept]).events
    assert event == one(headers={"svix-id": "msg_1"})
    listed = {"object": "list", "has_more": False, "data": [{"id": "msg_1", "type": "email.opened"}]}
    assert len(connector("resend", hasher).parse(listed).rejected) == 1


@pytest.mark.parametrize(
    "data",
    [{"to": ["a@example.org", "b@example.org"]}, {"cc": ["b@example.org"]}, {"bcc": "B <b@example.org>"},
     {"to": ["a@example.org, b@example.org"]}],
)  # fmt: skip
def test_several_recipients_are_ambiguous_and_share_one_message(one, data):
    events = [one(kind, **data) for kind in ("email.delivered", "email.opened")]
    assert {(event.recipient_id, event.is_ambiguous, event.message_id) for event in events} == {
        (None, True, "e-1")
    }


@pytest.mark.parametrize("to", [["A@example.org", "a@example.org"], "a@example.org", ["Ada <a@example.org>"]])
def test_one_recipient_is_one_however_it_is_written(one, hasher, to):
    assert (one(to=to).recipient_id, one(to=to).is_ambiguous) == (hasher.hash("a@example.org"), None)


def test_without_recipients_nobody_is_named_and_nothing_is_ambiguous(one):
    assert (one(to=[]).recipient_id, one(to=[]).is_ambiguous) == (None, None)


@pytest.mark.parametrize(
    ("data", "campaign"),
    [
        ({"broadcast_id": "b", "tags": {"campaign": "c"}}, "b"),
        ({"tags": {"campaign": "c", "campaign_id": "i", "category": "k"}}, "i"),
        ({"tags": {"category": "k", "other": "o"}}, "k"),
        (
            {"tags": [{"name": "other", "value": "o"}, {"name": "campaign", "value": "c"}, 7, {"name": []}]},
            "c",
        ),
        ({"tags": {"other": "o"}}, None),
        ({"tags": "c"}, None),
    ],
)
def test_the_campaign_in_its_stated_order(one, data, campaign):
    assert one(**data).campaign_id == campaign


def test_what_is_no_mails_event_is_counted_or_set_aside(hasher):
    translator = connector("resend", hasher)
    unknown = ["email.bounced", "email.delivery_delayed", "contact.updated", "domain.created"]
    batch = translator.parse([{**RAW, "type": kind} for kind in unknown])
    assert batch.unknown_types == dict.fromkeys(unknown, 1)
    (bad,) = translator.parse({**RAW, "data": "none"}).rejected
    assert bad.reason == "the message's id is missing"
    assert not Resend.recognises({"type": "x", "created_at": 1, "data": {}})
    assert not Resend.recognises({"type": "x", "created_at": 1, "data": "email_id"})


KEY = b"a key of the tests, quite long"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
NOW = 1_769_850_000
BODY = b'{"type":"email.opened"}'


def signed(key=KEY, body=BODY, moment=NOW, prefix="svix", before=""):
    digest = hmac.new(key, f"msg_1.{moment}.".encode() + body, hashlib.sha256).digest()
    signature = before + "v1," + base64.b64encode(digest).decode()
    return {f"{prefix}-id": "msg_1", f"{prefix}-timestamp": str(moment), f"{prefix}-signature": signature}


OTHER = "v1," + base64.b64encode(b"another").decode() + " v2,b25seQ== "


@pytest.mark.parametrize("headers", [signed(), signed(prefix="webhook"), signed(before=OTHER)])
def test_a_genuine_request_is_accepted(headers):
    Resend.verify({name.title(): value for name, value in headers.items()}, BODY, SECRET, now=NOW + 299)


@pytest.mark.parametrize(
    "headers",
    [signed(b"another key"), signed(body=BODY + b" "), {**signed(), "svix-id": "msg_2"},
     {**signed(), "svix-timestamp": str(NOW + 1)}, {**signed(), "svix-signature": OTHER},
     {**signed(), "svix-signature": signed()["svix-signature"].replace("v1,", "v2,")}],
)  # fmt: skip
def test_a_forged_request_is_refused(headers):
    with pytest.raises(SignatureError, match="does not fit the body"):
        Resend.verify(headers, BODY, SECRET, now=NOW)


@pytest.mark.parametrize("now", [NOW + 301, NOW - 301])
def test_a_request_played_again_later_is_refused(now):
    with pytest.raises(SignatureError, match="301 seconds away from now; at most 300"):
        Resend.verify(signed(), BODY, SECRET, now=now)


def test_what_is_no_signature_and_what_is_no_secret():
    with pytest.raises(SignatureError, match="The signature is no base64"):
        Resend.verify({**signed(), "svix-signature": "v1,!"}, BODY, SECRET, now=NOW)
    with pytest.raises(SignatureError, match="is no time"):
        Resend.verify(signed(moment="soon"), BODY, SECRET, now=NOW)
    with pytest.raises(SignatureError, match="has no header svix-signature"):
        Resend.verify({**signed(), "svix-signature": " "}, BODY, SECRET, now=NOW)
    for secret in ("whsec_!", "whsec_", "é"):
        with pytest.raises(
            SignatureError, match="The secret is no signing secret: expected whsec_ and base64"
        ):
            Resend.verify(signed(), BODY, secret, now=NOW)
