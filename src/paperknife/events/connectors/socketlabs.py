"""SocketLabs: Event Webhooks, one object each or an array of them; older endpoints post the same fields as a form.

Quirks
------
- `Type` is the type; of ``Tracking``, `TrackingType` is: 0 click, 1 open, 2 unsubscribe, as number or as name. The page
  on the account's own webhook calls them ``Click`` and ``Open``, and a delivery ``Sent``: both are understood.
- ``Queued`` is the acceptance by SocketLabs (sent), ``Delivered`` that by the receiving server. ``Validation`` is a ping.
- `DateTime` has seven fractional digits, of which six are kept.
- There is no event id: a digest of the content serves. One message is `MailingId` and `MessageId` together, which the
  sender may choose and which its recipients (`Address`) may share.
- The campaign is the `MailingId` that the sender chose, else the first of `Data.Tags`, else the `MailingId` that
  SocketLabs made up (``SL…``), which all messages of one injection share.
- The secret stands in each event (`SecretKey`); it is taken out before an event can get into a quarantine file.
- There is no machine flag.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import parse_qs

from paperknife.errors import SignatureError
from paperknife.events.connectors.base import PING, Connector, Fields
from paperknife.events.connectors.signatures import Scheme, require_same, secret_bytes
from paperknife.events.connectors.values import first_text, inner, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SECRET: Final = "SecretKey"  # noqa: S105 - the field's name
TRACKED: Final[Mapping[str, str]] = {"0": "Click", "1": "Open", "2": "Unsubscribe"}
_MADE_UP: Final = re.compile(r"SL[A-Z]*-?\d")


class SocketLabsKey(Scheme):
    """The secret key of the webhook, in the field `SecretKey` of every event; nothing signs the rest."""

    summary: ClassVar[str] = "shared secret in the body (SecretKey)"

    def check(
        self,
        headers: Mapping[str, str],  # noqa: ARG002 - all is in the body
        body: bytes,
        secret: Any,
        *,
        url: str | None,  # noqa: ARG002 - not signed
        now: float,  # noqa: ARG002 - no moment is signed
    ) -> None:
        """Return for a request whose events all carry the secret; see `Connector.verify`."""
        import msgspec

        wanted = secret_bytes(secret)
        try:
            payload = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError, ValueError):
            payload = body.decode("utf-8", "replace")
        events = list(_events(payload))
        said = [text(inner(one, SECRET)) for one in events]
        if not said or None in said:
            raise SignatureError(
                f"The body carries no {SECRET}. Expected it in every event: the endpoint must be one of SocketLabs' "
                "Event Webhooks."
            )
        for key in said:
            require_same((key or "").strip(), wanted)


class SocketLabs(Connector):
    """Translates SocketLabs' events."""

    name: ClassVar[str] = "socketlabs"
    title: ClassVar[str] = "SocketLabs"
    type_field: ClassVar[str] = "Type"
    event_types: ClassVar[Mapping[str, str]] = {
        "Queued": "sent",
        "Delivered": "delivered",
        "Sent": "delivered",
        "Open": "open",
        "Click": "click",
        "Unsubscribe": "unsubscribe",
    }
    marks: ClassVar = (
        frozenset({"Type", "MailingId"}),
        frozenset({"Type", "ServerId", "Address"}),
        frozenset({"Type", "TrackingType"}),
    )
    scheme: ClassVar[Scheme] = SocketLabsKey()
    tier: ClassVar = "full"
    quirks: ClassVar[tuple[str, ...]] = (
        "The secret stands in the body and signs nothing: a request can be played again.",
    )
    unconfirmed: ClassVar[tuple[str, ...]] = (
        "The form-encoded body of endpoints made before June 2021: its fields are taken to be those of the JSON.",
    )
    source: ClassVar[str] = (
        "Event Webhooks (Events, Data Attributes, Authentication and Access), Account Level Event Webhook; "
        "SocketLabs.EventWebhooks.Extensions"
    )
    ask_for: ClassVar[str] = "an Event Webhook with queued, sent and tracking events"

    def unwrap(self, payload: Any, headers: Mapping[str, str]) -> Iterator[Any]:  # noqa: ARG002 - all is in the body
        """Yield the events of a body, a form or an array, without their secret."""
        for one in _events(payload):
            if isinstance(one, dict) and one.get("Type") == "Validation":
                yield PING
            elif isinstance(one, dict) and SECRET in one:
                yield {name: value for name, value in one.items() if name != SECRET}
            else:
                yield one

    def type_of(self, raw: Mapping[str, Any]) -> Any:
        """Return the type, of tracking events that of what was tracked."""
        kind = raw.get("Type")
        if kind != "Tracking":
            return kind
        tracked = text(raw.get("TrackingType"))
        if tracked is not None and tracked.isdigit():
            return TRACKED.get(tracked, f"Tracking {tracked}")
        return tracked

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event says."""
        said = raw.get
        mailing = text(said("MailingId"))
        chosen = mailing if mailing and not _MADE_UP.match(mailing) else None
        return Fields(
            occurred_at=said("DateTime"),
            message=".".join(part for part in (mailing, text(said("MessageId"))) if part),
            recipient=said("Address"),
            campaign=chosen or first_text(inner(said("Data"), "Tags")) or mailing,
            ip=said("ClientIp", said("ClientIP")),
            user_agent=said("UserAgent"),
            url=said("Url", said("URL")),
        )


def _events(payload: Any) -> Iterator[Any]:
    """Yield the events of a body, as they are."""
    for one in payload if isinstance(payload, list) else (payload,):
        if isinstance(one, str) and "Type=" in one:
            yield {name: values[0] for name, values in parse_qs(one, keep_blank_values=True).items()}
        elif isinstance(one, dict) and isinstance(one.get("data"), dict) and "Type" in one["data"]:
            yield one["data"]
        elif isinstance(one, dict) and isinstance(one.get("Type"), list):
            # A form that was parsed by somebody who keeps every value of a field.
            yield {name: _first(value) for name, value in one.items()}
        else:
            yield one


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value
