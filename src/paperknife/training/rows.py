"""The rows a model learns from: every open as it looked at several horizons, some with fields hidden.

One model answers at every horizon and for any missing field, so it must have seen all of them: each field is hidden
by itself, not only all together (LEARNING.md, "Shortcuts that fail").
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from paperknife.evidence.columns import KEY_SUMS, KEYS, LOG_HABITS
from paperknife.evidence.features import encode
from paperknife.model.masking import MASKED_SHARE, catalogue_blocks, hide

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Matrix = NDArray[Any]
    Floats = NDArray[np.float64]

HORIZON_SHARES: Final[dict[str, float]] = {"instant": 0.4, "1h": 0.1, "24h": 0.15, "settled": 0.35}
"""Share of rows per horizon; most at the instant, where an open is asked about most often and answered hardest."""

MINUTE_US: Final = 60_000_000
ALONE_SHARE: Final = 0.1
"""Share of rows that know their own message only, as when a program asks about one open over HTTP."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Encoded opens.

    Attributes
    ----------
    matrix : array of float32, shape (rows, features)
    open_n : array of int, shape (rows,)
        Which open each row shows: its place in the evidence tables.
    seen_s : array of float64, shape (rows,)
    mechanism : array of object, shape (rows,)
    """

    matrix: Matrix
    open_n: NDArray[np.intp]
    seen_s: Floats
    mechanism: NDArray[np.object_]

    def only(self, some: NDArray[np.bool_]) -> Rows:
        """Return some of the rows."""
        return Rows(self.matrix[some], self.open_n[some], self.seen_s[some], self.mechanism[some])

    @classmethod
    def joined(cls, parts: Sequence[Rows]) -> Rows:
        """Return the rows of several together."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


def sample_rows(
    tables: Mapping[str, pd.DataFrame],
    opens: NDArray[np.intp],
    random: np.random.Generator,
    *,
    masked_share: float = MASKED_SHARE,
) -> Rows:
    """Return each of the opens once, at a horizon drawn by `HORIZON_SHARES`, some with fields hidden.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        From `gather_horizons`, all in the same order of opens.
    opens : array of int
        Places of the opens in the tables.
    random : numpy.random.Generator
    masked_share : float
        Share of rows with something hidden.
    """
    horizons = list(HORIZON_SHARES)
    drawn = random.choice(len(horizons), size=len(opens), p=list(HORIZON_SHARES.values()))
    places = np.concatenate([opens[drawn == n] for n in range(len(horizons))])
    evidence = pd.concat([tables[name].iloc[opens[drawn == n]] for n, name in enumerate(horizons)])
    is_alone = random.random(len(evidence)) < ALONE_SHARE
    matrix = encode(evidence)
    matrix[is_alone] = encode(alone(evidence[is_alone]))
    hide(matrix, random, blocks=catalogue_blocks(), share=masked_share)
    return Rows(
        matrix,
        places,
        evidence["seen_s"].to_numpy(dtype=np.float64),
        evidence["mechanism"].to_numpy(dtype=object),
    )


def every_horizon(tables: Mapping[str, pd.DataFrame], opens: NDArray[np.intp]) -> Rows:
    """Return each of the opens once at every horizon, with nothing hidden; parameters are those of `sample_rows`."""
    evidence = pd.concat([tables[name].iloc[opens] for name in HORIZON_SHARES])
    return Rows(
        encode(evidence),
        np.tile(opens, len(HORIZON_SHARES)),
        evidence["seen_s"].to_numpy(dtype=np.float64),
        evidence["mechanism"].to_numpy(dtype=object),
    )


def alone(evidence: pd.DataFrame) -> pd.DataFrame:
    """Return the evidence as it would be, had the log held nothing but each open's own message.

    Nearly: opens and clicks of the message itself are left out of the histories of its recipient, domain and network.
    """
    sums = {
        f"{key}_{name}": evidence[f"{key}_{name}"].where(evidence[f"{key}_{name}"].isna(), 0)
        for key in KEYS
        for name in (*KEY_SUMS, "opens_60s_n")
    }
    for key in KEYS:
        for name in ("sent_n", "delivered_n"):
            was_mailed = (evidence["clock_kind"] == name.removesuffix("_n")).astype("Int64")
            sums[f"{key}_{name}"] = was_mailed.where(evidence[f"{key}_{name}"].notna())
    nothing = pd.Series(pd.NA, index=evidence.index, dtype="Int64")
    gaps = {f"{key}_{name}": nothing for key in KEYS for name in ("since_open_us", "since_click_us")}
    follows = (evidence["next_open_us"] <= MINUTE_US).astype("Int64").fillna(0)
    minutes = {
        name: follows.where(evidence[name].notna())
        for name in ("recipient_later_60s_n", "domain_later_60s_n", "network_later_60s_n")
    }
    others = {
        name: evidence[name].where(evidence[name].isna(), 0)
        for name in ("network_others_n", "network_later_others_n")
    }
    has_recipient = evidence["recipient_id"].notna()
    return evidence.assign(
        **dict.fromkeys(LOG_HABITS, nothing),
        **sums,
        **gaps,
        **minutes,
        **others,
        campaign_since_us=nothing,
        recipient_next_open_us=evidence["next_open_us"].where(has_recipient),
        recipient_next_clean_us=evidence["next_clean_us"].where(has_recipient),
    )
