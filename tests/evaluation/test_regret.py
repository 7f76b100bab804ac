"""Regret says how much of what could be learned is left, with intervals that hold, over one or more logs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.errors import EvaluationError
from paperknife.evaluation.metrics import log_loss
from paperknife.evaluation.regret import losses, pool


def make_log(seed, n=3000, bias=0.0):
    """Return judged opens, and three methods: one knows the chance of each, one is off by `bias`, one knows half."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(0, 2.5, n)
    apple = rng.random(n) < 0.5
    chance = 1 / (1 + np.exp(-signal))
    human = rng.random(n) < chance
    judged = pd.DataFrame(
        {
            "label": np.where(human, 0, np.where(apple, 1, 2)),
            "is_apple": pd.array(apple, dtype="boolean"),
            "group": rng.integers(0, 200, n).astype(str),
            "campaign_id": pd.array(rng.integers(0, 30, n).astype(str), dtype="str"),
            "mechanism": np.where(apple, "apple_relay", "direct"),
        }
    )

    def three(p):
        return np.column_stack([p, np.where(apple, 1 - p, 0), np.where(apple, 0, 1 - p)])

    half = 1 / (1 + np.exp(-signal / 2))
    said = {"oracle": three(chance), "biased": three(1 / (1 + np.exp(-signal - bias))), "half": three(half)}
    return judged, said


def row(table, method, value="all opens"):
    return table[(table["method"] == method) & (table["value"] == value)].iloc[0]


def test_regret_is_the_share_of_the_learnable_loss_that_is_left():
    judged, said = make_log(0)
    table = pool([losses(judged, said)], "oracle")
    human = judged["label"] == 0
    prior = log_loss(human, np.full(len(human), human.mean()))
    oracle, half = (log_loss(human, said[name][:, 0]) for name in ("oracle", "half"))
    assert row(table, "oracle")["regret"] == 0
    assert row(table, "prior")["regret"] == pytest.approx(1)
    assert row(table, "half")["regret"] == pytest.approx((half - oracle) / (prior - oracle))
    assert row(table, "half")["low"] < row(table, "half")["regret"] < row(table, "half")["high"]


def test_every_slice_has_its_own_prior():
    judged, said = make_log(1)
    table = pool([losses(judged, said, resamples=0)], "oracle")
    inside = judged["is_apple"].to_numpy(dtype=bool)
    share = (judged["label"][inside] == 0).mean()
    found = row(table, "half", "inside")
    assert found["log_loss_prior"] == pytest.approx(-share * np.log(share) - (1 - share) * np.log(1 - share))
    assert found["opens_n"] == inside.sum()
    assert np.isnan(found["low"])


def test_where_little_can_be_learned_there_is_an_excess_and_no_regret():
    judged, said = make_log(2)
    nearly = {"oracle": np.tile([0.5, 0.25, 0.25], (len(judged), 1)), "half": said["half"]}
    found = row(pool([losses(judged, nearly)], "oracle"), "half")
    assert np.isnan(found["regret"])
    assert found["low"] < found["excess"] < found["high"]


def test_logs_are_pooled_by_their_opens_each_beside_its_own_prior():
    small, large = make_log(3, n=1000, bias=1), make_log(4, n=4000)
    together = pool([losses(*small, resamples=0), losses(*large, resamples=0)], "oracle")
    apart = [pool([losses(*log, resamples=0)], "oracle") for log in (small, large)]
    for column in ("log_loss", "log_loss_prior", "ece"):
        one, two = (row(table, "biased")[column] for table in apart)
        assert row(together, "biased")[column] == pytest.approx(0.2 * one + 0.8 * two)
    assert row(together, "biased")["logs_n"] == 2


def test_errors_of_two_senders_do_not_cancel_in_the_calibration_error():
    up, down = make_log(5, bias=0.8), make_log(5, bias=-0.8)
    table = pool([losses(*log, resamples=0) for log in (up, down)], "oracle")
    assert row(table, "biased")["ece"] > 0.08
    assert row(table, "biased")["p_human"] == pytest.approx(row(table, "biased")["human_share"], abs=0.02)


def test_a_class_is_decided_only_where_it_is_right_often_enough():
    n = 2000
    judged, _ = make_log(6, n=n)
    label = judged["label"].to_numpy()
    sure = np.where((np.arange(n) % 4 == 0)[:, None], np.eye(3)[label] * 0.97 + 0.01, 1 / 3)
    liar = np.where((np.arange(n) % 4 == 0)[:, None], np.array([0.98, 0.01, 0.01]), 1 / 3)
    table = pool([losses(judged, {"oracle": sure, "liar": liar}, resamples=0)], "oracle")
    assert row(table, "oracle")["decided_share"] == pytest.approx(0.25)
    assert row(table, "liar")["decided_human_n"] == n / 4
    assert row(table, "liar")["decided_share"] == 0


def test_an_interval_covers_the_regret_about_as_often_as_it_says():
    judged, said = make_log(7, n=40_000)
    truth = row(pool([losses(judged, said, resamples=0)], "oracle"), "half")["regret"]
    covered = 0
    for seed in range(60):
        judged, said = make_log(100 + seed, n=800)
        found = row(pool([losses(judged.drop(columns="mechanism"), said, resamples=100)], "oracle"), "half")
        covered += found["low"] <= truth <= found["high"]
    assert covered >= 53  # a little too wide is what the two-way bootstrap promises


def test_few_recipients_get_no_interval():
    judged, said = make_log(8, n=300)
    found = row(pool([losses(judged.assign(group="one"), said)], "oracle"), "half")
    assert np.isnan(found["low"])


def test_rules_can_be_kept_to_the_main_slices():
    judged, said = make_log(9, n=500)
    table = losses(judged, said, only_main=["half"], resamples=0).figures
    assert set(table.loc[table["method"] == "half", "value"]) == {"all opens", "inside"}
    assert "direct" in set(table.loc[table["method"] == "oracle", "value"])


def test_what_cannot_be_judged_is_refused():
    judged, said = make_log(10, n=200)
    with pytest.raises(EvaluationError, match="There are no opens to judge."):
        losses(judged.head(0), said)
    with pytest.raises(
        EvaluationError, match=r"'half' gives probabilities of shape \(7, 3\); expected \(200, 3\)"
    ):
        losses(judged, {"half": said["half"][:7]})
    with pytest.raises(EvaluationError, match="There is no method 'ceiling' to measure regret against."):
        pool([losses(judged, said, resamples=0)], "ceiling")
