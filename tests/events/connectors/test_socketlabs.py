"""SocketLabs' own quirks, and the secret in its bodies."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlencode

import pytest

from paperknife.errors import SignatureError
from paperknife.events.connectors import connector
from paperknife.events.connectors.socketlabs import SocketLabs

KEY = "n7BJk25EtAr39Sfa4K8R"
RAW = {
    "Type": "Tracking",
    "TrackingType": 1,
    "DateTime": "2026-01-31T09:00:00.1234567Z",
    "MailingId": "SLNL-0-9999999-9999999",
    "MessageId": "1209957964",
    "Address": "a@example.org",
    "ServerId": 12345,
    "SecretKey": KEY,
    "ClientIp": "203.0.113.40",
    "UserAgent": "Agent/1 (x; y)",
}


@pytest.fixture
def translator(hasher):
    return connector("socketlabs", hasher)


@pytest.fixture
def one(translator):
    def parse(**fields):
        (event,) = translator.parse({**RAW, **fields}).events
        return event

    return parse


@pytest.mark.parametrize(
    ("tracked", "type_"),
    [(0, "click"), ("0", "click"), ("Click", "click"), (1, "open"), ("1", "open"), ("Open", "open"),
     (2, "unsubscribe"), ("2", "unsubscribe"), ("Unsubscribe", "unsubscribe")],
)  # fmt: skip
def test_what_was_tracked_as_number_or_name(one, tracked, type_):
    assert one(TrackingType=tracked).event_type == type_


@pytest.mark.parametrize(
    ("fields", "type_"),
    [({"Type": "Queued"}, "sent"), ({"Type": "Delivered"}, "delivered"), ({"Type": "Sent"}, "delivered"),
     ({"Type": "Open"}, "open"), ({"Type": "Click"}, "click")],
)  # fmt: skip
def test_types_that_are_not_tracking(one, fields, type_):
    assert one(**fields).event_type == type_


def test_other_types_are_counted_by_name(translator):
    batch = translator.parse(
        [{**RAW, "Type": "Failed"}, {**RAW, "TrackingType": 7}, {**RAW, "TrackingType": "Forward"}]
    )
    assert (batch.unknown_types, batch.rejected) == ({"Failed": 1, "Tracking 7": 1, "Forward": 1}, [])


@pytest.mark.parametrize("tracked", [None, "", True, 1.0, [], {}])
def test_what_was_tracked_must_be_said(translator, tracked):
    (bad,) = translator.parse({**RAW, "TrackingType": tracked}).rejected
    assert bad.reason == "the event's type is missing or no text"


def test_the_validation_of_an_endpoint_is_no_row(translator):
    batch = translator.parse({"Type": "Validation", "SecretKey": KEY, "ServerId": 12345})
    assert (batch.pings_n, batch.events, batch.rejected) == (1, [], [])


def test_the_seventh_digit_is_cut(one):
    assert one().occurred_at == 1769850000_123456


def form_of(raw):
    return urlencode({name: value for name, value in raw.items() if value is not None})


@pytest.mark.parametrize(
    "wrap",
    [
        lambda raw: [raw],
        lambda raw: {"data": raw},
        form_of,
        lambda raw: parse_qs(form_of(raw)),
        lambda raw: {name: str(value) for name, value in raw.items()},
    ],
)
def test_arrays_and_forms_say_the_same(translator, one, wrap):
    assert translator.parse(wrap(RAW)).events == [one()]


@pytest.mark.parametrize("odd", ["no form", "a=b", 7, None, {"data": {"x": 1}}])
def test_what_is_not_understood_is_counted(translator, odd):
    assert len(translator.parse([odd]).rejected) == 1


def test_the_secret_is_in_no_row_that_is_set_aside(translator):
    for body in ({**RAW, "DateTime": None}, form_of({**RAW, "DateTime": None})):
        (bad,) = translator.parse(body).rejected
        assert KEY not in json.dumps(bad.row)


def test_a_message_is_its_mailing_its_own_id_and_its_recipient(one, hasher):
    own = hasher.hash("a@example.org")
    assert one().message_id == f"SLNL-0-9999999-9999999.1209957964:{own}"
    assert one(MessageId=None).message_id == f"SLNL-0-9999999-9999999:{own}"
    assert one(Address="b@example.org").message_id != one().message_id


@pytest.mark.parametrize(
    ("fields", "campaign"),
    [
        ({"MailingId": "spring-sale", "Data": {"Tags": ["t"]}}, "spring-sale"),
        ({"MailingId": "SLOW-BURN", "Data": {"Tags": ["t"]}}, "SLOW-BURN"),
        ({"Data": {"Tags": ["t", "u"]}}, "t"),
        ({"MailingId": "SL5233439-5474023", "Data": {"Tags": []}}, "SL5233439-5474023"),
        ({"MailingId": None}, None),
        ({"Data": "[]"}, "SLNL-0-9999999-9999999"),
    ],
)
def test_the_campaign_in_its_stated_order(one, fields, campaign):
    assert one(**fields).campaign_id == campaign


def test_both_spellings_of_ip_and_url(translator, one):
    plain = {name: value for name, value in RAW.items() if name != "ClientIp"}
    click = {"TrackingType": 0, "ClientIP": "203.0.113.40", "URL": "https://x.org"}
    assert translator.parse({**plain, **click}).events == [one(TrackingType=0, Url="https://x.org")]
    assert one(TrackingType=0, Url="https://x.org").url == "https://x.org"


def body_of(*raws):
    return json.dumps(list(raws) if len(raws) > 1 else raws[0]).encode()


@pytest.mark.parametrize(
    "body", [body_of(RAW), body_of(RAW, RAW), body_of({"data": RAW}), form_of(RAW).encode()]
)
def test_the_secret_in_every_event_is_accepted(body):
    SocketLabs.verify({}, body, KEY)


@pytest.mark.parametrize(
    "body",
    [body_of({**RAW, "SecretKey": "another"}), body_of(RAW, {**RAW, "SecretKey": KEY + "x"}),
     body_of({**RAW, "SecretKey": "é"}), form_of({**RAW, "SecretKey": "another"}).encode()],
)  # fmt: skip
def test_another_secret_is_refused(body):
    with pytest.raises(SignatureError, match="does not fit the body"):
        SocketLabs.verify({}, body, KEY)


@pytest.mark.parametrize(
    "body",
    [b"", b"not JSON", b"\xff\xfe", b"[]", b"[" * 100_000, body_of(RAW, {**RAW, "SecretKey": None}),
     body_of({**RAW, "SecretKey": ""}), body_of(RAW, "text")],
)  # fmt: skip
def test_a_body_without_a_secret_in_every_event_is_refused(body):
    with pytest.raises(SignatureError, match="The body carries no SecretKey"):
        SocketLabs.verify({}, body, KEY)


def test_with_an_empty_secret_of_ours_nothing_is_accepted():
    with pytest.raises(SignatureError, match="There is no secret"):
        SocketLabs.verify({}, body_of({**RAW, "SecretKey": ""}), "")
