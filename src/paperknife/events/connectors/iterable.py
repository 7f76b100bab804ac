"""Iterable: system webhooks ``{"email", "eventName", "dataFields": {…}}``, pages of the Events API, and exports.

Quirks
------
- Exports are flat rows whose type often stands in the name of the file only (``emailOpen.ndjson``, ``email_open``):
  it is taken from there where a row has neither `eventName` nor `eventType`.
- There is no id of an event, and none of a delivery: the clock of an open is the send.
- `createdAt` is whole seconds, ``2026-01-31 09:00:00 +00:00``.
- `proxySource: Apple` (the fetch came through Apple's proxy) and `isBot: true` become the vendor's verdict
  ``machine``. Other proxies (Gmail's, Yahoo's) are how people's opens look there and say nothing; ``isBot: false``
  is no word for a person.
- Projects keyed by `userId` have no address: then that id stands for the recipient.
- An `emailUnSubscribe` without `messageId` (from a preference page, an API call or an import) belongs to no message:
  it is counted by that name and left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from paperknife.events.connectors.base import FILE_NAME, Connector, Fields
from paperknife.events.connectors.values import BadRowError, flag, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_UNSUBSCRIBE: Final = "emailUnSubscribe"
_IN_FILE_NAME: Final = re.compile(
    r"email[-_ ]?(send[-_ ]?skip|send|open|click|unsubscribe|subscribe|bounce|complaint)", re.IGNORECASE
)
_BY_FILE_NAME: Final = {
    "sendskip": "emailSendSkip",
    "send": "emailSend",
    "open": "emailOpen",
    "click": "emailClick",
    "unsubscribe": _UNSUBSCRIBE,
    "subscribe": "emailSubscribe",
    "bounce": "emailBounce",
    "complaint": "emailComplaint",
}


class Iterable(Connector):
    """Translates Iterable's events."""

    name: ClassVar[str] = "iterable"
    title: ClassVar[str] = "Iterable"
    type_field: ClassVar[str] = "eventName"
    event_types: ClassVar[Mapping[str, str]] = {
        "emailSend": "sent",
        "emailOpen": "open",
        "emailClick": "click",
        _UNSUBSCRIBE: "unsubscribe",
    }
    marks: ClassVar = (
        frozenset({"eventName", "dataFields"}),
        frozenset({"messageId", "campaignId", "templateId", "createdAt"}),
    )
    tier: ClassVar = "full"
    flag: ClassVar[str | None] = "proxySource, isBot"
    quirks: ClassVar[tuple[str, ...]] = (
        "No event id and no deliveries; times are whole seconds.",
        "proxySource other than Apple is an image proxy that people's opens come through, and says nothing.",
        "Exported rows may hold no type: keep it in the file's name, as in emailOpen.ndjson.",
    )
    unconfirmed: ClassVar[tuple[str, ...]] = (
        "proxySource has no documented list of values; 'Apple' is the one seen.",
    )
    source: ClassVar[str] = (
        "Iterable's System Webhooks article (in part), Snowplow's schema of these webhooks, Singer's of the exports"
    )
    ask_for: ClassVar[str] = (
        "system webhooks for sends, opens and clicks, or exports of emailSend, emailOpen and emailClick"
    )

    def unwrap(self, payload: Any, headers: Mapping[str, str]) -> Iterator[Any]:
        """Yield the events of a webhook, of an Events API page or of an export, with the type of the file's name."""
        hint = _type_of_file(headers.get(FILE_NAME, ""))
        for one in super().unwrap(payload, headers):
            events = one.get("events") if isinstance(one, dict) and "eventName" not in one else None
            for raw in events if isinstance(events, list) else (one,):
                if hint and isinstance(raw, dict) and not (raw.get("eventName") or raw.get("eventType")):
                    yield {**raw, "eventName": hint}
                else:
                    yield raw

    def type_of(self, raw: Mapping[str, Any]) -> Any:
        """Return the name of an event's type."""
        kind = raw.get("eventName") or raw.get("eventType")
        if not kind:
            raise BadRowError(
                "the event's type is missing: keep it in the file's name, as in emailOpen.ndjson"
            )
        if kind == _UNSUBSCRIBE and text(_fields(raw).get("messageId")) is None:
            return f"{_UNSUBSCRIBE}, no message"
        return kind

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event says."""
        said = _fields(raw).get
        return Fields(
            occurred_at=said("createdAt"),
            message=said("messageId"),
            recipient=raw.get("email") or said("email") or raw.get("userId") or said("userId"),
            campaign=said("campaignId"),
            ip=said("ip"),
            user_agent=said("userAgent"),
            url=said("url") or said("linkUrl"),
            vendor_verdict=_verdict(said("proxySource"), said("isBot")),
        )


def _fields(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a webhook keeps in `dataFields`, and an export in the row itself."""
    fields = raw.get("dataFields")
    return fields if isinstance(fields, dict) else raw


def _type_of_file(name: str) -> str | None:
    # The last one, so that a file's own name counts more than its folders'.
    found = _IN_FILE_NAME.findall(name)
    return _BY_FILE_NAME[re.sub("[-_ ]", "", found[-1]).lower()] if found else None


def _verdict(proxy: Any, is_bot: Any) -> str | None:
    by_apple = isinstance(proxy, str) and "apple" in proxy.lower()
    return "machine" if by_apple or flag(is_bot) else None
