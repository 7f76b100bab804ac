"""Event logs: read from files, folders, globs or tables; validated, typed and free of duplicates.

Reading is lazy. The structure (which files, which columns, which types) is checked at once, and all its problems are
reported together; the rows are read when first asked for, once, and kept on disk beside nothing of the user's.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from paperknife.errors import LogError
from paperknife.events.casting import quoted
from paperknife.events.reading import Loaded, connect, load
from paperknife.events.schema import COLUMN_NAMES
from paperknife.events.sources import Part, find_parts
from paperknife.events.structure import require_structure
from paperknife.events.tables import table_part
from paperknife.events.writing import write_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import pandas as pd
    import pyarrow as pa

    from paperknife.events.summary import LogSummary

__all__ = ["EventLog", "read_events", "write_events"]

MAX_BAD_SHARE: Final = 0.05
"""Share of unusable rows above which a log is refused."""

# What a connection's views read must outlive the log they came from, and no longer than the connection.
_kept: WeakKeyDictionary[duckdb.DuckDBPyConnection, list[Loaded]] = WeakKeyDictionary()


class EventLog:
    """A canonical event log; made by `read_events`.

    Attributes
    ----------
    name : str
        How messages call it: the path, or "the table".
    columns : tuple of str
        Canonical columns that the source has, in schema order. The others are null in every row.
    other_columns : tuple of str
        Columns of the source that are not canonical, and are ignored.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        name: str,
        table: pa.Table | None = None,
        quarantine: Path | None = None,
        max_bad_share: float = MAX_BAD_SHARE,
    ) -> None:
        found = list(dict.fromkeys(column for part in parts for column in part.columns))
        self.name = name
        self.columns = tuple(column for column in COLUMN_NAMES if column in found)
        self.other_columns = tuple(column for column in found if column not in COLUMN_NAMES)
        self._parts = tuple(parts)
        self._table = table
        self._quarantine = quarantine
        self._max_bad_share = max_bad_share
        self._loaded: Loaded | None = None

    def load(self) -> Loaded:
        """Read the rows, if that has not been done, and return what was found.

        Raises
        ------
        LogError
            Too many unusable rows, no events, or a file that breaks off.
        """
        if self._loaded is None:
            self._loaded = load(
                self._parts,
                self._table,
                name=self.name,
                quarantine=self._quarantine,
                max_bad_share=self._max_bad_share,
            )
            self._table = None
        return self._loaded

    def register(self, connection: duckdb.DuckDBPyConnection, name: str = "events") -> None:
        """Make the log readable in a DuckDB connection as the temporary view `name`.

        The view has all canonical columns in schema order, typed (times TIMESTAMPTZ), one row per event, in no
        particular order; columns that the source lacks are null.
        """
        loaded = self.load()
        _kept.setdefault(connection, []).append(loaded)
        columns = ", ".join(COLUMN_NAMES)
        connection.execute(
            f'CREATE OR REPLACE TEMP VIEW "{name}" AS '
            f"SELECT {columns} FROM read_parquet({quoted(str(loaded.events))})"
        )

    def to_pandas(self) -> pd.DataFrame:
        """Return all events as a DataFrame, ordered by `occurred_at`, then `event_id`.

        All canonical columns: strings (missing is NaN), `occurred_at` and `received_at` datetime64[us, UTC],
        `is_ambiguous` nullable boolean.
        """
        connection = connect()
        try:
            self.register(connection)
            table = connection.sql("SELECT * FROM events ORDER BY occurred_at, event_id").to_arrow_table()
        finally:
            connection.close()
        frame: pd.DataFrame = table.to_pandas()
        return frame.astype({"is_ambiguous": "boolean"})

    def __len__(self) -> int:
        """Return the number of events: rows that can be used, of a known type, without duplicates."""
        return self.load().events_n

    def __repr__(self) -> str:
        return f"EventLog({self.name!r}, columns={self.columns})"

    def summary(self) -> LogSummary:
        """Return what is in the log: counts, times, and which evidence its opens carry."""
        from paperknife.events.summary import summarise

        return summarise(self)


def read_events(
    source: str | Path | pd.DataFrame | pa.Table,
    *,
    quarantine: str | Path | None = None,
    max_bad_share: float = MAX_BAD_SHARE,
) -> EventLog:
    """Return an event log.

    Parameters
    ----------
    source : str, Path, pandas.DataFrame or pyarrow.Table
        A Parquet, CSV or NDJSON file (.gz and .zst too), a folder of them at any depth, a glob, or a table. Parts may
        differ in their columns. Only `event_id`, `event_type`, `occurred_at` and `message_id` must exist.
    quarantine : str or Path, optional
        File for rows that cannot be used, with their reasons, as NDJSON. Default: beside the log, named like it plus
        ``.quarantine.ndjson``; for a table none is written unless a path is given. Mail addresses are hidden in it.
    max_bad_share : float
        Share of unusable rows above which reading fails, from 0 to 1.

    Returns
    -------
    EventLog
        Its rows are read when first asked for.

    Raises
    ------
    LogError
        All problems of the structure at once: missing columns, times that are numbers or have no zone, files that
        are empty, damaged or not what their name says.

    Notes
    -----
    A user agent is cut at 4,096 characters. A text in `ip` that is no address counts as no address. Times finer than
    a microsecond are cut. Rows of an unknown type are counted and left out. Of rows with one `event_id` the earliest
    `received_at` stays, then the smallest hash of the row.

    Examples
    --------
    >>> import pandas as pd
    >>> at = pd.to_datetime(["2026-01-31T09:00:00Z"])
    >>> row = {"event_id": ["e1"], "event_type": ["open"], "occurred_at": at, "message_id": ["m1"]}
    >>> len(read_events(pd.DataFrame(row)))
    1
    """
    if not 0 <= max_bad_share <= 1:
        raise LogError(f"max_bad_share is {max_bad_share}; expected a share from 0 to 1, such as 0.05.")
    aside = None if quarantine is None else Path(quarantine)
    if not isinstance(source, (str, Path)):
        table, part = table_part(source)
        require_structure([part], table, name="the table", max_bad_share=max_bad_share)
        return EventLog([part], name="the table", table=table, quarantine=aside, max_bad_share=max_bad_share)
    parts = find_parts(source)
    parts = require_structure(parts, None, name=str(source), max_bad_share=max_bad_share)
    return EventLog(parts, name=str(source), quarantine=aside or _beside(source), max_bad_share=max_bad_share)


def _beside(source: str | Path) -> Path:
    """Return the quarantine file of a log: next to it, never inside, so that it is not read as a part of it."""
    text = str(source)
    wild = min((text.find(sign) for sign in "*?[" if sign in text), default=-1)
    if wild >= 0 and not Path(source).exists():
        folder = Path(text[:wild]).parent if not text[:wild].endswith(("/", "\\")) else Path(text[:wild])
        return folder / "events.quarantine.ndjson"
    path = Path(source).resolve()
    return path.with_name(f"{path.name}.quarantine.ndjson")
