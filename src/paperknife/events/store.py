"""A folder of Parquet as a log that grows: one file a day, and adding the same events twice changes nothing.

    log/day=2026-01-31/part-3f9a….parquet     events of that UTC day, sorted by time, without duplicates
    log/_quarantine/rows-81c2….ndjson         rows that could not be used, with reasons
    log/_key.json                             how recipients were made pseudonyms: fingerprint of the key

New events are staged in a hidden folder first. `commit` then merges each day that they touch with what the log has of
that day, writes the result aside, renames it, and removes the files that it replaces. A crash in between leaves old
and new side by side, which reads as the same log, because readers drop duplicates; what a killed run has staged is
swept away by the next one. Names come from contents. Only the days being written are read: an event's id never comes
with two times.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Self

from paperknife.errors import LogError
from paperknife.events.casting import quoted
from paperknife.events.duplicates import IS_FIRST
from paperknife.events.event import events_table
from paperknife.events.reading import connect
from paperknife.events.schema import COLUMN_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    import duckdb
    import pyarrow as pa

    from paperknife.events.identity import RecipientHasher

_BUFFERED_EVENTS: Final = 200_000
_DAY_US: Final = 86_400 * 1_000_000
_ROW_GROUP: Final = 122_880
_IN_MEMORY: Final = 500_000
"""Rows of a day up to which it is put in order in memory: some 200 MB."""
_MEMORY: Final = "300MB"
"""DuckDB's bound while a day is merged; a day that is larger spills to disk."""


class LogStore:
    """A log folder that events are being added to; used as a context, which removes what was not committed.

    Parameters
    ----------
    folder : Path
        Made where it does not exist.
    hasher : RecipientHasher
        That made the pseudonyms of the events to come.

    Raises
    ------
    LogError
        The folder is a file, cannot be written, is being written by another process, or holds recipients that were
        made pseudonyms in another way.
    """

    def __init__(self, folder: Path, hasher: RecipientHasher) -> None:
        self.folder = folder
        self._buffer: list[pa.Table] = []
        self._buffered_n = 0
        self._staged_n = 0
        if folder.is_file() or folder.suffix.lower() in {".parquet", ".csv", ".ndjson"}:
            raise LogError(f"{folder} names a file; a log that can grow is a folder. Name one, such as log/.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(folder / "_lock")
            for left in folder.glob(".incoming-*"):
                shutil.rmtree(left, ignore_errors=True)  # by a run that was killed: the lock is ours
            self._staging = Path(tempfile.mkdtemp(prefix=".incoming-", dir=folder))
            try:
                _require_same_pseudonyms(folder / "_key.json", hasher, self._staging)
            except BaseException:
                self._leave()
                raise
        except OSError as error:
            raise LogError(f"The log folder {folder} cannot be written ({error.strerror}).") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        shutil.rmtree(self._staging, ignore_errors=True)
        self._lock.close()

    def add(self, events: pa.Table) -> None:
        """Stage events, a table with the canonical columns; nothing of the log changes before `commit`."""
        self._buffer.append(events)
        self._buffered_n += len(events)
        if self._buffered_n >= _BUFFERED_EVENTS:
            self._flush()

    def commit(self, tell: Callable[[str], None] = lambda _: None) -> tuple[dict[str, int], int]:
        """Merge what was staged into the log.

        Parameters
        ----------
        tell : callable, optional
            Called with what is being done.

        Returns
        -------
        new : dict of str to int
            Events by type that the log did not hold before, most first.
        duplicates_n : int
            Staged events that repeat another one, or one that the log already held.
        """
        self._flush()
        new: Counter[str] = Counter()
        connection = connect(str(self._staging))
        try:
            connection.execute(f"SET memory_limit = '{_MEMORY}'")
            days = sorted(self._staging.glob("day=*"))
            for place, staged in enumerate(days, 1):
                tell(f"Writing {staged.name.removeprefix('day=')}, day {place:,} of {len(days):,}")
                new.update(self._merge(connection, staged))
        finally:
            connection.close()
        return dict(new.most_common()), self._staged_n - new.total()

    def quarantine(self, lines: Path) -> Path:
        """Keep a file of unusable rows in the log's quarantine, under a name from its content."""
        target = self.folder / "_quarantine" / f"rows-{_digest(lines)}.ndjson"
        target.parent.mkdir(exist_ok=True)
        lines.replace(target)
        return target

    @property
    def staging(self) -> Path:
        """A folder for files on their way; removed at the end."""
        return self._staging

    def _flush(self) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        if not self._buffered_n:
            return
        table = pa.concat_tables(self._buffer)
        self._buffer, self._buffered_n = [], 0
        days = pc.divide(table["occurred_at"].cast(pa.int64()), _DAY_US).to_numpy()
        if (days[1:] < days[:-1]).any():
            order = days.argsort(kind="stable")
            table, days = table.take(pa.array(order)), days[order]
        for start, end in pairwise([0, *((days[1:] != days[:-1]).nonzero()[0] + 1).tolist(), len(days)]):
            folder = self._staging / f"day={_date(int(days[start]))}"
            folder.mkdir(exist_ok=True)
            part = table.slice(start, end - start)
            # Read once, and soon: what makes a file small or searchable would cost more than it gives.
            pq.write_table(
                part, folder / f"{self._staged_n}.parquet",
                compression="lz4", use_dictionary=False, write_statistics=False,
            )  # fmt: skip
        self._staged_n += len(table)

    def _merge(self, connection: duckdb.DuckDBPyConnection, staged: Path) -> dict[str, int]:
        """Merge one day; return how many of its staged events are new, by type."""
        day = self.folder / staged.name
        day.mkdir(exist_ok=True)
        held = sorted(day.glob("part-*.parquet"))
        columns = ", ".join(COLUMN_NAMES)
        coming = sorted(staged.glob("*.parquet"))
        incoming = f"SELECT {columns} FROM {_scan(coming)}"
        known = f"SELECT {columns} FROM {_scan(held)}" if held else f"SELECT * FROM ({incoming}) LIMIT 0"
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW both_times AS (SELECT *, true AS is_known FROM ({known})) "
            f"UNION ALL (SELECT *, false AS is_known FROM ({incoming}))"
        )
        repeated_n = _one(
            connection,
            "CREATE OR REPLACE TEMP TABLE repeated AS SELECT event_id, bool_or(is_known) AS is_known "
            "FROM both_times GROUP BY event_id HAVING count(*) > 1",
        )
        once = f"SELECT {columns}, is_known FROM both_times"
        several = ""
        if repeated_n:
            # Few ids come more than once, and only of those must it be found out which row stays.
            several = (
                f" UNION ALL SELECT {columns}, is_known FROM (SELECT * EXCLUDE (is_known), repeated.is_known "
                f"FROM both_times JOIN repeated USING (event_id) QUALIFY {IS_FIRST})"
            )
            once += " WHERE event_id NOT IN (SELECT event_id FROM repeated)"
        rows = f"FROM ({once}{several})"
        new = connection.execute(
            f"SELECT event_type, count(*) {rows} WHERE NOT is_known GROUP BY event_type"
        ).fetchall()
        aside = self._staging / f"{staged.name}.parquet"
        if repeated_n or _one(connection, "SELECT count(*) FROM both_times") > _IN_MEMORY:
            ordered = connection.sql(f"SELECT {columns} {rows} ORDER BY occurred_at, event_id")
            _write(ordered.to_arrow_reader(_ROW_GROUP), aside)
        else:
            _write(_in_order([*held, *coming]).to_reader(_ROW_GROUP), aside)
        target = day / f"part-{_digest(aside)}.parquet"
        aside.replace(target)
        for replaced in held:
            if replaced != target:
                replaced.unlink(missing_ok=True)
        shutil.rmtree(staged, ignore_errors=True)
        return dict(new)


def _in_order(files: list[Path]) -> pa.Table:
    """Return the rows of files by time, then id; quicker than DuckDB by half, where they fit into memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.concat_tables([pq.read_table(file, partitioning=None) for file in files]).combine_chunks()
    keys = table.select(["occurred_at", "event_id"])
    order = pa.compute.sort_indices(keys, [("occurred_at", "ascending"), ("event_id", "ascending")])
    return table.take(order)


def _write(rows: pa.RecordBatchReader, path: Path) -> None:
    """Write rows as Parquet; Arrow does it with a third of the work that DuckDB needs, and always the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    unique = {"event_id", "message_id"}
    schema = events_table([[] for _ in COLUMN_NAMES]).schema
    with pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=[name for name in COLUMN_NAMES if name not in unique],
    ) as writer:
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


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _locked(path: Path) -> IO[bytes]:
    """Return the log's lock, held until it is closed; a killed process holds none."""
    handle = path.open("ab")
    try:
        import fcntl
    except ImportError:  # Windows: two writers at once are not told apart there
        return handle
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        if isinstance(error, BlockingIOError):
            raise LogError(
                f"The log {path.parent} is being added to by another process. Wait for it to end, then try again."
            ) from None
        raise
    return handle


def _require_same_pseudonyms(path: Path, hasher: RecipientHasher, staging: Path) -> None:
    """Refuse to mix pseudonyms of two kinds in one log; remember the kind of a new one."""
    if not path.exists():
        note = {"key_fingerprint": hasher.fingerprint, "recipient_ids": _kind(hasher)}
        aside = staging / path.name
        aside.write_text(json.dumps(note) + "\n", encoding="utf-8")
        aside.replace(path)
        return
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        known, kind = note["key_fingerprint"], note.get("recipient_ids", "hashed")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LogError(f"{path} is damaged. Restore it, or write into a new folder.") from error
    if known != hasher.fingerprint:
        raise LogError(
            f"The log {path.parent} was made with another hash key (fingerprint {known}, now {hasher.fingerprint}), so "
            "its recipients would not join. Set PAPERKNIFE_HASH_KEY to the old key, or write into a new folder."
        )
    if kind != _kind(hasher):
        raise LogError(
            f"The recipients of the log {path.parent} are {kind}, and now they would be {_kind(hasher)}, so they would "
            "not join. Use the same --recipient-id as before, or write into a new folder."
        )


def _kind(hasher: RecipientHasher) -> str:
    return "kept" if hasher.keep_ids else "hashed"
