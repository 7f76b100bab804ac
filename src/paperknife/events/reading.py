"""Load a log once: type every row, set the unusable aside with a reason, drop duplicates, and keep the rest as Parquet.

DuckDB does the work within a memory bound and spills beside the result, so the size of the log is bounded by disk.
The result depends on the set of rows alone, never on their order or on how they are split into files: of rows with
the same `event_id`, the earliest `received_at` wins, then the smallest hash of the row.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from paperknife.errors import LogError, did_you_mean
from paperknife.events.addresses import replace_addresses
from paperknife.events.casting import UNKNOWN_TYPE, part_query, quoted
from paperknife.events.duplicates import IS_FIRST
from paperknife.events.schema import COLUMN_NAMES, EVENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import pyarrow as pa

    from paperknife.events.sources import Part

MEMORY: Final = "2GB"
"""DuckDB's bound while a log is loaded; beyond it, it spills to disk."""

NOT_CSV: Final = "not a CSV row of as many fields as the header"

_UNKNOWN_TYPES_NAMED: Final = 20
_STAGED: Final = "rows.parquet"


@dataclass
class Loaded:
    """A log that has been read once.

    Attributes
    ----------
    folder : Path
        Holds `events`; removed when nothing refers to this object any more.
    events : Path
        Parquet with the canonical columns in schema order, one row an event, in no particular order.
    events_n, rows_n, duplicates_n : int
        Events kept; rows read; rows dropped because their `event_id` had been seen.
    unknown_types : dict of str to int
        Rows left out by the name of their type, most first; rarer names beyond twenty are summed.
    quarantined : dict of str to int
        Unusable rows by reason, most first.
    quarantine : Path or None
        The file that holds them, if there are any and the source has a place.
    """

    folder: Path
    events: Path
    events_n: int
    rows_n: int
    duplicates_n: int
    unknown_types: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)
    quarantine: Path | None = None


def connect(folder: str | None = None) -> duckdb.DuckDBPyConnection:
    """Return a private in-memory DuckDB in UTC that spills into `folder`."""
    import duckdb

    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'")
    # In a notebook without ipywidgets DuckDB has no bar to switch off, and says so by an error.
    with suppress(duckdb.Error):
        connection.execute("SET enable_progress_bar = false")
    if folder is not None:
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        connection.execute(f"SET temp_directory = {quoted(folder + '/spill')}")
        connection.execute("SET preserve_insertion_order = false")
    return connection


def load(
    parts: Sequence[Part], table: pa.Table | None, *, name: str, quarantine: Path | None, max_bad_share: float
) -> Loaded:
    """Read all parts of a log.

    Parameters
    ----------
    parts : sequence of Part
    table : pyarrow.Table, optional
        The rows of a part in memory.
    name : str
        How messages call the log.
    quarantine : Path, optional
        Where unusable rows go, as NDJSON with their reasons and without mail addresses.
    max_bad_share : float
        Share of unusable rows above which the log is refused.

    Raises
    ------
    LogError
        Too many unusable rows, no events, or a file that breaks off.
    """
    import duckdb

    folder = Path(tempfile.mkdtemp(prefix="paperknife-log-"))
    connection = connect(str(folder))
    try:
        if table is not None:
            connection.register("incoming_table", table)
        _stage(connection, parts, folder / _STAGED)
        loaded = _counted(connection, folder)
        _refuse_lost_lines(connection)
        if loaded.quarantined:
            loaded.quarantine = _write_quarantine(connection, quarantine)
        _refuse_bad(loaded, name, max_bad_share)
        _keep(connection, loaded)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, duckdb.Error):
            raise LogError(f"Cannot read {name}: {_first_line(error)}. Export the file again.") from error
        raise
    finally:
        connection.close()
    weakref.finalize(loaded, shutil.rmtree, folder, ignore_errors=True)
    return loaded


def _stage(connection: duckdb.DuckDBPyConnection, parts: Sequence[Part], path: Path) -> None:
    union = " UNION ALL ".join(part_query(part, "incoming_table") for part in parts)
    connection.execute(f"COPY ({union}) TO {quoted(str(path))} (FORMAT parquet, COMPRESSION snappy)")
    connection.execute(f"CREATE TEMP VIEW all_rows AS SELECT * FROM read_parquet({quoted(str(path))})")
    # The table of rejected lines exists only once a text file has been scanned.
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS rejected_lines (error_type VARCHAR, csv_line VARCHAR, line BIGINT)"
    )


def _counted(connection: duckdb.DuckDBPyConnection, folder: Path) -> Loaded:
    reasons = dict(_rows(connection, "SELECT coalesce(reason, ''), count(*) FROM all_rows GROUP BY 1"))
    rejected = _rows(connection, f"SELECT count(*) FROM ({_rejected()})")[0][0]
    usable = reasons.pop("", 0)
    unknown = reasons.pop(UNKNOWN_TYPE, 0)
    if rejected:
        reasons[NOT_CSV] = rejected
    return Loaded(
        folder=folder,
        events=folder / _STAGED,
        events_n=usable,
        rows_n=usable + unknown + sum(reasons.values()),
        duplicates_n=0,
        unknown_types=_unknown_types(connection) if unknown else {},
        quarantined=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
    )


def _unknown_types(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    query = f"SELECT left(event_type, 60), count(*) FROM all_rows WHERE reason = {quoted(UNKNOWN_TYPE)} GROUP BY 1"
    counts: dict[str, int] = {}
    for place, (name, count) in enumerate(_rows(connection, f"{query} ORDER BY 2 DESC, 1")):
        shown = replace_addresses(name) if place < _UNKNOWN_TYPES_NAMED else "(other names)"
        counts[shown] = counts.get(shown, 0) + count
    return counts


def _rejected() -> str:
    """Return the SELECT of lines that are no rows; one line can break several rules, and counts once."""
    return "SELECT line, any_value(csv_line) AS csv_line FROM rejected_lines GROUP BY ALL"


def _refuse_lost_lines(connection: duckdb.DuckDBPyConnection) -> None:
    """Refuse a CSV in which a quotation mark never closes: DuckDB then passes over rows without counting them."""
    lost = _rows(
        connection,
        "SELECT min(line) FROM rejected_lines WHERE error_type IN ('UNQUOTED VALUE', 'LINE SIZE OVER MAXIMUM') "
        "AND (contains(rtrim(csv_line, E'\\r\\n'), E'\\n') OR length(csv_line) >= 10000)",
    )[0][0]
    if lost is not None:
        raise LogError(
            f"Line {lost} of a text file is too long, or opens a quotation mark that never closes, so the rows "
            "after it cannot be told apart. Mend or delete that line."
        )


def _write_quarantine(connection: duckdb.DuckDBPyConnection, path: Path | None) -> Path | None:
    if path is None:
        return None
    rows = (
        f"SELECT reason, raw FROM all_rows WHERE reason IS NOT NULL AND reason <> {quoted(UNKNOWN_TYPE)} "
        f"UNION ALL SELECT {quoted(NOT_CSV)}, csv_line FROM ({_rejected()})"
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _copy(connection, rows, path)
    except OSError:
        # A log may lie where we cannot write; its bad rows must not vanish for that.
        return _copy(connection, rows, Path(tempfile.mkdtemp(prefix="paperknife-")) / path.name)


def _copy(connection: duckdb.DuckDBPyConnection, rows: str, path: Path) -> Path:
    import json

    aside = path.with_name(f".{path.name}.part")
    cursor = connection.execute(f"{rows} ORDER BY 1, 2")
    with aside.open("w", encoding="utf-8") as file:
        while batch := cursor.fetchmany(10_000):
            for reason, raw in batch:
                line = json.dumps({"reason": reason, "row": replace_addresses(raw or "")}, ensure_ascii=False)
                file.write(line + "\n")
    aside.replace(path)
    return path


def _refuse_bad(loaded: Loaded, name: str, max_bad_share: float) -> None:
    bad = sum(loaded.quarantined.values())
    if bad and bad > max_bad_share * loaded.rows_n:
        reasons = ", ".join(f"{reason} ({count:,})" for reason, count in loaded.quarantined.items())
        where = f" The rows are in {loaded.quarantine}." if loaded.quarantine else ""
        raise LogError(
            f"{bad:,} of {loaded.rows_n:,} rows of {name} ({bad / loaded.rows_n:.1%}) cannot be used, more than the "
            f"limit of {max_bad_share:.0%}: {reasons}.{where} Times look like 2026-01-31T09:00:00Z. "
            "Mend them, or allow more with max_bad_share."
        )
    if loaded.events_n == 0 and loaded.unknown_types:
        first = next(iter(loaded.unknown_types))
        found = ", ".join(f"{kind} ({count:,})" for kind, count in list(loaded.unknown_types.items())[:5])
        raise LogError(
            f"{name} holds no events of a known type. Found: {found}; expected: {', '.join(EVENT_TYPES)}."
            f"{did_you_mean(first, EVENT_TYPES)}"
        )
    if loaded.events_n == 0:
        raise LogError(f"{name} holds no events. Export the log again, or name another file.")


def _keep(connection: duckdb.DuckDBPyConnection, loaded: Loaded) -> None:
    """Leave exactly the events in `loaded.events`; without duplicates and bad rows the staged file is the result."""
    connection.execute(
        "CREATE TEMP TABLE repeated AS "
        "SELECT event_id FROM all_rows WHERE reason IS NULL GROUP BY event_id HAVING count(*) > 1"
    )
    columns = ", ".join(COLUMN_NAMES)
    if not _rows(connection, "SELECT count(*) FROM repeated")[0][0]:
        if loaded.events_n == loaded.rows_n:
            return
        kept = f"SELECT {columns} FROM all_rows WHERE reason IS NULL"
    else:
        kept = (
            f"SELECT {columns} FROM all_rows ANTI JOIN repeated USING (event_id) WHERE reason IS NULL UNION ALL "
            f"SELECT {columns} FROM (SELECT all_rows.* FROM all_rows SEMI JOIN repeated USING (event_id) "
            f"WHERE reason IS NULL) QUALIFY {IS_FIRST}"
        )
    path = loaded.folder / "events.parquet"
    connection.execute(f"COPY ({kept}) TO {quoted(str(path))} (FORMAT parquet, COMPRESSION snappy)")
    count = _rows(connection, f"SELECT count(*) FROM read_parquet({quoted(str(path))})")[0][0]
    loaded.duplicates_n = loaded.events_n - count
    loaded.events_n = count
    loaded.events.unlink()
    loaded.events = path
    shutil.rmtree(loaded.folder / "spill", ignore_errors=True)


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def _first_line(error: Exception) -> str:
    return replace_addresses(str(error).strip().splitlines()[0][:300]).rstrip(".")
