"""Verdict files: one Parquet file for a path that ends in .parquet, else a folder with one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def write_verdicts(verdicts: pd.DataFrame, path: str | Path) -> Path:
    """Write verdicts as Parquet, aside first and renamed when whole, and return the file.

    Parameters
    ----------
    verdicts : pandas.DataFrame
        From `score`.
    path : str or Path
        A file ending in .parquet, or a folder, which then holds verdicts.parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = Path(path) if str(path).endswith(".parquet") else Path(path) / "verdicts.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pandas(verdicts, preserve_index=False)
    place = table.schema.get_field_index("reasons")
    table = table.set_column(place, "reasons", table.column(place).cast(pa.list_(pa.string())))
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    pq.write_table(table.replace_schema_metadata(None), aside, compression="zstd")
    aside.replace(target)
    return target
