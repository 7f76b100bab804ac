"""Mandrill's own quirks and its signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from urllib.parse import urlencode

import pytest

from paperknife.errors import SignatureError
from paperknife.events.connectors import connector
from paperknife.events.connectors.mandrill import Mandrill

MSG = {"ts": 1769849990, "_id": "abc", "email": "a@example.org", "tags": ["t", "u"]}
RAW = {"event": "open", "_id": "abc", "ts": 1769850000, "msg": MSG}


@pytest.fixture
def translator(hasher):
    return connector("mandrill", hasher)


@pytest.fixture
def one(translator):
    def parse(**fields):
        (event,) = translator.parse([{**RAW, **fields}]).events
        return event

    return parse


@pytest.mark.parametrize(
    "payload",
    [[RAW], RAW, {"mandrill_events": json.dumps([RAW])}, {"mandrill_events": [RAW]},
     [{"mandrill_events": json.dumps([RAW])}], {"mandrill_events": json.dumps(RAW)}],
)  # fmt: skip
def test_arrays_events_and_forms_are_the_same(translator, one, payload):
    batch = translator.parse(payload)
    assert batch.events == [one()]
    assert not batch.rejected


def test_a_form_of_many_and_a_form_of_none(translator):
    many = [RAW, {**RAW, "ts": 1769850001}, {**RAW, "event": "soft_bounce"}]
    batch = translator.parse({"mandrill_events": json.dumps(many)})
    assert (len(batch.events), batch.unknown_types) == (2, {"soft_bounce": 1})
    for nothing in ("[]", []):
        batch = translator.parse({"mandrill_events": nothing})
        assert (batch.pings_n, len(batch.events), batch.rejected) == (1, 0, [])


@pytest.mark.parametrize("broken", ["", "[{", None, 7, "text"])
def test_a_form_that_holds_no_events_is_set_aside(translator, broken):
    (bad,) = translator.parse({"mandrill_events": broken}).rejected
    assert bad.row == {"mandrill_events": broken}


def test_the_events_own_time_and_only_a_send_may_do_with_the_messages(one, translator):
    assert one().occurred_at == 1769850000_000000
    assert one(event="send").occurred_at == 1769850000_000000
    assert one(event="send", ts=None).occurred_at == 1769849990_000000
    (bad,) = translator.parse([{**RAW, "ts": None}]).rejected
    assert bad.reason == "the time is missing"


def test_the_messages_id_joins_old_and_new_ways_to_write_it(one):
    wanted = one().message_id
    assert one(_id=None).message_id == wanted
    assert one(_id="1773449.abc").message_id == wanted
    assert one(_id=None, msg={**MSG, "_id": "1773449.abc"}).message_id == wanted
    assert one(_id="abd").message_id != wanted


@pytest.mark.parametrize(
    ("fields", "campaign"),
    [
        ({"metadata": {"campaign_id": 7, "campaign": "c"}, "subaccount": "s"}, "7"),
        ({"metadata": {"campaign": "c"}}, "c"),
        ({"metadata": ["c"], "subaccount": "s"}, "t"),
        ({"tags": [], "subaccount": "s"}, "s"),
        ({"tags": None}, None),
    ],
)
def test_the_campaign_in_its_stated_order(one, fields, campaign):
    assert one(msg={**MSG, **fields}).campaign_id == campaign


def test_sync_events_are_counted_and_recognised(translator):
    sync = [
        {"type": "blacklist", "action": "add", "reject": {"email": "a@example.org"}, "ts": 1769850000},
        {"type": "whitelist", "action": "remove", "entry": {"email": "a@example.org"}, "ts": 1769850000},
    ]
    assert translator.parse(sync).unknown_types == {"blacklist": 1, "whitelist": 1}
    assert all(Mandrill.recognises(raw) for raw in sync)


def test_a_message_of_the_api_is_taken_apart(translator, one, hasher):
    message = {
        **MSG,
        "state": "sent",
        "opens": 1,
        "smtp_events": [{"ts": 1769849993, "type": "soft_bounced"}, {"ts": 1769849995, "type": "sent"}],
        "opens_detail": [
            {"ts": "2026-01-31 09:00:00.5", "ip": "203.0.113.4", "ua": "Thunderbird/128.0"},
            "?",
        ],
        "clicks_detail": [
            {"ts": "2026-01-31T09:00:05Z", "ip": "203.0.113.4", "ua": "F", "url": "https://x.example"}
        ],
    }
    batch = translator.parse([message])
    assert [
        (event.event_type, event.occurred_at, event.ip, event.user_agent, event.url) for event in batch.events
    ] == [
        ("sent", 1769849990_000000, None, None, None),
        ("delivered", 1769849995_000000, None, None, None),
        ("open", 1769850000_500000, "203.0.113.4", "Thunderbird/128.0", None),
        ("click", 1769850005_000000, "203.0.113.4", "F", "https://x.example"),
    ]
    assert {event.message_id for event in batch.events} == {one().message_id}
    assert batch.unknown_types == {"soft_bounced": 1}
    assert [bad.row for bad in batch.rejected] == ["?"]
    assert translator.parse({**message, "state": "rejected"}).unknown_types["rejected"] == 1
    assert [bad.row["event"] for bad in translator.parse({"opens_detail": [], "state": []}).rejected] == [[]]


KEY = "key-of-the-tests"
URL = "https://user:word@hooks.example.org/mandrill?x=1"
FORM = {"mandrill_events": json.dumps([{**RAW, "note": "a&b=c é"}]), "another": ""}
BODY = urlencode(FORM).encode()


def signed(key=KEY, url=URL, form=FORM):
    text = url + "".join(name + form[name] for name in sorted(form))
    digest = hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()
    return {"X-Mandrill-Signature": base64.b64encode(digest).decode()}


def test_a_genuine_request_is_accepted():
    Mandrill.verify(signed(), BODY, KEY, url=URL)


@pytest.mark.parametrize(
    ("headers", "body"),
    [(signed("another key"), BODY), (signed(url=URL + "/"), BODY), (signed(form={"mandrill_events": "[]"}), BODY),
     (signed(), BODY + b"&x=1"), (signed(), b""), (signed(), b"\xff"), (signed(), b"a=1&" * 200),
     ({"x-mandrill-signature": "é"}, BODY)],
)  # fmt: skip
def test_a_forged_request_is_refused(headers, body):
    with pytest.raises(SignatureError, match="does not fit the body"):
        Mandrill.verify(headers, body, KEY, url=URL)


def test_the_url_is_needed():
    with pytest.raises(SignatureError, match="Mandrill signs the URL it calls, and none was given"):
        Mandrill.verify(signed(), BODY, KEY)


def test_a_request_without_a_signature_and_a_check_without_a_key():
    with pytest.raises(SignatureError, match="has no header x-mandrill-signature"):
        Mandrill.verify({}, BODY, KEY, url=URL)
    with pytest.raises(SignatureError, match="There is no secret"):
        Mandrill.verify(signed(""), BODY, "", url=URL)
