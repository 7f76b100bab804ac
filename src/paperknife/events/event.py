"""One event as connectors hand it on: the canonical columns as a plain tuple, quick to make and to put in columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa


class Event(NamedTuple):
    """A canonical event; fields as in `paperknife.events.schema`, in the same order.

    Times are integer microseconds since 1970, UTC. None where not known.
    """

    event_id: str
    event_type: str
    occurred_at: int
    message_id: str
    recipient_id: str | None = None
    recipient_domain: str | None = None
    campaign_id: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    url: str | None = None
    vendor_verdict: str | None = None
    source: str | None = None
    sender_id: str | None = None
    received_at: int | None = None
    is_ambiguous: bool | None = None
    network_class: str | None = None
    client_family: str | None = None


def events_table(events: Sequence[Event]) -> pa.Table:
    """Return events as an Arrow table with the canonical columns, typed; times as timestamps in UTC."""
    import pyarrow as pa

    from paperknife.events.schema import COLUMNS

    types = {"string": pa.string(), "timestamp": pa.timestamp("us", tz="UTC"), "boolean": pa.bool_()}
    values = zip(*events, strict=True) if events else ([] for _ in COLUMNS)
    arrays = {}
    for column, column_values in zip(COLUMNS, values, strict=True):
        kind = types[column.kind]
        if column.kind == "timestamp":
            arrays[column.name] = pa.array(column_values, pa.int64()).cast(kind)
        else:
            arrays[column.name] = pa.array(column_values, kind)
    return pa.table(arrays)
