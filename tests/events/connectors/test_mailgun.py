"""Mailgun's own quirks."""

from __future__ import annotations

import hashlib
import hmac
import json
from urllib.parse import urlencode

import pytest

from paperknife.errors import SignatureError
from paperknife.events.connectors import connector
from paperknife.events.connectors.mailgun import Mailgun

RAW = {
    "event": "opened",
    "id": "x",
    "timestamp": 1521472262.908181,
    "recipient": "a@example.org",
    "message": {"headers": {"message-id": "1.2@mg.example.com"}},
}


@pytest.fixture
def translator(hasher):
    return connector("mailgun", hasher)


def one(translator, **fields):
    (event,) = translator.parse({**RAW, **fields}).events
    return event


def test_microseconds_are_kept_exactly(translator):
    assert one(translator).occurred_at == 1521472262_908181
    for us in range(0, 1_000_000, 9973):
        assert one(translator, timestamp=float(f"4102444799.{us:06d}")).occurred_at == 4102444799_000000 + us


def test_the_logs_api_has_its_own_time_and_the_same_ids(translator):
    told = {name: value for name, value in RAW.items() if name != "timestamp"}
    page = {"items": [{**told, "@timestamp": "2018-03-19T15:11:02.908Z"}], "pagination": {"total": 1}}
    (event,) = translator.parse(page).events
    assert (event.occurred_at, event.event_id) == (1521472262_908000, one(translator).event_id)


def test_unique_opens_of_the_logs_api_are_no_second_opens(translator):
    batch = translator.parse([RAW, {**RAW, "event": "unique_opened"}])
    assert (len(batch.events), batch.unknown_types) == (1, {"unique_opened": 1})


def test_an_event_without_its_optional_fields_is_recognised():
    assert Mailgun.recognises(RAW)


def test_the_event_id_holds_the_utc_day(translator):
    assert one(translator).event_id == "mailgun:2018-03-19:x"
    assert one(translator, timestamp=1521472262 + 86400).event_id == "mailgun:2018-03-20:x"


@pytest.mark.parametrize(
    ("bot", "verdict"),
    [
        ("apple", "machine"),
        ("gmail", "machine"),
        ("generic", "machine"),
        ("new-kind", "machine"),
        ("", None),
        (" ", None),
        (None, None),
        (1, None),
    ],
)
def test_the_bot_field_is_the_vendors_verdict(translator, bot, verdict):
    assert one(translator, **{"client-info": {"bot": bot}}).vendor_verdict == verdict
    assert one(translator).vendor_verdict is None


@pytest.mark.parametrize(
    "wrap",
    [
        lambda raw: {"signature": {"token": "t"}, "event-data": raw},
        lambda raw: [{"event-data": raw}],
        lambda raw: {"items": [raw], "paging": {}},
        lambda raw: raw,
        lambda raw: [raw],
    ],
)
def test_webhooks_pages_and_bare_events_are_unwrapped(translator, wrap):
    assert len(translator.parse(wrap(RAW)).events) == 1


@pytest.mark.parametrize(
    ("fields", "campaign"),
    [
        ({"campaigns": [{"id": "c1"}, {"id": "c2"}], "tags": ["t"]}, "c1"),
        ({"campaigns": [], "tags": ["t", "u"], "user-variables": {"campaign": "v"}}, "t"),
        ({"tags": [], "user-variables": {"campaign_id": 7, "campaign": "v"}}, "7"),
        ({"user-variables": {"campaign": "v"}}, "v"),
        ({"user-variables": []}, None),
    ],
)
def test_the_campaign_in_its_stated_order(translator, fields, campaign):
    assert one(translator, **fields).campaign_id == campaign


def test_without_a_message_id_a_row_is_set_aside(translator):
    (bad,) = translator.parse({**RAW, "message": {}}).rejected
    assert bad.reason == "the message's id is missing"


def test_a_recipients_address_inside_the_message_id_is_hashed(translator, hasher):
    raw = {"message": {"headers": {"message-id": "<bounce-a@example.org-17@mg.example.com>"}}}
    assert "a@example.org" not in one(translator, **raw).message_id
    assert hasher.hash("a@example.org") in one(translator, **raw).message_id


KEY = "key-of-the-tests"
NOW = 1_769_850_000


def signed(key=KEY, moment=NOW, **changes):
    token = "t" * 50
    digest = hmac.new(key.encode(), f"{moment}{token}".encode(), hashlib.sha256).hexdigest()
    signature = {"timestamp": str(moment), "token": token, "signature": digest, **changes}
    return json.dumps({"signature": signature, "event-data": RAW}).encode()


def test_a_genuine_request_is_accepted():
    Mailgun.verify({}, signed(), KEY, now=NOW + 299)


@pytest.mark.parametrize(
    "body",
    [signed("another key"), signed(token="u" * 50), signed(timestamp=str(NOW + 1)), signed(signature="é"),
     signed(signature=7), signed(token=None), b"[]", b"not JSON", b"", b"[" * 100_000],
)  # fmt: skip
def test_a_forged_or_unsigned_request_is_refused(body):
    with pytest.raises(SignatureError, match="does not fit the body"):
        Mailgun.verify({}, body, KEY, now=NOW)


def test_a_request_played_again_later_is_refused():
    with pytest.raises(SignatureError, match="3,600 seconds away from now"):
        Mailgun.verify({}, signed(), KEY, now=NOW + 3600)


def test_a_time_that_is_none_is_refused_and_an_empty_key_checks_nothing():
    with pytest.raises(SignatureError, match="is no time"):
        Mailgun.verify({}, signed(moment="soon"), KEY, now=NOW)
    with pytest.raises(SignatureError, match="There is no secret"):
        Mailgun.verify({}, signed(""), "", now=NOW)


LEGACY = {"event": "opened", "recipient": "A@example.org", "message-id": "1.2@mg.example.com", "ip": "203.0.113.5",
          "user-agent": "Agent/1", "campaign-id": "c", "timestamp": "1521472262", "token": "t" * 50}  # fmt: skip


def test_the_flat_fields_of_legacy_webhooks_are_understood_and_join(translator):
    told = {**LEGACY, "signature": "s"}
    delivered = {name: told[name] for name in ("recipient", "timestamp", "token", "signature")}
    delivered |= {"event": "delivered", "Message-Id": "<1.2@mg.example.com>"}
    assert Mailgun.recognises(told)
    assert Mailgun.recognises(delivered)
    opened, arrived = translator.parse([told, delivered]).events
    assert opened.message_id == arrived.message_id == one(translator).message_id
    assert (opened.ip, opened.user_agent, opened.campaign_id) == ("203.0.113.5", "Agent/1", "c")
    assert opened.occurred_at == 1521472262_000000
    assert (arrived.ip, arrived.user_agent, arrived.campaign_id) == (None, None, None)


def test_a_legacy_form_is_checked_by_its_last_fields():
    digest = hmac.new(KEY.encode(), f"{NOW}{'t' * 50}".encode(), hashlib.sha256).hexdigest()
    form = [("token", "my own variable"), *LEGACY.items(), ("timestamp", str(NOW)), ("signature", digest)]
    Mailgun.verify({}, urlencode(form).encode(), KEY, now=NOW)
    for forged in ([*form, ("token", "u" * 50)], [*form, ("signature", "0" * 64)], form[:-1]):
        with pytest.raises(SignatureError, match="does not fit the body"):
            Mailgun.verify({}, urlencode(forged).encode(), KEY, now=NOW)
    with pytest.raises(SignatureError, match="does not fit the body"):
        Mailgun.verify({}, b"token=\xff", KEY, now=NOW)
