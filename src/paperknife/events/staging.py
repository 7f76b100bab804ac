"""Events on their way into a log: put aside by day as they come, then merged with what the log has of that day.

Both halves run in any process. A day's merging reads that day alone, and memory is bounded: days that are large, and
those in which ids come again, are put in order by DuckDB, which spills to disk.
"""

from __future__ import annotations

import hashlib
import shutil
import uuid
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from paperknife.events.casting import quoted
from paperknife.events.duplicates import IS_FIRST
from paperknife.events.event import events_table
from paperknife.events.reading import connect
from paperknife.events.schema import COLUMN_NAMES

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    import pyarrow as pa

DAY_PREFIX: Final = "day="

_DAY_US: Final = 86_400 * 1_000_000
_ROW_GROUP: Final = 122_880
_IN_MEMORY: Final = 300_000
"""Rows of a day up to which it is put in order in memory: some 150 MB."""
_MEMORY: Final = "200MB"
"""DuckDB's bound while a day is merged; a day that is larger spills to disk."""


def stage(events: pa.Table, folder: Path) -> None:
    """Put events aside, one file for each of their UTC days, under names that nobody else uses."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    days = pc.divide(events["occurred_at"].cast(pa.int64()), _DAY_US).to_numpy()
    if (days[1:] < days[:-1]).any():
        order = days.argsort(kind="stable")
        events, days = events.take(pa.array(order)), days[order]
    for start, end in pairwise([0, *((days[1:] != days[:-1]).nonzero()[0] + 1).tolist(), len(days)]):
        day = folder / f"{DAY_PREFIX}{_date(int(days[start]))}"
        day.mkdir(exist_ok=True)
        # Read once, and soon: what makes a file small or searchable would cost more than it gives.
        pq.write_table(
            events.slice(start, end - start), day / f"{uuid.uuid4().hex}.parquet",
            compression="lz4", use_dictionary=False, write_statistics=False,
        )  # fmt: skip


@dataclass(frozen=True)
class Merged:
    """What merging a day did.

    Attributes
    ----------
    new : dict of str to int
        Events by type that the log did not hold before.
    staged_n : int
        Events that were put aside, new or not.
    """

    new: dict[str, int]
    staged_n: int


def merge_day(staged: Path, folder: Path) -> Merged:
    """Merge the events put aside for a day into the log, and throw away what was put aside.

    Parameters
    ----------
    staged : Path
        The day's folder among what was put aside.
    folder : Path
        The log's.
    """
    day = folder / staged.name
    day.mkdir(exist_ok=True)
    held, coming = sorted(day.glob("part-*.parquet")), sorted(staged.glob("*.parquet"))
    aside = staged.with_name(f"{staged.name}.parquet")
    connection = connect(str(staged))
    try:
        connection.execute(f"SET memory_limit = '{_MEMORY}'")
        merged = _merge(connection, held, coming, aside)
    finally:
        connection.close()
    target = day / f"part-{digest(aside)}.parquet"
    aside.replace(target)
    for replaced in held:
        if replaced != target:
            replaced.unlink(missing_ok=True)
    shutil.rmtree(staged, ignore_errors=True)
    return merged


def _merge(
    connection: duckdb.DuckDBPyConnection, held: list[Path], coming: list[Path], aside: Path
) -> Merged:
    """Write what is held and what is coming as one file, without duplicates, by time."""
    columns = ", ".join(COLUMN_NAMES)
    incoming = f"SELECT {columns}, false AS is_known FROM {_scan(coming)}"
    known = f"SELECT {columns}, true AS is_known FROM {_scan(held)} UNION ALL " if held else ""
    connection.execute(f"CREATE TEMP VIEW both_times AS {known}{incoming}")
    repeated_n = _one(
        connection,
        "CREATE TEMP TABLE repeated AS SELECT event_id, bool_or(is_known) AS is_known "
        "FROM both_times GROUP BY event_id HAVING count(*) > 1",
    )
    rows = "both_times"
    if repeated_n:
        # Few ids come more than once, and only of those must it be found out which row stays.
        rows = (
            f"(SELECT {columns}, is_known FROM both_times WHERE event_id NOT IN (SELECT event_id FROM repeated) "
            f"UNION ALL SELECT {columns}, is_known FROM (SELECT * EXCLUDE (is_known), repeated.is_known "
            f"FROM both_times JOIN repeated USING (event_id) QUALIFY {IS_FIRST}))"
        )
    new = connection.execute(
        f"SELECT event_type, count(*) FROM {rows} WHERE NOT is_known GROUP BY event_type"
    ).fetchall()
    staged_n = _one(connection, f"SELECT count(*) FROM {_scan(coming)}")
    if repeated_n or _one(connection, "SELECT count(*) FROM both_times") > _IN_MEMORY:
        ordered = connection.sql(f"SELECT {columns} FROM {rows} ORDER BY occurred_at, event_id")
        _write(ordered.to_arrow_reader(_ROW_GROUP), aside)
    else:
        _write(_in_order([*held, *coming]).to_reader(_ROW_GROUP), aside)
    return Merged(dict(new), staged_n)


def _in_order(files: list[Path]) -> pa.Table:
    """Return the rows of files by time, then id; quicker than DuckDB by half, where they fit into memory."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pa.concat_tables([pq.read_table(file, partitioning=None) for file in files]).combine_chunks()
    keys = table.select(["occurred_at", "event_id"])
    return table.take(pc.sort_indices(keys, [("occurred_at", "ascending"), ("event_id", "ascending")]))


def _write(rows: pa.RecordBatchReader, path: Path) -> None:
    """Write rows as Parquet; Arrow does it with a third of the work that DuckDB needs, and always the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    unique = {"event_id", "message_id"}
    schema = events_table([[] for _ in COLUMN_NAMES]).schema
    shared = [name for name in COLUMN_NAMES if name not in unique]
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=shared) as writer:
        for batch in rows:
            writer.write_table(pa.Table.from_batches([batch]).cast(schema), _ROW_GROUP)


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])


def _scan(files: list[Path]) -> str:
    names = ", ".join(quoted(str(file)) for file in files)
    return f"read_parquet([{names}], hive_partitioning=false, union_by_name=true)"


def _date(day: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()


def digest(path: Path) -> str:
    """Return sixteen hexadecimal digits that stand for a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
