"""How Amazon SNS signs what it posts: with the key of an X.509 certificate that the message itself names.

Any AWS customer can have SNS post to any URL, genuinely signed: the signature alone does not say that the message is
from a topic of yours. Give the topics, as `SnsTrust`, wherever the requests are not authenticated otherwise.

The certificate's address is checked to the letter before anything is fetched: whoever could name an address of their
own would sign with a key of their own. Fetching is done elsewhere (`paperknife.events.certificates`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec

from paperknife.errors import MissingExtraError, SignatureError
from paperknife.events.connectors.signatures import (
    MAX_AGE_S,
    Scheme,
    forged,
    from_base64,
    require_fresh,
    secret_bytes,
)
from paperknife.events.connectors.values import BadRowError, microseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from cryptography.x509 import Certificate

    Pem = str | bytes | Callable[[str], str | bytes]

RETRIES_S: Final = 3600
"""How long SNS may go on retrying an HTTP endpoint: "The total policy retry time … cannot be greater than 3,600 s"."""

# A region has a hyphen and ends in a digit. That leaves out `sns.s3.amazonaws.com` and `sns.s3-us-west-2.amazonaws.com`,
# under which anybody may keep a bucket called "sns".
_CERTIFICATE_URL: Final = re.compile(
    r"https://sns\.(?:[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}\.amazonaws\.com|cn-[a-z]+-[0-9]{1,2}\.amazonaws\.com\.cn)"
    r"/[A-Za-z0-9_-][A-Za-z0-9._-]*\.pem"
)
_OF_NOTIFICATIONS: Final = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_OF_CONFIRMATIONS: Final = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED: Final = {
    "Notification": _OF_NOTIFICATIONS,
    "SubscriptionConfirmation": _OF_CONFIRMATIONS,
    "UnsubscribeConfirmation": _OF_CONFIRMATIONS,
}


@dataclass(frozen=True, slots=True)
class SnsTrust:
    """Whom to believe, as the `secret` of `Connector.verify`.

    Attributes
    ----------
    certificate : str, bytes or callable
        SNS's certificate as PEM, or what fetches it from the address in the message, which has been checked by then.
    topics : str or collection of str
        The topics' ARNs from which messages are taken; empty: from any.
    """

    certificate: Pem
    topics: str | Collection[str] = ()


class SnsSignature(Scheme):
    """RSA over the message's fields, versions 1 (SHA-1) and 2 (SHA-256); the secret is PEM, its fetcher or `SnsTrust`.

    A message may be as old as SNS retries, an hour, and five minutes more for the clocks.
    """

    summary: ClassVar[str] = "X.509 (SNS versions 1 and 2), with topic and age"

    def check(
        self,
        headers: Mapping[str, str],  # noqa: ARG002 - all is in the body
        body: bytes,
        secret: Any,
        *,
        url: str | None,  # noqa: ARG002 - not signed
        now: float,
    ) -> None:
        """Return for a genuine request; see `Connector.verify`."""
        trust = secret if isinstance(secret, SnsTrust) else SnsTrust(secret)
        message = _message(body)
        signature = from_base64(_field(message, "Signature"))
        text = _signed_text(message)
        # Before anything is fetched: strangers shall not have us fetch.
        topics = [trust.topics] if isinstance(trust.topics, str) else trust.topics
        if trust.topics and message["TopicArn"] not in topics:
            raise SignatureError(
                "The message is from another topic than those expected, and anybody can have SNS post here. "
                "If it is one of yours, add its ARN."
            )
        certificate = _certificate(trust.certificate, checked_url(_field(message, "SigningCertURL")))
        _require_signed(certificate, signature, text, _field(message, "SignatureVersion"))
        moment = datetime.fromtimestamp(now, UTC)
        if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
            raise SignatureError(
                "The certificate that signed the message has expired or is not valid yet. If it should be, set this "
                "machine's clock."
            )
        require_fresh(_seconds(message["Timestamp"]), now, RETRIES_S + MAX_AGE_S)


def checked_url(url: str) -> str:
    """Return the address of a certificate, if it is one of SNS's own.

    Raises
    ------
    SignatureError
        It is not https, or another host than SNS's of a region, or no PEM file.
    """
    if not _CERTIFICATE_URL.fullmatch(url):
        raise SignatureError(
            "The certificate's address is not one of Amazon SNS; expected "
            "https://sns.<region>.amazonaws.com/<name>.pem. Nothing was fetched: the request is not SNS's."
        )
    return url


def _message(body: bytes) -> dict[str, Any]:
    try:
        message = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise forged() from None
    if not isinstance(message, dict):
        raise forged()
    return message


def _field(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str):
        raise SignatureError(
            f"The message has no {name}: it is not signed by SNS. Switch raw message delivery off, "
            "which leaves the signature out."
        )
    return value


def _signed_text(message: Mapping[str, Any]) -> bytes:
    """Return what SNS signs: name and value of each field, a line each. A notification may have no subject."""
    names = _SIGNED.get(_field(message, "Type"))
    if names is None:
        raise SignatureError(
            "The message is of a type that SNS does not have; expected Notification or a confirmation."
        )
    lines = [
        f"{name}\n{_field(message, name)}\n"
        for name in names
        if name != "Subject" or message.get(name) is not None
    ]
    return "".join(lines).encode("utf-8", "replace")


def _certificate(pem: Pem, url: str) -> Certificate:
    try:
        from cryptography.x509 import load_pem_x509_certificate
    except ImportError as error:
        raise MissingExtraError("Checking SNS's signature", "service") from error
    try:
        return load_pem_x509_certificate(secret_bytes(pem(url) if callable(pem) else pem))
    except ValueError as error:
        raise SignatureError(
            "The secret is no certificate. Expected SNS's as PEM, or what fetches it from the message's SigningCertURL."
        ) from error


def _require_signed(certificate: Certificate, signature: bytes, text: bytes, version: str) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256

    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise SignatureError("The certificate's key is of another kind; expected SNS's RSA key.")
    if version not in {"1", "2"}:
        raise SignatureError(f"SNS's signature version {version[:8]!r} is unknown; expected 1 or 2.")
    # Version 1 is SHA-1 by SNS's own choice; topics can be switched to 2.
    algorithm = SHA1() if version == "1" else SHA256()  # noqa: S303
    try:
        key.verify(signature, text, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        raise forged() from None


def _seconds(moment: str) -> float | None:
    try:
        return microseconds(moment) / 1_000_000
    except BadRowError:
        return None
