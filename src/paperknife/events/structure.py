"""What must hold of a log before a row is read: its columns are there, and its times say which zone they are in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paperknife.errors import LogError, did_you_mean
from paperknife.events.casting import scan, time_texts_query
from paperknife.events.reading import connect
from paperknife.events.schema import COLUMN_NAMES, COLUMNS, REQUIRED_COLUMNS
from paperknife.events.sources import Part, listed, shown_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb
    import pyarrow as pa

_HOW_TO_WRITE_TIMES = "write it as 2026-01-31T09:00:00Z"
_KEYS_LOOKED_AT = 1000


def require_structure(
    parts: Sequence[Part], table: pa.Table | None, *, name: str, max_bad_share: float
) -> list[Part]:
    """Return the parts, with the keys of NDJSON filled in, or raise with every problem of every part at once.

    Raises
    ------
    LogError
        Missing columns with the near names found, times that are numbers or lack a zone, no rows at all.
    """
    import duckdb

    connection = connect()
    try:
        if table is not None:
            connection.register("incoming_table", table)
        seen = [_with_keys(connection, part) for part in parts]
        problems = [
            problem
            for part in seen
            for problem in (*_missing(part), *_times(connection, part, max_bad_share))
        ]
        if problems:
            raise LogError(f"Cannot read {name} as an event log: {listed(problems)}.")
        if not any(_has_rows(connection, part) for part in seen):
            raise LogError(f"{name} holds no events. Export the log again, or name another file.")
    except duckdb.Error as error:
        reason = str(error).strip().splitlines()[0][:300].rstrip(".")
        raise LogError(f"Cannot read {name}: {reason}. Export the file again.") from error
    finally:
        connection.close()
    return seen


def _with_keys(connection: duckdb.DuckDBPyConnection, part: Part) -> Part:
    """Return an NDJSON part with the keys of its first lines as columns; other parts know theirs already."""
    if part.kind != "NDJSON":
        return part
    lines = f"SELECT line FROM {scan(part, rejects=False)} WHERE fields IS NOT NULL LIMIT {_KEYS_LOOKED_AT}"
    rows = connection.execute(f"SELECT DISTINCT unnest(json_keys(line)) FROM ({lines})").fetchall()
    keys = sorted(key for (key,) in rows)
    ordered = [
        *(key for key in COLUMN_NAMES if key in keys),
        *(key for key in keys if key not in COLUMN_NAMES),
    ]
    return replace(part, columns=dict.fromkeys(ordered, "string"))


def _missing(part: Part) -> Iterator[str]:
    missing = [name for name in REQUIRED_COLUMNS if name not in part.columns]
    if not missing:
        return
    others = [name for name in part.columns if name not in COLUMN_NAMES]
    hints = "".join(_hint(name, others) for name in missing)
    plural = "columns" if len(missing) > 1 else "column"
    yield f"{part.place} lacks {plural} {', '.join(map(repr, missing))} (found: {shown_names(part.columns)}){hints}"


def _hint(name: str, others: Sequence[str]) -> str:
    lowered = {other.lower(): other for other in others}
    near = did_you_mean(name, lowered)
    for low, other in lowered.items():
        near = near.replace(f"'{low}'", f"'{other}'")
    return f"; for '{name}':{near.rstrip('?')}" if near else ""


def _times(connection: duckdb.DuckDBPyConnection, part: Part, max_bad_share: float) -> Iterator[str]:
    for column in COLUMNS:
        if column.kind != "timestamp" or column.name not in part.columns:
            continue
        kind = part.columns[column.name]
        where = f"column '{column.name}' of {part.place} ({part.kind})"
        if kind.startswith("timestamp["):
            if "tz=" not in kind:
                yield (
                    f"{where} is a timestamp without a time zone: {_HOW_TO_WRITE_TIMES}, or as a timestamp in UTC "
                    "(pandas: .dt.tz_localize('UTC') if the times are UTC)"
                )
        elif kind in {"string", "large_string", "string_view"}:
            numbers, zoneless, looked_at = connection.execute(
                time_texts_query(part, column.name, "incoming_table")
            ).fetchall()[0]
            if numbers > max_bad_share * looked_at:
                yield f"{where} holds numbers, not times: {_HOW_TO_WRITE_TIMES}"
            elif zoneless > max_bad_share * looked_at:
                yield f"{where} holds times without a time zone: {_HOW_TO_WRITE_TIMES}"
        elif kind != "null":
            yield (
                f"{where} is of type {kind}, not a time: {_HOW_TO_WRITE_TIMES}, or as a timestamp in UTC "
                "(pandas: pd.to_datetime(column, unit='s', utc=True) for seconds since 1970)"
            )


def _has_rows(connection: duckdb.DuckDBPyConnection, part: Part) -> bool:
    query = f"SELECT 1 FROM {scan(part, 'incoming_table', rejects=False)} LIMIT 1"
    return bool(connection.execute(query).fetchall())
