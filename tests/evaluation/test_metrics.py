from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from paperknife.evaluation import metrics


def sample(seed, n=400, decimals=2):
    """Return labels that follow the probabilities, which are rounded so that many tie."""
    rng = np.random.default_rng(seed)
    p = np.round(rng.beta(0.6, 0.6, n), decimals)
    return rng.random(n) < p, p


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("decimals", [1, 2, 8])
def test_ranking_metrics_equal_scikit_learns_with_ties(seed, decimals):
    human, p = sample(seed, decimals=decimals)
    assert metrics.auc(human, p) == pytest.approx(sk.roc_auc_score(human, p))
    assert metrics.pr_auc(human, p) == pytest.approx(sk.average_precision_score(human, p))


def test_weighted_auc_equals_scikit_learns():
    human, p = sample(1, decimals=1)
    weights = np.random.default_rng(2).integers(0, 4, len(p))
    ranked = metrics.RankedOpens(human, p)
    assert ranked.auc(weights) == pytest.approx(sk.roc_auc_score(human, p, sample_weight=weights))


def test_losses_equal_scikit_learns_after_clipping():
    human, p = sample(3)
    clipped = np.clip(p, 1e-4, 1 - 1e-4)
    assert metrics.log_loss(human, p) == pytest.approx(sk.log_loss(human, clipped))
    assert metrics.brier(human, p) == pytest.approx(sk.brier_score_loss(human, clipped))


def test_a_certain_mistake_costs_what_the_clip_says():
    assert metrics.log_loss([True], [0.0]) == pytest.approx(-math.log(1e-4))


def test_class_log_loss_equals_scikit_learns():
    rng = np.random.default_rng(0)
    p = rng.dirichlet([0.5, 0.5, 0.5], 300)
    labels = np.array([rng.choice(3, p=row) for row in p])
    clipped = np.clip(p, 1e-4, 1 - 1e-4)
    expected = sk.log_loss(labels, clipped / clipped.sum(axis=1, keepdims=True))
    assert metrics.class_log_loss(labels, p) == pytest.approx(expected)


@pytest.mark.parametrize("human", [[True, True], [False, False], []])
def test_ranking_is_nan_with_one_class_or_none(human):
    p = [0.2, 0.7][: len(human)]
    assert math.isnan(metrics.auc(human, p))
    assert math.isnan(metrics.pr_auc(human, p))


def test_nothing_at_all_is_nan_everywhere():
    values = [
        metrics.log_loss([], []),
        metrics.brier([], []),
        metrics.ece([], []),
        metrics.ece_floor([]),
        metrics.class_log_loss([], np.empty((0, 3))),
    ]
    assert all(math.isnan(value) for value in values)


@given(st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9]), min_size=1, max_size=60), st.randoms())
def test_equal_values_share_a_bin_whatever_the_order(values, random):
    shuffled = list(values)
    random.shuffle(shuffled)
    bins = dict(zip(values, metrics.equal_mass_bins(values).tolist(), strict=True))
    assert dict(zip(shuffled, metrics.equal_mass_bins(shuffled).tolist(), strict=True)) == bins
    assert [bins[v] for v in values] == metrics.equal_mass_bins(values).tolist()


def test_distinct_values_fill_bins_equally():
    assert np.bincount(metrics.equal_mass_bins(np.linspace(0, 1, 1500))).tolist() == [100] * 15


def test_ece_of_a_constant_is_its_bias():
    human = np.arange(1000) < 300
    assert metrics.ece(human, np.full(1000, 0.3)) == pytest.approx(0, abs=1e-12)
    assert metrics.ece(human, np.full(1000, 0.5)) == pytest.approx(0.2)


def test_ece_floor_is_what_a_perfectly_calibrated_model_shows():
    rng = np.random.default_rng(5)
    p = rng.beta(0.5, 0.8, 3000)
    shown = [metrics.ece(rng.random(len(p)) < p, p) for _ in range(200)]
    assert metrics.ece_floor(p) == pytest.approx(np.mean(shown), rel=0.05)


def test_regret_is_refused_where_there_is_little_to_learn():
    assert metrics.regret(0.2, prior=0.7, oracle=0.2) == 0
    assert metrics.regret(0.7, prior=0.7, oracle=0.2) == pytest.approx(1)
    assert math.isnan(metrics.regret(0.25, prior=0.29, oracle=0.2))


def test_share_interval_covers_what_statsmodels_says_of_wilson():
    # Wilson 95 % of 10 in 50, from Brown, Cai and DasGupta's formula: 0.1124 to 0.3304.
    low, high = metrics.share_interval(10, 50)
    assert (round(float(low), 4), round(float(high), 4)) == (0.1124, 0.3304)
    assert np.isnan(metrics.share_interval(0, 0)[0])
