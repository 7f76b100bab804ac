"""Postmark: webhooks of one object each, and pages of the Messages API (opens, clicks, messages and their details).

Quirks
------
- `RecordType` is the type; where it is missing (older webhooks), the fields of the type tell it. Each type has its own
  time: `DeliveredAt`, `ReceivedAt` (opens and clicks), `ChangedAt`; seven fractional digits, of which six are kept.
- There is no event id: a digest of the content serves. One message is `MessageID`, which its recipients share.
- `Geo.IP` is the reader's. There is no machine flag. `FirstOpen` is no verdict and is left out.
- The open webhook tells every open only with `PostFirstOpenOnly` off; the Messages API keeps first opens only. The click
  webhook tells a recipient's first click on each link only.
- No webhook tells that a message was sent: pages of messages do (`ReceivedAt`, when Postmark accepted it), an event a
  recipient. Events in a message's details (`MessageEvents`) have neither IP nor user agent, so that those already told
  by a webhook come a second time under another id: ingest one of the two.
- `SubscriptionChange` is an unsubscribe where a recipient asked for it. Suppression after a bounce or a complaint, or by
  the sender or Postmark, and reactivation are counted under their own names and left out.
- The campaign is `Tag`, else the metadata `campaign_id`, `campaign-id` or `campaign`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from paperknife.events.connectors.base import Connector, Fields
from paperknife.events.connectors.values import first_text, flag, inner, items

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGES: Final[Mapping[str, str]] = {"Opens": "Open", "Clicks": "Click"}
"""Lists in pages of the Messages API -> the type of what they hold."""
DETAILS: Final[Mapping[Any, str]] = {"Delivered": "Delivery", "Opened": "Open", "LinkClicked": "Click"}
"""Types in a message's details -> those of the webhooks; others are counted under their own names."""
TOLD_BY: Final[Mapping[str, str]] = {
    "DeliveredAt": "Delivery",
    "BouncedAt": "Bounce",
    "ChangedAt": "SubscriptionChange",
    "OriginalLink": "Click",
    "FirstOpen": "Open",
    "ReadSeconds": "Open",
}
"""Fields that tell the type where `RecordType` is missing."""
_OF_THE_MESSAGE: Final = ("MessageID", "Tag", "Metadata")


class Postmark(Connector):
    """Translates Postmark's events."""

    name: ClassVar[str] = "postmark"
    title: ClassVar[str] = "Postmark"
    type_field: ClassVar[str] = "RecordType"
    event_types: ClassVar[Mapping[str, str]] = {
        "Sent": "sent",
        "Delivery": "delivered",
        "Open": "open",
        "Click": "click",
        "SubscriptionChange": "unsubscribe",
    }
    marks: ClassVar = (
        frozenset({"RecordType", "MessageID"}),
        frozenset({"RecordType", "Recipient"}),
        frozenset({"MessageID", "Recipient", "DeliveredAt"}),
        frozenset({"MessageID", "Recipient", "ReceivedAt"}),
        frozenset({"MessageID", "Email", "BouncedAt"}),
    )
    tier: ClassVar = "full"
    quirks: ClassVar[tuple[str, ...]] = (
        "First opens only, unless the open webhook has PostFirstOpenOnly off; the Messages API has no others.",
        "Clicks are the first of a recipient on each link.",
        "Sent is told by pages of messages only.",
    )
    unconfirmed: ClassVar[tuple[str, ...]] = (
        "The type names in a message's details, known from client libraries only.",
    )
    source: ClassVar[str] = (
        "Webhooks overview, Open tracking webhook, Click webhook and Message opens API; postmark.js's types, "
        "django-anymail's webhook"
    )
    ask_for: ClassVar[str] = (
        "webhooks for delivery, open (with first opens only switched off) and click, or pages of /messages/outbound/opens"
    )

    def unwrap(self, payload: Any, headers: Mapping[str, str]) -> Iterator[Any]:
        """Yield the events of webhooks and of pages of the Messages API."""
        for one in super().unwrap(payload, headers):
            if not isinstance(one, dict) or "RecordType" in one:
                yield one
            elif isinstance(one.get("MessageEvents"), list):
                yield from _sent(one)
                yield from (_detail(one, event) for event in one["MessageEvents"])
            elif isinstance(one.get("Messages"), list):
                for message in one["Messages"]:
                    yield from _sent(message)
            else:
                page = next((name for name in PAGES if isinstance(one.get(name), list)), None)
                yield from (_typed(item, PAGES[page]) for item in one[page]) if page else (one,)

    def type_of(self, raw: Mapping[str, Any]) -> Any:
        """Return the type, or what kind of change of a subscription it was."""
        kind = raw.get("RecordType")
        if kind is None:
            kind = next((told for field, told in TOLD_BY.items() if field in raw), None)
        return _change(raw) if kind == "SubscriptionChange" else kind

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event says."""
        said = raw.get
        metadata = said("Metadata")
        return Fields(
            occurred_at=said("DeliveredAt") or said("ChangedAt") or said("ReceivedAt"),
            message=said("MessageID"),
            recipient=said("Recipient"),
            campaign=first_text(
                said("Tag"), *(inner(metadata, name) for name in ("campaign_id", "campaign-id", "campaign"))
            ),
            ip=inner(said("Geo"), "IP"),
            user_agent=said("UserAgent"),
            url=said("OriginalLink"),
        )


def _change(raw: Mapping[str, Any]) -> str:
    """Return the type's name for a wish of the recipient, and a longer one for any other change."""
    if flag(raw.get("SuppressSending")) is False:
        return "SubscriptionChange: reactivation"
    for field, others in (
        ("SuppressionReason", ("HardBounce", "SpamComplaint")),
        ("Origin", ("Customer", "Admin")),
    ):
        if raw.get(field) in others:
            return f"SubscriptionChange: {raw[field]}"
    return "SubscriptionChange"


def _typed(item: Any, kind: str) -> Any:
    return {"RecordType": kind, **item} if isinstance(item, dict) else item


def _sent(message: Any) -> Iterator[Any]:
    """Yield an event for each recipient of a message, or the one there is of whom nothing is known."""
    if not isinstance(message, dict):
        yield message
        return
    known = {name: message.get(name) for name in (*_OF_THE_MESSAGE, "ReceivedAt")}
    whom = items(message.get("Recipients")) or [inner(to, "Email") for to in items(message.get("To"))]
    for recipient in whom or [None]:
        yield {"RecordType": "Sent", "Recipient": recipient, **known}


def _detail(message: Mapping[str, Any], event: Any) -> Any:
    if not isinstance(event, dict):
        return event
    kind = event.get("Type")
    return {
        **{name: message.get(name) for name in _OF_THE_MESSAGE},
        "RecordType": DETAILS.get(kind, kind) if isinstance(kind, str) else "",
        "Recipient": event.get("Recipient"),
        "ReceivedAt": event.get("ReceivedAt"),
        "OriginalLink": inner(event.get("Details"), "Link"),
    }
