"""Brevo (formerly Sendinblue): transactional and marketing webhooks, single or batched, and pages of the event report.

Quirks
------
- `ts_epoch` is the event's time, in milliseconds, UTC. Brevo's own samples show it in seconds: a number too small for
  milliseconds is taken for seconds. `ts_event` and then `ts` (whole seconds) are used where it is missing; in old
  webhooks these two were off by the account's time zone. `date` has no zone in a webhook (the documentation says CET,
  users see their account's zone), and so is used only where it has one, as in the event report.
- ``unique_opened`` is the first open, ``opened`` each later one; formerly the first was told as both. They are one type
  here and the id is made of what the event says, so that two reports of one open, at one moment, are one event.
- ``proxy_open``, ``unique_proxy_open`` and the report's ``loadedByProxy`` are opens with the vendor's verdict
  ``machine``. ``opened`` does not claim a person: null.
- `message-id` is shared by all recipients of a message, so `email` belongs to the key. Marketing webhooks have no
  message id: there `camp_id` and `email` are the key.
- Opens and clicks may carry `user_agent` (transactional webhooks since about 2024); only the event report has `ip`.
  `sending_ip` is documented as the sender's, although on real opens it was seen to be an image proxy's: never used.
- The campaign is `camp_id`, else `campaign name`, else the first of `tags`, else `tag` (a text, or JSON of a list).
- Bounces, blocks, spam, errors, deferrals, contacts and lists are counted and left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from paperknife.events.connectors.base import Connector, Fields
from paperknife.events.connectors.values import embedded_json, first_text, text, without_brackets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TIMES: Final = ("ts_epoch", "ts_event", "ts", "date")
"""Where the event's time stands, best first."""
PROXY_OPENS: Final = frozenset(
    {
        "proxy_open",
        "unique_proxy_open",
        "proxyOpen",
        "uniqueProxyOpen",
        "loadedByProxy",
        "uniqueLoadedByProxy",
    }
)
_SENT: Final = ("request", "requests", "sent")
_OPENS: Final = ("opened", "unique_opened", "uniqueOpened", "open", *PROXY_OPENS)
_CLICKS: Final = ("click", "clicks", "clicked", "unique_clicked", "uniqueClicked")
_UNSUBSCRIBES: Final = ("unsubscribed", "unsubscribe")
_FIRST_MS: Final = 10**11
"""Smaller numbers are seconds: as milliseconds they would lie before 1974, as seconds this is after 5000."""
_DIGITS: Final = 20


class Brevo(Connector):
    """Translates Brevo's events."""

    name: ClassVar[str] = "brevo"
    title: ClassVar[str] = "Brevo (Sendinblue)"
    per_second: ClassVar[int] = 1000
    event_types: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(_SENT, "sent"),
        "delivered": "delivered",
        **dict.fromkeys(_OPENS, "open"),
        **dict.fromkeys(_CLICKS, "click"),
        **dict.fromkeys(_UNSUBSCRIBES, "unsubscribe"),
    }
    marks: ClassVar = (
        *(frozenset({"event", "email", "message-id", time}) for time in TIMES),
        frozenset({"event", "email", "messageId", "date"}),
        frozenset({"event", "email", "camp_id"}),
    )
    tier: ClassVar = "varies"
    flag: ClassVar[str | None] = "proxy_open, unique_proxy_open, loadedByProxy"
    quirks: ClassVar[tuple[str, ...]] = (
        "Transactional webhooks may carry a user agent but no IP, the event report an IP but no user agent.",
        "Switch on First opening, Opened and Proxy open: each alone hides the other opens.",
        "The first open told as unique_opened and again as opened is one event.",
        "Marketing webhooks have no message id: one campaign to one recipient is one message.",
    )
    unconfirmed: ClassVar[tuple[str, ...]] = (
        "Whether marketing webhooks carry a user agent.",
        "Whose address sending_ip is on an open: documented as the sender's, seen to be an image proxy's.",
    )
    source: ClassVar[str] = (
        "Brevo's pages Transactional webhooks, Marketing webhooks, Batched webhooks and Get email event report; "
        "django-anymail's Brevo webhook, its tests and issues 344 and 387"
    )
    ask_for: ClassVar[str] = (
        "transactional or marketing webhooks, or pages of the unaggregated event report (/smtp/statistics/events)"
    )

    def unwrap(self, payload: Any, headers: Mapping[str, str]) -> Iterator[Any]:
        """Yield the events of a webhook, a batch, pages of the event report, or a list of any."""
        for one in super().unwrap(payload, headers):
            page = one.get("events") if isinstance(one, dict) and "event" not in one else None
            if isinstance(page, list):
                yield from page
            else:
                yield one

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event says."""
        said = raw.get
        campaign = said("camp_id")
        return Fields(
            _milliseconds(next(filter(None, map(said, TIMES)), None)),
            without_brackets(said("message-id"))
            or without_brackets(said("messageId"))
            or _of_campaign(campaign),
            said("email"),
            None,
            first_text(campaign, said("campaign name"), said("tags"), _tag(said("tag"))),
            said("ip"),
            said("user_agent"),
            said("link"),
            "machine" if said("event") in PROXY_OPENS else None,
        )


def _milliseconds(value: Any) -> Any:
    """Return a number as milliseconds, whichever it was; all else as it is."""
    number = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < _DIGITS else value
    is_seconds = isinstance(number, int | float) and not isinstance(number, bool) and abs(number) < _FIRST_MS
    return number * 1000 if is_seconds else number


def _of_campaign(campaign: Any) -> str | None:
    key = text(campaign)
    return None if key is None else f"campaign-{key}"


def _tag(tag: Any) -> Any:
    return embedded_json(tag) if isinstance(tag, str) and tag.startswith("[") else tag
