"""What all connectors share: a provider's payload in, canonical events out, and nothing lost on the way.

A connector is a mapping, not a program: a provider's file says where its events lie in a payload, how its event
names translate, and which of its fields mean what. This module does the rest alike for all: it counts unknown types,
sets bad rows aside with a reason, prefixes ids, replaces addresses by keyed hashes, and never raises for what a
payload holds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, ClassVar, Final

from paperknife.events.addresses import replace_addresses
from paperknife.events.casting import FIRST_YEAR, LAST_YEAR, USER_AGENT_LIMIT
from paperknife.events.event import Event
from paperknife.events.identity import RecipientHasher, digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ID_LIMIT: Final = 512
"""Characters of an id; a longer one is replaced by its digest, so that it still joins."""
URL_LIMIT: Final = 8192
"""Characters kept of a clicked link."""
IP_LIMIT: Final = 45
"""Longest text of an address (an IPv4 one written as IPv6); a longer one is none, and left out."""

READERS_OWN: Final = frozenset({"open", "click", "unsubscribe"})
"""Types whose IP and user agent are the reader's; on a delivery they belong to a mail server."""

_FIRST_US: Final = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
_LAST_US: Final = int(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER_LIMIT: Final = 40


class BadRowError(Exception):
    """One event of a payload cannot be used; its text is the reason, and never holds a value of the row."""


@dataclass(slots=True)
class Fields:
    """What a provider says of one event, in its own values.

    Attributes
    ----------
    occurred_us : int
        Microseconds since 1970, UTC; from `microseconds`.
    message : str
        What the provider's events of one message share.
    recipient : str or None
        The address, which goes no further than this.
    event_id : str or None
        Unique within the provider; None where it gives none.
    """

    occurred_us: int
    message: str
    recipient: str | None = None
    event_id: str | None = None
    campaign: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    url: str | None = None
    vendor_verdict: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be used: the reason, and the row as the provider sent it (it may hold addresses)."""

    reason: str
    row: Any


@dataclass(slots=True)
class Batch:
    """What a payload held.

    Attributes
    ----------
    events : list of Event
        In the payload's order; duplicates are not removed.
    unknown_types : dict of str to int
        Events left out because the canonical log has no such type, by the provider's own name.
    rejected : list of Rejected
        Events that cannot be used.
    """

    events: list[Event] = field(default_factory=list)
    unknown_types: dict[str, int] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)


class Connector(ABC):
    """One provider. Subclasses give the class attributes and the two methods; see CONTRIBUTING.md.

    Parameters
    ----------
    hasher : RecipientHasher, optional
        Default: one with the user's key.
    """

    name: ClassVar[str]
    """What `--provider` calls it; the prefix of event ids and the value of `source`."""
    type_field: ClassVar[str]
    """The field that holds the provider's name of the event's type."""
    event_types: ClassVar[Mapping[str, str]]
    """The provider's names of types -> canonical types. All others are counted and left out."""
    marks: ClassVar[frozenset[str]]
    """Fields that only this provider's events have; one is enough to recognise them."""

    def __init__(self, hasher: RecipientHasher | None = None) -> None:
        self.hasher = hasher or RecipientHasher.load()

    @abstractmethod
    def unwrap(self, payload: Any) -> Iterator[Any]:
        """Yield the events of a payload as the provider's own objects, whatever it wraps them in."""

    @abstractmethod
    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event of a known type says; raise `BadRowError` where it cannot be used."""

    def parse(self, payload: Any, headers: Mapping[str, str] | None = None) -> Batch:  # noqa: ARG002 - Resend's id is a header
        """Return the events of a decoded payload.

        Parameters
        ----------
        payload : object
            What the JSON decoder made of the body.
        headers : mapping, optional
            Of the webhook request; some providers keep the event's id there.

        Returns
        -------
        Batch
            Never raises for what the payload holds.
        """
        batch = Batch()
        for raw in self.unwrap(payload):
            try:
                kind = self._type_of(raw)
                event_type = self.event_types.get(kind)
                if event_type is None:
                    shown = replace_addresses(kind[:60])
                    batch.unknown_types[shown] = batch.unknown_types.get(shown, 0) + 1
                else:
                    batch.events.append(self._event(event_type, self.translate(raw)))
            except BadRowError as bad:
                batch.rejected.append(Rejected(str(bad), raw))
        return batch

    @classmethod
    def recognises(cls, raw: Any) -> bool:
        """Return whether an object looks like one of this provider's events."""
        return isinstance(raw, dict) and not cls.marks.isdisjoint(raw)

    def _type_of(self, raw: Any) -> str:
        if not isinstance(raw, dict):
            raise BadRowError("not a JSON object")
        kind = raw.get(self.type_field)
        if not isinstance(kind, str) or not kind.strip():
            raise BadRowError(f"{self.type_field} is missing or no text")
        return kind

    def _event(self, event_type: str, said: Fields) -> Event:
        recipient_id = self.hasher.hash(said.recipient) if said.recipient else None
        message_id = self._message_id(said, recipient_id)
        is_readers = event_type in READERS_OWN
        ip = said.ip if is_readers and said.ip is not None and len(said.ip) <= IP_LIMIT else None
        user_agent = (
            said.user_agent[:USER_AGENT_LIMIT] if is_readers and said.user_agent is not None else None
        )
        url = self.hasher.hide_addresses(said.url)[:URL_LIMIT] if said.url else None
        if said.event_id:
            event_id = identifier(self.hasher.hide_addresses(said.event_id))
        else:
            # No id from the provider: the same event sent twice must get the same one.
            event_id = digest_of(self.name, message_id, event_type, said.occurred_us, ip, user_agent, url)
        return Event(
            event_id=f"{self.name}:{event_id}",
            event_type=event_type,
            occurred_at=said.occurred_us,
            message_id=message_id,
            recipient_id=recipient_id,
            recipient_domain=domain_of(said.recipient),
            campaign_id=identifier(self.hasher.hide_addresses(said.campaign)) if said.campaign else None,
            ip=ip,
            user_agent=user_agent,
            url=url,
            vendor_verdict=said.vendor_verdict,
            source=self.name,
        )

    def _message_id(self, said: Fields, recipient_id: str | None) -> str:
        """Return one id per message and recipient.

        A Message-ID (``20260131.1@mail.example.org``) is no address, but looks like one to whoever scans a log for
        leaks: its at sign becomes a slash. Where it holds the recipient's address, that becomes its hash.
        """
        key = said.message
        if said.recipient and recipient_id:
            key = key.replace(said.recipient, recipient_id)
        key = identifier(self.hasher.hide_addresses(key.replace("@", "/", 1)))
        return f"{key}:{recipient_id}" if recipient_id else key


def as_given(value: Any) -> str | None:
    """Return a text as it is, blank or not; None for all else.

    A lone surrogate, which is no character, becomes a question mark: neither Arrow nor Parquet can hold it.
    """
    if not isinstance(value, str):
        return None
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def text(value: Any) -> str | None:
    """Return a value as text: a text that is not blank, or an integer (exactly); None for all else."""
    if isinstance(value, str):
        return None if not value or value.isspace() else as_given(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def first_text(*values: Any) -> str | None:
    """Return the first of the values that is text; of a list, its first item counts."""
    for value in values:
        found = text(value[0] if isinstance(value, list) and value else value)
        if found is not None:
            return found
    return None


def inner(value: Any, *names: str) -> Any:
    """Return a field of nested objects, or None where one on the way is missing or no object."""
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def identifier(value: str) -> str:
    """Return an id of bearable length."""
    return value if len(value) <= ID_LIMIT else f"long-{digest_of(value)}"


def domain_of(address: str | None) -> str | None:
    """Return the mailbox domain of an address, in lower case."""
    if not address or "@" not in address:
        return None
    return address.rpartition("@")[2].strip().rstrip(">.").lower()[:ID_LIMIT] or None


def microseconds(value: Any, name: str) -> int:
    """Return a time given in seconds since 1970 (number or text), or as ISO 8601 with a zone, in microseconds.

    Digits beyond the microsecond are cut; a float is taken by its shortest decimal, so that 1521472262.908181 stays
    exactly that.

    Raises
    ------
    BadRowError
        For what is no time, or lies before 2000 or after 2100.
    """
    if value is None or value == "":
        raise BadRowError(f"{name} is missing")
    if type(value) is int:
        moment = value * 1_000_000 if abs(value) < _LAST_US else _LAST_US
    elif isinstance(value, float | Decimal):
        moment = _from_decimal(repr(value) if isinstance(value, float) else str(value), name)
    elif isinstance(value, str):
        moment = _from_text(value.strip(), name)
    else:
        raise BadRowError(f"{name} is no time")
    if not _FIRST_US <= moment < _LAST_US:
        raise BadRowError(f"{name} is before {FIRST_YEAR} or after {LAST_YEAR}")
    return moment


def _from_text(value: str, name: str) -> int:
    if len(value) > _NUMBER_LIMIT:
        raise BadRowError(f"{name} is no time")
    if "T" not in value and ":" not in value:
        return _from_decimal(value, name)
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise BadRowError(f"{name} has no time zone")
        since = moment - _EPOCH
    except (ValueError, OverflowError) as error:
        raise BadRowError(f"{name} is no time") from error
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _from_decimal(value: str, name: str) -> int:
    try:
        seconds = Decimal(value)
        return int(seconds * 1_000_000) if seconds.adjusted() < _NUMBER_LIMIT else _LAST_US
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise BadRowError(f"{name} is no time") from error
