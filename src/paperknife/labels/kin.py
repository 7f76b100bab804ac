"""What an open's kin are like: the log's other opens of its recipient, domain, network or kind.

One open says little of itself, and its kin say much: whether others through this address are as quick, whether the
recipient's other mail looks fetched by itself as well. The open's own message is always left out, so that nothing speaks
for itself twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paperknife.hazards.covariates import Bools, Floats, Ints


def codes_of(names: pd.Series[str]) -> Ints:
    """Return a number per distinct name, -1 for null."""
    return np.asarray(pd.factorize(names)[0], dtype=np.int64)


def kin_clues(
    groups: Mapping[str, Ints], numbers: Mapping[str, Floats], message: Ints, counts: Bools
) -> pd.DataFrame:
    """Return how many kin each open has, and the mean of each number over them.

    Parameters
    ----------
    groups : mapping of str to numpy.ndarray of int64, shape (opens,)
        Who is kin: opens of one code, by name of the relation; -1 for no kin.
    numbers : mapping of str to numpy.ndarray of float64, shape (opens,)
        What is averaged; NaN where not known, and then left out.
    message : numpy.ndarray of int64, shape (opens,)
        Opens of one message say nothing of each other.
    counts : numpy.ndarray of bool, shape (opens,)
        Opens that may be kin; others get no clue either.

    Returns
    -------
    pandas.DataFrame
        float32, one row per open. Per relation `RELATION_n`, log(1 + kin), and `RELATION_NUMBER` of each number; for
        `delay` also `RELATION_delay_sd`. NaN without kin.
    """
    columns: dict[str, Floats] = {}
    for relation, codes in groups.items():
        rows = np.flatnonzero(counts & (codes >= 0))
        group = codes[rows]
        # One number per group and message: what is subtracted again.
        own = np.unique(group * (int(message.max(initial=0)) + 1) + message[rows], return_inverse=True)[1]

        def others(values: Floats, group: Ints = group, own: Ints = own) -> Floats:
            return np.asarray(np.bincount(group, values)[group] - np.bincount(own, values)[own])

        def column(values: Floats, rows: Ints = rows) -> Floats:
            full = np.full(len(counts), np.nan)
            full[rows] = values
            return full

        columns[f"{relation}_n"] = column(np.log1p(others(np.ones(len(rows)))))
        for name, number in numbers.items():
            known = ~np.isnan(number[rows])
            value, n = np.where(known, number[rows], 0.0), others(known.astype(np.float64))
            some = n > 0.5  # noqa: PLR2004 - a whole open: sums are subtracted
            mean = np.divide(others(value), n, out=np.full(len(n), np.nan), where=some)
            columns[f"{relation}_{name}"] = column(mean)
            if name == "delay":
                square = np.divide(others(value**2), n, out=np.full(len(n), np.nan), where=some)
                columns[f"{relation}_delay_sd"] = column(np.sqrt(np.maximum(square - mean**2, 0.0)))
    return pd.DataFrame(columns, dtype=np.float32)


def kin_names(groups: tuple[str, ...], numbers: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns of `kin_clues`, in their order."""
    names: list[str] = []
    for relation in groups:
        names.append(f"{relation}_n")
        for number in numbers:
            names += [f"{relation}_{number}"] + ([f"{relation}_delay_sd"] if number == "delay" else [])
    return tuple(names)
