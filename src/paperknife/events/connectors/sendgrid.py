"""SendGrid: the Event Webhook's array, or its events one a line; the CSV export of the Email Activity Feed.

Quirks
------
- `timestamp` is whole seconds.
- `sg_message_id` is one message's id with a routing suffix that its events need not share (``abc.recvd-…``): what
  stands before the suffix is the key. Ids of older messages have dots of their own (``14c5d75ce93.dfd.64b469.filter…``,
  whose beginning is only a millisecond). Where it is missing, `smtp-id` is the key.
- Several recipients of one request may share that key, so the recipient belongs to it.
- `sg_machine_open: true` (or the text that an export made of it) becomes the vendor's verdict ``machine``. ``false``
  becomes null, not ``human``: it says that Apple's prefetch was not recognised, not that a person was.
- The campaign is `marketing_campaign_id`, else `singlesend_id`, else the first `category`.
- `ip` of a delivery is the receiving server's, and is left out.
- The Email Activity Feed's CSV calls the time `processed` (UTC) and the message `message_id`. It has neither ids of
  events, so that a digest of the content serves, nor the reader's IP (`originating_ip` is the sender's) nor the flag.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from paperknife.errors import MissingExtraError, SignatureError
from paperknife.events.connectors.base import field_columns
from paperknife.events.connectors.columnar import ColumnConnector
from paperknife.events.connectors.signatures import (
    Scheme,
    forged,
    from_base64,
    header,
    require_fresh,
    secret_bytes,
)
from paperknife.events.connectors.values import embedded_json, flag, text, without_brackets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paperknife.events.connectors.columnar import Said

_ZONE: Final = re.compile(r"[+-]\d\d:?\d\d$")


class SendGridSignature(Scheme):
    """ECDSA with SHA-256 over the timestamp's header and the body; the secret is the public key, base64 of DER."""

    summary: ClassVar[str] = "ECDSA-SHA256 (public key), with age"

    def check(
        self,
        headers: Mapping[str, str],
        body: bytes,
        secret: Any,
        *,
        url: str | None,  # noqa: ARG002 - not signed
        now: float,
    ) -> None:
        """Return for a genuine request; see `Connector.verify`."""
        try:
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives.asymmetric import ec
            from cryptography.hazmat.primitives.hashes import SHA256
            from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key
        except ImportError as error:
            raise MissingExtraError("Checking SendGrid's signature", "service") from error
        signature = from_base64(header(headers, "x-twilio-email-event-webhook-signature"))
        moment = header(headers, "x-twilio-email-event-webhook-timestamp")
        given = secret_bytes(secret)
        try:
            key = (
                load_pem_public_key(given)
                if b"-----BEGIN" in given
                else load_der_public_key(from_base64(given.decode()))
            )
        except (ValueError, UnicodeDecodeError, SignatureError) as error:
            raise SignatureError(
                "The secret is no public key. Copy the verification key from SendGrid's Event Webhook settings."
            ) from error
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise SignatureError("The public key is of another kind; expected SendGrid's elliptic-curve key.")
        try:
            key.verify(signature, moment.encode() + body, ec.ECDSA(SHA256()))
        except InvalidSignature:
            raise forged() from None
        require_fresh(moment, now)


class SendGrid(ColumnConnector):
    """Translates SendGrid's events."""

    name: ClassVar[str] = "sendgrid"
    title: ClassVar[str] = "SendGrid"
    event_types: ClassVar[Mapping[str, str]] = {
        "processed": "sent",
        "delivered": "delivered",
        "open": "open",
        "click": "click",
        "unsubscribe": "unsubscribe",
        "group_unsubscribe": "unsubscribe",
        "opened": "open",
        "clicked": "click",
    }
    wanted: ClassVar[tuple[str, ...]] = (
        "event", "timestamp", "email", "sg_event_id", "sg_message_id", "smtp-id", "ip", "useragent", "url", "category",
        "marketing_campaign_id", "singlesend_id", "sg_machine_open",
    )  # fmt: skip
    marks: ClassVar = (
        frozenset({"sg_event_id"}),
        frozenset({"sg_message_id"}),
        frozenset({"event", "email", "smtp-id"}),
        frozenset({"event", "email", "message_id", "processed"}),
    )
    scheme: ClassVar[Scheme] = SendGridSignature()
    tier: ClassVar = "full"
    flag: ClassVar[str | None] = "sg_machine_open"
    quirks: ClassVar[tuple[str, ...]] = (
        "Times are whole seconds.",
        "sg_machine_open: false is no word for a person, and stays null.",
    )
    unconfirmed: ClassVar[tuple[str, ...]] = (
        "singlesend_id, seen in Fivetran's schema and not in the reference.",
        "The columns of the Email Activity Feed's CSV, seen in others' code only, and that its times are UTC.",
    )
    source: ClassVar[str] = "Event Webhook Reference (in excerpts), Fivetran's schema"
    ask_for: ClassVar[str] = "the Event Webhook (Settings, Mail Settings), with opens and clicks switched on"

    def translate_all(self, raws: Sequence[Mapping[str, Any]]) -> Sequence[Sequence[Any]]:
        """Return what events say, a column for each of `Fields`; rows of the Email Activity Feed among them."""
        return super().translate_all([raw if "timestamp" in raw else _as_webhook(raw) for raw in raws])

    def translate_columns(self, said: Said, rows_n: int) -> Sequence[Sequence[Any]]:
        """Return what events say, a column for each of `Fields`."""
        messages = [
            one.partition(".filter" if ".filter" in one else ".")[0] if type(one) is str else one
            for one in said("sg_message_id")
        ]
        if not all(messages):
            spares = said("smtp-id")
            messages = [one or without_brackets(spare) for one, spare in zip(messages, spares, strict=True)]
        campaigns = [one[0] if type(one) is list and one else one for one in said("category")]
        for better in ("singlesend_id", "marketing_campaign_id"):
            if any(named := said(better)):
                campaigns = [one or other for one, other in zip(named, campaigns, strict=True)]
        return field_columns(
            rows_n,
            occurred_at=said("timestamp"),
            message=messages,
            recipient=said("email"),
            event_id=said("sg_event_id"),
            campaign=campaigns,
            ip=said("ip"),
            user_agent=said("useragent"),
            url=said("url"),
            vendor_verdict=["machine" if one and flag(one) else None for one in said("sg_machine_open")],
        )


def _as_webhook(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a row of the Email Activity Feed with the webhook's fields, and all else as it is."""
    if "processed" not in row:
        return row
    moment = text(row["processed"])
    if moment and ":" in moment and moment[-1:].isdigit() and not _ZONE.search(moment):
        moment += "Z"
    return {
        "timestamp": moment,
        "sg_message_id": row.get("message_id"),
        "email": row.get("email"),
        "marketing_campaign_id": row.get("marketing_campaign_id"),
        "category": embedded_json(row.get("categories")),
        "useragent": row.get("user_agent") or None,
        "url": row.get("url"),
    }
