"""Which side of its message's clean click an Apple fetch stands on: fresh, so a person's, or stale, so a prefetch.

This is the plain half of click dating: no model, no prior, no hazard, only gaps, so that a sender can hold a model
against it. The message's first Apple fetch counts. A click soon after it dates a reading at the fetch: fresh. A click
long after it says that the reader came later, to Apple's copy or to a copy fetched anew: stale. What lies between, or
could have another reason, is left out and counted.

A stale fetch may be a person's all the same, who read at once and clicked long after. How often that happens the same
log shows: readers whose client fetches as they read do it too, and their gaps are measured in the same way, from the
first view. Taking the *last* fetch before the click instead was tried: where Apple's copies are short-lived, every later
reading fetches again, nearly every clicked message ends with a fresh fetch, and on one such world 281 of 283 were.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from paperknife.hazards.traffic import traffic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paperknife.hazards.covariates import Bools, Floats, Ints

FRESH_S: Final = 120.0
"""A click at most this long after the fetch was its reader's. Four fifths of clicks come within a minute of the image
load (FACTS.md section 1); two minutes also suit feeds in whole minutes."""

STALE_S: Final = 3_600.0
"""A click at least this long after the fetch says that the fetch was a prefetch: FACTS.md has a tenth of gaps beyond
half an hour, and the longer we wait, the fewer of them are people's."""

REASONS: Final = ("scanned", "other_client", "between")
"""Why a clicked message is left out: a machine clicked in it too; a fetch that is not Apple's came before the click as
well, so the reading may have been that one; or the click came neither soon nor late."""

_KNOWN_SHARES: Final = {"fresh": 0.83, "stale": 0.08, "between": 0.09}
"""Published gaps (FACTS.md section 1): within two minutes, beyond an hour, the rest."""

_KNOWN_N: Final = 20.0
"""What they count as, in clicks, beside those of the log's own known readers."""


@dataclass(frozen=True, slots=True)
class ClickSides:
    """The Apple fetches of a log that a click puts on one side.

    Attributes
    ----------
    is_fresh, is_stale : numpy.ndarray of bool, shape (opens,)
    is_left_out : mapping of str to numpy.ndarray of bool, shape (opens,)
        First Apple fetches of clicked messages that are on neither side, by reason (`REASONS`).
    known_shares : mapping of str to float
        What share of known readers' clicks come soon after their first view (`fresh`), late (`stale`), or `between`.
    known_n : int
        Known readers' clicks that those rest on, beside the published ones.
    """

    is_fresh: Bools
    is_stale: Bools
    is_left_out: Mapping[str, Bools]
    known_shares: Mapping[str, float]
    known_n: int

    @property
    def is_dated(self) -> Bools:
        """The opens on either side."""
        return np.asarray(self.is_fresh | self.is_stale, dtype=bool)

    @property
    def late_ratio(self) -> float:
        """Known readers' late clicks for each that came soon: people among the stale for each among the fresh."""
        return self.known_shares["stale"] / self.known_shares["fresh"]


def click_sides(evidence: pd.DataFrame, messages: pd.DataFrame, m: Floats) -> ClickSides:
    """Return which Apple fetches a clean click puts on a side.

    Parameters
    ----------
    evidence : pandas.DataFrame
        From `gather_evidence`, any horizon: only when an open came, whose it is and by what road is looked at.
    messages : pandas.DataFrame
        From `message_table` on the same log; its clean clicks are those that no scanner made.
    m : numpy.ndarray of float64, shape (opens,)
        P(machine other than Apple's) of each open by the votes; those with .5 or more count for nothing.
    """
    kind = traffic(evidence)
    could_read = (m < 0.5) & (kind != "machine")  # noqa: PLR2004 - an even chance
    is_apple = could_read & (kind == "apple")
    message: Ints = pd.Index(messages["message_id"]).get_indexer(pd.Index(evidence["message_id"]))
    at_us: Floats = evidence["occurred_at"].dt.as_unit("us").astype("int64").to_numpy(dtype=np.float64)
    gap_s = (_floats(messages["clean_us"])[message] - at_us) / 1e6
    is_scanned = ~np.isnan(_floats(messages["machine_click_us"])[message])
    is_ambiguous = evidence["is_ambiguous"].to_numpy(dtype=bool)
    first = _firsts(is_apple, message) & (gap_s >= 0) & ~is_ambiguous
    elsewhere = np.isin(message, message[could_read & ~is_apple & (gap_s >= 0)])
    clear = first & ~is_scanned & ~elsewhere
    fresh, stale = clear & (gap_s <= FRESH_S), clear & (gap_s >= STALE_S)
    left_out = (first & is_scanned, first & ~is_scanned & elsewhere, clear & ~fresh & ~stale)
    known = _firsts(could_read & (kind == "visible"), message) & (gap_s >= 0) & ~is_scanned & ~is_ambiguous
    known &= ~np.isin(message, message[is_apple])
    return ClickSides(
        fresh,
        stale,
        dict(zip(REASONS, left_out, strict=True)),
        _shares(gap_s[known]),
        int(known.sum()),
    )


def _shares(gap_s: Floats) -> dict[str, float]:
    """Return the shares of known readers' gaps, shrunk to the published ones."""
    counts = {"fresh": (gap_s <= FRESH_S).sum(), "stale": (gap_s >= STALE_S).sum()}
    counts["between"] = len(gap_s) - counts["fresh"] - counts["stale"]
    return {
        name: float((counts[name] + _KNOWN_N * share) / (len(gap_s) + _KNOWN_N))
        for name, share in _KNOWN_SHARES.items()
    }


def _firsts(some: Bools, message: Ints) -> Bools:
    """Return which of some opens are the first of their message; opens stand in order of time and id."""
    rows = np.flatnonzero(some)
    firsts = np.zeros(len(some), dtype=bool)
    firsts[rows[np.unique(message[rows], return_index=True)[1]]] = True
    return firsts


def _floats(column: pd.Series[Any]) -> Floats:
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
