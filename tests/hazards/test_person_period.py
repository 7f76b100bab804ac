from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperknife.hazards.covariates import BIN_EDGES_S, BINS_N, WEEK_S, Covariates
from paperknife.hazards.person_period import person_periods, steps


def covariates(n, fold=None):
    zeros = np.zeros(n, dtype=np.int64)
    return Covariates(
        np.full(n, 1.767e9), zeros, np.full(n, np.nan), zeros if fold is None else np.asarray(fold)
    )


@given(
    st.lists(
        st.tuples(
            st.floats(0, 2 * WEEK_S), st.booleans(), st.sampled_from([0.0, 0.25, 1.0]), st.integers(0, 2)
        ),
        min_size=1,
        max_size=30,
    )
)
def test_no_event_and_no_hour_is_lost_or_counted_twice(rows):
    ends, happens, weights, folds = (np.array(column) for column in zip(*rows, strict=True))
    table = person_periods(covariates(len(rows), folds), ends, happens, weights)
    assert table.hours.sum() == pytest.approx((weights * np.minimum(ends, WEEK_S)).sum() / 3600)
    assert table.events.sum() == pytest.approx(weights[happens & (ends < WEEK_S)].sum())


def test_an_event_falls_into_the_bin_of_its_delay():
    table = person_periods(
        covariates(3), np.array([0.0, 100.0, 90_000.0]), np.ones(3, dtype=bool), np.ones(3)
    )
    by_bin = table.events.reshape(BINS_N, -1).sum(axis=1)
    expected = np.searchsorted(BIN_EDGES_S, [0.0, 100.0, 90_000.0], side="right") - 1
    assert np.flatnonzero(by_bin).tolist() == sorted(expected.tolist())


def test_messages_without_a_clock_are_left_out():
    some = Covariates(
        np.array([np.nan]), np.zeros(1, dtype=np.int64), np.array([np.nan]), np.zeros(1, dtype=np.int64)
    )
    table = person_periods(some, np.array([5.0]), np.array([True]), np.ones(1))
    assert table.events.sum() == 0
    assert table.hours.sum() == 0


def test_steps_cover_the_week_without_gaps_and_late_ones_tell_the_hours_apart():
    starts, stops = zip(*[(start, stop) for _, start, stop in steps()], strict=True)
    assert starts[0] == 0
    assert stops[-1] == WEEK_S
    assert starts[1:] == stops[:-1]
    assert max(stop - start for start, stop in zip(starts, stops, strict=True)) <= 3 * 3600
