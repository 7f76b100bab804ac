"""Mailgun: webhooks (JSON, and the legacy forms), bare event-data objects, pages of the Events and Logs APIs.

Quirks
------
- `id` is unique within a day only, so the event's UTC day is part of the event id.
- `timestamp` is a float with microseconds, and they are kept exactly. The Logs API, which takes the place of the Events
  API, has `@timestamp` instead, in milliseconds, so that a webhook tells the time better.
- `message.headers.message-id` is shared by all recipients of a message, so the recipient belongs to the key.
- `client-info.bot` is ``apple``, ``gmail`` or ``generic`` for what Mailgun takes for a machine, which becomes the
  vendor's verdict ``machine``. An empty text says that no machine was detected, not that a person was: it becomes null,
  as where the field is absent (older events).
- The campaign is the first of `campaigns` (its `id`), else the first of `tags`, else the user variable
  `campaign_id`, `campaign-id` or `campaign`.
- A legacy webhook (before mid-2018) is a form of flat fields: `Message-Id` or `message-id`, `user-agent`, `campaign-id`,
  `tag`. It has no id, so a digest of its content serves, and its time is whole seconds.
- `failed`, `rejected`, `complained`, `stored` and others are counted and left out; `unique_opened` and `unique_clicked`
  too, which the Logs API has beside `opened` and `clicked`.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs

from paperknife.events.connectors.base import Connector, Fields
from paperknife.events.connectors.signatures import Scheme, forged, require_fresh, require_same, secret_bytes
from paperknife.events.connectors.values import first_text, inner, microseconds, text, without_brackets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class MailgunSignature(Scheme):
    """HMAC-SHA256 over timestamp and token, which stand with it in the body or form; the secret is the signing key."""

    summary: ClassVar[str] = "HMAC-SHA256 in the body, with age"

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
        signature = _signature(body)
        moment, token, said = (text(inner(signature, name)) for name in ("timestamp", "token", "signature"))
        if moment is None or token is None or said is None:
            raise forged()
        wanted = hmac.new(secret_bytes(secret), (moment + token).encode("utf-8", "replace"), hashlib.sha256)
        require_same(said, wanted.hexdigest())
        require_fresh(moment, now)


def _signature(body: bytes) -> Any:
    """Return the three fields of the signature, as whoever sent them wrote them."""
    import msgspec

    try:
        if body.lstrip()[:1] in (b"{", b"["):
            return inner(msgspec.json.decode(body), "signature")
        # User variables stand in the form too: of two fields of one name, Mailgun's own is the last.
        return {name: values[-1] for name, values in parse_qs(body.decode()).items()}
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise forged() from None


class Mailgun(Connector):
    """Translates Mailgun's events."""

    name: ClassVar[str] = "mailgun"
    title: ClassVar[str] = "Mailgun"
    event_types: ClassVar[Mapping[str, str]] = {
        "accepted": "sent",
        "delivered": "delivered",
        "opened": "open",
        "clicked": "click",
        "unsubscribed": "unsubscribe",
    }
    marks: ClassVar = (
        frozenset({"event", "log-level"}),
        frozenset({"event", "client-info"}),
        frozenset({"event", "recipient-domain"}),
        frozenset({"event", "recipient", "message"}),
        frozenset({"event", "recipient", "token", "signature"}),
    )
    scheme: ClassVar[Scheme] = MailgunSignature()
    tier: ClassVar = "full"
    flag: ClassVar[str | None] = "client-info.bot"
    quirks: ClassVar[tuple[str, ...]] = (
        "Ids are unique within a day only: the UTC day is part of ours.",
        "An empty client-info.bot is no word for a person, and stays null.",
    )
    unconfirmed: ClassVar[tuple[str, ...]] = (
        "unique_opened and unique_clicked: taken for second tellings of opened and clicked.",
        "Legacy webhooks: their fields are known from django-anymail's only.",
    )
    source: ClassVar[str] = (
        "Open and Click Bot Detection, Webhook Payloads, Event types, Events and Logs API references"
    )
    ask_for: ClassVar[str] = (
        "webhooks for accepted, delivered, opened and clicked, or pages of the Events or Logs API"
    )

    def unwrap(self, payload: Any, headers: Mapping[str, str]) -> Iterator[Any]:
        """Yield the event-data objects of a webhook, a page of the Events or Logs API, or a list of either."""
        for one in super().unwrap(payload, headers):
            if isinstance(one, dict) and "event-data" in one:
                yield one["event-data"]
            elif isinstance(one, dict) and isinstance(one.get("items"), list):
                yield from one["items"]
            else:
                yield one

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event says."""
        occurred_at = raw.get("timestamp") or raw.get("@timestamp")
        occurred_us = microseconds(occurred_at)
        event_id = text(raw.get("id"))
        client = raw.get("client-info")
        message = (
            inner(raw, "message", "headers", "message-id") or raw.get("message-id") or raw.get("Message-Id")
        )
        return Fields(
            occurred_at=occurred_at,
            message=without_brackets(message),
            recipient=raw.get("recipient"),
            event_id=f"{_utc_day(occurred_us)}:{event_id}" if event_id else None,
            campaign=_campaign(raw),
            ip=raw.get("ip"),
            user_agent=inner(client, "user-agent") if isinstance(client, dict) else raw.get("user-agent"),
            url=raw.get("url"),
            vendor_verdict=_verdict(inner(client, "bot")),
        )


def _utc_day(occurred_us: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(occurred_us // 1_000_000, UTC).date().isoformat()


def _verdict(bot: Any) -> str | None:
    return "machine" if isinstance(bot, str) and bot.strip() else None


def _campaign(raw: Mapping[str, Any]) -> str | None:
    campaigns = raw.get("campaigns")
    first = campaigns[0] if isinstance(campaigns, list) and campaigns else None
    variables = raw.get("user-variables")
    own = [inner(variables, name) for name in ("campaign_id", "campaign-id", "campaign")]
    return first_text(inner(first, "id"), raw.get("tags"), *own, raw.get("campaign-id"), raw.get("tag"))
