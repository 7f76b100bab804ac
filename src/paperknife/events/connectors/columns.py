"""From what providers say to canonical columns: ids with their prefix, pseudonyms, times in microseconds.

Column by column, because logs are long: a question asked of a whole column at once ("is there an at sign anywhere?")
costs a tenth of one asked of every value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import compress
from typing import TYPE_CHECKING, Any, Final

from paperknife.events.casting import USER_AGENT_LIMIT
from paperknife.events.connectors.values import (
    AFTER_US,
    FIRST_US,
    BadRowError,
    as_given,
    microseconds,
    text,
)
from paperknife.events.identity import digest_of
from paperknife.events.schema import COLUMN_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from paperknife.events.connectors.base import Fields
    from paperknife.events.identity import RecipientHasher

    Texts = Sequence[str | None]

ID_LIMIT: Final = 512
"""Characters of an id; a longer one is replaced by its digest, so that it still joins."""
URL_LIMIT: Final = 8192
"""Characters kept of a clicked link."""
IP_LIMIT: Final = 45
"""Longest text of an address (an IPv4 one written as IPv6); a longer one is none, and left out."""

DOMAIN_LIMIT: Final = 255
"""Longest domain name that DNS allows."""

READERS_OWN: Final = frozenset({"open", "click", "unsubscribe"})
"""Types whose IP and user agent are the reader's; on a delivery they belong to a mail server."""

_SIGNS_OF_ADDRESSES: Final = ("@", "%", "&#", "u0040")


@dataclass(slots=True)
class Columns:
    """Canonical events as one list per column, all of one length, in the order of the schema.

    Times are integer microseconds since 1970, UTC; all else is text or None, `is_ambiguous` a boolean or None.
    """

    values: list[list[Any]] = field(default_factory=lambda: [[] for _ in COLUMN_NAMES])

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.values[0])

    def __getitem__(self, name: str) -> list[Any]:
        """Return a column by its name."""
        return self.values[COLUMN_NAMES.index(name)]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the events, each as a tuple in the order of the schema."""
        return zip(*self.values, strict=True)


def canonical(
    provider: str, hasher: RecipientHasher, event_types: list[str], said: list[Fields], per_second: int
) -> tuple[Columns, dict[int, str]]:
    """Return the canonical columns of what a provider says, and why some rows are not among them.

    Parameters
    ----------
    provider : str
        The prefix of event ids, and the `source`.
    hasher : RecipientHasher
    event_types : list of str
        Canonical types, one a row.
    said : list of Fields
        In the provider's own values, one a row.
    per_second : int
        What a time that is a number counts.

    Returns
    -------
    columns : Columns
        Without the rows that cannot be used.
    bad : dict of int to str
        Place among `said` -> reason.
    """
    if not said:
        return Columns(), {}
    (
        whens,
        messages,
        recipients,
        ids,
        campaigns,
        ips,
        agents,
        urls,
        verdicts,
        senders,
        receiveds,
        ambiguous,
        mailboxes,
        personal,
    ) = zip(*said, strict=True)
    bad: dict[int, str] = {}
    occurred = _times(whens, per_second, bad)
    keys = _texts(messages)
    for place, key in enumerate(keys):
        if key is None:
            bad.setdefault(place, "the message's id is missing")
    addresses = _texts(recipients)
    pseudonyms, domains = hasher.hash_all(addresses)
    if any(mailboxes):
        domains = [_domain(told) or own for own, told in zip(domains, _texts(mailboxes), strict=True)]
    owners = pseudonyms
    if any(personal):
        owners = [None if named else own for named, own in zip(personal, pseudonyms, strict=True)]
    message_ids = _message_ids(keys, addresses, pseudonyms, owners, hasher)
    is_readers = [kind in READERS_OWN for kind in event_types]
    ip = [
        value if own and value is not None and len(value) <= IP_LIMIT else None
        for own, value in zip(is_readers, _texts(ips), strict=True)
    ]
    agent = _cut(
        _without_own_address(
            [v if own else None for own, v in zip(is_readers, _texts(agents, as_given), strict=True)],
            addresses,
            hasher,
        ),
        USER_AGENT_LIMIT,
    )
    url = _cut(_hidden(_texts(urls), hasher), URL_LIMIT)
    event_ids = [f"{provider}:{own}" if own else None for own in _identifiers(_hidden(_texts(ids), hasher))]
    if None in event_ids:
        # No id from the provider: the same event sent twice must get the same one.
        for place, own in enumerate(event_ids):
            if own is None and place not in bad:
                event_ids[place] = f"{provider}:" + digest_of(
                    provider, message_ids[place], event_types[place], occurred[place],
                    ip[place], agent[place], url[place],
                )  # fmt: skip
    unused: list[Any] = [None] * len(said)
    columns: list[list[Any]] = [
        event_ids,
        event_types,
        occurred,
        message_ids,
        list(pseudonyms),
        list(domains),
        _identifiers(
            _hidden(_texts([one[0] if type(one) is list and one else one for one in campaigns]), hasher)
        ),
        ip,
        agent,
        url,
        list(verdicts),
        [provider] * len(said),
        _identifiers(_hidden(_texts(senders), hasher)),
        unused if not any(receiveds) else _times(receiveds, per_second, {}),
        list(ambiguous),
        unused,
        unused,
    ]
    if bad:
        usable = [place not in bad for place in range(len(said))]
        columns = [list(compress(column, usable)) for column in columns]
    return Columns(columns), bad


def _texts(column: Sequence[Any], read: Callable[[Any], str | None] = text) -> list[str | None]:
    """Return a column as texts, by `read` where it holds anything but plain texts; blank ones become None."""
    filled = [value for value in column if value]
    try:
        joined = "".join(filled)
    except TypeError:
        return [read(value) for value in column]
    has_blanks = len(filled) + column.count(None) < len(column)
    if read is text and (has_blanks or len(joined.split(None, 1)) > 1):
        has_blanks = has_blanks or any(map(str.isspace, filled))
    if has_blanks or not joined.isascii():
        return [read(value) for value in column]
    return list(column)


def _times(column: Sequence[Any], per_second: int, bad: dict[int, str]) -> list[Any]:
    """Return times in microseconds, None where there is none; why is noted in `bad`."""
    if set(map(type, column)) == {int}:
        scale = 1_000_000 // per_second
        if min(column) * scale >= FIRST_US and max(column) * scale < AFTER_US:
            return [value * scale for value in column]
    found: list[int | None] = []
    for place, value in enumerate(column):
        try:
            found.append(microseconds(value, per_second))
        except BadRowError as reason:
            bad.setdefault(place, str(reason))
            found.append(None)
    return found


def _domain(told: str | None) -> str | None:
    return told.strip().lower().rpartition("@")[2][:DOMAIN_LIMIT] or None if told else None


def _message_ids(
    keys: Texts, addresses: Texts, pseudonyms: Texts, owners: Texts, hasher: RecipientHasher
) -> list[Any]:
    """Return one id per message and recipient, without an address in it.

    A Message-ID (``20260131.1@mail.example.org``) is no address, but looks like one to whoever scans a log for
    leaks: its at sign becomes a slash. Where a key holds the recipient's address, that becomes its hash.
    """
    if _may_hold_addresses(keys):
        keys = [
            key and _plain_key(key, address, own or "", hasher)
            for key, address, own in zip(keys, addresses, pseudonyms, strict=True)
        ]
    return [
        key if own is None else f"{key}:{own}" for key, own in zip(_identifiers(keys), owners, strict=True)
    ]


def _plain_key(key: str, address: str | None, pseudonym: str, hasher: RecipientHasher) -> str:
    if not address:
        return hasher.hide_addresses(key)  # it may be the recipient's, for all we know
    return hasher.hide_addresses(hasher.hide_own(key, address, pseudonym).replace("@", "/", 1))


def _without_own_address(column: Texts, addresses: Texts, hasher: RecipientHasher) -> Texts:
    """Return user agents as given, save that none names its own recipient: a robot's contact address may stay."""
    if not _may_hold_addresses(column):
        return column
    return [
        hasher.hide_own(value, address, hasher.hash(address)) if value and address else value
        for value, address in zip(column, addresses, strict=True)
    ]


def _may_hold_addresses(column: Texts) -> bool:
    joined = "\n".join(filter(None, column))
    return any(sign in joined for sign in _SIGNS_OF_ADDRESSES)


def _hidden(column: Texts, hasher: RecipientHasher) -> Texts:
    if not _may_hold_addresses(column):
        return column
    return [value and hasher.hide_addresses(value) for value in column]


def _identifiers(column: Texts) -> list[str | None]:
    """Return ids of bearable length."""
    if max(map(len, filter(None, column)), default=0) <= ID_LIMIT:
        return list(column)
    return [
        value if value is None or len(value) <= ID_LIMIT else f"long-{digest_of(value)}" for value in column
    ]


def _cut(column: Texts, limit: int) -> list[str | None]:
    return [value and value[:limit] for value in column]
