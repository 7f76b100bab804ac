"""Fitted hazards: events per hour by time since delivery and covariates, as a table of rates.

With many events, gradient-boosted trees with a Poisson likelihood; with few, one curve for all, times a
factor for the hour and one for the recipient's kind. Both end as a rate per fold and cell, so a fitted hazard
is only a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from paperknife.hazards.covariates import (
    BIN_EDGES_S,
    BINS_N,
    CELLS_N,
    CELLS_SHAPE,
    DOMAIN_KINDS,
    GAPS_N,
    KINDS_N,
    MOMENTS_N,
    WEEK_S,
)
from paperknife.hazards.person_period import HOUR_S, steps

if TYPE_CHECKING:
    from paperknife.hazards.covariates import Covariates, Floats
    from paperknife.hazards.person_period import PersonPeriods

MIN_BOOSTED_EVENTS: Final = 2_000.0
"""Below this many events trees fit noise: one pooled curve is better (LEARNING.md)."""

SHRINKAGE_EVENTS: Final = 20.0
"""Factors are shrunk towards 1 as if this many events had agreed with it."""

MIN_LEAF_EVENTS: Final = 25.0
"""Expected events a leaf must hold: without this floor the hazard explodes (LEARNING.md)."""

_MAX_DELTA_STEP: Final = 0.7
"""LightGBM's default for Poisson; its hessian is the expected events times e to this, so the floor is too."""


@dataclass(frozen=True, slots=True)
class Hazard:
    """A hazard per hour.

    Attributes
    ----------
    rates : numpy.ndarray of float64, shape (folds, CELLS_N)
        Events per hour, fitted on the other folds.
    method : {"boosted", "pooled"}
    events_n : float
        Weighted events it rests on.
    """

    rates: np.ndarray[tuple[int, int], np.dtype[np.float64]]
    method: Literal["boosted", "pooled"]
    events_n: float

    def at(self, covariates: Covariates, delay_s: Floats) -> Floats:
        """Return each message's hazard per hour, `delay_s` seconds after its delivery; NaN where that is NaN."""
        known = ~np.isnan(delay_s) & ~np.isnan(covariates.clock_s)
        delay = np.clip(np.nan_to_num(delay_s), 0, WEEK_S - 1)
        in_bin = np.searchsorted(BIN_EDGES_S, delay, side="right") - 1
        cell = (in_bin * MOMENTS_N + covariates.moment(delay)) * KINDS_N + covariates.kind
        return np.where(known, self.rates[covariates.fold, cell], np.nan)

    def cumulative(self, covariates: Covariates, until_s: Floats | float = WEEK_S) -> Floats:
        """Return each message's expected events from delivery to `until_s` seconds after it (at most seven days)."""
        until = np.broadcast_to(np.nan_to_num(np.asarray(until_s, dtype=np.float64)), (len(covariates),))
        total = np.zeros(len(covariates))
        for in_bin, start, stop in steps():
            cell = (in_bin * MOMENTS_N + covariates.moment((start + stop) / 2)) * KINDS_N + covariates.kind
            total += self.rates[covariates.fold, cell] * np.clip(until - start, 0, stop - start) / HOUR_S
        return np.where(np.isnan(covariates.clock_s), np.nan, total)


def fit_hazard(table: PersonPeriods, *, random_state: int = 0) -> Hazard:
    """Return the hazard of a person-period table, each fold's from the other folds.

    Parameters
    ----------
    table : PersonPeriods
    random_state : int
    """
    events, hours = table.events.sum(axis=0), table.hours.sum(axis=0)
    events_n = float(events.sum())
    if events_n < MIN_BOOSTED_EVENTS:
        return Hazard(np.tile(_pooled(events, hours), (len(table.events), 1)), "pooled", events_n)
    if len(table.events) == 1:
        return Hazard(_boosted(events, hours, random_state)[None], "boosted", events_n)
    rates = []
    for own, spent in zip(table.events, table.hours, strict=True):
        others_n = events_n - own.sum()
        rate = (
            _boosted(events - own, hours - spent, random_state)
            if others_n >= MIN_BOOSTED_EVENTS / 2
            else _pooled(events, hours)
        )
        # Campaigns differ in interest, so folds differ in level: one number per fold is learnt from the fold itself.
        level = (own.sum() + SHRINKAGE_EVENTS) / (rate @ spent + SHRINKAGE_EVENTS)
        rates.append(rate * level)
    return Hazard(np.stack(rates), "boosted", events_n)


def smooth_curve(events: Floats, hours: Floats) -> Floats:
    """Return one rate per hour and bin, smoothed over neighbouring bins: wider where events are few.

    What is smoothed is the probability of an event per bin: bins are equally long in log time, and on that
    scale hazards of reading and fetching change slowly, while per hour they fall by orders of magnitude.

    Parameters
    ----------
    events, hours : numpy.ndarray of float64, shape (BINS_N,)
    """
    lengths_h = np.diff(BIN_EDGES_S) / HOUR_S
    at_risk = hours / lengths_h
    place = np.arange(BINS_N)
    away = (place[:, None] - place[None, :]) ** 2
    wide = np.exp(-0.5 * away / 3.0**2)
    around = (wide @ events + 1e-6) / (wide @ at_risk + 1e-3)
    narrow = np.exp(-0.5 * away / (0.2 + 3.0 / (1.0 + events.sum() / 200.0)) ** 2)
    # The wider neighbourhood counts as one more person at risk: no bin without events gets a rate of zero.
    return np.asarray((narrow @ events + around) / (narrow @ at_risk + 1.0) / lengths_h, dtype=np.float64)


def _pooled(events: Floats, hours: Floats) -> Floats:
    """Return one rate per cell: the common curve, times shrunken factors for the hour and the recipient's kind."""
    happened, spent = events.reshape(CELLS_SHAPE), hours.reshape(CELLS_SHAPE)
    others = (1, 2, 3, 4, 5)
    curve = smooth_curve(happened.sum(axis=others), spent.sum(axis=others))
    rates = np.broadcast_to(curve.reshape(-1, 1, 1, 1, 1, 1), CELLS_SHAPE)
    for axes in ((1,), (4, 5)):
        rest = tuple(axis for axis in range(len(CELLS_SHAPE)) if axis not in axes)
        expected = (rates * spent).sum(axis=rest, keepdims=True)
        seen = happened.sum(axis=rest, keepdims=True)
        rates = rates * (seen + SHRINKAGE_EVENTS) / (expected + SHRINKAGE_EVENTS)
    return rates.reshape(CELLS_N)


def _boosted(events: Floats, hours: Floats, random_state: int) -> Floats:
    """Return one rate per cell: the common curve times what trees learn from the covariates."""
    import lightgbm as lgb

    in_bins = events.reshape(BINS_N, -1), hours.reshape(BINS_N, -1)
    curve = np.repeat(smooth_curve(in_bins[0].sum(axis=1), in_bins[1].sum(axis=1)), CELLS_N // BINS_N)
    features = _cell_features()
    seen = hours > 0
    params = {
        "objective": "poisson",
        "poisson_max_delta_step": _MAX_DELTA_STEP,
        "num_leaves": 24,
        "learning_rate": 0.1,
        "min_sum_hessian_in_leaf": MIN_LEAF_EVENTS * np.exp(_MAX_DELTA_STEP),
        "min_data_in_leaf": 1,  # a row is a cell, not a message: the hessian is what counts messages
        "lambda_l2": SHRINKAGE_EVENTS,
        "max_bin": 63,
        "seed": random_state,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    data = lgb.Dataset(
        features[seen], label=events[seen], init_score=np.log(hours[seen] * curve[seen]), free_raw_data=True
    )
    booster = lgb.train(params, data, num_boost_round=100)
    # LightGBM forgets init_score at prediction: what it returns is the log of the factor on the common curve.
    factor = np.exp(np.asarray(booster.predict(features, raw_score=True, num_threads=1), dtype=np.float64))
    return curve * factor


def _cell_features() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Return what trees see of each cell, shape (CELLS_N, 6); NaN where the recipient's hours are not known."""
    in_bin, hour, weekend, gap, engagement, domain = np.unravel_index(np.arange(CELLS_N), CELLS_SHAPE)
    from_middle_h = np.abs(gap - 4) * 3.0
    middle_s = np.sqrt(np.maximum(BIN_EDGES_S[:-1], 1.0) * BIN_EDGES_S[1:])
    return np.column_stack(
        [
            np.log(middle_s)[in_bin],
            hour,
            weekend,
            np.where(gap == GAPS_N - 1, np.nan, from_middle_h),
            engagement,
            np.where(domain == 0, np.nan, domain == DOMAIN_KINDS.index("corporate")),
        ]
    ).astype(np.float32)
