"""Verdicts beside the truth: one row for every open that has both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from paperknife.errors import EvaluationError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

CLASSES: Final = ("human", "prefetch", "machine")
P_COLUMNS: Final = ("p_human", "p_prefetch", "p_machine")
LABELS: Final = {"human": 0, "prefetch": 1, "mpp_prefetch": 1, "machine": 2, "other_machine": 2}
"""Accepted label names, and the class each means."""

APPLE_COLUMNS: Final = ("is_apple", "client_is_apple")
SUM_TOLERANCE: Final = 1e-3


def read_truth(truth: pd.DataFrame) -> pd.DataFrame:
    """Return the truth: `event_id` (str), `label` (0 human, 1 prefetch, 2 machine), `is_apple` (boolean).

    Rows without a label are left out. `is_apple` is null where the truth has no such column.

    Raises
    ------
    EvaluationError
        For missing columns, unknown labels, or an open labelled in two ways.
    """
    require_columns(truth, ("event_id", "label"), "The truth")
    told = truth[truth["label"].notna() & truth["event_id"].notna()]
    label = told["label"].astype("str").str.strip().str.lower().map(LABELS)
    if label.isna().any():
        unknown = told.loc[label.isna(), "label"].astype("str").unique()[:3]
        raise EvaluationError(
            f"{int(label.isna().sum())} rows of the truth have an unknown label, such as "
            f"{', '.join(map(repr, unknown))}. Expected {', '.join(LABELS)}."
            f"{did_you_mean(unknown[0], LABELS)}"
        )
    apple = next((column for column in APPLE_COLUMNS if column in truth.columns), None)
    table = pd.DataFrame(
        {
            "event_id": told["event_id"].astype("str"),
            "label": label.astype(np.int64),
            "is_apple": told[apple].astype("boolean") if apple else pd.Series(pd.NA, told.index, "boolean"),
        }
    ).drop_duplicates(["event_id", "label"])
    twice = table["event_id"].duplicated()
    if twice.any():
        raise EvaluationError(
            f"{int(twice.sum())} opens of the truth are labelled in two ways. "
            f"Expected one label per event_id."
        )
    return table


def check_verdicts(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return the verdicts with `event_id` as text, after checking what evaluation rests on.

    Raises
    ------
    EvaluationError
        For missing columns, opens judged twice at one horizon, or probabilities that are none.
    """
    require_columns(verdicts, ("event_id", *P_COLUMNS), "The verdicts")
    p = verdicts[list(P_COLUMNS)].to_numpy(dtype=np.float64)
    bad = ~((p >= 0).all(axis=1) & (np.abs(p.sum(axis=1) - 1) <= SUM_TOLERANCE))
    if bad.any():
        raise EvaluationError(
            f"{int(bad.sum())} verdicts have probabilities that are missing, negative or do not sum to 1. "
            f"Expected p_human + p_prefetch + p_machine = 1; score the log again."
        )
    table = verdicts.assign(event_id=verdicts["event_id"].astype("str"))
    twice = table.duplicated([column for column in ("event_id", "horizon") if column in table])
    if twice.any():
        raise EvaluationError(
            f"{int(twice.sum())} opens have two verdicts at one horizon. Expected one; "
            f"evaluate one scoring at a time."
        )
    return table


def join_truth(verdicts: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Return the verdicts that have a truth, with `label` and the truth's `is_apple`.

    Parameters
    ----------
    verdicts, truth : pandas.DataFrame
        From `check_verdicts` and `read_truth`.

    Raises
    ------
    EvaluationError
        When the two share no event_id.
    """
    joined = verdicts.drop(columns=["label", "is_apple"], errors="ignore").merge(truth, on="event_id")
    if joined.empty:
        raise EvaluationError(
            f"None of the {len(verdicts)} verdicts is among the {len(truth)} labelled opens of the truth. "
            f"Expected common event_id values; are these of the same log?"
        )
    return joined


def require_columns(frame: pd.DataFrame, wanted: Iterable[str], what: str) -> None:
    """Raise an `EvaluationError` that names every column a table lacks and the nearest one it has."""
    missing = [column for column in wanted if column not in frame.columns]
    if missing:
        found = [str(column) for column in frame.columns]
        hint = "".join(did_you_mean(column, found) for column in missing)
        raise EvaluationError(
            f"{what} lack{'s' if what == 'The truth' else ''} the column{'s' if len(missing) > 1 else ''} "
            f"{', '.join(missing)}. Found: {', '.join(found) or 'none'}.{hint}"
        )
