from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.hazards.covariates import (
    BINS_N,
    CELLS_N,
    DOMAIN_KINDS,
    ENGAGEMENT_PRIOR_N,
    KINDS_N,
    MOMENTS_N,
    Covariates,
    active_middle_h,
    engagement_rates,
    message_covariates,
)

NOON_US = 1_767_225_600_000_000 + 12 * 3_600_000_000  # 2026-01-01 12:00 UTC, a Thursday


def messages(rows):
    table = pd.DataFrame(
        rows,
        columns=["message_id", "recipient_id", "recipient_domain", "campaign_id", "clock_us", "clean_us"],
    )
    return table.astype({"clock_us": "Int64", "clean_us": "Int64"})


def test_engagement_looks_at_the_recipients_other_messages_only():
    table = messages(
        [
            ("a1", "anna", "acme.test", "c1", NOON_US, NOON_US + 1),
            ("a2", "anna", "acme.test", "c2", NOON_US, None),
            ("b1", "bert", "acme.test", "c1", NOON_US, None),
        ]
    )
    base = 1 / 3
    rates = engagement_rates(table)
    assert rates[0] == pytest.approx((ENGAGEMENT_PRIOR_N * base) / (1 + ENGAGEMENT_PRIOR_N) / base)
    assert rates[1] == pytest.approx((1 + ENGAGEMENT_PRIOR_N * base) / (1 + ENGAGEMENT_PRIOR_N) / base)
    assert rates[2] == pytest.approx(1.0)


def test_the_middle_of_the_day_is_that_of_other_clicks_across_midnight():
    at_23, at_1 = NOON_US + 11 * 3_600_000_000, NOON_US + 13 * 3_600_000_000
    table = messages(
        [
            ("a1", "anna", None, None, NOON_US, at_23),
            ("a2", "anna", None, None, NOON_US, at_1),
            ("a3", "anna", None, None, NOON_US, None),
            ("b1", "bert", None, None, NOON_US, at_1),
        ]
    )
    middle = active_middle_h(table)
    assert middle[0] == pytest.approx(1.0)  # its own click at 23 h is not looked at
    assert np.cos(middle[2] * np.pi / 12) == pytest.approx(1.0)  # midnight, not noon
    assert np.isnan(middle[3])


def test_a_domain_speaks_for_its_silent_people_when_it_is_clear():
    rows = [(f"m{n}", f"r{n}", "acme.test", None, NOON_US, NOON_US) for n in range(12)]
    rows += [
        ("quiet", "quiet", "acme.test", None, NOON_US, None),
        ("far", "far", "other.test", None, NOON_US, None),
    ]
    middle = active_middle_h(messages(rows))
    assert middle[12] == pytest.approx(12.0)
    assert np.isnan(middle[13])


def test_moments_tell_hour_weekend_and_gap_to_the_recipients_day():
    thursday_noon = NOON_US / 1e6
    some = Covariates(
        clock_s=np.array([thursday_noon, thursday_noon]),
        kind=np.zeros(2, dtype=np.int64),
        middle_h=np.array([12.0, np.nan]),
        fold=np.zeros(2, dtype=np.int64),
    )
    hour, weekend, gap = np.unravel_index(some.moment(0.0), (24, 2, 9))
    assert hour.tolist() == [12, 12]
    assert weekend.tolist() == [0, 0]
    assert gap.tolist() == [4, 8]
    hour, weekend, gap = np.unravel_index(some.moment(2.5 * 86_400), (24, 2, 9))  # Sunday, 0:00
    assert hour.tolist() == [0, 0]
    assert weekend.tolist() == [1, 1]
    assert gap.tolist() == [0, 8]


def test_messages_of_one_campaign_share_a_fold_and_kinds_stay_in_bounds():
    rows = [
        (f"m{n}", f"r{n}", ["gmail.com", "acme.test", None][n % 3], f"c{n % 7}", NOON_US, None)
        for n in range(99)
    ]
    table = messages(rows)
    some = message_covariates(table, folds_n=3)
    assert pd.Series(some.fold).groupby(table["campaign_id"]).nunique().eq(1).all()
    assert set(some.fold.tolist()) <= {0, 1, 2}
    assert [DOMAIN_KINDS[kind % len(DOMAIN_KINDS)] for kind in some.kind[:3]] == [
        "freemail",
        "corporate",
        "unknown",
    ]
    assert some.kind.max() < KINDS_N
    assert BINS_N * MOMENTS_N * KINDS_N == CELLS_N


def test_a_log_of_one_campaign_is_split_by_message():
    table = messages([(f"m{n}", f"r{n}", None, "only", NOON_US, None) for n in range(300)])
    shares = np.bincount(message_covariates(table, folds_n=3).fold, minlength=3) / 300
    assert (shares > 0.2).all()
