"""Mailgun: webhooks ``{"signature": …, "event-data": …}``, bare event-data objects, and pages of the Events API.

Quirks
------
- `id` is unique within a day only, so the event's UTC day is part of the event id.
- `timestamp` is a float with microseconds, and they are kept exactly.
- `message.headers.message-id` is shared by all recipients of a message, so the recipient belongs to the key.
- `client-info.bot` is ``apple``, ``gmail`` or ``generic`` for what Mailgun takes for a machine, which becomes the
  vendor's verdict ``machine``; an empty text is Mailgun's word that it saw none, which becomes ``human``. Where the
  field is absent (older events), the verdict is null.
- The campaign is the first of `campaigns` (its `id`), else the first of `tags`, else the user variable
  `campaign_id`, `campaign-id` or `campaign`.
- `failed`, `rejected`, `complained`, `stored` and others are counted and left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from paperknife.events.connectors.base import (
    BadRowError,
    Connector,
    Fields,
    as_given,
    first_text,
    inner,
    microseconds,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Mailgun(Connector):
    """Translates Mailgun's events."""

    name: ClassVar[str] = "mailgun"
    type_field: ClassVar[str] = "event"
    event_types: ClassVar[Mapping[str, str]] = {
        "accepted": "sent",
        "delivered": "delivered",
        "opened": "open",
        "clicked": "click",
        "unsubscribed": "unsubscribe",
    }
    marks: ClassVar[frozenset[str]] = frozenset(
        {"event-data", "client-info", "recipient-domain", "log-level"}
    )

    def unwrap(self, payload: Any) -> Iterator[Any]:
        """Yield the event-data objects of a webhook, a page of the Events API, or a list of either."""
        for one in payload if isinstance(payload, list) else [payload]:
            if isinstance(one, dict) and "event-data" in one:
                yield one["event-data"]
            elif isinstance(one, dict) and isinstance(one.get("items"), list):
                yield from one["items"]
            else:
                yield one

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event says."""
        occurred_us = microseconds(raw.get("timestamp"), "timestamp")
        message_id = text(inner(raw, "message", "headers", "message-id"))
        if message_id is None:
            raise BadRowError("message.headers.message-id is missing")
        event_id = text(raw.get("id"))
        return Fields(
            occurred_us=occurred_us,
            message=message_id.strip().strip("<>"),
            recipient=text(raw.get("recipient")),
            event_id=f"{_utc_day(occurred_us)}:{event_id}" if event_id else None,
            campaign=_campaign(raw),
            ip=text(raw.get("ip")),
            user_agent=as_given(inner(raw, "client-info", "user-agent")),
            url=text(raw.get("url")),
            vendor_verdict=_verdict(inner(raw, "client-info", "bot")),
        )


def _utc_day(occurred_us: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(occurred_us // 1_000_000, UTC).date().isoformat()


def _verdict(bot: Any) -> str | None:
    if not isinstance(bot, str):
        return None
    return "machine" if bot.strip() else "human"


def _campaign(raw: Mapping[str, Any]) -> str | None:
    campaigns = raw.get("campaigns")
    first = campaigns[0] if isinstance(campaigns, list) and campaigns else None
    variables = raw.get("user-variables")
    own = [inner(variables, name) for name in ("campaign_id", "campaign-id", "campaign")]
    return first_text(inner(first, "id"), raw.get("tags"), *own)
