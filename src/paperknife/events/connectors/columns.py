"""From what providers say to canonical columns: ids with their prefix, pseudonyms, times in microseconds.

Column by column, because logs are long: a question asked of a whole column at once ("is there an at sign anywhere?")
costs a tenth of one asked of every value. Only columns that answer yes are gone through value by value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from paperknife.events.casting import USER_AGENT_LIMIT
from paperknife.events.connectors.values import (
    AFTER_US,
    FIRST_US,
    BadRowError,
    as_given,
    first_text,
    microseconds,
    text,
)
from paperknife.events.event import events_table
from paperknife.events.identity import digest_of
from paperknife.events.schema import COLUMN_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from paperknife.events.identity import RecipientHasher

ID_LIMIT: Final = 512
"""Characters of an id; a longer one is replaced by its digest, so that it still joins."""
URL_LIMIT: Final = 8192
"""Characters kept of a clicked link."""
IP_LIMIT: Final = 45
"""Longest text of an address (an IPv4 one written as IPv6); a longer one is none, and left out."""
DOMAIN_LIMIT: Final = 512

READERS_OWN: Final = ("open", "click", "unsubscribe")
"""Types whose IP and user agent are the reader's; on a delivery they belong to a mail server."""

_SIGNS_OF_ADDRESSES: Final = (b"@", b"%", b"&#", b"u0040")
_SPACES: Final = tuple(bytes([code]) for code in range(128) if chr(code).isspace())


def canonical(
    provider: str,
    hasher: RecipientHasher,
    event_types: Sequence[str],
    said: Sequence[Sequence[Any]],
    per_second: int,
) -> tuple[pa.Table, dict[int, str]]:
    """Return the canonical table of what a provider says, and why some rows are not in it.

    Parameters
    ----------
    provider : str
        The prefix of event ids, and the `source`.
    hasher : RecipientHasher
    event_types : sequence of str
        Canonical types, one a row.
    said : sequence of sequences
        In the provider's own values: one a field of `Fields`, in its order, each with one value a row.
    per_second : int
        What a time that is a number counts.

    Returns
    -------
    events : pyarrow.Table
        The canonical columns, without the rows that cannot be used.
    bad : dict of int to str
        Place among the rows -> reason.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not event_types:
        return events_table([[] for _ in COLUMN_NAMES]), {}
    (whens, messages, recipients, ids, campaigns, ips, agents, urls, verdicts, senders, receiveds, ambiguous, mailboxes,
     personal) = said  # fmt: skip
    rows_n = len(event_types)
    bad: dict[int, str] = {}
    types = pa.array(event_types, pa.string())
    occurred = _times(whens, per_second, bad)
    keys = _texts(messages)
    for place in pc.indices_nonzero(keys.is_null()).to_pylist() if keys.null_count else ():
        bad.setdefault(place, "the message's id is missing")
    addresses = _texts(recipients).dictionary_encode()
    known, places = addresses.dictionary.to_pylist(), addresses.indices
    pseudonyms, domains = (pa.array(one, pa.string()).take(places) for one in hasher.hash_all(known))
    if any(mailboxes):
        domains = pc.coalesce(_texts(mailboxes, _domain), domains)
    owners = pc.if_else(pa.array(personal, pa.bool_()), None, pseudonyms) if any(personal) else pseudonyms
    keys = _each(keys, lambda key, address: _plain_key(key, address, hasher), addresses)
    # Arrow drops a row in which all that is joined is null.
    keys = pc.fill_null(_identifiers(keys), "")
    message_ids = pc.binary_join_element_wise(keys, owners, ":", null_handling="skip")
    is_readers = pc.is_in(types, pa.array(READERS_OWN, pa.string()))
    ip = _texts(ips)
    ip = pc.if_else(pc.and_(is_readers, pc.less_equal(pc.utf8_length(ip), IP_LIMIT)), ip, None)
    agent = pc.if_else(is_readers, _texts(agents, as_given), None)
    # As given, save that it may not name its own recipient: a robot's contact address may stay.
    agent = _each(
        agent,
        lambda value, address: hasher.hide_own(value, address, hasher.hash(address)) if address else value,
        addresses,
    )
    agent = _cut(agent, USER_AGENT_LIMIT)
    url = _cut(_hidden(_texts(urls), hasher), URL_LIMIT)
    event_ids = pc.binary_join_element_wise(
        pa.scalar(provider), _identifiers(_hidden(_texts(ids), hasher)), ":"
    )
    if event_ids.null_count:
        # No id from the provider: the same event sent twice must get the same one.
        parts = zip(*(one.to_pylist() for one in (message_ids, types, occurred, ip, agent, url)), strict=True)
        digests = [f"{provider}:{digest_of(provider, *part)}" for part in parts]
        event_ids = pc.coalesce(event_ids, pa.array(digests, pa.string()))
    received = _times(receiveds, per_second, {}) if any(receiveds) else pa.nulls(rows_n)
    columns = {
        "event_id": event_ids,
        "event_type": types,
        "occurred_at": occurred,
        "message_id": message_ids,
        "recipient_id": pseudonyms,
        "recipient_domain": domains,
        "campaign_id": _identifiers(_hidden(_texts(campaigns, first_text), hasher)),
        "ip": ip,
        "user_agent": agent,
        "url": url,
        "vendor_verdict": verdicts,
        "source": pa.repeat(provider, rows_n),
        "sender_id": _identifiers(_hidden(_texts(senders), hasher)),
        "received_at": received,
        "is_ambiguous": ambiguous,
    }
    table = events_table([columns.get(name, pa.nulls(rows_n)) for name in COLUMN_NAMES])
    if bad:
        table = table.filter(pa.array([place not in bad for place in range(rows_n)]))
    return table, bad


def _texts(column: Sequence[Any], read: Callable[[Any], str | None] = text) -> pa.Array:
    """Return a column as texts, by `read` where it holds anything but plain texts; blank ones become null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        texts = pa.array(column, pa.string())
    except (pa.ArrowException, TypeError, ValueError, OverflowError):  # ValueError: a lone surrogate
        return pa.array([read(value) for value in column], pa.string())
    if read is as_given or texts.null_count == len(texts):
        return texts
    data = _characters(texts)
    may_be_blank = not data.isascii() or any(space in data for space in _SPACES)
    if may_be_blank or read not in {text, first_text} or pc.any(pc.equal(texts, "")).as_py():
        return pa.array([read(value) for value in column], pa.string())
    return texts


def _characters(texts: pa.Array) -> bytes:
    """Return all characters of a column in a row, and perhaps some more: enough to see what is *not* in it."""
    data = texts.buffers()[2]
    return b"" if data is None else data.to_pybytes()


def _times(column: Sequence[Any], per_second: int, bad: dict[int, str]) -> pa.Array:
    """Return times in microseconds, null where there is none; why is noted in `bad`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    scale = 1_000_000 // per_second
    if set(map(type, column)) == {int} and min(column) * scale >= FIRST_US and max(column) * scale < AFTER_US:
        return pc.multiply(pa.array(column, pa.int64()), scale)
    found: list[int | None] = []
    for place, value in enumerate(column):
        try:
            found.append(microseconds(value, per_second))
        except BadRowError as reason:
            bad.setdefault(place, str(reason))
            found.append(None)
    return pa.array(found, pa.int64())


def _domain(told: Any) -> str | None:
    said = text(told)
    return said.strip().lower().rpartition("@")[2][:DOMAIN_LIMIT] or None if said else None


def _plain_key(key: str, address: str | None, hasher: RecipientHasher) -> str:
    """Return a message's key without an address in it.

    A Message-ID (``20260131.1@mail.example.org``) is no address, but looks like one to whoever scans a log for
    leaks: its at sign becomes a slash. Where a key holds the recipient's address, that becomes its hash.
    """
    if not address:
        return hasher.hide_addresses(key)  # it may be the recipient's, for all we know
    return hasher.hide_addresses(hasher.hide_own(key, address, hasher.hash(address)).replace("@", "/", 1))


def _each(texts: pa.Array, change: Callable[[str, str | None], str], addresses: pa.Array) -> pa.Array:
    """Return texts that may hold addresses, changed one by one with their row's recipient at hand."""
    import pyarrow as pa

    if not _may_hold_addresses(texts):
        return texts
    pairs = zip(texts.to_pylist(), addresses.to_pylist(), strict=True)
    return pa.array([value and change(value, address) for value, address in pairs], pa.string())


def _hidden(texts: pa.Array, hasher: RecipientHasher) -> pa.Array:
    import pyarrow as pa

    if not _may_hold_addresses(texts):
        return texts
    return pa.array([value and hasher.hide_addresses(value) for value in texts.to_pylist()], pa.string())


def _may_hold_addresses(texts: pa.Array) -> bool:
    """Return whether any text may hold what an address cannot do without."""
    data = _characters(texts)
    # One byte is found a hundred times as quickly as several, and most columns do not hold it.
    return any(sign[:1] in data and sign in data for sign in _SIGNS_OF_ADDRESSES)


def _identifiers(texts: pa.Array) -> pa.Array:
    """Return ids of bearable length."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if (pc.max(pc.utf8_length(texts)).as_py() or 0) <= ID_LIMIT:
        return texts
    return pa.array(
        [
            one if one is None or len(one) <= ID_LIMIT else f"long-{digest_of(one)}"
            for one in texts.to_pylist()
        ],
        pa.string(),
    )


def _cut(texts: pa.Array, limit: int) -> pa.Array:
    import pyarrow.compute as pc

    return (
        texts
        if (pc.max(pc.utf8_length(texts)).as_py() or 0) <= limit
        else pc.utf8_slice_codeunits(texts, 0, limit)
    )
