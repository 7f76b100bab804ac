from __future__ import annotations

import numpy as np
import pytest

from paperknife.hazards.covariates import BIN_EDGES_S, BINS_N, DOMAIN_KINDS, WEEK_S, Covariates
from paperknife.hazards.curves import MIN_BOOSTED_EVENTS, fit_hazard, smooth_curve
from paperknife.hazards.person_period import CELLS_N, PersonPeriods, person_periods


def exponential_readers(n, seed, *, mean_h, folds_n=3):
    """People of two kinds: the engaged read twice as fast."""
    rng = np.random.default_rng(seed)
    engaged = rng.integers(0, 2, n)
    some = Covariates(
        clock_s=1.767e9 + rng.uniform(0, 20 * 86_400, n),
        kind=engaged * 2 * len(DOMAIN_KINDS),
        middle_h=np.full(n, np.nan),
        fold=rng.integers(0, folds_n, n),
    )
    read_s = rng.exponential(mean_h * 3600 / (1 + engaged))
    return some, engaged, read_s


def fitted(n, *, mean_h=100.0, seed=0):
    some, engaged, read_s = exponential_readers(n, seed, mean_h=mean_h)
    happens = read_s < WEEK_S
    table = person_periods(some, np.minimum(read_s, WEEK_S), happens, np.ones(n))
    return some, engaged, happens, fit_hazard(table)


@pytest.mark.parametrize(("n", "method", "tolerance"), [(1_500, "pooled", 0.25), (20_000, "boosted", 0.12)])
def test_the_true_hazard_comes_back_for_both_kinds_of_people(n, method, tolerance):
    some, engaged, _, hazard = fitted(n)
    assert hazard.method == method
    assert (hazard.events_n >= MIN_BOOSTED_EVENTS) == (method == "boosted")
    for kind in (0, 1):
        rows = engaged == kind
        late = hazard.at(some.take(rows), np.full(rows.sum(), 20 * 3600.0))
        assert late.mean() == pytest.approx((1 + kind) / 100.0, rel=tolerance)


def test_expected_events_equal_those_seen_and_accumulate():
    some, _, happens, hazard = fitted(20_000)
    assert -np.expm1(-hazard.cumulative(some)).sum() == pytest.approx(happens.sum(), rel=0.02)
    half, whole = hazard.cumulative(some, WEEK_S / 2), hazard.cumulative(some)
    assert (half < whole).all()
    assert (hazard.cumulative(some, 0.0) == 0).all()


def test_few_events_give_no_wild_rates():
    _, _, _, hazard = fitted(60, mean_h=2_000.0)
    overall = hazard.events_n / (60 * 168)
    late = BIN_EDGES_S[:-1] > 3600
    by_bin = hazard.rates.reshape(-1, BINS_N, hazard.rates.shape[1] // BINS_N).mean(axis=(0, 2))
    assert (by_bin[late] < 10 * overall).all()
    assert (hazard.rates > 0).all()


def test_a_fold_that_holds_nearly_everything_is_fitted_all_the_same():
    some, _, read_s = exponential_readers(9_000, 2, mean_h=100.0)
    alone = Covariates(some.clock_s, some.kind, some.middle_h, (np.arange(9_000) < 3).astype(np.int64))
    table = person_periods(alone, np.minimum(read_s, WEEK_S), read_s < WEEK_S, np.ones(9_000))
    rates = fit_hazard(table).at(alone, np.full(9_000, 20 * 3600.0))
    assert rates.mean() == pytest.approx(0.015, rel=0.3)


def test_no_clock_and_no_delay_give_null():
    some, _, _, hazard = fitted(500)
    lost = Covariates(np.full(1, np.nan), some.kind[:1], some.middle_h[:1], some.fold[:1])
    assert np.isnan(hazard.at(lost, np.array([5.0]))).all()
    assert np.isnan(hazard.cumulative(lost)).all()
    assert np.isnan(hazard.at(some.take(slice(0, 1)), np.array([np.nan]))).all()


def test_a_hazard_is_the_same_for_a_seed():
    assert np.array_equal(fitted(4_000)[3].rates, fitted(4_000)[3].rates)


def test_the_common_curve_follows_many_events_closely():
    hours = np.diff(BIN_EDGES_S) / 3600 * 1e5
    events = hours * 0.02
    assert smooth_curve(events, hours) == pytest.approx(np.full(BINS_N, 0.02), rel=0.02)


def test_when_a_folds_own_events_came_does_not_shape_its_hazard():
    """How many they are sets its level; at what delays people read is the other folds' to tell."""
    rng = np.random.default_rng(0)
    events = rng.poisson(3 * MIN_BOOSTED_EVENTS / CELLS_N + 0.5, (3, CELLS_N)).astype(np.float64)
    hours = np.full((3, CELLS_N), 50.0)
    moved = events.copy()
    moved[0] = rng.permutation(moved[0])
    before, after = (fit_hazard(PersonPeriods(table, hours)) for table in (events, moved))
    assert before.method == "boosted"
    assert np.array_equal(before.rates[0], after.rates[0])
    assert not np.array_equal(before.rates[1], after.rates[1])
