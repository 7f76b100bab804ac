"""One thing a model sees of an open, and the small sums that many of them share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


Need = Literal[
    "user_agent", "ip", "clock", "recipient", "domain", "campaign", "log", "aftermath", "time_zone"
]
View = Literal["timing", "message", "client", "network", "recipient", "domain", "log", "clicks", "later"]
Key = Literal["recipient", "domain", "network", "log"]


class Columns:
    """An evidence table's columns as float64 arrays with NaN for null, converted when first asked for."""

    def __init__(self, evidence: pd.DataFrame) -> None:
        self._evidence = evidence
        self._floats: dict[str, Floats] = {}

    def __getitem__(self, name: str) -> Floats:
        if name not in self._floats:
            column = self._evidence[name]
            self._floats[name] = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return self._floats[name]

    def is_one_of(self, name: str, values: Iterable[str]) -> Floats:
        """Return 1 where the text column is one of the values, 0 where it is another, NaN where it is null."""
        column = self._evidence[name]
        return np.where(column.isna(), np.nan, column.isin(list(values)).to_numpy(dtype=np.float64))

    def has_kind(self) -> NDArray[np.bool_]:
        """Return whether each open's client or network is known."""
        known = self._evidence["client_family"].notna() | self._evidence["network_class"].notna()
        return known.to_numpy(dtype=np.bool_)

    def microseconds(self) -> Floats:
        """Return when each open came: microseconds since 1970, UTC."""
        stamps: Floats = (
            self._evidence["occurred_at"].dt.as_unit("us").astype("int64").to_numpy(dtype=np.float64)
        )
        return stamps


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing a model sees of an open.

    Attributes
    ----------
    name : str
    view : str
        The group under which its contribution is explained.
    unit : str
    needs : tuple of str
        What the log must hold; without any of these the feature is null.
    null_means : str
    formula : callable
        From `Columns` to a float64 array, one value an open.
    """

    name: str
    view: View
    unit: str
    needs: tuple[Need, ...]
    null_means: str
    formula: Callable[[Columns], Floats]


def log_s(microseconds: Floats) -> Floats:
    """Return log10(1 + seconds): 0 for at once, 1.8 for a minute, 3.6 for an hour, 4.9 for a day."""
    logarithm: Floats = np.log10(1 + np.maximum(microseconds, 0) / 1e6)
    return logarithm


def quotient(part: Floats, whole: Floats) -> Floats:
    """Return part over whole, NaN where the whole is 0 or not known."""
    shares: Floats = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return shares


def capped(counts: Floats, most: float) -> Floats:
    """Return counts, and the most in place of what is above it."""
    least: Floats = np.minimum(counts, most)
    return least


def mails(columns: Columns, key: str) -> Floats:
    """Return how many mails a key was sent in the last 30 days: a log may lack sends, or deliveries."""
    return np.maximum(columns[f"{key}_sent_n"], columns[f"{key}_delivered_n"])


def known(columns: Columns, key: str) -> Floats:
    """Return how many of a key's opens tell what they are: without user agent and IP they tell nothing."""
    return columns[f"{key}_apple_n"] + columns[f"{key}_visible_n"] + columns[f"{key}_machine_n"]
