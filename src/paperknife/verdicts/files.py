"""Verdict files: one Parquet file for a path that ends in .parquet, else a folder with one.

The file remembers which log it judges, so that `paperknife evaluate` can put the published rules beside it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from paperknife.errors import RequestError

if TYPE_CHECKING:
    import pandas as pd

_LOG_KEY: Final = b"paperknife.log"

_OTHER_FORMATS: Final = frozenset({".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".xlsx", ".feather", ".gz"})
"""Endings by which a user asks for a file of another kind, and would be surprised by a folder of that name."""


def verdict_file(path: str | Path) -> Path:
    """Return the file in which verdicts of this path lie: itself if it ends in .parquet, else one in that folder.

    Raises
    ------
    RequestError
        When the path asks for a file of another kind.
    """
    target = Path(path)
    if target.suffix.lower() == ".parquet":
        return target
    if target.suffix.lower() in _OTHER_FORMATS and not target.is_dir():
        raise RequestError(
            f"{target.name}: verdicts are written as Parquet. Name a file that ends in .parquet, or a folder; "
            "pandas.read_parquet(...).to_csv(...) makes another kind of it."
        )
    return target / "verdicts.parquet"


def write_verdicts(verdicts: pd.DataFrame, path: str | Path, *, log: str | Path | None = None) -> Path:
    """Write verdicts as Parquet, aside first and renamed when whole, and return the file.

    Parameters
    ----------
    verdicts : pandas.DataFrame
        From `score`.
    path : str or Path
        A file ending in .parquet, or a folder, which then holds verdicts.parquet.
    log : str or Path, optional
        Where the log lies, to be remembered in the file.

    Raises
    ------
    RequestError
        When the path asks for a file of another kind.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = verdict_file(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    # pyarrow asks pandas for zoned times in a way that pandas warns of: give it plain UTC ones.
    moments = verdicts["occurred_at"].dt.tz_convert(None).to_numpy()
    table = pa.Table.from_pandas(verdicts.assign(occurred_at=moments), preserve_index=False)
    for name, kind in (("occurred_at", pa.timestamp("us", tz="UTC")), ("reasons", pa.list_(pa.string()))):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table.column(place).cast(kind))
    # Not pandas' own metadata: readers of other kinds must see the same table.
    table = table.replace_schema_metadata({_LOG_KEY: os.fsencode(Path(log).absolute())} if log else None)
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        pq.write_table(table, aside, compression="zstd")
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
    return target


def log_of(path: str | Path) -> Path | None:
    """Return the log that a verdict file judges, where the file says so and it is still there."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = Path(path) / "verdicts.parquet" if Path(path).is_dir() else Path(path)
    try:
        metadata = pq.read_schema(file).metadata or {}
    except (OSError, pa.ArrowInvalid):
        return None
    if _LOG_KEY not in metadata:
        return None
    log = Path(os.fsdecode(metadata[_LOG_KEY]))
    return log if log.exists() else None
