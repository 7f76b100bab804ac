"""Customer.io: reporting webhooks ``{"event_id", "object_type", "metric", "timestamp", "data": {…}}``.

Also the webhooks before 2020 (``event_type: email_opened``), pages of the App API's messages, and rows of the warehouse
sync's `metrics` joined with its `deliveries` (columns `metric`, `delivery_id`, `delivery_type`, `recipient`,
`timestamp` or `created_at`).

Quirks
------
- All channels come by one webhook. Events of another `object_type` than ``email`` are counted by both names
  (``push_opened``) and left out; so is ``customer_unsubscribed``, unless it names the delivery that it came from.
- The webhook's *Send Frequency* may be set to each event's first time only, which hides the later opens.
- The App API's messages hold one time per metric, so they hide later opens too; and their events have no id, so do
  not read them beside webhooks.
- `timestamp` is whole seconds.
- `data.delivery_id` is one message to one recipient, so the recipient's hash is not added to it, and its events join
  also where some name the recipient otherwise. The recipient is `data.recipient`, else the address among the
  identifiers, else the customer's id. A transactional message may have several, with a comma: whose open it is
  cannot be told then, so it has no recipient and is marked as ambiguous.
- The campaign is `campaign_id`, else `broadcast_id`, `newsletter_id` or `transactional_message_id`: numbers of one
  kind may meet those of another.
- Neither IP nor user agent is sent, and `opened` carries no machine flag. Where metrics named ``human_opened`` or
  ``prefetch_opened`` come (Customer.io counts by these names), they are opens with the vendor's verdict; clicks
  likewise. Do not subscribe to them beside `opened`, or opens count twice.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any, ClassVar, Final

from paperknife.events.connectors.base import Connector, Fields
from paperknife.events.connectors.signatures import Scheme, header, require_fresh, require_same, secret_bytes
from paperknife.events.connectors.values import BadRowError, first_text, inner, mail_addresses, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_METRICS: Final = {
    "sent": "sent",
    "delivered": "delivered",
    "opened": "open",
    "human_opened": "open",
    "prefetch_opened": "open",
    "clicked": "click",
    "human_clicked": "click",
    "prefetch_clicked": "click",
    "unsubscribed": "unsubscribe",
}
_VERDICTS: Final = {"human": "human", "prefetch": "machine"}


class CustomerIoSignature(Scheme):
    """HMAC-SHA256 over version, timestamp and body; the secret is the webhook's signing key."""

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
        said = header(headers, "x-cio-signature")
        moment = header(headers, "x-cio-timestamp")
        wanted = hmac.new(
            secret_bytes(secret), f"v0:{moment}:".encode("utf-8", "replace") + body, hashlib.sha256
        )
        require_same(said.lower(), wanted.hexdigest())
        require_fresh(moment, now)


class CustomerIo(Connector):
    """Translates Customer.io's events."""

    name: ClassVar[str] = "customerio"
    title: ClassVar[str] = "Customer.io"
    type_field: ClassVar[str] = "metric"
    event_types: ClassVar[Mapping[str, str]] = {
        **_METRICS,
        **{f"email_{name}": kind for name, kind in _METRICS.items()},
    }
    marks: ClassVar = (
        frozenset({"event_id", "object_type", "metric"}),
        frozenset({"event_id", "event_type", "timestamp", "data"}),
        frozenset({"delivery_id", "metric"}),
    )
    scheme: ClassVar[Scheme] = CustomerIoSignature()
    tier: ClassVar = "time only"
    quirks: ClassVar[tuple[str, ...]] = (
        "Times are whole seconds.",
        "Send Frequency must be every event: first events only, as in the App API's messages, hide the later opens.",
        "Events of other channels, such as push_opened, are counted and left out.",
    )
    unconfirmed: ClassVar[tuple[str, ...]] = (
        "That webhooks send human_opened and prefetch_opened, which the App API counts.",
        "Column names of the warehouse sync, and which time of several the App API's messages hold.",
    )
    source: ClassVar[str] = (
        "Customer.io's Reporting Webhooks pages (in part), its SDKs' signature check, published receivers"
    )
    ask_for: ClassVar[str] = "a reporting webhook for email sent, delivered, opened and clicked, every time"

    def unwrap(self, payload: Any, headers: Mapping[str, str]) -> Iterator[Any]:
        """Yield the events of webhooks, and of the App API's messages one event a metric."""
        for one in super().unwrap(payload, headers):
            messages = one.get("messages") if isinstance(one, dict) and "metric" not in one else None
            for raw in messages if isinstance(messages, list) else (one,):
                metrics = raw.get("metrics") if isinstance(raw, dict) and "metric" not in raw else None
                if isinstance(metrics, dict) and metrics:
                    yield from _events_of(raw, metrics)
                else:
                    yield raw

    def type_of(self, raw: Mapping[str, Any]) -> Any:
        """Return the metric of an email's event, and of others the channel and the metric."""
        if "metric" not in raw:
            return raw.get("event_type")
        metric = raw["metric"]
        channel = raw.get("object_type") or raw.get("delivery_type")
        if channel == "email" or not isinstance(metric, str):
            return metric
        if not isinstance(channel, str):
            raise BadRowError("object_type is missing: it may be no email")
        if channel == "customer" and metric == "unsubscribed" and inner(raw, "data", "delivery_id"):
            return metric
        return f"{channel}_{metric}"

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event says."""
        data = raw.get("data")
        said = data.get if isinstance(data, dict) else raw.get
        recipient = said("recipient")
        if not recipient or type(recipient) is not str:
            recipient = _recipient(said("email_address"), said("identifiers"), said("customer_id"))
        is_to_many = type(recipient) is str and "," in recipient and len(mail_addresses(recipient)) > 1
        delivery = text(said("delivery_id"))
        return Fields(
            occurred_at=raw.get("timestamp") or raw.get("created_at"),
            message=delivery or said("email_id"),
            recipient=None if is_to_many else recipient,
            event_id=raw.get("event_id"),
            campaign=said("campaign_id")
            or said("broadcast_id")
            or said("newsletter_id")
            or said("transactional_message_id"),
            url=said("href") or said("link_url"),
            vendor_verdict=_verdict(raw.get("metric")),
            is_ambiguous=is_to_many or None,
            names_recipient=delivery is not None,
        )


def _events_of(message: Mapping[str, Any], metrics: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    data = {
        **message,
        "delivery_id": message.get("id"),
        "identifiers": message.get("customer_identifiers"),
    }
    for metric, when in metrics.items():
        yield {"object_type": message.get("type"), "metric": metric, "timestamp": when, "data": data}


def _recipient(address: Any, identifiers: Any, customer: Any) -> str | None:
    return first_text(
        address,
        inner(identifiers, "email"),
        customer,
        inner(identifiers, "id"),
        inner(identifiers, "cio_id"),
    )


def _verdict(metric: Any) -> str | None:
    return _VERDICTS.get(metric.partition("_")[0]) if isinstance(metric, str) else None
