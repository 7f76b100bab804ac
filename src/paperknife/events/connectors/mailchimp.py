"""Mailchimp: activity reports of the Marketing API, the old Export API, and the CSV files of an account export.

Quirks
------
- Read are pages of email-activity, open-details and unsubscribed reports, a member's activity and activity-feed, lines
  of campaignSubscriberActivity (``{"ada@example.org": [{"action": …}]}``), and the CSV files under
  ``granular_activity/opens`` and ``clicks``.
- No report lists sends with their time, so the clock rarely starts; only a member's activity has ``sent``.
- `is_proxy_open: true` (open-details only) becomes the vendor's verdict ``machine``; false becomes null. That report
  has no IP address, email-activity has: the same open has one id in each, so take one of the two.
- Campaign and member name a message. A member's activity knows the member by `email_id` only, the MD5 digest of the
  address in lower case; so that it joins reports and exports that have the address, the message's id is made from
  that digest for all (hashed with the user's key: an MD5 digest can be tried out). The recipient stays the address
  where there is one, so a member's activity joins messages, not recipients.
- Exports name the campaign in the file's name only, by another id than the API's, and write UTC without saying so.
- Members without activity, and empty pages, are no rows. The answers of batch operations (``{"status_code", "response":
  "…"}``) are opened.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Final

from paperknife.events.connectors.base import FILE_NAME, PING, Connector, Fields
from paperknife.events.connectors.filenames import name_without_type, type_by_name
from paperknife.events.connectors.values import BadRowError, embedded_json, flag, inner, text
from paperknife.events.connectors.zones import with_zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PAGES: Final = ("emails", "members", "unsubscribes")
_CONTEXT: Final = frozenset({"campaign_id", "list_id", "email_id", "email_address"})
_FOLDER: Final = "granular_activity"
"""In an account export, what holds single events."""
_COLUMNS: Final = {
    "timestamp": "timestamp",
    "email": "email_address",
    "emailaddress": "email_address",
    "ip": "ip",
    "ipaddress": "ip",
    "url": "url",
    "action": "action",
    "campaignid": "campaign_id",
    "campaigntitle": "campaign_title",
}


class Mailchimp(Connector):
    """Translates Mailchimp's activity reports and exports."""

    name: ClassVar[str] = "mailchimp"
    title: ClassVar[str] = "Mailchimp"
    type_field: ClassVar[str] = "action"
    event_types: ClassVar[Mapping[str, str]] = {
        "sent": "sent",
        "open": "open",
        "click": "click",
        "unsub": "unsubscribe",
        "unsubscribe": "unsubscribe",
    }
    marks: ClassVar = (
        frozenset({"action", "timestamp", "email_address"}),
        frozenset({"action", "timestamp", "email_id"}),
    )
    tier: ClassVar = "varies"
    flag: ClassVar[str | None] = "is_proxy_open (open-details)"
    quirks: ClassVar[tuple[str, ...]] = (
        "An IP address in email-activity reports, time only in open-details; never a user agent.",
        "The same open stands in both reports, under an id in each: take one of the two.",
        "Sends have no times, but in a member's activity, which joins the other reports' messages, not their recipients.",
        "Exports: the campaign is the file's name, and times are read as UTC.",
    )
    unconfirmed: ClassVar[tuple[str, ...]] = (
        "Columns of granular_activity CSV files (known from public scripts), and that times of exports are UTC.",
        "That is_proxy_open means Apple's proxy and not Gmail's: Mailchimp says \"email clients that use proxies\".",
        "Fields of a click in the activity-feed.",
    )
    source: ClassVar[str] = (
        "Marketing API reference of email-activity and open-details (SDKs made from its specification), Account Exports "
        "and Export API guides, singer's tap-mailchimp and tap-mailchimp-export"
    )
    ask_for: ClassVar[str] = (
        "the email-activity report of each campaign (GET /3.0/reports/{campaign_id}/email-activity), or an account "
        "export with its granular_activity folder"
    )

    def unwrap(self, payload: Any, headers: Mapping[str, str]) -> Iterator[Any]:
        """Yield single activities, each with the campaign and the member it stands under."""
        path = headers.get(FILE_NAME, "")
        for given in super().unwrap(payload, headers):
            one = embedded_json(given["response"]) if _is_answer(given) else given
            page = next((name for name in _PAGES if isinstance(inner(one, name), list)), None)
            if page is None:
                yield from _activities(one, {}, path)
            elif not one[page]:
                yield PING
            elif page == "unsubscribes":
                yield from (_activity(member, one, action="unsub") for member in one[page])
            else:
                for member in one[page]:
                    yield from _activities(member, one, path)

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one activity says."""
        said = raw.get
        address = text(said("email_address"))
        member = _member(address) if address else text(said("email_id"))
        if member is None:
            raise BadRowError("the recipient is missing, and with it the message")
        campaign = text(said("campaign_id"))
        if campaign is None:
            raise BadRowError("the campaign is missing, in the row and in the file's name")
        return Fields(
            occurred_at=with_zone(said("timestamp"), "+00:00"),
            # With an at sign, so that it is hashed also where ids are kept: an address would be found by its MD5.
            message=f"{campaign}:{self.hasher.hash(f'{member}@')}",
            recipient=address or member,
            campaign=campaign,
            ip=said("ip"),
            url=text(said("url")) or said("link_clicked"),
            vendor_verdict="machine" if flag(said("is_proxy_open")) else None,
            names_recipient=True,
        )


def _member(address: str) -> str:
    """Return Mailchimp's `email_id` of an address."""
    plain = address.strip().lower().encode("utf-8", "replace")
    return hashlib.md5(plain, usedforsecurity=False).hexdigest()


def _is_answer(one: Any) -> bool:
    """Return whether an object is one answer of a batch operation, which holds a report as text."""
    return isinstance(one, dict) and {"status_code", "response"} <= one.keys()


def _activities(one: Any, page: Mapping[str, Any], path: str) -> Iterator[Any]:
    """Yield the activities of a member, an export's line or a CSV row; what is none of these, as it is."""
    if not isinstance(one, dict):
        yield one
    elif isinstance(one.get("activity"), list):
        yield from (_activity(act, one, page) for act in one["activity"] or (PING,))
    elif isinstance(one.get("opens"), list) and _CONTEXT & one.keys():
        yield from (_activity(act, one, page, action="open") for act in one["opens"] or (PING,))
    elif one and all("@" in name and isinstance(acts, list) for name, acts in one.items()):
        campaign = name_without_type(path)
        for address, acts in one.items():
            above = {"email_address": address, "campaign_id": campaign}
            yield from (_activity(act, above) for act in acts or (PING,))
    elif "activity_type" in one:
        yield _activity(one, page)
    elif (columns := _layout(tuple(one), _FOLDER in path)) is not None:
        yield _exported(dict(zip(columns, one.values(), strict=True)), path) or one
    else:
        yield one


def _activity(act: Any, *above: Mapping[str, Any], action: str | None = None) -> Any:
    """Return an activity with the campaign and member that stand above it, nearest first; what is no object, as it is."""
    if not isinstance(act, dict):
        return act
    row = dict(act)
    for level in above:
        row |= {name: level[name] for name in _CONTEXT & level.keys() if row.get(name) is None}
    if action is not None:
        row["action"] = action
    elif "action" not in act and "activity_type" in act:
        row |= {"action": act["activity_type"], "timestamp": act.get("created_at_timestamp")}
    return row


def _exported(row: dict[str, Any], path: str) -> dict[str, Any] | None:
    """Return a row of an account export as an activity; None where nothing tells which."""
    if "action" in row:
        action = text(row["action"])
    else:
        action = "click" if text(row.get("url")) else type_by_name(path, folder_first=True)
    if action is None:
        return None
    campaign = text(row.get("campaign_id")) or name_without_type(path)
    return {**row, "action": action.strip().lower(), "campaign_id": campaign}


@lru_cache(maxsize=64)
def _layout(header: tuple[str, ...], may_hold_more: bool) -> tuple[str, ...] | None:  # noqa: FBT001 - for the cache
    """Return the columns of an account export's table under the API's names; None where it is another table.

    Where only the columns tell that it is Mailchimp's, it may have no others.
    """
    plain = [re.sub(r"[\s_\"\ufeff]", "", name).lower() for name in header]
    if not may_hold_more and not _COLUMNS.keys() >= set(plain):
        return None
    columns = tuple(_COLUMNS.get(name, own) for name, own in zip(plain, header, strict=True))
    return columns if {"timestamp", "email_address"} <= set(columns) else None
