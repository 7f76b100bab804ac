"""Klaviyo: Events API pages and single events (JSON:API), system webhooks, and timelines of the old v1 API.

Quirks
------
- An event names its metric ("Opened Email") and its profile by id only; both stand in `included` if the request asked
  for ``include=metric,profile``. Without the metric's name an event cannot be used, and is set aside saying so. A
  webhook names its `topic` instead (``event:klaviyo.opened_email``).
- "Received Email" is the delivery. There is no event for the send.
- The message is `$_cohort$message_send_cohort` (the moment of sending and the message's id), else `$message`. With the
  latter alone, two sends of one flow message to one person are one message.
- The recipient is the included profile's address, else `Recipient Email Address`, else the profile's id. An event
  without any is set aside: its message alone would be everybody's. Addresses are included or not, as each request
  asked; the profile's id is on every event, so its hash makes the message's id, where it is there.
- The campaign is `$message`, which in flows is one of the flow's mails, else `Campaign Name`.
- `machine_open` (Apple Privacy Open) and `Bot Click` become the vendor's verdict ``machine``; ``false`` says that
  Apple's proxy was not recognised, and is no word for a person.
- An unsubscription that names no message ("… from Email Marketing" seldom does) is counted by that name and left out.
- No IP is given, a user agent (`$internal`) seldom. Times are whole seconds.
- Signed webhooks: the header's timestamp has been seen hours off while the body's own `meta.timestamp`, signed as
  well, was right; and where a request is tried again, only the header can be new. So one of the two must be fresh.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec

from paperknife.events.connectors.base import Connector, Fields
from paperknife.events.connectors.signatures import Scheme, header, require_fresh, require_same, secret_bytes
from paperknife.events.connectors.values import (
    BadRowError,
    first_text,
    flag,
    inner,
    items,
    microseconds,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COHORT: Final = "$_cohort$message_send_cohort"
_METRICS: Final = {
    "Received Email": "delivered",
    "Opened Email": "open",
    "Clicked Email": "click",
    "Unsubscribed": "unsubscribe",
    "Unsubscribed from List": "unsubscribe",
    "Unsubscribed from Email Marketing": "unsubscribe",
}
_TOPICS: Final = {
    "event:klaviyo.received_email": "delivered",
    "event:klaviyo.email_delivered": "delivered",
    "event:klaviyo.opened_email": "open",
    "event:klaviyo.clicked_email": "click",
    "event:klaviyo.unsubscribed_from_email_marketing": "unsubscribe",
}
_FLAGS: Final = ("machine_open", "Machine Open", "Apple Privacy Open", "Bot Click", "bot_click")


class KlaviyoSignature(Scheme):
    """HMAC-SHA256 over the body and the timestamp's header; the secret is the webhook's secret key."""

    summary: ClassVar[str] = "HMAC-SHA256, with age"

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
        said = header(headers, "klaviyo-signature")
        moment = header(headers, "klaviyo-timestamp")
        wanted = hmac.new(secret_bytes(secret), body + moment.encode("utf-8", "replace"), hashlib.sha256)
        require_same(said.lower(), wanted.hexdigest())
        told = [one for one in map(_seconds, (moment, _time_in(body) or "")) if not math.isnan(one)]
        require_fresh(min(told, key=lambda one: abs(now - one), default=None), now)


class Klaviyo(Connector):
    """Translates Klaviyo's events."""

    name: ClassVar[str] = "klaviyo"
    title: ClassVar[str] = "Klaviyo"
    type_field: ClassVar[str] = "metric"
    event_types: ClassVar[Mapping[str, str]] = {**_METRICS, **_TOPICS}
    marks: ClassVar = (
        frozenset({"type", "attributes", "relationships"}),
        frozenset({"type", "attributes", "topic"}),
        frozenset({"event_name", "event_properties"}),
    )
    scheme: ClassVar[Scheme] = KlaviyoSignature()
    tier: ClassVar = "varies"
    flag: ClassVar[str | None] = "machine_open, Bot Click"
    quirks: ClassVar[tuple[str, ...]] = (
        "Ask the Events API for include=metric,profile: without it an event does not say what it is.",
        "Without $_cohort$message_send_cohort, two sends of one flow message to one person are one message.",
        "Times are whole seconds; no IP, and a user agent seldom.",
    )
    unconfirmed: ClassVar[tuple[str, ...]] = (
        "That all of a message's events carry $_cohort$message_send_cohort, as Klaviyo's aggregates suggest.",
        "The user agent in $internal, seen in others' loaders only.",
    )
    source: ClassVar[str] = (
        "Klaviyo's Events reference, Working with system webhooks (in part), Supported attributes, "
        "its help on Apple Privacy Opens, published loaders"
    )
    ask_for: ClassVar[str] = (
        "Events API pages with include=metric,profile for Received, Opened and Clicked Email, or a system webhook"
    )

    def unwrap(self, payload: Any, headers: Mapping[str, str]) -> Iterator[Any]:
        """Yield events with the names that their page includes: `metric`, `email`, or a webhook's `topic`."""
        for one in super().unwrap(payload, headers):
            for item in _items_of(one):
                if not isinstance(item, dict) or "topic" not in item or "payload" not in item:
                    yield item
                    continue
                told = _items_of(item["payload"]) if isinstance(item["payload"], dict) else []
                for raw in told or (item,):
                    yield {**raw, "topic": item["topic"]} if isinstance(raw, dict) else raw

    def type_of(self, raw: Mapping[str, Any]) -> Any:
        """Return the name of an event's metric, or a webhook's topic."""
        kind = first_text(
            raw.get("topic"),
            raw.get("metric"),
            raw.get("event_name"),
            inner(raw, "metric", "name"),
            inner(raw, "attributes", "metric", "name"),
            inner(raw, "attributes", "metric", "data", "attributes", "name"),
            inner(raw, "relationships", "metric", "data", "attributes", "name"),
        )
        if kind is None:
            raise BadRowError("the metric's name is missing: ask the Events API for include=metric,profile")
        if self.event_types.get(kind) == "unsubscribe" and _message(_properties(raw)) is None:
            return f"{kind}, no message"
        return kind

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event says."""
        attributes = raw.get("attributes")
        said = attributes.get if isinstance(attributes, dict) else raw.get
        properties = _properties(raw)
        recipient = _recipient(raw, properties)
        if recipient is None:
            raise BadRowError("the recipient is missing: ask the Events API for include=metric,profile")
        message, profile = _message(properties), _profile(raw)
        when = said("datetime")
        return Fields(
            # Both are the same second; the text wins only where it knows more.
            occurred_at=when if isinstance(when, str) and "." in when else said("timestamp") or when,
            message=f"{message}:{self.hasher.hash(profile)}" if message and profile else message,
            recipient=recipient,
            event_id=raw.get("id") or said("uuid"),
            campaign=properties.get("$message") or properties.get("Campaign Name"),
            user_agent=inner(properties, "$internal", "User Agent"),
            url=properties.get("URL"),
            vendor_verdict="machine" if any(flag(properties.get(name)) for name in _FLAGS) else None,
            domain=properties.get("Email Domain"),
            names_recipient=profile is not None,
        )


def _items_of(one: Any) -> list[Any]:
    """Return what a page or a single answer holds, with the names included; anything else as it is."""
    data = one.get("data") if isinstance(one, dict) and "attributes" not in one else None
    if not isinstance(data, list | dict):
        return [one]
    names: dict[str, Any] = {}
    addresses: dict[str, Any] = {}
    for other in items(one.get("included")):
        kind, key = inner(other, "type"), text(inner(other, "id"))
        if key is not None and kind == "metric":
            names[key] = inner(other, "attributes", "name")
        elif key is not None and kind == "profile":
            addresses[key] = inner(other, "attributes", "email")
    return [_named(raw, names, addresses) for raw in (data if isinstance(data, list) else [data])]


def _named(raw: Any, names: Mapping[str, Any], addresses: Mapping[str, Any]) -> Any:
    if not isinstance(raw, dict):
        return raw
    metric, profile = _related(raw, "metric"), _related(raw, "profile")
    found = {"metric": names.get(metric or ""), "email": addresses.get(profile or "")}
    return {**raw, **{field: value for field, value in found.items() if value is not None}}


def _related(raw: Mapping[str, Any], kind: str) -> str | None:
    """Return the id of an event's metric or profile; among the attributes before 2022."""
    return first_text(inner(raw, "relationships", kind, "data", "id"), inner(raw, "attributes", f"{kind}_id"))


def _properties(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    found = inner(raw, "attributes", "event_properties") or raw.get("event_properties")
    return found if isinstance(found, dict) else {}


def _message(properties: Mapping[str, Any]) -> str | None:
    return first_text(properties.get(_COHORT), properties.get("$message"))


def _recipient(raw: Mapping[str, Any], properties: Mapping[str, Any]) -> str | None:
    return first_text(
        raw.get("email"),
        inner(raw, "person", "$email"),
        inner(raw, "person", "email"),
        inner(raw, "relationships", "profile", "data", "attributes", "email"),
        properties.get("Recipient Email Address"),
        properties.get("email_address"),
        _profile(raw),
    )


def _profile(raw: Mapping[str, Any]) -> str | None:
    return _related(raw, "profile") or text(inner(raw, "person", "id"))


def _time_in(body: bytes) -> str | None:
    try:
        return text(inner(msgspec.json.decode(body), "meta", "timestamp"))
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None


def _seconds(moment: str) -> float:
    """Return a time as seconds: a number, ISO 8601, or as HTTP writes dates; not a number where it is none."""
    try:
        return microseconds(moment) / 1_000_000
    except BadRowError:
        try:
            return parsedate_to_datetime(moment).timestamp()
        except (TypeError, ValueError, OverflowError):
            return float("nan")
