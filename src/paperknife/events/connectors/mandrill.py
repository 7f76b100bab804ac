"""Mandrill (Mailchimp Transactional): the webhook's array, its form, or messages from the API.

Quirks
------
- A webhook's body is a form whose field `mandrill_events` holds the array as JSON. The form, the field's text and the
  bare array are understood. A form with an empty array is a ping.
- `ts` is the event's time in whole seconds; `msg.ts` is when the message was handed over, and stands in for the `ts` of
  a `send` without one, nowhere else.
- `_id` is the message's, and that of one recipient. Old webhooks prefixed some with a number and a dot, which is cut.
  Events have no id of their own.
- The campaign is `metadata`'s `campaign_id` or `campaign`, else the first of `tags`, else `subaccount`.
- Messages of the API (search, info) are taken apart: the `opens_detail` and `clicks_detail` become opens and clicks,
  the `smtp_events` of type ``sent`` the delivery. Their times may be seconds or ``2026-01-31 09:00:00.12345`` in UTC.
- Bounces, deferrals, spam, rejections, `inbound`, and sync events (denylist and allowlist, formerly blacklist and
  whitelist) are counted and left out.
- The signature covers the URL and the form, not the moment: a request can be played again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import parse_qsl

from paperknife.errors import SignatureError
from paperknife.events.connectors.base import PING, Connector, Fields
from paperknife.events.connectors.signatures import Scheme, forged, header, require_same, secret_bytes
from paperknife.events.connectors.values import embedded_json, first_text, inner, items, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FORM_FIELD: Final = "mandrill_events"
_FIELDS_LIMIT: Final = 100
_SENT_STATES: Final = ("sent", "spam", "unsub")
"""States of an API message that has been sent; of others (``rejected``, ``bounced``) the state is counted."""


class MandrillSignature(Scheme):
    """HMAC-SHA1 over the URL as registered and the form's sorted fields; the secret is the webhook's key."""

    summary: ClassVar[str] = "HMAC-SHA1 over URL and form (no age)"

    def check(
        self,
        headers: Mapping[str, str],
        body: bytes,
        secret: Any,
        *,
        url: str | None,
        now: float,  # noqa: ARG002 - no moment is signed
    ) -> None:
        """Return for a genuine request; see `Connector.verify`."""
        said = header(headers, "x-mandrill-signature")
        if not url:
            raise SignatureError(
                "Mandrill signs the URL it calls, and none was given. Expected the webhook's URL exactly as it was "
                "registered at Mandrill, with user name and password if it has them."
            )
        try:
            form = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS_LIMIT)
        except ValueError:  # too many fields, or no text
            raise forged() from None
        signed = url + "".join(name + value for name, value in sorted(form))
        digest = hmac.new(secret_bytes(secret), signed.encode("utf-8", "replace"), hashlib.sha1).digest()
        require_same(said, base64.b64encode(digest))


class Mandrill(Connector):
    """Translates Mandrill's events."""

    name: ClassVar[str] = "mandrill"
    title: ClassVar[str] = "Mandrill (Mailchimp Transactional)"
    event_types: ClassVar[Mapping[str, str]] = {
        "send": "sent",
        "delivered": "delivered",
        "open": "open",
        "click": "click",
        "unsub": "unsubscribe",
    }
    marks: ClassVar = (
        frozenset({"event", "msg"}),
        frozenset({"type", "action", "reject"}),
        frozenset({"type", "action", "entry"}),
    )
    scheme: ClassVar[Scheme] = MandrillSignature()
    tier: ClassVar = "full"
    quirks: ClassVar[tuple[str, ...]] = (
        "Times are whole seconds.",
        "The signature needs the URL as registered at Mandrill, and says nothing about its age.",
    )
    unconfirmed: ClassVar[tuple[str, ...]] = (
        "That `smtp_events` of type sent mean that the receiving server took the message.",
    )
    source: ClassVar[str] = (
        "Mailchimp Transactional's page Webhooks, bodies that Mandrill posted (public gists), "
        "django-anymail's Mandrill webhook and its tests"
    )
    ask_for: ClassVar[str] = "a webhook for sent, delivered, opened, clicked and unsubscribed messages"

    def unwrap(self, payload: Any, headers: Mapping[str, str]) -> Iterator[Any]:
        """Yield the events of a form, of arrays of events or of forms, and of messages from the API."""
        for one in super().unwrap(payload, headers):
            if isinstance(one, dict) and FORM_FIELD in one:
                yield from _form(one)
            elif (
                isinstance(one, dict)
                and "event" not in one
                and ("opens_detail" in one or "clicks_detail" in one)
            ):
                yield from _message(one)
            else:
                yield one

    def type_of(self, raw: Mapping[str, Any]) -> Any:
        """Return `event`, or the `type` of a sync event."""
        return raw.get("event") or raw.get("type")

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event says."""
        given = raw.get("msg")
        msg: Mapping[str, Any] = given if isinstance(given, dict) else {}
        occurred_at = raw.get("ts")
        if occurred_at is None and raw.get("event") == "send":
            occurred_at = msg.get("ts")
        key = text(raw.get("_id")) or text(msg.get("_id"))
        metadata = msg.get("metadata")
        return Fields(
            occurred_at,
            key and key.rpartition(".")[2],
            msg.get("email"),
            None,
            first_text(
                inner(metadata, "campaign_id"),
                inner(metadata, "campaign"),
                msg.get("tags"),
                msg.get("subaccount"),
            ),
            raw.get("ip"),
            raw.get("user_agent"),
            raw.get("url"),
        )


def _form(form: dict[str, Any]) -> Iterator[Any]:
    events = embedded_json(form[FORM_FIELD])
    if isinstance(events, dict):
        yield events
    elif not isinstance(events, list):
        yield form
    elif events:
        yield from events
    else:
        yield PING


def _message(message: dict[str, Any]) -> Iterator[Any]:
    """Yield an API message as the events that its webhooks would have told."""
    state = message.get("state")
    yield _event("send" if state in _SENT_STATES else state, message, message)
    for name, kind in (("smtp_events", "delivered"), ("opens_detail", "open"), ("clicks_detail", "click")):
        for detail in items(message.get(name)):
            if not isinstance(detail, dict):
                yield detail
            else:
                refused = kind == "delivered" and detail.get("type") != "sent"
                yield _event(
                    detail.get("type") if refused else kind,
                    message,
                    {**detail, "user_agent": detail.get("ua")},
                )


def _event(kind: Any, message: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    when = said.get("ts")
    if isinstance(when, str) and ":" in when and not when.endswith("Z") and "+" not in when:
        when += "Z"
    own = {name: said.get(name) for name in ("ip", "user_agent", "url")}
    return {"event": kind, "ts": when, "_id": message.get("_id"), "msg": message, **own}
