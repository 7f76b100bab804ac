from __future__ import annotations

import math
from dataclasses import astuple

import numpy as np
import pandas as pd
import pytest

from paperknife.evaluation import metrics
from paperknife.evaluation.intervals import bootstrap, resampled_weights


def sample(seed, n=1500):
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 1, n)
    return rng.random(n) < p, p


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    # p is uniform and honest: E log loss is 1/2, and AUC is 5/6.
    inside = []
    for seed in range(60):
        human, p = sample(seed, n=400)
        found = bootstrap(human, p, np.arange(len(p)), resamples=100)
        inside += [found.auc_low < 5 / 6 < found.auc_high, found.log_loss_low < 0.5 < found.log_loss_high]
    assert 0.87 <= np.mean(inside) <= 0.99


def test_opens_that_come_in_clusters_widen_the_interval():
    human, p = (np.repeat(values, 10) for values in sample(1, n=150))
    alone = bootstrap(human, p, np.arange(1500))
    clustered = bootstrap(human, p, np.repeat(np.arange(150), 10))
    assert clustered.auc_high - clustered.auc_low > 2 * (alone.auc_high - alone.auc_low)


def test_the_same_seed_gives_the_same_interval_around_the_figure():
    human, p = sample(2)
    groups = [f"r{n % 300}" for n in range(len(p))]
    first = bootstrap(human, p, groups)
    assert first == bootstrap(human, p, groups)
    assert first != bootstrap(human, p, groups, random_state=1)
    assert first.auc_low < metrics.auc(human, p) < first.auc_high


@pytest.mark.parametrize(("groups_n", "resamples"), [(19, 200), (300, 0)])
def test_there_is_no_interval_from_few_recipients_or_no_resamples(groups_n, resamples):
    human, p = sample(3)
    found = bootstrap(human, p, np.arange(len(p)) % groups_n, resamples=resamples)
    assert all(math.isnan(value) for value in astuple(found))


def test_one_class_leaves_auc_without_an_interval():
    p = np.linspace(0.1, 0.9, 100)
    found = bootstrap(np.ones(100, bool), p, np.arange(100))
    assert math.isnan(found.auc_low)
    assert found.log_loss_low < metrics.log_loss(np.ones(100, bool), p) < found.log_loss_high


def test_weights_are_of_recipients_and_campaigns_at_once():
    groups = np.repeat(np.arange(50), 40)
    campaigns = pd.Series(np.tile(np.arange(40), 50), dtype="object")
    drawn = np.array(list(resampled_weights(groups, campaigns, resamples=300)))
    assert drawn.mean() == pytest.approx(1, abs=0.02)
    # Owen 2007: a mean's variance over rows that share campaigns is what recipients alone would miss.
    effect = np.random.default_rng(0).normal(size=40)[campaigns.to_numpy(dtype=int)]
    alone = np.array(list(resampled_weights(groups, resamples=300)))
    spread = [np.std((w @ effect) / w.sum(axis=1)) for w in (drawn, alone)]
    assert spread[0] > 5 * spread[1]


def test_mail_without_a_campaign_is_resampled_by_recipient_alone():
    groups = np.arange(60)
    none = pd.Series([None] * 60, dtype="object")
    some, alone = (next(resampled_weights(groups, c, resamples=1)) for c in (none, None))
    assert some.tolist() == alone.tolist()
