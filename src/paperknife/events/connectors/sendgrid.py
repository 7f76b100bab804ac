"""SendGrid: Event Webhook batches, a JSON array of flat objects.

Quirks
------
- `sg_message_id` is the message followed by a routing suffix (``.filterdrecv-…``, ``.recvd-…``) that differs between
  the events of one message: only what stands before the first dot joins them. One call can have several recipients,
  so the recipient belongs to the key. Without `sg_message_id`, `smtp-id` (the Message-ID) serves.
- `timestamp` is in whole seconds.
- `ip` on a delivery is not the reader's, so it is kept for the reader's own acts alone.
- `sg_machine_open: true` becomes the vendor's verdict ``machine``. ``false`` becomes null, not ``human``: it says that
  Apple's prefetch was not recognised, not that a person was.
- The campaign is `marketing_campaign_id`, else `singlesend_id`, else the first `category`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from paperknife.events.connectors.base import (
    BadRowError,
    Connector,
    Fields,
    as_given,
    first_text,
    microseconds,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class SendGrid(Connector):
    """Translates SendGrid's events."""

    name: ClassVar[str] = "sendgrid"
    type_field: ClassVar[str] = "event"
    event_types: ClassVar[Mapping[str, str]] = {
        "processed": "sent",
        "delivered": "delivered",
        "open": "open",
        "click": "click",
        "unsubscribe": "unsubscribe",
        "group_unsubscribe": "unsubscribe",
    }
    marks: ClassVar[frozenset[str]] = frozenset({"sg_event_id", "sg_message_id"})

    def unwrap(self, payload: Any) -> Iterator[Any]:
        """Yield the objects of an array, or the one object."""
        yield from payload if isinstance(payload, list) else [payload]

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event says."""
        return Fields(
            occurred_us=microseconds(raw.get("timestamp"), "timestamp"),
            message=_message(raw),
            recipient=text(raw.get("email")),
            event_id=text(raw.get("sg_event_id")),
            campaign=first_text(
                raw.get("marketing_campaign_id"), raw.get("singlesend_id"), raw.get("category")
            ),
            ip=text(raw.get("ip")),
            user_agent=as_given(raw.get("useragent")),
            url=text(raw.get("url")),
            vendor_verdict="machine" if raw.get("sg_machine_open") is True else None,
        )


def _message(raw: Mapping[str, Any]) -> str:
    given = text(raw.get("sg_message_id"))
    before_suffix = given.partition(".")[0] if given else ""
    if before_suffix:
        return before_suffix
    message_id = text(raw.get("smtp-id"))
    if message_id is None:
        raise BadRowError("sg_message_id and smtp-id are missing")
    return message_id.strip().strip("<>")
