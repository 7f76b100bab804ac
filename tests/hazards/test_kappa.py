from __future__ import annotations

import numpy as np
import pytest

from paperknife.hazards.kappa import clicks_per_read, no_kappa, solve_kappa


def sender(n, *, kappa, seed=0, click_rate=0.3):
    """Half the messages behind Apple, whose readers read `kappa` times as fast; clicks follow reading alike."""
    rng = np.random.default_rng(seed)
    apple = (rng.random(n) < 0.5).astype(float)
    hazard = rng.uniform(0.2, 0.9, n)
    read = rng.random(n) < -np.expm1(-hazard * np.where(apple == 1, kappa, 1.0))
    engagement = rng.integers(0, 4, n)
    clicked = (read & (rng.random(n) < click_rate * (0.5 + engagement / 3))).astype(float)
    campaigns = rng.integers(0, 5, n)
    return {
        "clicked": clicked,
        "per_read": clicks_per_read(clicked, -np.expm1(-hazard), 1 - apple, engagement, campaigns),
        "read_hazard": hazard,
        "apple": apple,
        "visible_clicks_n": float((1 - apple) @ clicked),
        "recipients": rng.integers(0, n // 4, n),
    }


@pytest.mark.parametrize("truth", [0.55, 1.0, 1.8])
def test_kappa_comes_back_from_many_clicks(truth):
    found = solve_kappa(**sender(60_000, kappa=truth))
    assert found.value == pytest.approx(truth, rel=0.06)
    assert found.low < truth < found.high
    assert found.high / found.low < 1.3


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    holds = 0
    for seed in range(40):
        found = solve_kappa(**sender(4_000, kappa=1.3, seed=seed))
        holds += found.low < 1.3 < found.high
    assert holds >= 35


def test_few_clicks_are_drawn_towards_one():
    found = solve_kappa(**sender(300, kappa=3.0, click_rate=0.1))
    assert found.unshrunk > found.value > 1
    assert found.low < 1.5


def test_no_click_says_nothing():
    scene = sender(300, kappa=2.0, click_rate=0.0)
    found = solve_kappa(**scene)
    assert (found.value, found.low, found.high) == (1.0, no_kappa().low, no_kappa().high)
    assert found.low < 0.5
    assert found.high > 2
    assert np.isnan(found.unshrunk)
    assert "click as often per read" in found.assumption


def test_clicks_per_read_follow_engagement_and_campaign_and_lean_on_the_whole():
    n = 40_000
    rng = np.random.default_rng(1)
    engagement, campaigns = rng.integers(0, 2, n), rng.integers(0, 2, n)
    truth = 0.05 * (1 + engagement) * (1 + campaigns)
    clicked = (rng.random(n) < truth * 0.5).astype(float)
    found = clicks_per_read(clicked, np.full(n, 0.5), np.ones(n), engagement, campaigns)
    assert found == pytest.approx(truth, rel=0.15)
    few = clicks_per_read(clicked[:200], np.full(200, 0.5), np.ones(200), engagement[:200], np.full(200, -1))
    assert 1 < few.max() / few.min() < truth.max() / truth.min()


def test_without_clicks_nobody_clicks():
    none = clicks_per_read(
        np.zeros(5), np.ones(5), np.ones(5), np.zeros(5, dtype=int), np.zeros(5, dtype=int)
    )
    assert none.tolist() == [0, 0, 0, 0, 0]
