"""From chunks of payloads to tables of events: the part of an ingest that takes the time, so it runs in any process."""

from __future__ import annotations

import gc
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from paperknife.events.connectors.base import Batch, Rejected
from paperknife.events.connectors.columnar import ColumnConnector
from paperknife.events.payloads import Broken, payload_of
from paperknife.events.staging import stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from paperknife.events.connectors.base import Connector
    from paperknife.events.identity import RecipientHasher
    from paperknife.events.payloads import Chunk

_ROW_CHARACTERS: Final = 2_000
_READ_CHARACTERS: Final = 20_000


class Forget(Protocol):
    """From a table of events to one that holds less: see `paperknife.evidence.forgetting`."""

    fields: tuple[str, ...]

    def __call__(self, events: pa.Table, /) -> pa.Table:
        """Return the events without the fields."""


@dataclass(frozen=True)
class Task:
    """A chunk, and who translates it.

    Attributes
    ----------
    chunk : Chunk
    translator : Connector
    headers : mapping
        See `Connector.parse`.
    finish : Forget or None
        Applied to the table of events.
    """

    chunk: Chunk
    translator: Connector
    headers: Mapping[str, str]
    finish: Forget | None = None


@dataclass
class Translated:
    """What became of some tasks.

    Attributes
    ----------
    events_n : int
        Events that were put aside; see `staging`.
    unknown_types, rejected : Counter of str
        Rows left out, by the provider's name of their type; rows that cannot be used, by reason.
    pings_n : int
    quarantine : bytes
        NDJSON: the rejected rows with their reasons, without addresses.
    """

    events_n: int = 0
    unknown_types: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    pings_n: int = 0
    quarantine: bytes = b""


def translate_tasks(tasks: Sequence[Task], staging: Path) -> Translated:
    """Put the events of chunks aside in a folder, and return the rest; never raises for what their lines hold."""
    done = Translated()
    tables: list[pa.Table] = []
    with _collector_at_rest():
        for task in tasks:
            if (quick := _quickly(task)) is not None:
                _keep(done, tables, task, quick)
                continue
            for payloads, headers in requests(task.chunk.payloads(), task.headers):
                _add(done, tables, task, payloads, headers)
    if tables:
        import pyarrow as pa

        events = pa.concat_tables(tables)
        done.events_n = len(events)
        stage(events, staging)
    return done


def _add(
    done: Translated, tables: list[pa.Table], task: Task, payloads: list[Any], headers: Mapping[str, str]
) -> None:
    """Translate payloads, and add what becomes of them."""
    broken = [Rejected(one.reason, one.text) for one in payloads if isinstance(one, Broken)]
    whole = [one for one in payloads if not isinstance(one, Broken)] if broken else payloads
    batch: Batch = task.translator.parse_all(whole, headers)
    batch.rejected[:0] = broken
    _keep(done, tables, task, batch)


def _quickly(task: Task) -> Batch | None:
    """Return the events of a chunk of lines for which there is a quicker way; None for all others."""
    if not task.chunk.lines or not isinstance(task.translator, ColumnConnector):
        return None
    return task.translator.parse_lines(task.chunk.read_lines())


def _keep(done: Translated, tables: list[pa.Table], task: Task, batch: Batch) -> None:
    if len(batch.table):
        tables.append(task.finish(batch.table) if task.finish else batch.table)
    done.unknown_types.update(batch.unknown_types)
    done.pings_n += batch.pings_n
    done.rejected.update(bad.reason for bad in batch.rejected)
    # Joined at once: to add line by line copies all that is there for each.
    hasher, is_row_kept = task.translator.hasher, task.finish is None
    done.quarantine += b"".join(quarantined(bad, hasher, is_row_kept=is_row_kept) for bad in batch.rejected)


def requests(
    payloads: list[Any], headers: Mapping[str, str]
) -> Iterator[tuple[list[Any], Mapping[str, str]]]:
    """Yield payloads with their headers.

    Who logs webhooks often keeps a request as ``{"headers": {…}, "body": …}``; some providers put an event's id into a
    header, so such requests are opened, one by one; arrays of them too.
    """
    first = payloads[0] if payloads else None
    if isinstance(first, list) and first and _is_request(first[0]):
        payloads = list(chain.from_iterable(one if isinstance(one, list) else [one] for one in payloads))
        first = payloads[0]
    if not _is_request(first):
        yield payloads, headers
        return
    for one in payloads:
        if not _is_request(one):
            yield [one], headers
            continue
        body = one["body"]
        if isinstance(body, str):
            body = payload_of(body)  # as it came
        own = {name: value for name, value in one["headers"].items() if isinstance(value, str)}
        yield [body], {**headers, **own}


def _is_request(payload: Any) -> bool:
    return isinstance(payload, dict) and isinstance(payload.get("headers"), dict) and "body" in payload


def quarantined(bad: Rejected, hasher: RecipientHasher, *, is_row_kept: bool = True) -> bytes:
    """Return a line of the quarantine: the reason, and the row as JSON text without mail addresses.

    Where fields were asked to be forgotten, the row is not kept: nobody knows where in a broken row they stand.
    """
    if not is_row_kept:
        return (
            msgspec.json.encode({"reason": bad.reason, "row": "(not kept, since --forget was asked for)"})
            + b"\n"
        )
    try:
        row = bad.row if isinstance(bad.row, str) else msgspec.json.encode(bad.row).decode("utf-8")
    except (TypeError, ValueError, RecursionError, UnicodeError):
        row = "(cannot be shown)"
    shown = hasher.hide_addresses(row[:_READ_CHARACTERS])[:_ROW_CHARACTERS]
    line = {"reason": bad.reason, "row": shown.encode("utf-8", "replace").decode("utf-8")}
    return msgspec.json.encode(line) + b"\n"


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Spare the garbage collector: a chunk's many small objects live until its end, and hold no cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
