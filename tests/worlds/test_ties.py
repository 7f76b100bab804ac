"""What goes together goes together: over worlds as laws, and within a world between its people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from paperknife.worlds.apple import draw_devices
from paperknife.worlds.clients import APPLE, APPLE_OLD
from paperknife.worlds.delays import Delay, Mixture
from paperknife.worlds.people import draw_people
from paperknife.worlds.plain import plain_laws
from paperknife.worlds.varied import draw_varied
from paperknife.worlds.world import make_world

from .conftest import opens_with_truth
from .test_apple import apple_world, modes, triggers

HOUR_S = 3600.0


@pytest.fixture(scope="module")
def many_laws():
    return [draw_varied(np.random.default_rng(seed)) for seed in range(400)]


def over(many_laws, part, name):
    return np.array([getattr(getattr(laws, part), name) for laws in many_laws])


def test_where_apples_users_read_more_they_read_sooner_and_click_more(many_laws):
    kappa, speed, clicks = (over(many_laws, "apple", name) for name in ("kappa", "speed", "click_ratio"))
    assert -0.65 < spearmanr(kappa, speed).statistic < -0.3
    assert 0.1 < spearmanr(kappa, clicks).statistic < 0.5


def test_ties_leave_each_law_as_wide_as_it_was(many_laws):
    for name, (low, high) in {"speed": (0.5, 2.0), "click_ratio": (0.55, 1.8)}.items():
        share = np.log(over(many_laws, "apple", name) / low) / np.log(high / low)
        assert np.histogram(share, 4, (0, 1))[0] == pytest.approx(100, abs=30)


def test_changes_and_losses_come_in_some_worlds_only(many_laws):
    assert 0.3 < (over(many_laws, "apple", "wifi_share") > 0).mean() < 0.7
    assert 0.02 < (over(many_laws, "networks", "relay_changed_share") > 0).mean() < 0.15
    assert 0.1 < (over(many_laws, "log", "lost_share") > 0).mean() < 0.45
    assert 0.05 < (over(many_laws, "log", "retold_share") > 0).mean() < 0.3
    assert 0.4 < (over(many_laws, "clients", "old_share") > 0).mean() < 0.8


def test_patchy_logs_are_patchy_in_more_than_one_way(many_laws):
    lost = over(many_laws, "log", "lost_share") > 0
    has_nulls = (over(many_laws, "log", "null_share") > 0) | (over(many_laws, "log", "null_agent_share") > 0)
    assert lost[has_nulls].mean() > lost[~has_nulls].mean() + 0.15


def people_of(**changes):
    laws = plain_laws()
    laws = replace(laws, clients=replace(laws.clients, **changes))
    return draw_people(np.random.default_rng(3), laws, 20_000), laws


@pytest.mark.parametrize("apple_company", [-1.5, 1.5])
def test_companies_have_a_liking_of_their_own_for_apple(apple_company):
    plain, changed = (people_of(apple_company=value)[0] for value in (0.0, apple_company))
    at_company = plain.company >= 0
    share = [(people.client[:, 0] == APPLE)[at_company].mean() for people in (plain, changed)]
    assert (share[1] - share[0]) * apple_company > 0.15
    np.testing.assert_array_equal(plain.client[~at_company], changed.client[~at_company])


def test_old_apple_mail_shows_readings_as_they_happen_from_the_persons_own_address():
    people, _ = people_of(old_share=0.4)
    is_old = (people.client[:, 0] == APPLE_OLD).sum()
    assert is_old / (is_old + (people.client[:, 0] == APPLE).sum()) == pytest.approx(0.4, abs=0.03)
    laws = plain_laws()
    world = make_world("plain", 6_000, 2, laws=replace(laws, clients=replace(laws.clients, old_share=0.5)))
    opens = opens_with_truth(world).query("client == 'apple_mail_old'")
    assert len(opens) > 100
    assert set(opens["label"]) == {"human"}
    assert opens["client_is_apple"].all()
    assert opens["user_agent"].str.contains("AppleWebKit").all()
    assert not opens["user_agent"].str.contains("Version/").any()
    assert not opens["ip"].str.startswith(("172.22", "146.75", "2a02:26f7")).any()


def test_devices_of_keen_readers_sync_more():
    people, laws = people_of()
    keen = people.read_logit > np.median(people.read_logit)
    for engagement, low, high in ((0.0, 0.9, 1.1), (0.5, 0.2, 0.75)):
        apple = replace(laws.apple, sync_engagement=engagement)
        period = draw_devices(np.random.default_rng(0), apple, people).sync_s[::2]
        assert low < np.median(period[keen]) / np.median(period[~keen]) < high


def test_off_wifi_background_fetches_wait_and_those_at_night_do_not():
    soon = {"at_once": Mixture((Delay(20.0, 0.3),), (1.0,)), "device_sd": 0.0}
    delay_s = {}
    for wifi_share in (0.0, 1.0):
        world = apple_world(
            mode_weights=modes(protected=1),
            wifi_share=wifi_share,
            away_share=0.9,
            **triggers(at_once=1),
            **soon,
        )
        prefetch = opens_with_truth(world).query("label == 'prefetch'")
        hour = prefetch["occurred_at"].dt.tz_convert("Etc/GMT+5").dt.hour
        delay_s[wifi_share] = prefetch["delay_s"].quantile(0.6)
        if wifi_share:
            in_day = hour.isin(range(12, 18)).mean()  # nearly all owners live within three hours of GMT-5
            assert in_day < 0.2
    assert delay_s[0.0] < 60
    assert delay_s[1.0] > 1.0 * HOUR_S


def changed(at, part, **changes):
    laws = plain_laws()
    laws = replace(laws, **{part: replace(getattr(laws, part), **changes)})
    opens = opens_with_truth(make_world("plain", 8_000, 5, laws=laws))
    first, last = opens["occurred_at"].min(), opens["occurred_at"].max()
    is_later = opens["occurred_at"] > first + at * (last - first)
    return opens[opens["client"] == "apple_mail"], is_later


def test_apples_agent_can_change_half_way():
    apple, is_later = changed(0.5, "apple", agent="New/1", agent_share=1.0, agent_from=0.5)
    share = apple["user_agent"].eq("New/1").groupby(is_later).mean()
    assert share[False] < 0.03
    assert share[True] > 0.97


def test_the_relays_networks_can_change_half_way():
    apple, is_later = changed(0.6, "networks", relay_changed_share=1.0, relay_changed_from=0.6)
    before, after = (set(apple.loc[is_later == later, "ip"]) for later in (False, True))
    assert len(before & after) < 0.2 * len(after)


def test_in_some_worlds_many_gateways_pass_for_people_in_every_way(many_laws):
    def passes(gateway):
        is_late = gateway.delay.weights[1] > 0.3
        return gateway.agent == "human_like" and gateway.roams and is_late and gateway.clicks != "all"

    share = np.array([np.mean([passes(gateway) for gateway in laws.machines.gateways]) for laws in many_laws])
    # Were the draws independent, it would be .05 of worlds.
    assert 0.12 < (share > 0.3).mean() < 0.3
