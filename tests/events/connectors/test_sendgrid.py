"""SendGrid's own quirks."""

from __future__ import annotations

import base64
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from paperknife.errors import MissingExtraError, SignatureError
from paperknife.events.connectors import connector
from paperknife.events.connectors.sendgrid import SendGrid

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


def test_an_old_message_id_has_dots_of_its_own(one):
    old = "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0"
    assert one(sg_message_id=old).message_id.startswith("14c5d75ce93.dfd.64b469:")
    assert one(sg_message_id=old).message_id != one(sg_message_id=old.replace("b469", "b470")).message_id


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
    [(None, "the time is missing"), ("", "the time is missing"), ("soon", "the time is no time"),
     (True, "the time is no time"), ([1], "the time is no time"), ("9" * 50, "the time is no time"),
     ("1e39", "the time is before 2000 or after 2100"), (1769850000000, "the time is before 2000 or after 2100"),
     (float("nan"), "the time is no time"), (float("inf"), "the time is no time"),
     ("2026-01-31T09:00:00", "the time has no time zone"), ("2026-99-31T09:00:00Z", "the time is no time")],
)  # fmt: skip
def test_times_that_cannot_be(hasher, given, reason):
    (bad,) = connector("sendgrid", hasher).parse([{**RAW, "timestamp": given}]).rejected
    assert bad.reason == reason


def test_false_is_not_a_vendors_word_for_a_person(one):
    assert one(sg_machine_open=True).vendor_verdict == "machine"
    assert one(sg_machine_open="true").vendor_verdict == "machine"
    assert one(sg_machine_open=False).vendor_verdict is None
    assert one(sg_machine_open="false").vendor_verdict is None
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


@pytest.mark.parametrize(
    "moment",
    ["2026-01-31 09:00:00", "2026-01-31T09:00:00Z", "2026-01-31 09:00:00 UTC", "2026-01-31 10:00:00+0100"],
)
def test_rows_of_the_email_activity_feed_join_those_of_the_webhook(one, hasher, moment):
    row = {"processed": moment, "message_id": "m.x", "event": "open", "email": "A@example.org", "url": "",
           "originating_ip": "198.51.100.1", "user_agent": "Agent/1", "marketing_campaign_id": "",
           "categories": '["autumn", "b"]'}  # fmt: skip
    arrived = {**row, "event": "delivered", "user_agent": ""}
    assert SendGrid.recognises(row)
    opened, delivered = connector("sendgrid", hasher).parse([row, arrived]).events
    assert opened.message_id == delivered.message_id == one().message_id
    assert opened.occurred_at == 1769850000_000000
    assert (opened.ip, opened.user_agent, opened.url, opened.campaign_id) == (None, "Agent/1", None, "autumn")
    assert delivered.user_agent is None


def test_a_single_object_is_a_batch_of_one(hasher):
    assert len(connector("sendgrid", hasher).parse(RAW).events) == 1


def test_ip_and_user_agent_stay_exactly_as_given_and_a_long_user_agent_is_cut(one):
    event = one(ip="2001:DB8::0:1", useragent=" Odd  Agent\t")
    assert (event.ip, event.user_agent) == ("2001:DB8::0:1", " Odd  Agent\t")
    assert one(useragent="").user_agent == ""
    assert len(one(useragent="x" * 100_000).user_agent) == 4096


BODY = b'[{"event": "open"}]\r\n'
NOW = 1_769_850_000


@pytest.fixture(scope="module")
def keys():
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return private, base64.b64encode(public).decode()


def signed(private, body=BODY, moment=NOW):
    signature = private.sign(str(moment).encode() + body, ec.ECDSA(SHA256()))
    return {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": str(moment),
    }


def test_a_genuine_request_is_accepted_with_the_key_in_either_form(keys):
    private, public = keys
    SendGrid.verify(signed(private), BODY, public, now=NOW + 299)
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    SendGrid.verify(signed(private), BODY, pem.decode(), now=NOW)


def test_another_body_another_key_and_another_time_are_refused(keys):
    private, public = keys
    other = ec.generate_private_key(ec.SECP256R1())
    moved = {**signed(private), "X-Twilio-Email-Event-Webhook-Timestamp": str(NOW + 1)}
    for headers, body in ((signed(private), BODY + b" "), (signed(other), BODY), (moved, BODY)):
        with pytest.raises(SignatureError, match="does not fit the body"):
            SendGrid.verify(headers, body, public, now=NOW)


@pytest.mark.parametrize("now", [NOW + 301, NOW - 301])
def test_a_request_played_again_later_is_refused(keys, now):
    private, public = keys
    with pytest.raises(SignatureError, match="301 seconds away from now; at most 300"):
        SendGrid.verify(signed(private), BODY, public, now=now)


def test_what_is_no_signature_and_what_is_no_key(keys):
    private, public = keys
    headers = {**signed(private), "X-Twilio-Email-Event-Webhook-Signature": "no base64!"}
    with pytest.raises(SignatureError, match="The signature is no base64"):
        SendGrid.verify(headers, BODY, public, now=NOW)
    with pytest.raises(SignatureError, match="has no header x-twilio-email-event-webhook-timestamp"):
        SendGrid.verify(
            {**signed(private), "X-Twilio-Email-Event-Webhook-Timestamp": ""}, BODY, public, now=NOW
        )
    with pytest.raises(SignatureError, match="The secret is no public key"):
        SendGrid.verify(signed(private), BODY, "bm90IGEga2V5", now=NOW)
    rsa_key = rsa.generate_private_key(65537, 2048).public_key()
    pem = rsa_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with pytest.raises(SignatureError, match="of another kind; expected SendGrid's elliptic-curve key"):
        SendGrid.verify(signed(private), BODY, pem, now=NOW)


def test_without_cryptography_the_extra_is_named(keys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'paperknife\[service\]'"):
        SendGrid.verify(signed(keys[0]), BODY, keys[1], now=NOW)
