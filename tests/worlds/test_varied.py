"""The varied family is wide: what is unknown differs from world to world, or a model would learn our guess."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.worlds.varied import draw_varied
from paperknife.worlds.world import make_world

from .conftest import opens_with_truth


@pytest.fixture(scope="module")
def many_laws():
    return [draw_varied(np.random.default_rng(seed)) for seed in range(400)]


@pytest.fixture(scope="module")
def summary():
    rows = []
    for seed in range(24):
        world = make_world("varied", 1_500, seed=700 + seed)
        opens = opens_with_truth(world)
        apple = opens[opens["client"] == "apple_mail"].drop_duplicates("message_id")
        rows.append(
            {
                "human": (opens["label"] == "human").mean(),
                "machine": (opens["label"] == "machine").mean(),
                "apple": opens["client_is_apple"].mean(),
                "human_in_apple": (apple["label"] == "human").mean(),
                "prefetch_delay_s": apple.loc[apple["label"] == "prefetch", "delay_s"].median(),
                "read": world.truth_messages["was_read"].mean(),
            }
        )
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("what", "low", "high"),
    [
        ("human", 0.3, 0.6),
        ("machine", 0.02, 0.12),
        ("apple", 0.35, 0.75),
        ("human_in_apple", 0.15, 0.4),
        ("read", 0.25, 0.45),
    ],
)
def test_worlds_differ_widely_in_what_they_show(summary, what, low, high):
    assert summary[what].quantile(0.1) < low
    assert summary[what].quantile(0.9) > high


def test_prefetch_delays_differ_by_more_than_ten_times(summary):
    middle = summary["prefetch_delay_s"].dropna()
    assert middle.quantile(0.9) > 10 * max(middle.quantile(0.1), 1)


def test_laws_of_apple_are_centred_on_nothing(many_laws):
    kappa = np.log([laws.apple.kappa for laws in many_laws])
    assert kappa.mean() == pytest.approx(0, abs=0.08)
    assert np.quantile(np.exp(kappa), 0.05) < 0.6
    assert np.quantile(np.exp(kappa), 0.95) > 1.7
    for name in ("speed", "click_ratio"):
        assert np.log([getattr(laws.apple, name) for laws in many_laws]).mean() == pytest.approx(0, abs=0.08)


def test_every_trigger_rules_in_some_worlds_and_is_nearly_absent_in_others(many_laws):
    weights = np.array([laws.apple.trigger_weights for laws in many_laws])
    assert (weights.max(axis=0) > 0.7).all()
    assert (weights.min(axis=0) < 0.02).all()


def test_logs_have_gaps_in_less_than_half_of_worlds(many_laws):
    missing = [set(laws.log.missing) for laws in many_laws]
    for gap in (
        {"ip"},
        {"user_agent"},
        {"ip", "user_agent"},
        {"recipient_id"},
        {"campaign_id"},
        {"recipient_domain"},
    ):
        assert 0.02 < np.mean([gap <= columns for columns in missing]) < 0.4
    assert 0.45 < np.mean([not columns & {"ip", "user_agent", "recipient_id"} for columns in missing]) < 0.85
    clocks = [laws.log.clocks for laws in many_laws]
    assert {(), ("sent",), ("delivered",), ("sent", "delivered")} == set(clocks)
    assert {laws.log.resolution_us for laws in many_laws} == {1, 1_000, 1_000_000, 60_000_000}


def test_senders_of_all_kinds_occur(many_laws):
    kinds = [laws.sending.streams[0].kind for laws in many_laws]
    for kind in ("newsletter", "one_to_one", "transactional"):
        assert kinds.count(kind) > 20
    assert 0.1 < np.mean([len(laws.sending.streams) > 1 for laws in many_laws]) < 0.4


def test_gateways_of_all_temperaments_occur(many_laws):
    gateways = [gateway for laws in many_laws for gateway in laws.machines.gateways]
    assert {g.agent for g in gateways} == {"human_like", "script", "named", "bare", "empty"}
    assert {g.clicks for g in gateways} == {"all", "one", "none"}
    assert {g.network for g in gateways} == {"named", "cloud", "microsoft", "generic"}
    assert 0.05 < np.mean([laws.machines.company_share == 0 for laws in many_laws]) < 0.2
