"""SparkPost: webhook batches of ``{"msys": {"track_event": {…}}}``, and pages of the Events API (``{"results": […]}``).

Quirks
------
- What a batch wraps an event in (`message_event`, `track_event`, `unsubscribe_event`, `gen_event`, `relay_event`) does
  not matter, its `type` does. ``{"msys": {}}`` is a ping. `relay_message` is inbound mail, which is counted and left out.
- `timestamp` is seconds in a text in webhooks, and ISO 8601 in the Events API.
- `initial_open` is the pixel at the top of a message, `open` the one at its bottom. SparkPost counts them in two metrics
  (*initial renders* and *renders*), never in one; a display of the whole message fires both, one that the mail client
  clipped only the first, and with the top pixel switched off there is only the second. So each is an open, and both of
  one display are one: they get the same event id, made of message, recipient, user agent, prefetch flag and minute.
  (The minute, as the bottom pixel may load seconds after the top one; not the IP, as Apple's and Google's proxies
  change it between two requests.) Which of the two stays is the log's rule for duplicates; a display at the turn of a
  minute stays two, and so do opens by different user agents. Where `initial_pixel` is false, there was no top pixel,
  and SparkPost's id is kept.
- `is_prefetched: true` becomes the vendor's verdict ``machine``; ``false`` becomes null: no word for a person.
- `ip_address` of an engagement is the reader's, of a delivery the receiving host's, which is left out.
- The AMP part's events (`amp_open`, `amp_initial_open`, `amp_click`) count as the HTML part's: one of the two is shown.
- One recipient's message is `transmission_id` and `message_id` together, and the recipient `raw_rcpt_to`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from paperknife.events.connectors.base import PING, Connector, Fields
from paperknife.events.connectors.values import as_given, flag, microseconds, text
from paperknife.events.identity import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PIXELS: Final = frozenset({"open", "initial_open", "amp_open", "amp_initial_open"})
_MINUTE_US: Final = 60_000_000


class SparkPost(Connector):
    """Translates SparkPost's events."""

    name: ClassVar[str] = "sparkpost"
    title: ClassVar[str] = "SparkPost"
    type_field: ClassVar[str] = "type"
    event_types: ClassVar[Mapping[str, str]] = {
        "injection": "sent",
        "delivery": "delivered",
        "open": "open",
        "initial_open": "open",
        "amp_open": "open",
        "amp_initial_open": "open",
        "click": "click",
        "amp_click": "click",
        "list_unsubscribe": "unsubscribe",
        "link_unsubscribe": "unsubscribe",
    }
    marks: ClassVar = (
        frozenset({"type", "raw_rcpt_to"}),
        frozenset({"type", "rcpt_to"}),
        frozenset({"type", "transmission_id"}),
    )
    tier: ClassVar = "full"
    flag: ClassVar[str | None] = "is_prefetched"
    quirks: ClassVar[tuple[str, ...]] = (
        "initial_open and open are two pixels: those of one message and user agent within a minute are one open.",
        "Webhook times are whole seconds.",
    )
    unconfirmed: ClassVar[tuple[str, ...]] = (
        "The name is_prefetched: SparkPost's announcement and metrics speak of the flag without spelling it.",
        "How far apart the two pixels of one display may be: taken for less than a minute.",
    )
    source: ClassVar[str] = (
        "Webhooks, Events and Metrics API references (in excerpts), Open Pixel Placement, Metrics Definitions; "
        "django-anymail's webhook"
    )
    ask_for: ClassVar[str] = (
        "an event webhook for injection, delivery, open, initial_open and click, or pages of the Events API"
    )

    def unwrap(self, payload: Any, headers: Mapping[str, str]) -> Iterator[Any]:
        """Yield the events of webhook batches, of pages of the Events API, or bare ones."""
        for one in super().unwrap(payload, headers):
            if isinstance(one, dict) and "msys" in one:
                yield from _inside(one)
            elif isinstance(one, dict) and isinstance(one.get("results"), list):
                yield from one["results"]
            else:
                yield one

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event says."""
        said = raw.get
        message = text(said("message_id"))
        key = ".".join(part for part in (text(said("transmission_id")), message) if part)
        recipient = text(said("raw_rcpt_to")) or text(said("rcpt_to"))
        event_id = said("event_id")
        if message and said("type") in PIXELS and flag(said("initial_pixel")) is not False:
            event_id = self._display(raw, key, recipient)
        return Fields(
            said("timestamp"),
            key,
            recipient,
            event_id,
            said("campaign_id"),
            said("ip_address"),
            said("user_agent"),
            said("target_link_url"),
            "machine" if flag(said("is_prefetched")) else None,
        )

    def _display(self, raw: Mapping[str, Any], key: str, recipient: str | None) -> str:
        """Return the id that the two pixels of one display share."""
        who = self.hasher.hash(recipient) if recipient else None
        minute = microseconds(raw.get("timestamp")) // _MINUTE_US
        agent = as_given(raw.get("user_agent"))
        # Apple's prefetch and the person it prefetched for have one user agent: the second must not vanish in the first.
        prefetched = "prefetched" if flag(raw.get("is_prefetched")) else None
        return f"open:{digest_of(key, who, minute, agent, prefetched)}"


def _inside(one: Mapping[str, Any]) -> Iterator[Any]:
    wrapped = one["msys"]
    if not isinstance(wrapped, dict):
        yield one
    elif not wrapped:
        yield PING
    else:
        for kind, event in wrapped.items():
            # Inbound mail has no type of its own.
            yield {"type": kind, **event} if kind == "relay_message" and isinstance(event, dict) else event
