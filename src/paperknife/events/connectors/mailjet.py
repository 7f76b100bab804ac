"""Mailjet: the Event API's webhooks, one object each, or an array of them where events are grouped (version 2).

Quirks
------
- `sent` says that the receiving server accepted the message: a delivery. No event tells when Mailjet got it.
- `MessageID` is an integer above 2^53 and is kept exactly. Where it is missing, `mj_message_id` (the same as text, in
  older grouped events) or `Message_GUID` serves; the oldest events have none of them, and there the campaign does:
  one message a recipient, as Mailjet's own deduplication has it.
- `time` is whole seconds, and there is no event id: a digest of the content serves, so two opens of one message by the
  same IP and user agent in the same second are one.
- The campaign is `customcampaign`, else `mj_campaign_id` unless 0. `CustomID` names a message, not a campaign, and is
  left out.
- There is no machine flag.
- The REST API's statistics (``/openinformation``, ``/clickstatistics``) name contacts by number, which joins nothing
  here: they are counted as unusable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from paperknife.events.connectors.base import Connector, Fields
from paperknife.events.connectors.values import first_text, text

if TYPE_CHECKING:
    from collections.abc import Mapping


class Mailjet(Connector):
    """Translates Mailjet's events."""

    name: ClassVar[str] = "mailjet"
    title: ClassVar[str] = "Mailjet"
    event_types: ClassVar[Mapping[str, str]] = {
        "sent": "delivered",
        "open": "open",
        "click": "click",
        "unsub": "unsubscribe",
    }
    marks: ClassVar = (
        frozenset({"event", "mj_campaign_id"}),
        frozenset({"event", "mj_contact_id"}),
        frozenset({"event", "mj_message_id"}),
        frozenset({"event", "MessageID"}),
        frozenset({"event", "Message_GUID"}),
    )
    tier: ClassVar = "full"
    quirks: ClassVar[tuple[str, ...]] = (
        "sent means accepted by the receiving server: a delivery.",
        "Times are whole seconds.",
    )
    unconfirmed: ClassVar[tuple[str, ...]] = ("Message_GUID, seen in others' tests and not in the guide.",)
    source: ClassVar[str] = (
        "Event API guide (mailjet/api-documentation) and Event Tracking API; django-anymail's webhook"
    )
    ask_for: ClassVar[str] = "Event Tracking (Account, Event notifications) for sent, open, click and unsub"

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event says."""
        said = raw.get
        campaign = _unless_zero(said("mj_campaign_id"))
        return Fields(
            occurred_at=said("time"),
            message=said("MessageID")
            or said("mj_message_id")
            or said("Message_GUID")
            or _of_campaign(campaign),
            recipient=said("email"),
            campaign=first_text(said("customcampaign"), campaign),
            ip=said("ip"),
            user_agent=said("agent"),
            url=said("url"),
        )


def _unless_zero(campaign: Any) -> str | None:
    found = text(campaign)
    return None if found == "0" else found


def _of_campaign(campaign: str | None) -> str | None:
    """Return a key for a recipient's message of a campaign, where the event names no message."""
    return f"campaign-{campaign}" if campaign else None
