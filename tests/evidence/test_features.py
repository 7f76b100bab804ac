"""The catalogue: complete, null where it says so."""

from __future__ import annotations

import numpy as np
import pandas as pd

from paperknife.evidence import features
from paperknife.evidence.features import catalogue, describe, encode, feature_names, masked


def test_every_feature_says_what_it_is():
    names = feature_names()
    assert len(set(names)) == len(names)
    assert (describe()[["name", "view", "unit", "null_means"]] != "").all(axis=None)


def test_every_formula_gives_values_and_nulls_on_the_probe():
    matrix = encode(features.probe())
    assert matrix.shape == (40, len(catalogue()))
    assert not np.isinf(matrix).any()
    constant = [
        n
        for n, column in zip(feature_names(), matrix.T, strict=True)
        if np.unique(column[~np.isnan(column)]).size < 2
    ]
    assert constant == []


def test_masking_takes_what_needs_the_missing_field():
    matrix = np.ones((2, len(catalogue())), dtype=np.float32)
    no_agent = dict(zip(feature_names(), masked(matrix, ["user_agent"])[0], strict=True))
    assert np.isnan(no_agent["client_is_apple_mail"])
    assert no_agent["network_is_apple_relay"] == 1
    assert no_agent["apple_before"] == 1  # lives on either
    neither = dict(zip(feature_names(), masked(matrix, ["user_agent", "ip"])[0], strict=True))
    assert np.isnan(neither["apple_before"])
    assert neither["delay"] == 1


def test_hours_off_is_zero_at_the_middle_of_the_day_and_twelve_at_night():
    probe = features.probe().iloc[:2].copy()
    probe["occurred_at"] = pd.to_datetime(["2026-03-02T15:00:00Z", "2026-03-02T03:00:00Z"], utc=True)
    angle = 2 * np.pi * 15 / 24
    probe["recipient_active_n"] = 4
    probe["recipient_active_cos"] = round(4000 * np.cos(angle))
    probe["recipient_active_sin"] = round(4000 * np.sin(angle))
    hours = encode(probe)[:, feature_names().index("recipient_hours_off")]
    np.testing.assert_allclose(np.abs(hours), [0, 12], atol=0.01)
