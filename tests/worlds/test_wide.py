"""Worlds of the varied family go beyond its ranges, in no respect more than in others, and stay possible."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import numpy as np
import pytest

from paperknife.worlds.varied import draw_varied
from paperknife.worlds.wide import carried_on, draw_wide
from paperknife.worlds.world import make_world

SEEDS = range(400)


@pytest.fixture(scope="module")
def usual():
    return [draw_varied(np.random.default_rng(seed)) for seed in SEEDS]


@pytest.fixture(scope="module")
def wide():
    return [draw_wide(np.random.default_rng(seed)) for seed in SEEDS]


def over(many_laws, part, name):
    return np.array([getattr(getattr(laws, part), name) for laws in many_laws])


def numbers_of(laws):
    """Yield every number of some laws with its field's name."""
    for field in fields(laws):
        value = getattr(laws, field.name)
        for one in value if isinstance(value, tuple) else (value,):
            if is_dataclass(one):
                yield from numbers_of(one)
            elif isinstance(one, float):
                yield field.name, one


def test_a_seed_draws_the_same_laws_again(wide):
    assert draw_wide(np.random.default_rng(7)) == wide[7]


def test_half_of_worlds_are_the_usual_ones(usual, wide):
    same = [one.apple == other.apple for one, other in zip(usual, wide, strict=True)]
    assert 0.4 < np.mean(same) < 0.6


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("apple", "propensity_mean"),
        ("apple", "kappa"),
        ("apple", "sync_h"),
        ("clients", "apple_share"),
        ("people", "read_mean"),
        ("networks", "private_relay_share"),
    ],
)
def test_laws_reach_further_to_both_sides_and_keep_their_middle(usual, wide, part, name):
    narrow, far = over(usual, part, name), over(wide, part, name)
    assert np.quantile(far, 0.03) < np.quantile(narrow, 0.03)
    assert np.quantile(far, 0.97) > np.quantile(narrow, 0.97)
    spread = np.quantile(narrow, [0.4, 0.6])
    assert spread[0] < np.median(far) < spread[1]


def test_one_trigger_or_mode_may_rule(wide):
    triggers = np.array([laws.apple.trigger_weights for laws in wide])
    assert ((triggers > 0.8 * triggers.sum(axis=1, keepdims=True)).sum(axis=0) > 1).all()
    modes = np.array([laws.apple.mode_weights for laws in wide])
    assert 0.01 < (modes[:, 1] > modes[:, 0]).mean() < 0.2


def test_shares_stay_shares_and_scales_stay_above_zero(wide):
    for laws in wide:
        for name, value in numbers_of(laws):
            assert not np.isnan(value), name
            if name.endswith(("_share", "_use")) or name in ("read_mean", "propensity_mean"):
                assert 0 <= value <= 1, name
            if name in ("median_s", "kappa", "speed", "sync_h"):
                assert value > 0, name


def test_what_is_absent_stays_absent(usual):
    some = [laws for laws in usual if laws.machines.company_share == 0]
    assert some
    for laws in some:
        other = usual[0]
        assert carried_on(laws, other, np.random.default_rng(0)).machines.company_share == 0


def test_all_gateways_are_one_vendors_in_some_worlds(wide):
    several = [laws.machines.gateways for laws in wide if len(laws.machines.gateways) > 2]
    alike = [len({(g.network, g.agent, g.clicks, g.delay) for g in gateways}) == 1 for gateways in several]
    assert 0.1 < np.mean(alike) < 0.4


def test_worlds_far_out_can_be_lived_in():
    opens_n = []
    for seed in range(30, 60):
        world = make_world("varied", 400, seed)
        opens_n.append(len(world.truth_opens))
        assert world.events["occurred_at"].notna().all()
        assert world.truth_opens["label"].isin(["human", "prefetch", "machine"]).all()
    assert np.median(opens_n) > 100
