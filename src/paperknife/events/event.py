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


def events_table(columns: Sequence[Sequence[Any] | pa.Array]) -> pa.Table:
    """Return canonical columns (in the order of the schema) as an Arrow table, typed; times as timestamps in UTC.

    Times are given as integer microseconds; what is an Arrow array already is taken as it is.
    """
    import pyarrow as pa

    from paperknife.events.schema import COLUMNS

    types = {"string": pa.string(), "timestamp": pa.int64(), "boolean": pa.bool_()}
    arrays = {}
    for column, values in zip(COLUMNS, columns, strict=True):
        array = values if isinstance(values, pa.Array) else pa.array(values, types[column.kind])
        kind = pa.timestamp("us", tz="UTC") if column.kind == "timestamp" else types[column.kind]
        arrays[column.name] = array if array.type == kind else array.cast(kind)
    return pa.table(arrays)


def events_of(table: pa.Table) -> list[Event]:
    """Return the rows of a canonical table as events, times as integer microseconds."""
    import pyarrow as pa

    values = [
        (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_pylist()
        for column in table.columns
    ]
    return [Event(*row) for row in zip(*values, strict=True)]
