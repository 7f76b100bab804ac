"""HubSpot: pages of the Email Events API, ``{"events": […], "hasMore": …, "offset": …}``, and bare events.

Quirks
------
- Times are milliseconds; `created` belongs to the event id, as HubSpot's own EventId is the pair of both.
- `emailCampaignId` and recipient do not name one message: a workflow sends one campaign to a person again and again.
  `sentBy` names the SENT event, so its id is the message's key, and a SENT event's own id is. Events without `sentBy`
  fall back to the campaign, and join each other only.
- `filteredEvent: true` says that HubSpot leaves the event out of its reports because of the account's filters: bots and
  Apple's prefetches, but also addresses of one's own office. It becomes the vendor's verdict ``machine``; false
  becomes null, for it is no word for a person.
- STATUSCHANGE is any change of subscriptions: an unsubscribe only where the new status says so, it did not come of a
  bounce, and it names a message. All others are counted and left out.
- Only older events carry `ipAddress`; events of today have the user agent and a `location`.
- PROCESSED (the mail service took the message over) follows SENT and is counted, so that a message is sent once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from paperknife.events.connectors.base import PING, Connector, Fields
from paperknife.events.connectors.values import flag, inner, items, microseconds, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_UNSUBSCRIBED: Final = "STATUSCHANGE to UNSUBSCRIBED"


class HubSpot(Connector):
    """Translates HubSpot's marketing email events."""

    name: ClassVar[str] = "hubspot"
    title: ClassVar[str] = "HubSpot"
    type_field: ClassVar[str] = "type"
    event_types: ClassVar[Mapping[str, str]] = {
        "SENT": "sent",
        "DELIVERED": "delivered",
        "OPEN": "open",
        "CLICK": "click",
        _UNSUBSCRIBED: "unsubscribe",
    }
    per_second: ClassVar[int] = 1000
    marks: ClassVar = (
        frozenset({"type", "emailCampaignId"}),
        frozenset({"type", "sentBy", "recipient"}),
        frozenset({"type", "portalId", "appId", "recipient"}),
    )
    tier: ClassVar = "user agent and time"
    flag: ClassVar[str | None] = "filteredEvent"
    quirks: ClassVar[tuple[str, ...]] = (
        "sentBy tells apart the sends of one campaign to one person; without it, events join by campaign.",
        "filteredEvent follows the account's filters: its own office's addresses are taken for machines too.",
        "Only older events have an IP address.",
    )
    unconfirmed: ClassVar[tuple[str, ...]] = (
        "What filteredEvent means: known from Fivetran's schema only, which speaks of the account's report filters.",
        "The values of a STATUSCHANGE: its fields are confirmed, UNSUBSCRIBED is not.",
    )
    source: ClassVar[str] = (
        "HubSpot's Email Events API overview and Email Analytics API v1 reference (OpenAPI), Fivetran's HubSpot schema"
    )
    ask_for: ClassVar[str] = (
        "the Email Events API (GET /email/public/v1/events), pages of single events of all types"
    )

    def unwrap(self, payload: Any, headers: Mapping[str, str]) -> Iterator[Any]:
        """Yield the events of pages, or of a list of pages or events."""
        for one in super().unwrap(payload, headers):
            if isinstance(one, dict) and "type" not in one and isinstance(one.get("events"), list):
                yield from one["events"] or (PING,)
            else:
                yield one

    def type_of(self, raw: Mapping[str, Any]) -> Any:
        """Return the event's type; a STATUSCHANGE that is an unsubscribe has a name of its own."""
        kind = raw.get("type")
        return _UNSUBSCRIBED if kind == "STATUSCHANGE" and _is_unsubscribe(raw) else kind

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event says."""
        said = raw.get
        created, own_id, campaign = said("created"), text(said("id")), said("emailCampaignId")
        # Data movers write `created` as ISO 8601; the id must not depend on who brought the event.
        event_id = f"{microseconds(created, 1000) // 1000}:{own_id}" if own_id else None
        send = own_id if said("type") == "SENT" else text(inner(said("sentBy"), "id"))
        return Fields(
            created,
            send or campaign,
            said("recipient"),
            event_id,
            campaign,
            said("ipAddress"),
            said("userAgent"),
            said("url"),
            "machine" if flag(said("filteredEvent")) else None,
        )


def _is_unsubscribe(raw: Mapping[str, Any]) -> bool:
    if flag(raw.get("bounced")) or (inner(raw.get("sentBy"), "id") or raw.get("emailCampaignId")) is None:
        return False
    said = [raw.get("portalSubscriptionStatus")]
    said += [inner(one, "status") for one in items(raw.get("subscriptions"))]
    return "UNSUBSCRIBED" in said
