from __future__ import annotations

import numpy as np
import pytest

from paperknife.labels.click_dating import (
    GAPS_N,
    date_by_clicks,
    gap_class,
    gap_law,
    last_before_click,
    published_law,
)


def test_the_published_law_adds_up_and_puts_four_fifths_within_a_minute():
    law = published_law()
    assert law.sum() == pytest.approx(1.0)
    assert law[: gap_class(np.array([60.0]))[0]].sum() == pytest.approx(0.8, abs=0.06)


def test_a_gap_law_follows_many_gaps_and_leans_on_the_belief_with_none():
    gaps = np.full(5_000, 20.0)
    law = gap_law(gaps, np.ones(5_000), np.full(GAPS_N, 1 / GAPS_N))
    assert law.sum() == pytest.approx(1.0)
    assert law[gap_class(gaps[:1])[0]] > 0.45
    assert gap_law(np.array([]), np.array([]), published_law()) == pytest.approx(published_law())


@pytest.mark.parametrize("believed", [0.15, 0.4, 0.7])
def test_the_gaps_correct_a_wrong_belief(believed):
    rng = np.random.default_rng(4)
    is_human = rng.random(6_000) < 0.4
    gaps = np.where(is_human, rng.lognormal(3, 0.8, 6_000), rng.lognormal(9, 1.5, 6_000))
    human = gap_law(rng.lognormal(3, 0.8, 5_000), np.ones(5_000), published_law())
    dates = date_by_clicks(
        gaps,
        np.full(6_000, believed),
        np.zeros(6_000, dtype=np.int64),
        human_law=human,
        stale_before=gap_law(rng.lognormal(9, 2, 500), np.ones(500), np.full(GAPS_N, 1 / GAPS_N)),
        groups_n=1,
    )
    assert dates.p_human.mean() == pytest.approx(0.4, abs=0.04)
    assert dates.p_human[is_human].mean() > 0.9
    assert dates.p_human[~is_human].mean() < 0.1
    assert dates.people_n[0] == pytest.approx(dates.p_human.sum())


def test_only_the_last_open_before_the_click_is_dated():
    message = np.array([0, 0, 0, 1, 2])
    at_us = np.array([10.0, 20.0, 40.0, 10.0, 10.0])
    clean_us = np.array([30.0, 30.0, 30.0, 10.0, np.nan])
    counts = np.ones(5, dtype=bool)
    assert last_before_click(message, at_us, clean_us, counts).tolist() == [False, True, False, True, False]
    counts[1] = False
    assert last_before_click(message, at_us, clean_us, counts).tolist() == [True, False, False, True, False]
