"""Write canonical event logs: typed as the schema says, aside first and renamed when whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from paperknife.errors import LogError
from paperknife.events.casting import quoted, typed_query
from paperknife.events.reading import connect
from paperknife.events.sources import suffix_kind
from paperknife.events.structure import require_structure
from paperknife.events.tables import table_part

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def write_events(events: pd.DataFrame | pa.Table, path: str | Path) -> Path:
    """Write events as one canonical file and return its path.

    Rows keep their order and are not judged: duplicates stay, and so do rows of unknown types. Columns that are not
    canonical are left out.

    Parameters
    ----------
    events : pandas.DataFrame or pyarrow.Table
        At least the four required columns; times with a zone.
    path : str or Path
        Ends in .parquet (zstd), .csv or .ndjson (also .jsonl).

    Raises
    ------
    LogError
        For missing columns, times that are numbers or lack a zone, no rows, or another suffix.

    Examples
    --------
    >>> write_events(events, "log/2026-01.parquet")  # doctest: +SKIP
    """
    target = Path(path)
    form = {
        "Parquet": "FORMAT parquet, COMPRESSION zstd",
        "CSV": "FORMAT csv, HEADER true",
        "NDJSON": "FORMAT json",
    }.get(suffix_kind(target) or "")
    if form is None or target.suffix.lower() in {".gz", ".zst", ".tsv"}:
        raise LogError(
            f"Cannot write events to {target.name}: expected a name that ends in .parquet, .csv or .ndjson."
        )
    table, part = table_part(events)
    require_structure([part], table, name="the table", max_bad_share=0)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    connection = connect()
    try:
        connection.register("incoming_table", table)
        rows = typed_query(part, "incoming_table", times_as_text=not form.startswith("FORMAT parquet"))
        connection.execute(f"COPY ({rows}) TO {quoted(str(aside))} ({form})")
        aside.replace(target)
    finally:
        connection.close()
        aside.unlink(missing_ok=True)
    return target
