"""Tables in files: verdicts, truths and panels, as Parquet or CSV."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from paperknife.errors import EvaluationError


def read_table(path: str | Path, what: str) -> pd.DataFrame:
    """Return a Parquet or CSV file, or a folder of Parquet files, as a DataFrame.

    Parameters
    ----------
    path : str or Path
    what : str
        How a message calls it, such as "The truth".

    Raises
    ------
    EvaluationError
        When it is not there, or not what its name says.
    """
    file = Path(path)
    if not file.exists():
        raise EvaluationError(f"{what} is not there: {file}. Name a .parquet or .csv file.")
    try:
        if file.is_dir() or file.suffix in {".parquet", ".pq"}:
            return pd.read_parquet(file)
        if file.suffix == ".csv":
            # Only an empty field is null: an id may well be "NA".
            ids = {"event_id": "str", "message_id": "str"}
            return pd.read_csv(file, dtype=ids, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as wrong:
        raise EvaluationError(
            f"{what} in {file} cannot be read as its name says. Write it as Parquet or CSV."
        ) from wrong
    raise EvaluationError(
        f"{what} in {file} has an unknown ending '{file.suffix}'. Expected .parquet or .csv."
    )
