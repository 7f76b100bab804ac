"""Amazon SES: events as SNS wraps them, bare, one a line as Firehose writes them, or as EventBridge sends them.

Quirks
------
- What wraps an event is opened: SNS notifications (`Message` is a JSON text), EventBridge (`detail`), and the records
  of Lambda and SQS around either. Confirmations of a subscription and the texts with which SES and SNS try a topic are
  pings.
- An open's, a click's and a delivery's time is its own `timestamp`, a send's `mail.timestamp`; never SNS's. Both event
  publishing (`eventType`) and feedback notifications (`notificationType`) are understood.
- The event's id is a digest of its content, not SNS's `MessageId`: the same event may also arrive by Firehose, which
  has none, or by two topics, which have two. Milliseconds, IP, user agent and link tell opens apart.
- A message to several recipients (`mail.destination`) is tracked as one, and an open does not tell whose it is. All its
  events, deliveries too, have no recipient and are marked as ambiguous, so that they share one message id and join.
- The campaign is the message's tag `campaign_id`, `campaign` or `campaign_name` (also with hyphens, or in one word).
  SES's own tags, such as `ses:configuration-set`, do not name one: a configuration set is a stream of mail, and its
  one-to-one mail would become a campaign.
- A `Subscription` is an unsubscribe where the new preferences leave everything, or a topic that the old ones kept; else
  it is counted.
- `userAgent` and `ipAddress` of a click or an open are the reader's. Bounces, complaints, rejects, rendering failures,
  delays, incoming mail and what else EventBridge says of SES (by its `detail-type`) are counted and left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from paperknife.events.connectors.base import PING, Connector, Fields
from paperknife.events.connectors.sns import SnsSignature
from paperknife.events.connectors.values import embedded_json, first_text, inner, items, mail_addresses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paperknife.events.connectors.signatures import Scheme

TYPES: Final = ("eventType", "notificationType")
WRAPPERS: Final = ("Message", "detail", "Sns", "Records", "Messages", "body", "Body")
"""Fields in which others carry an event: SNS, EventBridge, Lambda's records of SNS and SQS, SQS itself."""
CONFIRMATIONS: Final = ("SubscriptionConfirmation", "UnsubscribeConfirmation")
TRIAL: Final = "AmazonSnsSubscriptionSucceeded"
"""The type of the notification with which SES tries a topic for feedback; for events it sends a plain text."""
TRIAL_TEXT: Final = "Successfully validated SNS topic"
CAMPAIGN_TAGS: Final = (
    "campaign_id", "campaign-id", "campaignId", "campaign", "Campaign",
    "campaign_name", "campaign-name", "campaignName",
)  # fmt: skip
_DEPTH: Final = 8


class Ses(Connector):
    """Translates Amazon SES's events."""

    name: ClassVar[str] = "ses"
    title: ClassVar[str] = "Amazon SES"
    event_types: ClassVar[Mapping[str, str]] = {
        "Send": "sent",
        "Delivery": "delivered",
        "Open": "open",
        "Click": "click",
        "Unsubscribe": "unsubscribe",
    }
    marks: ClassVar = tuple(frozenset({kind, "mail"}) for kind in TYPES)
    scheme: ClassVar[Scheme] = SnsSignature()
    tier: ClassVar = "full"
    quirks: ClassVar[tuple[str, ...]] = (
        "A message to several recipients is tracked as one: ambiguous, and left out of training.",
        "The event's id is a digest of its content, so that SNS and Firehose tell the same event once.",
        "Campaigns are message tags called campaign_id, campaign or campaign_name; configuration sets are none.",
    )
    unconfirmed: ClassVar[tuple[str, ...]] = (
        "Topic preferences of a Subscription: the names of their values (OptOut, OPT_OUT) differ between pages.",
    )
    source: ClassVar[str] = (
        "the SES Developer Guide's Contents and Examples of event data for SNS and for Firehose, EventBridge's SES "
        "events, the SNS Developer Guide's Verifying signatures and Message delivery retries; django-anymail's webhook"
    )
    ask_for: ClassVar[str] = (
        "event publishing by a configuration set to SNS, Firehose or EventBridge, with sends, deliveries, opens and "
        "clicks"
    )

    def unwrap(self, payload: Any, headers: Mapping[str, str]) -> Iterator[Any]:
        """Yield the events inside whatever wraps them."""
        for one in super().unwrap(payload, headers):
            yield from _opened(one, _DEPTH)

    def type_of(self, raw: Mapping[str, Any]) -> Any:
        """Return the event's type; ``Unsubscribe`` for a subscription that is given up."""
        kind = raw.get("eventType") or raw.get("notificationType") or raw.get("detail-type")
        if kind == "Subscription" and _is_given_up(raw.get("subscription")):
            return "Unsubscribe"
        return kind

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event says."""
        kind = raw.get("eventType") or raw.get("notificationType")
        given, part = raw.get("mail"), raw.get(str(kind).lower())
        mail: Mapping[str, Any] = given if isinstance(given, dict) else {}
        said: Mapping[str, Any] = part if isinstance(part, dict) else {}
        readers = mail_addresses(mail.get("destination")) or mail_addresses(said.get("recipients"))
        return Fields(
            occurred_at=mail.get("timestamp") if kind == "Send" else said.get("timestamp"),
            message=mail.get("messageId"),
            recipient=readers[0] if len(readers) == 1 else None,
            campaign=_campaign(mail.get("tags")),
            ip=said.get("ipAddress"),
            user_agent=said.get("userAgent"),
            url=said.get("link"),
            is_ambiguous=True if len(readers) > 1 else None,
        )


def _opened(one: Any, depth: int) -> Iterator[Any]:
    """Yield the events of one object; what wraps nothing that is understood is yielded itself."""
    if not isinstance(one, dict) or "mail" in one or not depth:
        yield one
        return
    if one.get("Type") in CONFIRMATIONS or one.get("notificationType") == TRIAL:
        yield PING
        return
    for name in WRAPPERS:
        inside = embedded_json(one.get(name))
        if isinstance(inside, str) and inside.startswith(TRIAL_TEXT):
            yield PING
            return
        wrapped = inside if isinstance(inside, list) else [inside]
        if any(isinstance(item, dict) and (name != "detail" or "mail" in item) for item in wrapped):
            for item in wrapped:
                yield from _opened(item, depth - 1)
            return
    yield one


def _is_given_up(subscription: Any) -> bool:
    """Return whether everything was left, or a topic that had not been left before."""
    new, old = (inner(subscription, f"{age}TopicPreferences") for age in ("new", "old"))
    return inner(new, "unsubscribeAll") is True or bool(_left(new) - _left(old))


def _left(preferences: Any) -> set[str]:
    return {
        str(inner(topic, "topicName"))
        for topic in items(inner(preferences, "topicSubscriptionStatus"))
        if str(inner(topic, "subscriptionStatus")).replace("_", "").lower() == "optout"
    }


def _campaign(tags: Any) -> str | None:
    return first_text(*map(tags.get, CAMPAIGN_TAGS)) if isinstance(tags, dict) else None
