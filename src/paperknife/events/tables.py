"""Tables in memory as parts of a log: pandas DataFrames and Arrow tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paperknife.errors import LogError
from paperknife.events.schema import COLUMN_NAMES
from paperknife.events.sources import Part

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def table_part(source: pd.DataFrame | pa.Table) -> tuple[pa.Table, Part]:
    """Return a table as Arrow (canonical columns only, a copy where it was pandas) and the part that reads it.

    Raises
    ------
    LogError
        For what is neither a DataFrame nor an Arrow table, or names a column twice.
    """
    import pandas as pd
    import pyarrow as pa

    if isinstance(source, pa.RecordBatch):
        source = pa.Table.from_batches([source])
    if isinstance(source, pd.DataFrame):
        names = [str(name) for name in source.columns]
    elif isinstance(source, pa.Table):
        names = list(source.column_names)
    else:
        raise LogError(
            f"Cannot read a {type(source).__name__} as an event log; expected a path, a pandas DataFrame or a "
            "pyarrow Table."
        )
    repeated = sorted({name for name in names if names.count(name) > 1 and name in COLUMN_NAMES})
    if repeated:
        raise LogError(
            f"The table names column {', '.join(map(repr, repeated))} more than once. Keep one of them."
        )
    present = [name for name in names if name in COLUMN_NAMES]
    if isinstance(source, pd.DataFrame):
        table = pa.table({name: _arrow(source[name]) for name in present})
    else:
        table = source.select(present)
    types = dict(zip(table.column_names, map(_type_name, table.schema.types), strict=True))
    return table, Part("table", (), {name: types.get(name, "other") for name in names})


def _type_name(kind: pa.DataType) -> str:
    import pyarrow as pa

    return str(kind.value_type if pa.types.is_dictionary(kind) else kind)


def _arrow(column: pd.Series[Any]) -> pa.Array:
    """Return a pandas column as Arrow; a column that mixes kinds of values becomes text."""
    import pandas as pd
    import pyarrow as pa

    if isinstance(column.dtype, pd.DatetimeTZDtype):
        # By way of plain UTC: handing over a column with a zone makes pandas 3 warn.
        plain = pa.array(column.dt.tz_convert(None).to_numpy(), from_pandas=True)
        return plain.cast(pa.timestamp(plain.type.unit, tz="UTC"))
    try:
        array = pa.array(column, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        array = pa.array([None if _is_null(value) else _as_text(value) for value in column], pa.string())
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _is_null(value: Any) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def _as_text(value: Any) -> str:
    return str(value).encode("utf-8", errors="replace").decode("utf-8")
