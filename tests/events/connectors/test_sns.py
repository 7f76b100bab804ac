"""SNS's signature: whom it believes, and from where it takes a certificate."""

from __future__ import annotations

import base64
import json
import sys
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from paperknife.errors import MissingExtraError, SignatureError
from paperknife.events.connectors.ses import Ses
from paperknife.events.connectors.sns import SnsTrust, checked_url

NOW = 1_769_850_000
TOPIC = "arn:aws:sns:eu-west-1:111122223333:mail-events"
URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b2c.pem"
EVENT = json.dumps({"eventType": "Open", "note": "é\n"})
NOTIFICATION = {"Type": "Notification", "MessageId": "sns-1", "TopicArn": TOPIC, "Message": EVENT,
                "Timestamp": "2026-01-31T09:00:00.000Z", "SigningCertURL": URL}  # fmt: skip
SIGNED = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


def certified(key, days=(-1, 1)):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    start, end = (datetime.fromtimestamp(NOW, UTC) + timedelta(days=day) for day in days)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, start, end)
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def pem(key):
    return certified(key)


@pytest.fixture(scope="module")
def signed(key):
    def sign(version="2", by=None, changed=None, **fields):
        message = {name: value for name, value in {**NOTIFICATION, **fields}.items() if value is not None}
        text = "".join(f"{name}\n{message[name]}\n" for name in SIGNED if name in message).encode()
        signature = (by or key).sign(text, padding.PKCS1v15(), SHA1() if version == "1" else SHA256())  # noqa: S303
        message |= {
            "SignatureVersion": version,
            "Signature": base64.b64encode(signature).decode(),
            **(changed or {}),
        }
        return json.dumps(message).encode()

    return sign


CONFIRMATION = {"Type": "SubscriptionConfirmation", "Token": "t", "Message": "You have chosen",
                "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"}  # fmt: skip


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize(
    "fields",
    [{}, {"Subject": "Amazon SES"}, CONFIRMATION, {**CONFIRMATION, "Type": "UnsubscribeConfirmation"}],
)
def test_a_genuine_message_is_accepted(signed, pem, version, fields):
    Ses.verify({}, signed(version, **fields), pem, now=NOW)


def test_a_null_subject_is_no_subject(signed, pem):
    Ses.verify({}, signed(changed={"Subject": None}), pem, now=NOW)


def test_the_certificate_may_be_fetched_by_the_checked_address(signed, pem):
    asked = []

    def fetch(url):
        asked.append(url)
        return pem.encode()

    Ses.verify({}, signed(), fetch, now=NOW)
    Ses.verify({}, signed(), SnsTrust(fetch, {TOPIC}), now=NOW)
    Ses.verify({}, signed(), SnsTrust(fetch, TOPIC), now=NOW)
    assert asked == [URL] * 3


@pytest.mark.parametrize(
    "changed",
    [{"Message": "{}"}, {"MessageId": "sns-2"}, {"Subject": "new"}, {"Timestamp": "2026-01-31T09:00:01.000Z"},
     {"TopicArn": TOPIC + "x"}, {"SignatureVersion": "1"}, {"Signature": ""}],
)  # fmt: skip
def test_a_changed_message_is_refused(signed, pem, changed):
    with pytest.raises(SignatureError, match="does not fit the body"):
        Ses.verify({}, signed(changed=changed), pem, now=NOW)


def test_a_message_signed_with_another_key_is_refused(signed, pem):
    other = rsa.generate_private_key(65537, 2048)
    with pytest.raises(SignatureError, match="does not fit the body"):
        Ses.verify({}, signed(by=other), pem, now=NOW)


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/a.pem",
        "https://evil.example/?https://sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/a.pem",
        "https://user@sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
        "https://sns.eu-west-1.amazonaws.com/a.pem?x=1",
        "https://sns.eu-west-1.amazonaws.com/a.pem#.pem",
        "https://sns.eu-west-1.amazonaws.com/../a.pem",
        "https://sns.eu-west-1.amazonaws.com/a.pem\n",
        "https://sns.eu-west-1.amazonaws.com/a.pem.txt",
        "https://sns.eu-west-1.amazonaws.com/",
        "https://SNS.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1-amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com\\.evil.example/a.pem",
        "https://sns.evil.eu-west-1.amazonaws.com/a.pem",
        "https://xsns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.s3.amazonaws.com/a.pem",
        "https://sns.s3-us-west-2.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com.cn/a.pem",
        "https://sns.amazonaws.com/a.pem",
        "file:///etc/a.pem",
        "",
    ],
)
def test_an_address_that_is_not_snss_is_never_fetched(signed, url):
    asked = []
    with pytest.raises(SignatureError, match=r"not one of Amazon SNS; expected https://sns\.<region>"):
        Ses.verify({}, signed(SigningCertURL=url), asked.append, now=NOW)
    assert asked == []


@pytest.mark.parametrize(
    "host", ["sns.us-east-1.amazonaws.com", "sns.us-gov-west-1.amazonaws.com", "sns.ap-southeast-2.amazonaws.com",
             "sns.cn-north-1.amazonaws.com.cn", "sns.mx-central-1.amazonaws.com"],
)  # fmt: skip
def test_every_region_has_its_own_address(host):
    url = f"https://{host}/SimpleNotificationService-0a1b.pem"
    assert checked_url(url) == url


@pytest.mark.parametrize("topics", [[TOPIC + "-other"], TOPIC + "-other"])
def test_another_topic_is_refused_before_anything_is_fetched(signed, topics):
    asked = []
    with pytest.raises(SignatureError, match="from another topic than those expected"):
        Ses.verify({}, signed(), SnsTrust(asked.append, topics), now=NOW)
    assert asked == []


@pytest.mark.parametrize(("seconds", "is_fresh"), [(3899, True), (3901, False), (-3901, False)])
def test_a_message_may_be_as_old_as_sns_retries(signed, pem, seconds, is_fresh):
    if is_fresh:
        Ses.verify({}, signed(), pem, now=NOW + seconds)
    else:
        with pytest.raises(SignatureError, match="3,901 seconds away from now; at most 3900"):
            Ses.verify({}, signed(), pem, now=NOW + seconds)


def test_a_time_that_is_none_is_refused(signed, pem):
    with pytest.raises(SignatureError, match="is no time"):
        Ses.verify({}, signed(Timestamp="soon"), pem, now=NOW)


@pytest.mark.parametrize("days", [(-2, -1), (1, 2)])
def test_a_certificate_out_of_its_time_is_refused(signed, key, days):
    with pytest.raises(SignatureError, match="has expired or is not valid yet"):
        Ses.verify({}, signed(), certified(key, days), now=NOW)


def test_what_is_no_certificate_and_a_certificate_of_another_kind(signed, key, pem):
    for secret in (
        "no PEM",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        lambda _: "no PEM",
    ):
        with pytest.raises(SignatureError, match="The secret is no certificate"):
            Ses.verify({}, signed(), secret, now=NOW)
    with pytest.raises(SignatureError, match="There is no secret"):
        Ses.verify({}, signed(), None, now=NOW)
    with pytest.raises(SignatureError, match="of another kind; expected SNS's RSA key"):
        Ses.verify({}, signed(), certified(ec.generate_private_key(ec.SECP256R1())), now=NOW)
    with pytest.raises(SignatureError, match="signature version '3' is unknown; expected 1 or 2"):
        Ses.verify({}, signed("3"), pem, now=NOW)


@pytest.mark.parametrize(
    "name",
    [
        "Signature",
        "SigningCertURL",
        "SignatureVersion",
        "Type",
        "Message",
        "MessageId",
        "Timestamp",
        "TopicArn",
    ],
)
def test_a_message_without_its_signature_is_told_what_to_switch_off(signed, pem, name):
    message = json.loads(signed())
    for broken in (None, 7):
        with pytest.raises(SignatureError, match=f"has no {name}: .* Switch raw message delivery off"):
            Ses.verify({}, json.dumps({**message, name: broken}).encode(), pem, now=NOW)


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b"[" * 100_000, b"7", b"\xff"])
def test_what_is_no_message_is_refused(pem, body):
    with pytest.raises(SignatureError, match="does not fit the body"):
        Ses.verify({}, body, pem, now=NOW)


def test_a_type_that_sns_does_not_have_is_refused(signed, pem):
    with pytest.raises(SignatureError, match="of a type that SNS does not have"):
        Ses.verify({}, signed(Type="Other"), pem, now=NOW)


def test_without_cryptography_the_extra_is_named(signed, pem, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.x509", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'paperknife\[service\]'"):
        Ses.verify({}, signed(), pem, now=NOW)
