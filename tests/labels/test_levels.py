from __future__ import annotations

import numpy as np
import pytest

from paperknife.hazards.kappa import Kappa
from paperknife.hazards.sender import Rates
from paperknife.labels.levels import shift_repeats, solve_scale

N = 8_000
RATES = Rates(average=np.ones(N), read=np.ones(N), total=np.full(N, 4.0))
ONE = Kappa(1.0, 0.8, 1.25, 1.0, 800.0, 800.0)
NO_BOUND = np.full(36, 1.0), np.full(36, 1e6)


def scale(dated_n, *, bounds=NO_BOUND, per_read=0.2, kappa=ONE, visible_clicks_n=5_000.0):
    return solve_scale(
        RATES,
        np.full(N, per_read),
        dated_n=dated_n,
        visible_clicks_n=visible_clicks_n,
        kappa=kappa,
        bounds=bounds,
    )


def test_clicks_that_agree_with_kappa_leave_it():
    assert scale(0.2 * N * 0.25) == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize("truth", [0.6, 1.6])
def test_dated_clicks_move_the_scale_to_the_people_there_were(truth):
    assert scale(0.2 * N * 0.25 * truth) == pytest.approx(truth, rel=0.1)


def test_few_clicks_leave_it_near_kappa():
    few = scale(1.0, per_read=0.002, visible_clicks_n=20.0)
    assert 0.5 < few < 1.0
    assert scale(0.0, per_read=0.0, visible_clicks_n=0.0) == pytest.approx(1.0, rel=0.01)


def test_readings_cannot_outnumber_fetches():
    expected, seen = np.full(36, 400.0), np.full(36, 4_000.0)
    seen[9:12] = 200.0  # as many readings as kappa says would need twice these fetches
    dated_n = 0.2 * N * 0.25
    assert scale(dated_n, bounds=(expected, seen)) < 0.7
    assert scale(dated_n, bounds=(expected / 2.5, seen)) == pytest.approx(1.0, rel=0.03)


def test_repeats_follow_the_clicks_and_stay_where_there_are_none():
    p = np.full(5_000, 0.3)
    shift = shift_repeats(p, np.full(5_000, 0.2), 0.2 * 5_000 * 0.1)
    assert 1 / (1 + (0.7 / 0.3) * np.exp(-shift)) == pytest.approx(0.1, abs=0.02)
    assert abs(shift_repeats(p[:3], np.full(3, 0.02), 0.0)) < 0.1
