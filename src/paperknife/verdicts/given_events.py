"""Events as a caller gives them: canonical columns by name, times as ISO 8601 texts, read strictly.

Good values become what `paperknife.events.log` makes of them: long user agents are cut, domains lower-
cased, empty texts null. Bad ones, which a log sets aside, are sent back to whoever asked, with what is
wrong and what to do. Messages name columns and never quote ids, addresses or user agents.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from paperknife.errors import did_you_mean
from paperknife.events.casting import FIRST_YEAR, LAST_YEAR, USER_AGENT_LIMIT
from paperknife.events.schema import COLUMN_NAMES, COLUMNS, EVENT_TYPES, REQUIRED_COLUMNS
from paperknife.evidence.clients import CLIENT_FAMILIES
from paperknife.evidence.live import Event
from paperknife.evidence.networks import NETWORK_CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Complaint = tuple[str, str, str]
"""Column, stable code, and what to do."""

MOST_CHARACTERS: Final = 8_192
"""The longest id, domain or link read; user agents are cut instead: providers log whatever a client sent."""

_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_LOOKS_LIKE_A_TIME: Final = re.compile(r"[0-9TZ:+\-.,/ ]+", re.ASCII | re.IGNORECASE)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
_END: Final = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_QUOTED_CHARACTERS: Final = 40
_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}", re.ASCII)
_TEXTS: Final = tuple(name for name in Event.__slots__ if name not in {"at_us", "user_agent", "is_ambiguous"})
_VOCABULARIES: Final = {"client_family": CLIENT_FAMILIES, "network_class": NETWORK_CLASSES}


def event_of(columns: Mapping[str, object], *, is_open: bool = False) -> tuple[Event | None, list[Complaint]]:
    """Return the event that canonical columns describe, and everything wrong with them.

    Parameters
    ----------
    columns : mapping of str to object
        Canonical columns by name; times are ISO 8601 texts with a zone; null is None or absence.
    is_open : bool
        Whether this is the open asked about: its `event_type` may be left out, and must else be "open".

    Returns
    -------
    event : Event or None
        None where something is wrong, and for an event of an unknown type, which a log would leave out too.
    complaints : list of (column, code, detail)
        The column is "" where the complaint is about the event as a whole.
    """
    kind = columns.get("event_type")
    if is_open and kind is None:
        kind = "open"
    if isinstance(kind, str) and kind not in EVENT_TYPES and not is_open:
        return None, []
    given = {**columns, "event_type": kind}
    complaints = list(_complaints(given))
    if is_open and kind != "open":
        complaints.append(("event_type", "not-an-open", "must be 'open' or left out: only opens are judged."))
    return (None if complaints else _event(given)), complaints


def unknown_name(name: str, known: tuple[str, ...] = COLUMN_NAMES) -> str:
    """Return what to tell a caller who used a name that there is none of; an odd name is not quoted."""
    if not _PLAIN_NAME.fullmatch(name):
        return f"A name here is none of: {', '.join(known)}. Leave it out."
    return f"'{name}' is unknown.{did_you_mean(name, known)} The names are: {', '.join(known)}."


def moment_us(text: str) -> int:
    """Return a time's microseconds since 1970 (UTC); digits beyond the microsecond are cut.

    Raises
    ------
    ValueError
        With what is wrong and what to do, when the text is no ISO 8601 time with a zone.
    """
    said = f"'{text[:_QUOTED_CHARACTERS]}'" if _LOOKS_LIKE_A_TIME.fullmatch(text) else "The text"
    found = _TIME.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{said} is no ISO 8601 time. Write it like '2026-03-02T10:00:00.123456Z'.")
    moment, zone = found.groups()
    if not zone:
        raise ValueError(f"{said} has no time zone. Add 'Z' for UTC, or an offset such as '+01:00'.")
    try:
        at = datetime.fromisoformat(moment.upper() + zone.upper().replace("UTC", "Z"))
    except ValueError:
        raise ValueError(f"{said} is no time of the calendar. Check day, hour and offset.") from None
    if not _FIRST <= at < _END:
        raise ValueError(f"{said} is not from {FIRST_YEAR} to {LAST_YEAR}. Check the unit it was given in.")
    return microseconds(at)


def microseconds(moment: datetime) -> int:
    """Return an aware time's microseconds since 1970 (UTC)."""
    return (moment - _EPOCH) // _MICROSECOND


def _complaints(given: Mapping[str, object]) -> Iterator[Complaint]:
    for name in given:
        if name not in COLUMN_NAMES:
            yield "", "unknown-field", unknown_name(str(name))
    for column in COLUMNS:
        value = given.get(column.name)
        if value is None:
            if column.is_required:
                needs = ", ".join(REQUIRED_COLUMNS)
                yield column.name, "missing-field", f"is missing; every event needs {needs}."
        elif complaint := _CHECKS[column.kind](column.name, value):
            yield column.name, *complaint
        elif value and value not in _VOCABULARIES.get(column.name, (value,)):
            yield column.name, "unknown-value", f"is none of: {', '.join(_VOCABULARIES[column.name])}."


def _check_text(name: str, value: object) -> tuple[str, str] | None:
    if not isinstance(value, str):
        return "wrong-type", "must be a text or null."
    if len(value) > MOST_CHARACTERS and name != "user_agent":
        return "too-long", f"has {len(value):,} characters; at most {MOST_CHARACTERS:,} are read."
    if not _is_unicode(value):
        return "not-unicode", "holds half a surrogate pair, which is no character. Send whole characters."
    if name in REQUIRED_COLUMNS and not value.strip():
        return "missing-field", "is empty; give the provider's id, or a stable hash of the event."
    if name == "ip" and value and not _is_address(value):
        return "bad-ip", "is no IPv4 or IPv6 address. Send the address alone (no port, no list), or null."
    return None


def _check_time(_: str, value: object) -> tuple[str, str] | None:
    if not isinstance(value, str):
        return "wrong-type", "must be an ISO 8601 text such as '2026-03-02T10:00:00.123456Z'."
    try:
        moment_us(value)
    except ValueError as wrong:
        return "bad-time", str(wrong)
    return None


def _check_boolean(_: str, value: object) -> tuple[str, str] | None:
    return None if isinstance(value, bool) else ("wrong-type", "must be true, false or null.")


_CHECKS: Final[dict[str, Callable[[str, object], tuple[str, str] | None]]] = {
    "string": _check_text,
    "timestamp": _check_time,
    "boolean": _check_boolean,
}


def _event(given: Mapping[str, object]) -> Event:
    texts = {name: str(given[name]) for name in _TEXTS if given.get(name)}
    agent = given.get("user_agent")
    domain = texts.get("recipient_domain")
    return Event(
        **texts | {"recipient_domain": domain.lower()} if domain else texts,
        at_us=moment_us(str(given["occurred_at"])),
        # An empty user agent is a sign of its own, unlike any other empty text.
        user_agent=None if agent is None else str(agent)[:USER_AGENT_LIMIT],
        is_ambiguous=given.get("is_ambiguous") is True,
    )


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # fe80::1%eth0 is an address on one machine only
