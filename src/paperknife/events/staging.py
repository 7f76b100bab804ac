"""Events on their way into a log: put aside by day as they come, then merged with what the log has of that day.

Both halves run in any process. A day's merging reads that day alone, and memory is bounded: days that are large, and
those in which ids come again, are put in order by DuckDB, which spills to disk.
"""

from __future__ import annotations

import hashlib
import os
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

    days = pc.divide(events["occurred_at"].cast(pa.int64()), _DAY_US).to_numpy()
    if (days[1:] < days[:-1]).any():
        order = days.argsort(kind="stable")
        events, days = events.take(pa.array(order)), days[order]
    for start, end in pairwise([0, *((days[1:] != days[:-1]).nonzero()[0] + 1).tolist(), len(days)]):
        day = folder / f"{DAY_PREFIX}{_date(int(days[start]))}"
        day.mkdir(exist_ok=True)
        # Read once, and soon: Arrow's own format is read back ten times as quickly as Parquet.
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        # The name tells how many, so that nobody need unpack it to count.
        path = day / f"{uuid.uuid4().hex}-{end - start}.arrow"
        with pa.ipc.new_file(path, events.schema, options=options) as file:
            file.write_table(events.slice(start, end - start))


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
    import pyarrow.parquet as pq

    day = folder / staged.name
    day.mkdir(exist_ok=True)
    held, coming = sorted(day.glob("part-*.parquet")), sorted(staged.glob("*.arrow"))
    aside = staged.with_name(f"{staged.name}.parquet")
    staged_n = sum(_rows_n(file) for file in coming)
    in_memory_n = staged_n + sum(pq.read_metadata(file).num_rows for file in held)
    merged = _merged_in_memory(held, coming, aside) if in_memory_n <= _IN_MEMORY else None
    if merged is None:
        merged = _merged_on_disk(held, coming, aside, staged)
    target = day / f"part-{digest(aside)}.parquet"
    with aside.open("r+b") as file:
        os.fsync(file.fileno())  # before what it replaces goes: the power may fail, too
    aside.replace(target)
    for replaced in held:
        if replaced != target:
            replaced.unlink(missing_ok=True)
    shutil.rmtree(staged, ignore_errors=True)
    return Merged(merged, staged_n)


def _merged_in_memory(held: list[Path], coming: list[Path], aside: Path) -> dict[str, int] | None:
    """Write a day in which no id comes twice, and return the new events by type; None where one does."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    new = pa.concat_tables([pa.ipc.open_file(pa.memory_map(str(file))).read_all() for file in coming])
    table = pa.concat_tables([new, *(pq.read_table(file, partitioning=None) for file in held)])
    if pc.count_distinct(table["event_id"]).as_py() < len(table):
        return None
    keys = table.select(["occurred_at", "event_id"])
    order = pc.sort_indices(keys, [("occurred_at", "ascending"), ("event_id", "ascending")])
    _write(table.take(order).combine_chunks().to_reader(_ROW_GROUP), aside)
    return {one["values"]: one["counts"] for one in pc.value_counts(new["event_type"]).to_pylist()}


def _merged_on_disk(held: list[Path], coming: list[Path], aside: Path, spill: Path) -> dict[str, int]:
    """Write a day without its duplicates, however large it is, and return the new events by type."""
    import pyarrow.dataset as ds

    columns = ", ".join(COLUMN_NAMES)
    connection = connect(str(spill))
    try:
        connection.execute(f"SET memory_limit = '{_MEMORY}'")
        connection.register("coming", ds.dataset([str(file) for file in coming], format="ipc"))
        names = ", ".join(quoted(str(file)) for file in held)
        known = f"SELECT {columns}, true AS is_known FROM read_parquet([{names}], hive_partitioning=false)"
        connection.execute(
            f"CREATE TEMP VIEW both_times AS {f'{known} UNION ALL ' if held else ''}"
            f"SELECT {columns}, false AS is_known FROM coming"
        )
        # Few ids come more than once, and only of those must it be found out which row stays.
        connection.execute(
            "CREATE TEMP TABLE repeated AS SELECT event_id, bool_or(is_known) AS is_known "
            "FROM both_times GROUP BY event_id HAVING count(*) > 1"
        )
        rows = (
            f"(SELECT {columns}, is_known FROM both_times WHERE event_id NOT IN (SELECT event_id FROM repeated) "
            f"UNION ALL SELECT {columns}, is_known FROM (SELECT * EXCLUDE (is_known), repeated.is_known "
            f"FROM both_times JOIN repeated USING (event_id) QUALIFY {IS_FIRST}))"
        )
        new = connection.execute(
            f"SELECT event_type, count(*) FROM {rows} WHERE NOT is_known GROUP BY event_type"
        ).fetchall()
        ordered = connection.sql(f"SELECT {columns} FROM {rows} ORDER BY occurred_at, event_id")
        _write(ordered.to_arrow_reader(_ROW_GROUP), aside)
    finally:
        connection.close()
    return dict(new)


def _write(rows: pa.RecordBatchReader, path: Path) -> None:
    """Write rows as Parquet; Arrow does it with a third of the work that DuckDB needs, and always the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Of ids and times few or none come again in a day: a dictionary of them would only be work, and of times larger.
    repeated = [name for name in COLUMN_NAMES if name not in {"event_id", "occurred_at", "received_at"}]
    schema = events_table([[] for _ in COLUMN_NAMES]).schema
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=repeated) as writer:
        for batch in rows:
            writer.write_table(pa.Table.from_batches([batch]).cast(schema), _ROW_GROUP)


def _rows_n(file: Path) -> int:
    """Return how many events a file of those put aside holds."""
    return int(file.stem.rpartition("-")[2])


def _date(day: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()


def digest(path: Path) -> str:
    """Return sixteen hexadecimal digits that stand for a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
