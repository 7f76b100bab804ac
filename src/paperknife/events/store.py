"""A folder of Parquet as a log that grows: one file a day, and adding the same events twice changes nothing.

    log/day=2026-01-31/part-3f9a….parquet     events of that UTC day, sorted by time, without duplicates
    log/_quarantine/rows-81c2….ndjson         rows that could not be used, with reasons
    log/_key.json                             fingerprint of the key that made the pseudonyms

New events are staged in a hidden folder first. `commit` then merges each day that they touch with what the log has of
that day, writes the result aside, renames it, and removes the files that it replaces. A crash in between leaves old
and new side by side, which reads as the same log, because readers drop duplicates. Names come from contents.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from paperknife.errors import LogError
from paperknife.events.casting import quoted
from paperknife.events.duplicates import IS_FIRST
from paperknife.events.event import Event, events_table
from paperknife.events.reading import connect
from paperknife.events.schema import COLUMN_NAMES

if TYPE_CHECKING:
    from types import TracebackType

    import duckdb

_BUFFERED_EVENTS: Final = 200_000
_DAY_US: Final = 86_400 * 1_000_000
_ROW_GROUP: Final = 122_880


class LogStore:
    """A log folder that events are being added to; used as a context, which removes what was not committed.

    Parameters
    ----------
    folder : Path
        Made where it does not exist.
    key_fingerprint : str
        Of the key under which the events' recipients were hashed.

    Raises
    ------
    LogError
        The folder is a file, cannot be written, or holds events under another key.
    """

    def __init__(self, folder: Path, key_fingerprint: str) -> None:
        self.folder = folder
        self._buffer: list[Event] = []
        self._staged_n = 0
        if folder.is_file() or folder.suffix.lower() in {".parquet", ".csv", ".ndjson"}:
            raise LogError(f"{folder} names a file; a log that can grow is a folder. Name one, such as log/.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _require_key(folder / "_key.json", key_fingerprint)
            self._staging = Path(tempfile.mkdtemp(prefix=".incoming-", dir=folder))
        except OSError as error:
            raise LogError(f"The log folder {folder} cannot be written ({error.strerror}).") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._staging, ignore_errors=True)

    def add(self, events: list[Event]) -> None:
        """Stage events; nothing of the log changes before `commit`."""
        self._buffer += events
        if len(self._buffer) >= _BUFFERED_EVENTS:
            self._flush()

    def commit(self) -> tuple[dict[str, int], int]:
        """Merge what was staged into the log.

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
            for staged in sorted(self._staging.glob("day=*")):
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
        import pyarrow.parquet as pq

        days: dict[int, list[Event]] = {}
        for event in self._buffer:
            days.setdefault(event.occurred_at // _DAY_US, []).append(event)
        for day, events in days.items():
            folder = self._staging / f"day={_date(day)}"
            folder.mkdir(exist_ok=True)
            pq.write_table(events_table(events), folder / f"{self._staged_n}.parquet", compression="lz4")
        self._staged_n += len(self._buffer)
        self._buffer = []

    def _merge(self, connection: duckdb.DuckDBPyConnection, staged: Path) -> dict[str, int]:
        """Merge one day; return how many of its staged events are new, by type."""
        day = self.folder / staged.name
        day.mkdir(exist_ok=True)
        held = sorted(day.glob("part-*.parquet"))
        columns = ", ".join(COLUMN_NAMES)
        incoming = f"SELECT {columns} FROM {_scan(sorted(staged.glob('*.parquet')))}"
        known = f"SELECT {columns} FROM {_scan(held)}" if held else f"{incoming} LIMIT 0"
        new = connection.execute(
            f"SELECT event_type, count(DISTINCT event_id) FROM ({incoming}) WHERE event_id NOT IN "
            f"(SELECT event_id FROM ({known})) GROUP BY event_type"
        ).fetchall()
        aside = self._staging / f"{staged.name}.parquet"
        connection.execute(
            f"COPY (SELECT * FROM (SELECT * FROM ({known}) UNION ALL ({incoming})) QUALIFY {IS_FIRST} "
            f"ORDER BY occurred_at, event_id) TO {quoted(str(aside))} "
            f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROW_GROUP})"
        )
        target = day / f"part-{_digest(aside)}.parquet"
        aside.replace(target)
        for replaced in held:
            if replaced != target:
                replaced.unlink(missing_ok=True)
        return dict(new)


def _scan(files: list[Path]) -> str:
    names = ", ".join(quoted(str(file)) for file in files)
    return f"read_parquet([{names}], hive_partitioning=false, union_by_name=true)"


def _date(day: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _require_key(path: Path, fingerprint: str) -> None:
    """Refuse to mix pseudonyms of two keys in one log; remember the key of a new one."""
    if not path.exists():
        path.write_text(json.dumps({"key_fingerprint": fingerprint}) + "\n", encoding="utf-8")
        return
    try:
        known = json.loads(path.read_text(encoding="utf-8"))["key_fingerprint"]
    except (ValueError, KeyError, TypeError) as error:
        raise LogError(f"{path} is damaged. Restore it, or write into a new folder.") from error
    if known != fingerprint:
        raise LogError(
            f"The log {path.parent} was made with another hash key (fingerprint {known}, now {fingerprint}), so its "
            "recipients would not join. Set PAPERKNIFE_HASH_KEY to the old key, or write into a new folder."
        )
