"""Resend: webhooks ``{"type": "email.opened", "created_at": …, "data": {…}}``, one or an array of them.

Quirks
------
- `created_at` beside the type is the event's time; `data.created_at` is when the mail was made, and is never used.
  A click's own `data.click.timestamp` is preferred. Fractions of any length are kept to the microsecond.
- An open carries neither IP nor user agent; a click does.
- A message to several recipients (`to`, `cc`, `bcc`) gives one event for each of them, and none says whose it is: such
  events have no recipient and are marked as ambiguous. All of them share one message id.
- The event's id is the request's `svix-id` header, the same when a delivery is tried again. A file has no such header;
  there, a digest of the event's content serves. Events fetched one by one (Retrieve Event) have it as their `id`.
- The campaign is `broadcast_id`, else the tag `campaign_id`, `campaign` or `category`; tags come as an object, formerly
  as a list of names and values.
- Contacts, domains, bounces, complaints, delays and incoming mail are counted and left out.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any, ClassVar, Final

from paperknife.errors import SignatureError
from paperknife.events.connectors.base import Connector, Fields
from paperknife.events.connectors.signatures import (
    Scheme,
    forged,
    from_base64,
    header,
    require_fresh,
    secret_bytes,
)
from paperknife.events.connectors.values import first_text, inner, items, mail_addresses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ID_HEADER: Final = "svix-id"
OTHERS: Final = ("contact.", "domain.")
CAMPAIGN_TAGS: Final = ("campaign_id", "campaign", "category")


class SvixSignature(Scheme):
    """HMAC-SHA256 over id, timestamp and body, as Svix signs; the secret begins with ``whsec_``, base64 follows."""

    summary: ClassVar[str] = "HMAC-SHA256 (Svix headers), with age"

    def check(
        self,
        headers: Mapping[str, str],
        body: bytes,
        secret: Any,
        *,
        url: str | None,  # noqa: ARG002 - not signed
        now: float,
    ) -> None:
        """Return for a genuine request; see `Connector.verify`. Of several signatures (a key changes), one must fit."""
        # Svix also sends the names of the Standard Webhooks specification.
        prefix = "svix" if ID_HEADER in headers or "webhook-id" not in headers else "webhook"
        moment = header(headers, f"{prefix}-timestamp")
        signed = f"{header(headers, f'{prefix}-id')}.{moment}.".encode("utf-8", "replace") + body
        wanted = hmac.new(_svix_key(secret), signed, hashlib.sha256).digest()
        said = [
            from_base64(signature)
            for version, _, signature in (one.partition(",") for one in _signatures(headers, prefix))
            if version == "v1"
        ]
        # All are compared, so that the time says nothing about which one came near.
        if not any([hmac.compare_digest(one, wanted) for one in said]):  # noqa: C419
            raise forged()
        require_fresh(moment, now)


def _signatures(headers: Mapping[str, str], prefix: str) -> list[str]:
    return header(headers, f"{prefix}-signature").split()


def _svix_key(secret: Any) -> bytes:
    given = secret_bytes(secret).removeprefix(b"whsec_")
    try:
        return secret_bytes(from_base64(given.decode()))
    except (SignatureError, UnicodeDecodeError) as error:
        raise SignatureError(
            "The secret is no signing secret: expected whsec_ and base64. Copy it from Resend's webhook page."
        ) from error


class Resend(Connector):
    """Translates Resend's events."""

    name: ClassVar[str] = "resend"
    title: ClassVar[str] = "Resend"
    type_field: ClassVar[str] = "type"
    event_types: ClassVar[Mapping[str, str]] = {
        "email.sent": "sent",
        "email.delivered": "delivered",
        "email.opened": "open",
        "email.clicked": "click",
    }
    marks: ClassVar = (frozenset({"type", "created_at", "data"}),)
    scheme: ClassVar[Scheme] = SvixSignature()
    tier: ClassVar = "time only"
    quirks: ClassVar[tuple[str, ...]] = (
        "Opens carry neither IP nor user agent; clicks carry both.",
        "Events of a message to several recipients do not say whose they are: ambiguous.",
        "The event's id is the svix-id header, which a file does not have.",
    )
    unconfirmed: ClassVar[tuple[str, ...]] = ("Whether webhooks name the recipients in cc and bcc.",)
    source: ClassVar[str] = (
        "Resend's pages email.opened, email.delivered, Create a Webhook and Retrieve Event; "
        "django-anymail's Resend webhook for several recipients"
    )
    ask_for: ClassVar[str] = "a webhook for email.sent, email.delivered, email.opened and email.clicked"

    def unwrap(self, payload: Any, headers: Mapping[str, str]) -> Iterator[Any]:
        """Yield the events, with the request's `svix-id` or the id under which the API keeps them."""
        event_id = headers.get(ID_HEADER) or headers.get("webhook-id")
        if event_id and isinstance(payload, dict):
            yield {**payload, ID_HEADER: event_id}
            return
        for one in super().unwrap(payload, headers):
            sent = one.get("payload") if isinstance(one, dict) else None
            yield {**sent, ID_HEADER: one.get("id")} if isinstance(sent, dict) else one

    @classmethod
    def recognises(cls, raw: Any) -> bool:
        """Return whether it looks like an event of a mail (what it wraps has an `email_id`), a contact or a domain."""
        if not super().recognises(raw) or not isinstance(raw["data"], dict):
            return False
        return "email_id" in raw["data"] or str(raw["type"]).startswith(OTHERS)

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event says."""
        data = raw.get("data")
        said: Mapping[str, Any] = data if isinstance(data, dict) else {}
        readers = [address for name in ("to", "cc", "bcc") for address in mail_addresses(said.get(name))]
        alone = len({address.lower() for address in readers}) == 1
        click = said.get("click")
        return Fields(
            occurred_at=inner(click, "timestamp") or raw.get("created_at"),
            message=said.get("email_id"),
            recipient=readers[0] if alone else None,
            event_id=raw.get(ID_HEADER),
            campaign=first_text(said.get("broadcast_id"), *_tags(said.get("tags"))),
            ip=inner(click, "ipAddress"),
            user_agent=inner(click, "userAgent"),
            url=inner(click, "link"),
            is_ambiguous=True if len(readers) > 1 and not alone else None,
        )


def _tags(tags: Any) -> list[Any]:
    """Return the values of the tags that name a campaign, in their order."""
    named = tags if isinstance(tags, dict) else {}
    for tag in items(tags):
        name = inner(tag, "name")
        if isinstance(name, str):
            named.setdefault(name, tag.get("value"))
    return [named.get(name) for name in CAMPAIGN_TAGS]
