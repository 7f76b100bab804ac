"""Calibration: monotone, honest where rows are many, modest where they are few."""

from __future__ import annotations

import json

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


@given(st.lists(st.floats(-12, 12), min_size=2, max_size=30))
def test_a_fitted_curve_never_falls(points):
    rng = np.random.default_rng(2)
    said = rng.normal(size=2000) * 3
    labels = (rng.random(2000) < expit(-0.3 * said)).astype(float)  # even where the booster was upside down
    calibration = fit_calibration(said, labels, np.ones(2000), np.zeros(2000), ["direct"] * 2000)
    asked = np.sort(points)
    got = calibration(asked, np.zeros(len(asked)), ["direct"] * len(asked))
    assert (np.diff(got) >= -1e-12).all()


def test_few_rows_change_little():
    said = np.array([0.0, 0.5, 1.0])
    calibration = fit_calibration(said, np.zeros(3), np.ones(3), np.zeros(3), ["direct"] * 3)
    np.testing.assert_allclose(calibration(said, np.zeros(3), ["direct"] * 3), expit(said), atol=0.02)


def test_a_mechanism_of_its_own_rate_gets_an_offset():
    rng = np.random.default_rng(3)
    roads = np.array(["direct", "apple_relay"] * 10_000, dtype=object)
    labels = (rng.random(20_000) < np.where(roads == "direct", 0.7, 0.3)).astype(float)
    calibration = fit_calibration(np.zeros(20_000), labels, np.ones(20_000), np.zeros(20_000), roads)
    got = calibration(np.zeros(2), np.zeros(2), ["direct", "apple_relay"])
    np.testing.assert_allclose(got, [0.7, 0.3], atol=0.03)


def test_horizons_have_their_own_curves():
    assert horizon_groups(np.array([0.0, 1.0, 3600.0, 3601.0, 90_000.0])).tolist() == [0, 1, 1, 2, 3]


def test_it_survives_json():
    curve = Curve((-1.0, 1.0), (-2.0, 3.0))
    calibration = Calibration((curve,) * 4, {"direct": 0.25})
    again = Calibration.from_dict(json.loads(json.dumps(calibration.to_dict())))
    asked = np.linspace(-5, 5, 11)
    assert np.array_equal(
        again(asked, np.zeros(11), ["direct"] * 11), calibration(asked, np.zeros(11), ["direct"] * 11)
    )


def test_log_odds_are_bounded():
    assert logit(np.array([0.0, 1.0])).tolist() == [-9.0, 9.0]
    assert Calibration()(np.array([50.0]), np.zeros(1), ["x"])[0] < 0.9999


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 10)), min_size=1, max_size=20))
def test_pooling_keeps_the_mean_and_never_falls(pairs):
    rates, weights = (np.array(column) for column in zip(*pairs, strict=True))
    pooled = _never_falling(rates, weights)
    assert (np.diff(pooled) >= -1e-12).all()
    assert np.average(pooled, weights=weights) == pytest.approx(np.average(rates, weights=weights))
