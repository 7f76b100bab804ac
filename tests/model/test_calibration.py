"""Calibration: monotone, honest where rows are many, modest where they are few."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperknife.model.calibration import (
    Calibration,
    Curve,
    _never_falling,
    expit,
    fit_calibration,
    horizon_groups,
    logit,
)


def test_overconfident_log_odds_become_honest():
    rng = np.random.default_rng(1)
    truth = rng.normal(size=40_000)
    labels = (rng.random(40_000) < expit(truth)).astype(float)
    said = 2.5 * truth + 1
    seen = np.zeros(40_000)
    calibration = fit_calibration(said[::2], labels[::2], np.ones(20_000), seen[::2], ["direct"] * 20_000)
    got = calibration(said[1::2], seen[1::2], ["direct"] * 20_000)
    assert abs(got.mean() - labels[1::2].mean()) < 0.015
    assert np.abs(got - expit(truth[1::2])).mean() < 0.02


@cache
def of_a_booster_upside_down():
    rng = np.random.default_rng(2)
    said = rng.normal(size=2000) * 3
    labels = (rng.random(2000) < expit(-0.3 * said)).astype(float)
    return fit_calibration(said, labels, np.ones(2000), np.zeros(2000), ["direct"] * 2000)


@given(st.lists(st.floats(-12, 12), min_size=2, max_size=30))
def test_a_fitted_curve_never_falls(points):
    asked = np.sort(points)
    got = of_a_booster_upside_down()(asked, np.zeros(len(asked)), ["direct"] * len(asked))
    assert (np.diff(got) >= 0).all()


def test_few_rows_change_little():
    said = np.array([0.0, 0.5, 1.0])
    calibration = fit_calibration(said, np.zeros(3), np.ones(3), np.zeros(3), ["direct"] * 3)
    np.testing.assert_allclose(calibration(said, np.zeros(3), ["direct"] * 3), expit(said), atol=0.03)


def test_a_mechanism_of_its_own_rate_gets_an_offset():
    rng = np.random.default_rng(3)
    roads = np.array(["direct", "apple_relay"] * 10_000, dtype=object)
    labels = (rng.random(20_000) < np.where(roads == "direct", 0.7, 0.3)).astype(float)
    calibration = fit_calibration(np.zeros(20_000), labels, np.ones(20_000), np.zeros(20_000), roads)
    got = calibration(np.zeros(2), np.zeros(2), ["direct", "apple_relay"])
    np.testing.assert_allclose(got, [0.7, 0.3], atol=0.03)


def test_honest_answers_stay_as_they_are_however_far_apart():
    rng = np.random.default_rng(4)
    said = np.r_[rng.normal(-7, 2, 6_000), rng.normal(6, 3, 3_000), rng.normal(0, 1, 1_000)]
    honest = expit(np.clip(said, -9, 9))
    calibration = fit_calibration(said, honest, np.ones(10_000), np.zeros(10_000), ["direct"] * 10_000)
    np.testing.assert_allclose(calibration(said, np.zeros(10_000), ["direct"] * 10_000), honest, atol=0.005)


def test_a_rare_mechanism_is_protected_by_the_others():
    rng = np.random.default_rng(5)
    roads = np.array(["direct"] * 5_000 + ["scanner"] * 5, dtype=object)
    labels = np.r_[(rng.random(5_000) < 0.5).astype(float), np.ones(5)]
    calibration = fit_calibration(np.zeros(5_005), labels, np.ones(5_005), np.zeros(5_005), roads)
    direct, scanner, unseen = calibration(np.zeros(3), np.zeros(3), ["direct", "scanner", "yahoo_proxy"])
    assert abs(direct - 0.5) < 0.02
    assert direct < scanner < 0.53
    assert abs(unseen - direct) < 0.02


def test_a_mechanism_may_be_wrong_at_one_horizon_only():
    rng = np.random.default_rng(6)
    roads = np.array(["direct", "apple_relay"] * 20_000, dtype=object)
    seen = np.repeat([0.0, 600_000.0], 20_000)
    rate = np.where((roads == "apple_relay") & (seen == 0), 0.2, 0.5)
    labels = (rng.random(40_000) < rate).astype(float)
    calibration = fit_calibration(np.zeros(40_000), labels, np.ones(40_000), seen, roads)
    got = calibration(np.zeros(4), np.array([0, 0, 6e5, 6e5]), ["direct", "apple_relay"] * 2)
    np.testing.assert_allclose(got, [0.5, 0.2, 0.5, 0.5], atol=0.02)
    assert len(calibration.horizon_offsets) == 4


def test_every_horizon_and_mechanism_has_one_lookup_that_never_falls():
    rng = np.random.default_rng(7)
    said, seen = rng.normal(size=6_000) * 3, rng.choice([0.0, 3600.0, 6e5], 6_000)
    roads = rng.choice(np.array(["direct", "apple_relay", "scanner"], dtype=object), 6_000)
    labels = (rng.random(6_000) < expit(np.sin(said) + (roads == "scanner"))).astype(float)
    calibration = fit_calibration(said, labels, np.ones(6_000), seen, roads)
    asked = np.linspace(-12, 12, 200)
    for horizon in (0.0, 3600.0, 86_400.0, 6e5):
        for road in ("direct", "apple_relay", "scanner"):
            got = calibration(asked, np.full(200, horizon), [road] * 200)
            assert (np.diff(got) >= 0).all()
    together = calibration(said[:50], seen[:50], roads[:50])
    alone = [calibration(said[n : n + 1], seen[n : n + 1], roads[n : n + 1])[0] for n in range(50)]
    assert together.tolist() == alone


def test_an_upside_down_booster_is_believed_no_more():
    rng = np.random.default_rng(8)
    said = rng.normal(size=5_000) * 2
    labels = (rng.random(5_000) < expit(1 - said)).astype(float)
    calibration = fit_calibration(said, labels, np.ones(5_000), np.zeros(5_000), ["direct"] * 5_000)
    got = calibration(said, np.zeros(5_000), ["direct"] * 5_000)
    assert np.ptp(got) < 0.2
    assert abs(got.mean() - labels.mean()) < 0.03


def test_soft_labels_count_as_two_weighted_rows():
    rng = np.random.default_rng(9)
    said, soft = rng.normal(size=400), rng.random(400)
    twice, roads = np.tile(said, 2), ["direct"] * 800
    one = fit_calibration(said, soft, np.ones(400), np.zeros(400), roads[:400])
    two = fit_calibration(
        twice, np.r_[np.ones(400), np.zeros(400)], np.r_[soft, 1 - soft], np.zeros(800), roads
    )
    np.testing.assert_allclose(
        one(said, np.zeros(400), roads[:400]), two(said, np.zeros(400), roads[:400]), atol=0.01
    )


def test_horizons_have_their_own_curves():
    assert horizon_groups(np.array([0.0, 1.0, 3600.0, 3601.0, 90_000.0])).tolist() == [0, 1, 1, 2, 3]


def test_it_survives_json():
    curve = Curve((-1.0, 1.0), (-2.0, 3.0))
    start = Calibration((curve,) * 4, {"direct": 0.5})
    calibration = Calibration((curve,) * 4, {"direct": 0.25}, start, ({}, {"direct": 1.0}, {}, {}))
    again = Calibration.from_dict(json.loads(json.dumps(calibration.to_dict())))
    assert again == calibration
    asked = np.linspace(-5, 5, 11)
    assert np.array_equal(
        again(asked, np.zeros(11), ["direct"] * 11), calibration(asked, np.zeros(11), ["direct"] * 11)
    )


def test_rows_without_a_mechanism_get_no_offset():
    calibration = Calibration((Curve(),) * 4, {"direct": 1.0}, None, ({"direct": 0.5}, {}, {}, {}))
    got = calibration.log_odds(np.zeros(3), np.zeros(3), np.array(["direct", None, "cloud"], dtype=object))
    assert got.tolist() == [1.5, 0.0, 0.0]


def test_log_odds_are_bounded():
    assert logit(np.array([0.0, 1.0])).tolist() == [-9.0, 9.0]
    assert Calibration()(np.array([50.0]), np.zeros(1), ["x"])[0] < 0.9999
    pushed = Calibration((Curve(),) * 4, {"x": 3.0})
    assert pushed(np.array([8.0]), np.zeros(1), ["x"])[0] < 0.9999


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 10)), min_size=1, max_size=20))
def test_pooling_keeps_the_mean_and_never_falls(pairs):
    rates, weights = (np.array(column) for column in zip(*pairs, strict=True))
    pooled = _never_falling(rates, weights)
    assert (np.diff(pooled) >= -1e-12).all()
    assert np.average(pooled, weights=weights) == pytest.approx(np.average(rates, weights=weights))
