"""Person-period tables: how many events, and how much time at risk, in each cell of equal covariates.

A Poisson likelihood needs of messages that are alike only the sum of their events and the sum of their time
at risk. So the table has one row per cell, however many messages there are: a million messages cost no more
memory than a thousand. Late steps are short enough to tell the hours of the day apart, where a log-spaced bin
would span days.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from paperknife.hazards.covariates import BIN_EDGES_S, BINS_N, CELLS_N, KINDS_N, MOMENTS_N, WEEK_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paperknife.hazards.covariates import Bools, Covariates, Floats

HOUR_S: Final = 3600.0


def _step_edges() -> Floats:
    """Return the edges of the steps: the bins' own, and from an hour on the full hours, then every second, third."""
    hours = np.concatenate([np.arange(1, 24, 1), np.arange(24, 72, 2), np.arange(72, 169, 3)]) * HOUR_S
    return np.unique(np.concatenate([BIN_EDGES_S, hours]))


STEP_EDGES_S: Final = _step_edges()


def steps() -> Iterator[tuple[int, float, float]]:
    """Yield (bin, start, stop) of every step, seconds since delivery, in order."""
    bins = np.searchsorted(BIN_EDGES_S, STEP_EDGES_S[:-1], side="right") - 1
    yield from zip(bins.tolist(), STEP_EDGES_S[:-1].tolist(), STEP_EDGES_S[1:].tolist(), strict=True)


@dataclass(frozen=True, slots=True)
class PersonPeriods:
    """Events and time at risk per fold and cell.

    Attributes
    ----------
    events : numpy.ndarray of float64, shape (folds, CELLS_N)
        Weighted counts.
    hours : numpy.ndarray of float64, shape (folds, CELLS_N)
        Weighted time at risk.
    """

    events: np.ndarray[tuple[int, int], np.dtype[np.float64]]
    hours: np.ndarray[tuple[int, int], np.dtype[np.float64]]


def person_periods(covariates: Covariates, end_s: Floats, is_event: Bools, weights: Floats) -> PersonPeriods:
    """Return the events and hours at risk of messages, cell by cell.

    Parameters
    ----------
    covariates : Covariates
    end_s : numpy.ndarray of float64
        Seconds from delivery to the event, else to the end of what was seen; past seven days nothing counts.
    is_event : numpy.ndarray of bool
        Whether `end_s` is an event.
    weights : numpy.ndarray of float64
        How much each message belongs to this stratum; rows of weight 0 or with NaN times are left out.
    """
    folds_n = int(covariates.fold.max(initial=0)) + 1
    kept = (weights > 0) & (end_s >= 0) & ~np.isnan(covariates.clock_s)
    # Longest at risk first: those still at risk in a step are then the first so many.
    order = np.flatnonzero(kept)[np.argsort(-end_s[kept], kind="stable")]
    rows, ends, happens, weight = covariates.take(order), end_s[order], is_event[order], weights[order]
    side = MOMENTS_N * KINDS_N
    events = np.zeros((folds_n, BINS_N, side))
    hours = np.zeros((folds_n, BINS_N, side))
    for in_bin, start, stop in steps():
        at_risk_n = int(np.searchsorted(-ends, -start, side="right"))
        if at_risk_n == 0:
            break
        here = slice(0, at_risk_n)
        some = rows.take(here)
        cell = some.fold * side + some.moment((start + stop) / 2) * KINDS_N + some.kind
        spent = weight[here] * (np.minimum(ends[here], stop) - start) / HOUR_S
        ended = weight[here] * (happens[here] & (ends[here] < stop) & (ends[here] < WEEK_S))
        for table, amounts in ((hours, spent), (events, ended)):
            table[:, in_bin] += np.bincount(cell, amounts, minlength=folds_n * side).reshape(folds_n, side)
    return PersonPeriods(events.reshape(folds_n, CELLS_N), hours.reshape(folds_n, CELLS_N))
