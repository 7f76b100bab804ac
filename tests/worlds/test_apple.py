"""Apple's devices and caches: what a background fetch hides, when it comes, and what still shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperknife.worlds.apple import HIDES_ADDRESS, MODES, OWN_ADDRESS, PROTECTED, TRIGGERS, _shows
from paperknife.worlds.delays import Delay, Mixture
from paperknife.worlds.plain import plain_laws
from paperknife.worlds.world import make_world

from .conftest import opens_with_truth

HOUR_S = 3600.0


def apple_world(seed=1, messages=6_000, **changes):
    """A plain world in which everyone reads in Apple Mail, with some of Apple's laws changed."""
    laws = plain_laws()
    clients = replace(laws.clients, apple_share=0.999, apple_host_sd=0.0, double_share=0.0, second_share=0.0)
    still = {
        "devices_share": 0.0,
        "watch_share": 0.0,
        "again_share": 0.0,
        "zone_error_share": 0.0,
        "reading_fills": 1.0,
    }
    machines = replace(laws.machines, company_share=0.0, stray_share=0.0)
    people = replace(laws.people, forwarded_share=0.0)
    log = replace(laws.log, delivered_skew_s=0.0, delivered_jitter_s=0.0)
    apple = replace(laws.apple, **{**still, **changes})
    laws = replace(laws, apple=apple, clients=clients, machines=machines, people=people, log=log)
    return make_world("plain", messages, seed, laws=laws)


def modes(**weights):
    return tuple(float(weights.get(mode, 0.0)) for mode in MODES)


def triggers(**weights):
    return {
        "trigger_weights": tuple(float(weights.get(t, 0.0)) for t in TRIGGERS),
        "trigger_concentration": 1e6,
    }


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 50), st.integers(0, 20)),
        min_size=1,
        max_size=40,
        unique_by=lambda load: load[1],
    )
)
def test_a_load_shows_only_when_no_copy_is_alive(loads):
    key, at, life = (np.array(column) for column in zip(*loads, strict=True))
    alive_until, expected = {}, {}
    for place in np.argsort(at):
        if at[place] >= alive_until.get(key[place], -1):
            alive_until[key[place]] = at[place] + life[place]
            expected[place] = True
    shown = _shows(key.astype(np.int64), at.astype(np.float64), life.astype(np.float64))
    assert [bool(value) for value in shown] == [expected.get(place, False) for place in range(len(loads))]


def test_with_a_copy_that_lives_for_ever_each_message_shows_one_fetch():
    world = apple_world(mode_weights=modes(protected=1), cache_life=Delay(1e6, 0.0))
    opens = opens_with_truth(world).query("client == 'apple_mail'")
    assert opens["message_id"].is_unique
    assert set(opens["label"]) == {"human", "prefetch"}


def test_a_reading_before_the_prefetch_is_a_human_open_through_the_relay():
    slow = {"late": Mixture((Delay(30 * HOUR_S, 0.1),), (1.0,)), **triggers(late=1), "propensity_mean": 0.99}
    world = apple_world(mode_weights=modes(protected=1), cache_life=Delay(1e6, 0.0), **slow)
    opens = opens_with_truth(world).query("client == 'apple_mail'")
    human = opens[opens["label"] == "human"]
    assert len(human) > 100
    assert (human["delay_s"] < 60 * HOUR_S).mean() > 0.9
    assert set(human["user_agent"]) == {"Mozilla/5.0"}
    assert human["ip"].str.startswith(("172.22", "104.28", "146.75", "140.248", "2a0", "2606")).mean() > 0.9


@pytest.mark.parametrize(
    ("mode", "prefetches", "is_relayed"),
    [
        (MODES[PROTECTED], True, True),
        (MODES[HIDES_ADDRESS], False, True),
        (MODES[OWN_ADDRESS], True, False),
        ("open", False, False),
    ],
)
def test_privacy_settings_decide_over_prefetch_and_address(mode, prefetches, is_relayed):
    world = apple_world(mode_weights=modes(**{mode: 1}))
    opens = opens_with_truth(world).query("client == 'apple_mail'")
    assert (opens["label"] == "prefetch").any() == prefetches
    relayed = opens["ip"].str.startswith(("172.22", "104.28", "146.75", "140.248", "2a02:26f7", "2a04:4e41"))
    assert relayed.mean() > 0.85 if is_relayed else relayed.mean() < 0.1


def test_prefetches_at_night_come_by_the_owners_clock():
    world = apple_world(**triggers(night=1), night_hour=23.0, night_sd_h=0.3, mode_weights=modes(protected=1))
    prefetch = opens_with_truth(world).query("label == 'prefetch'")
    hour = prefetch["occurred_at"].dt.tz_convert("Etc/GMT+5").dt.hour
    assert (
        hour.isin([20, 21, 22, 23, 0, 1]).mean() > 0.75
    )  # nearly all owners live within three hours of GMT-5
    assert prefetch["delay_s"].quantile(0.95) < 72 * HOUR_S


def test_messages_that_wait_for_a_sync_are_fetched_together():
    world = apple_world(
        **triggers(sync=1), sync_h=12.0, sync_sd=0.1, mode_weights=modes(protected=1), messages=12_000
    )
    prefetch = opens_with_truth(world).query("label == 'prefetch'")
    gap_s = prefetch.groupby("recipient_id")["occurred_at"].diff().dt.total_seconds()
    assert (gap_s < 60).mean() > 10 * (gap_s.between(3600, 3660)).mean()


def test_devices_give_up_fetching_old_messages_by_themselves():
    late = Mixture((Delay(36 * HOUR_S, 0.8),), (1.0,))
    laws = {**triggers(late=1), "late": late, "device_sd": 0.0, "mode_weights": modes(protected=1)}
    delays = {}
    for days in (np.inf, 2.0):
        opens = opens_with_truth(apple_world(**laws, background_days=days))
        delays[days] = opens.query("label == 'prefetch'")["delay_s"]
    assert (delays[np.inf] > 49 * HOUR_S).mean() > 0.2
    assert delays[2.0].max() < 49 * HOUR_S  # an hour for what the log's clock adds
    assert len(delays[2.0]) == pytest.approx((delays[np.inf] < 48 * HOUR_S).sum(), rel=0.1)


def test_opening_the_mail_app_fetches_while_people_read():
    world = apple_world(**triggers(mail_opened=1), mode_weights=modes(protected=1))
    opens = opens_with_truth(world).query("client == 'apple_mail'")
    hour = opens["occurred_at"].dt.tz_convert("Etc/GMT+5").dt.hour
    asleep = hour.isin([2, 3, 4]).groupby(opens["label"]).mean()
    assert asleep["prefetch"] < 0.05


def test_a_short_lived_copy_shows_readings_again():
    shown = {}
    for name, life in (("short", Delay(0.05, 0.1)), ("long", Delay(1e6, 0.0))):
        world = apple_world(mode_weights=modes(protected=1), cache_life=life)
        shown[name] = (world.truth_opens["label"] == "human").sum()
    assert shown["short"] > 2 * shown["long"]


def test_kappa_moves_how_much_apple_users_read():
    read = {kappa: apple_world(kappa=kappa).truth_messages["was_read"].mean() for kappa in (0.5, 1.0, 2.0)}
    assert read[0.5] < 0.8 * read[1.0]
    assert read[2.0] > 1.25 * read[1.0]
