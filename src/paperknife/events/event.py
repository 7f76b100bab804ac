"""One event as connectors hand it on: the canonical columns as a plain tuple, or as columns of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

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


def events_table(columns: Sequence[Sequence[Any]]) -> pa.Table:
    """Return canonical columns (in the order of the schema) as an Arrow table, typed; times as timestamps in UTC."""
    import pyarrow as pa

    from paperknife.events.schema import COLUMNS

    types = {"string": pa.string(), "timestamp": pa.int64(), "boolean": pa.bool_()}
    arrays = {
        column.name: pa.array(values, types[column.kind])
        for column, values in zip(COLUMNS, columns, strict=True)
    }
    for column in COLUMNS:
        if column.kind == "timestamp":
            arrays[column.name] = arrays[column.name].cast(pa.timestamp("us", tz="UTC"))
    return pa.table(arrays)
