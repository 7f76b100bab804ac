"""What all connectors share: a provider's payload in, canonical events out, and nothing lost on the way.

A connector is a mapping, not a program: a provider's file says where its events lie in a payload, how its event
names translate, which of its fields mean what, and how it signs. This module does the rest alike for all: it counts
unknown types, sets bad rows aside with a reason, and never raises for what a payload holds. What the values then
become (ids, pseudonyms, times) stands in `columns`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, NamedTuple

from paperknife.events.addresses import replace_addresses
from paperknife.events.connectors.columns import canonical
from paperknife.events.connectors.signatures import SharedSecret
from paperknife.events.connectors.values import BadRowError
from paperknife.events.event import Event, events_of, events_table
from paperknife.events.identity import RecipientHasher
from paperknife.events.schema import COLUMN_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from paperknife.events.connectors.signatures import Scheme

FILE_NAME: Final = "x-file-name"
"""The header under which `ingest` tells a connector the name of the file that a payload came from."""

PING: Final = object()
"""What `Connector.unwrap` yields for a payload that holds no event on purpose: a ping, a subscription's confirmation."""

_SURPRISES: Final = (AttributeError, TypeError, ValueError, LookupError, ArithmeticError, RecursionError)
"""What reading a field may raise where a payload is not what it should be; such a row is unusable, and counted."""

_WRONG_TYPE: Final = "a field is of a wrong type"

Tier = Literal["full", "user agent and time", "time only", "varies"]


class Fields(NamedTuple):
    """What a provider says of one event, in its own values: any of them may be of any type, or None.

    Attributes
    ----------
    occurred_at : int, float, str or datetime
        As the provider gives it; see `values.microseconds` for what is understood.
    message : str or int
        What the provider's events of one message share. Whether the recipient is part of it does not matter:
        the recipient's hash is added.
    recipient : str
        The address (or the user's own id), which goes no further than this.
    event_id : str or int
        Unique within the provider; None where it gives none: then a digest of the event's content serves.
    campaign : str, int or list
        Of a list, the first.
    ip, user_agent, url : str
        Kept exactly as given, on opens, clicks and unsubscribes; on others IP and user agent are a server's.
    vendor_verdict : {"machine", "human"} or None
        The provider's own word, never folded into the type.
    sender : str or int
        For one-to-one mail.
    received_at : as `occurred_at`
        When *we* got it, where known; never what the provider's envelope says.
    is_ambiguous : bool or None
        Whether the provider cannot tell which of several recipients it was.
    domain : str
        Of the mailbox, for providers that give it besides a recipient that is no address.
    names_recipient : bool
        Whether `message` is one recipient's alone already, so that the hash need not be added: for providers that
        call the recipient now by one name, now by another.
    """

    occurred_at: Any
    message: Any
    recipient: Any = None
    event_id: Any = None
    campaign: Any = None
    ip: Any = None
    user_agent: Any = None
    url: Any = None
    vendor_verdict: str | None = None
    sender: Any = None
    received_at: Any = None
    is_ambiguous: bool | None = None
    domain: Any = None
    names_recipient: bool = False


def field_columns(rows_n: int, **columns: Sequence[Any]) -> list[Sequence[Any]]:
    """Return a column for each of `Fields`, in order; those that are not given hold None in every row."""
    return [columns.get(name, [None] * rows_n) for name in Fields._fields]


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
    table : pyarrow.Table
        The usable events with the canonical columns, in the payload's order; duplicates are not removed.
    unknown_types : dict of str to int
        Events left out because the canonical log has no such type, by the provider's own name.
    rejected : list of Rejected
        Events that cannot be used.
    pings_n : int
        Payloads that hold no event on purpose.
    """

    table: pa.Table = field(default_factory=lambda: events_table([[] for _ in COLUMN_NAMES]))
    unknown_types: dict[str, int] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    pings_n: int = 0

    @property
    def events(self) -> list[Event]:
        """The usable events as tuples."""
        return events_of(self.table)


class Connector(ABC):
    """One provider. Subclasses give the class attributes and the methods; see CONTRIBUTING.md.

    Parameters
    ----------
    hasher : RecipientHasher, optional
        Default: one with the user's key.
    """

    name: ClassVar[str]
    """What `--provider` calls it; the prefix of event ids and the value of `source`."""
    title: ClassVar[str]
    """What people call it."""
    type_field: ClassVar[str] = "event"
    """The field of an unwrapped event that holds the provider's name of its type."""
    event_types: ClassVar[Mapping[str, str]]
    """The provider's names of types -> canonical types. All others are counted and left out."""
    per_second: ClassVar[int] = 1
    """What a time that is a number counts: 1 for seconds, 1000 for milliseconds."""
    marks: ClassVar[tuple[frozenset[str], ...]]
    """Sets of fields by which an unwrapped event of this provider is recognised: it has all of one of them."""
    scheme: ClassVar[Scheme] = SharedSecret()
    """How the provider signs its webhooks."""

    tier: ClassVar[Tier]
    """Which evidence its opens carry."""
    flag: ClassVar[str | None] = None
    """The field that holds the provider's own machine flag, None where it has none."""
    quirks: ClassVar[tuple[str, ...]] = ()
    """What a user must know, a sentence each; shown in the README's support matrix."""
    unconfirmed: ClassVar[tuple[str, ...]] = ()
    """What could not be confirmed in the provider's documentation, a sentence each."""
    source: ClassVar[str]
    """How the mapping was verified: which documentation was read."""
    ask_for: ClassVar[str]
    """The webhook or export that holds single events with times; said where somebody brings totals instead."""

    def __init__(self, hasher: RecipientHasher | None = None) -> None:
        self.hasher = hasher or RecipientHasher.load()
        self.prefix = self.name

    def unwrap(self, payload: Any, headers: Mapping[str, str]) -> Iterator[Any]:  # noqa: ARG002 - some need them
        """Yield the events of a payload as the provider's own objects, whatever it wraps them in.

        A ping yields `PING`; what is not understood is yielded as it is, and is then counted as unusable, so that
        no row is lost. Objects may be new ones, with fields of the wrapping added. By default: the items of an array,
        or the one object.

        Parameters
        ----------
        payload : object
        headers : mapping
            Of the webhook request, names in lower case; of a file, its name under ``x-file-name``.
        """
        yield from payload if isinstance(payload, list) else (payload,)

    def type_of(self, raw: Mapping[str, Any]) -> Any:
        """Return the provider's name of an event's type."""
        return raw.get(self.type_field)

    @abstractmethod
    def translate(self, raw: Mapping[str, Any]) -> Fields:
        """Return what one event of a known type says; raise `BadRowError` where it cannot be used."""

    def parse(self, payload: Any, headers: Mapping[str, str] | None = None) -> Batch:
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
        return self.parse_all((payload,), headers)

    def parse_all(self, payloads: Sequence[Any], headers: Mapping[str, str] | None = None) -> Batch:
        """Return the events of several payloads with the same headers in one batch; as `parse`, and quicker."""
        lowered = {name.lower(): value for name, value in (headers or {}).items()}
        batch = Batch()
        raws, kinds = self._of_known_type(self._unwrapped(payloads, lowered), batch)
        try:
            said = self.translate_all(raws)
        except (BadRowError, *_SURPRISES):
            raws, kinds, said = self._row_by_row(raws, kinds, batch)
        batch.table, bad = canonical(self.prefix, self.hasher, kinds, said, self.per_second)
        batch.rejected += [Rejected(reason, raws[place]) for place, reason in bad.items()]
        return batch

    def translate_all(self, raws: Sequence[Mapping[str, Any]]) -> Sequence[Sequence[Any]]:
        """Return what events of known types say, a column for each of `Fields`; raises as `translate` does."""
        return list(zip(*map(self.translate, raws), strict=True))

    def _of_known_type(self, raws: Sequence[Any], batch: Batch) -> tuple[Sequence[Any], list[str]]:
        """Return the events of known types and these; the others are counted in the batch."""
        type_of, known = self.type_of, self.event_types.get
        try:
            found = [known(type_of(raw)) for raw in raws]
        except (BadRowError, *_SURPRISES):
            found = [self._type_or_none(raw) for raw in raws]
        kinds = [kind for kind in found if kind is not None]
        if len(kinds) == len(found):
            return raws, kinds
        for raw, kind in zip(raws, found, strict=True):
            if kind is None:
                self._set_aside(raw, batch)
        return [raw for raw, kind in zip(raws, found, strict=True) if kind is not None], kinds

    def _type_or_none(self, raw: Any) -> str | None:
        try:
            return self.event_types.get(self.type_of(raw))
        except (BadRowError, *_SURPRISES):
            return None

    def _set_aside(self, raw: Any, batch: Batch) -> None:
        """Count what is no event of a known type."""
        if raw is PING:
            batch.pings_n += 1
            return
        if not isinstance(raw, dict):
            batch.rejected.append(Rejected("not a JSON object", raw))
            return
        try:
            kind = self.type_of(raw)
            if not isinstance(kind, str) or not kind or kind.isspace():
                batch.rejected.append(Rejected("the event's type is missing or no text", raw))
            else:
                shown = replace_addresses(kind[:60])
                batch.unknown_types[shown] = batch.unknown_types.get(shown, 0) + 1
        except BadRowError as bad:
            batch.rejected.append(Rejected(str(bad), raw))
        except _SURPRISES:
            batch.rejected.append(Rejected(_WRONG_TYPE, raw))

    def _row_by_row(
        self, raws: Sequence[Any], kinds: list[str], batch: Batch
    ) -> tuple[list[Any], list[str], Sequence[Sequence[Any]]]:
        """Translate events of which some cannot be used, and set those aside."""
        usable: list[tuple[Any, str, Fields]] = []
        for raw, kind in zip(raws, kinds, strict=True):
            try:
                usable.append((raw, kind, self.translate(raw)))
            except BadRowError as bad:
                batch.rejected.append(Rejected(str(bad), raw))
            except _SURPRISES:
                batch.rejected.append(Rejected(_WRONG_TYPE, raw))
        said = list(zip(*(fields for _, _, fields in usable), strict=True))
        return [raw for raw, _, _ in usable], [kind for _, kind, _ in usable], said

    def _unwrapped(self, payloads: Sequence[Any], headers: Mapping[str, str]) -> Sequence[Any]:
        if type(self).unwrap is Connector.unwrap and list not in set(map(type, payloads)):
            return payloads  # one event a payload, as in most long files: nothing to unwrap
        raws: list[Any] = []
        for payload in payloads:
            try:
                raws += list(self.unwrap(payload, headers))
            except _SURPRISES:
                raws.append(payload)  # no provider's wrapping: counted as unusable with the rest
        return raws

    @classmethod
    def recognises(cls, raw: Any) -> bool:
        """Return whether an unwrapped object looks like one of this provider's events."""
        return isinstance(raw, dict) and any(mark <= raw.keys() for mark in cls.marks)

    @classmethod
    def verify(
        cls,
        headers: Mapping[str, str],
        body: bytes,
        secret: Any,
        *,
        url: str | None = None,
        now: float | None = None,
    ) -> None:
        """Return if a webhook request is the provider's; raise if not.

        Parameters
        ----------
        headers : mapping
            Of the request; names in any case.
        body : bytes
            As it came, before any decoding.
        secret : str
            What the provider shares with its customer: see the scheme of each.
        url : str, optional
            Under which the provider called; signed by some.
        now : float, optional
            Seconds since 1970, for the age of the signature. Default: the clock.

        Raises
        ------
        SignatureError
            Missing, malformed, forged or stale; the message says which, and holds nothing of the request.
        """
        import time

        lowered = {name.lower(): value for name, value in headers.items()}
        cls.scheme.check(lowered, body, secret, url=url, now=time.time() if now is None else now)
