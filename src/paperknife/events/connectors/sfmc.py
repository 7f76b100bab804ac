"""Salesforce Marketing Cloud: data views and tracking extracts as CSV, and Event Notification Service (ENS) JSON.

Quirks
------
- `EventDate` of data views and extracts is US Central *standard* time all the year (UTC-6), and the text does not say
  so. Extracts made with "Use Local TZ in Query", and accounts on stack 4 (UTC-7), hold another clock.
- ENS has `timestampUTC` in milliseconds; its `info.unsubscribeDate` is six hours off and is not read.
- A data view does not say which it is: `EventType`, else the columns (a URL is a click), else the file's or folder's name
  (`_Open.csv`, `Unsubs.csv`) tells.
- Job, list, batch and subscriber name one message to one person in all three forms, so the recipient's hash is not
  added, and forms join. `SendID` of extracts is the JobID. ENS calls the subscriber by its number only, in most events,
  so the number is the recipient there; in CSV it is the SubscriberKey.
- Extracts of opens and clicks may hold `IpAddress`; no CSV holds a user agent.
- An extract's other tables (SendJobs, Subscribers, StatusChanges, Lists) hold no `EventDate`; their rows are counted.
- There is no delivery: the clock starts at Sent, and ENS tells of that for transactional sends only.
- A callback's verification (`verificationKey`) is a ping, and comes unsigned.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Final

from paperknife.errors import SignatureError
from paperknife.events.connectors.base import FILE_NAME, PING, Connector, Fields
from paperknife.events.connectors.filenames import TYPES, type_by_name
from paperknife.events.connectors.signatures import Scheme, forged, from_base64, header, secret_bytes
from paperknife.events.connectors.values import inner, text
from paperknife.events.connectors.zones import with_zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CENTRAL: Final = "-06:00"
"""Of the servers, all the year: Salesforce help 000384850, "systems will always be -0600 from GMT"."""

_COLUMNS: Final = {
    "jobid": "JobID",
    "sendid": "JobID",
    "listid": "ListID",
    "batchid": "BatchID",
    "subscriberid": "SubscriberID",
    "subscriberkey": "SubscriberKey",
    "emailaddress": "EmailAddress",
    "eventdate": "EventDate",
    "eventtype": "EventType",
    "dataview": "EventType",  # how people name the column when they put several views into one table
    "domain": "Domain",
    "url": "URL",
    "linkcontent": "LinkContent",
    "ipaddress": "IPAddress",
}
_CLICKED: Final = frozenset({"url", "linkname", "linkcontent", "urlid", "alias"})
_BOUNCED: Final = frozenset({"bouncecategory", "bouncecategoryid", "bouncetype", "smtpcode"})
_KEYS: Final = frozenset(
    {"clientid", "accountid", "sendid", "jobid", "subscriberkey", "subscriberid", "listid"}
)
_NO_EVENT: Final = "row of a table without EventDate"


class EventNotificationSignature(Scheme):
    """HMAC-SHA256 of the body, as base64 in a header; the secret is the key shown when the callback was made.

    The key is used as the text it is; whether some keys must be decoded from base64 first, Salesforce does not say, so
    a signature by either is taken. No moment is signed: a request that is played again cannot be told.
    """

    summary: ClassVar[str] = "HMAC-SHA256 of the body (ENS)"

    def check(
        self,
        headers: Mapping[str, str],
        body: bytes,
        secret: Any,
        *,
        url: str | None,  # noqa: ARG002 - not signed
        now: float,  # noqa: ARG002 - not signed
    ) -> None:
        """Return for a genuine request; see `Connector.verify`."""
        said = from_base64(header(headers, "x-sfmc-ens-signature"))
        keys = [secret_bytes(secret)]
        with suppress(SignatureError, UnicodeDecodeError):  # a key that is text only
            keys.append(from_base64(keys[0].decode()))
        wanted = [hmac.digest(key, body, hashlib.sha256) for key in keys if key]
        if not any([hmac.compare_digest(said, one) for one in wanted]):  # noqa: C419 - all, whichever comes near
            raise forged()


class MarketingCloud(Connector):
    """Translates Marketing Cloud's events."""

    name: ClassVar[str] = "sfmc"
    title: ClassVar[str] = "Salesforce Marketing Cloud"
    event_types: ClassVar[Mapping[str, str]] = {
        "sent": "sent",
        "open": "open",
        "click": "click",
        "unsubscribe": "unsubscribe",
        "TransactionalSendEvents.EmailSent": "sent",
        "EngagementEvents.EmailOpen": "open",
        "EngagementEvents.EmailClick": "click",
        "EngagementEvents.EmailUnsubscribe": "unsubscribe",
    }
    per_second: ClassVar[int] = 1000
    marks: ClassVar = (
        frozenset({"eventCategoryType"}),
        frozenset({"JobID", "SubscriberID", "EventDate"}),
        frozenset({"JobID", "SubscriberKey", "EventDate"}),
        frozenset({"SendID", "SubscriberKey", "EventDate"}),
    )
    scheme: ClassVar[Scheme] = EventNotificationSignature()
    tier: ClassVar = "varies"
    quirks: ClassVar[tuple[str, ...]] = (
        "EventDate is read as US Central standard time (UTC-6) all the year; extracts in a local time zone are not.",
        "Full evidence by the Event Notification Service, time only by data views, an IP address in some extracts.",
        "The three forms join; the recipient is the SubscriberKey in CSV, and the SubscriberID in notifications.",
        "No deliveries; notifications of sends come for transactional sends only.",
    )
    unconfirmed: ClassVar[tuple[str, ...]] = (
        "Whether the signature key is base64 or plain text: both are taken.",
        "Columns of tracking extracts beyond the help page: known from warehouses that load them.",
    )
    source: ClassVar[str] = (
        "ENS Supported Notification Events and Notification Signing, Tracking Extract and server time zone (Salesforce "
        "help), public loaders of extracts"
    )
    ask_for: ClassVar[str] = (
        "the data views _Sent, _Open and _Click as CSV with all their columns, a tracking extract, or the Event "
        "Notification Service"
    )

    def unwrap(self, payload: Any, headers: Mapping[str, str]) -> Iterator[Any]:
        """Yield notifications as they are, and rows of CSV under the data views' names, with their `EventType`."""
        named = type_by_name(headers.get(FILE_NAME, ""))
        for one in super().unwrap(payload, headers):
            if not isinstance(one, dict) or "eventCategoryType" in one:
                yield one
            elif {"callbackId", "verificationKey"} <= one.keys():
                yield PING
            else:
                yield _row(one, named)

    def type_of(self, raw: Mapping[str, Any]) -> Any:
        """Return a notification's category and type, or a row's type."""
        return raw.get("eventCategoryType") or raw.get("EventType")

    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event says."""
        return _notification(raw) if "eventCategoryType" in raw else _tracked(raw)


def _notification(raw: Mapping[str, Any]) -> Fields:
    parts, info = raw.get("composite"), raw.get("info")
    job, subscriber = inner(parts, "jobId"), inner(parts, "subscriberId")
    key = _key(job, inner(parts, "listId"), inner(parts, "batchId"), subscriber)
    if key is None:
        # Where the parts are missing, the deprecated joined id has them: [definition.]job.list.batch.subscriber
        joined = (text(raw.get("compositeId")) or "").split(".")[-4:]
        if len(joined) == 4:  # noqa: PLR2004 - the four
            key, job, subscriber = ".".join(joined), joined[0], joined[3]
    to = text(inner(info, "to")) or ""
    return Fields(
        occurred_at=with_zone(raw.get("timestampUTC"), "+00:00"),
        message=key,
        recipient=subscriber,
        campaign=job,
        ip=inner(info, "ipAddress"),
        user_agent=inner(info, "userAgent"),
        url=inner(info, "contentLink"),
        domain=inner(info, "domain") or ("@" in to and to) or None,
        names_recipient=True,
    )


def _tracked(raw: Mapping[str, Any]) -> Fields:
    said = raw.get
    subscriber, address = text(said("SubscriberID")), text(said("EmailAddress"))
    key = _key(said("JobID"), said("ListID"), said("BatchID"), subscriber or "")
    return Fields(
        occurred_at=with_zone(said("EventDate"), CENTRAL),
        message=key,
        recipient=text(said("SubscriberKey")) or address or subscriber,
        campaign=said("JobID"),
        ip=said("IPAddress"),
        url=text(said("URL")) or said("LinkContent"),
        domain=text(said("Domain")) or (address and "@" in address and address) or None,
        names_recipient=subscriber is not None,
    )


def _key(*parts: Any) -> str | None:
    texts = [(text(part) or "").strip() for part in parts]
    return ".".join(texts) if texts[0] and parts[-1] is not None else None


def _row(one: Mapping[str, Any], named: str | None) -> Mapping[str, Any]:
    found = _layout(tuple(one))
    if found is None:
        return {**one, "EventType": _NO_EVENT} if named is None and _is_other_table(tuple(one)) else one
    columns, certain, likely = found
    row = dict(zip(columns, one.values(), strict=True))
    said = text(row.get("EventType"))
    if said is None:
        row["EventType"] = certain or named or likely
    else:
        row["EventType"] = TYPES.get(said.strip(" _").lower(), said)
    return row


@lru_cache(maxsize=64)
def _layout(header: tuple[str, ...]) -> tuple[tuple[str, ...], str | None, str | None] | None:
    """Return a table's columns under the data views' names, and its type: as its columns prove, and as they suggest.

    None where it is no table of Marketing Cloud's.
    """
    plain = _plain(header)
    if "eventdate" not in plain or not {"jobid", "sendid"} & set(plain):
        return None
    columns = tuple(_COLUMNS.get(name, own) for name, own in zip(plain, header, strict=True))
    if _CLICKED & set(plain):
        return columns, "click", None
    if _BOUNCED & set(plain):
        return columns, "bounce", None
    triggered = any(name.startswith("trigger") for name in plain)
    if "isunique" in plain:  # as _Unsubscribe and _Complaint have, but these know no triggered sends
        return columns, None, "open" if triggered else None
    return columns, None, "sent" if triggered else None


@lru_cache(maxsize=64)
def _is_other_table(header: tuple[str, ...]) -> bool:
    """Return whether a table holds no event and yet two of Marketing Cloud's keys."""
    plain = frozenset(_plain(header))
    return "eventdate" not in plain and len(_KEYS & plain) > 1


def _plain(header: tuple[str, ...]) -> list[str]:
    return [re.sub(r"[\s_\"\ufeff]", "", name).lower() for name in header]
