"""Each unseen family does what its name says; nothing here looks at how a model does on one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from paperknife.worlds.agents import APPLE
from paperknife.worlds.clients import CLIENTS
from paperknife.worlds.families import FAMILIES
from paperknife.worlds.people import draw_people
from paperknife.worlds.varied import draw_varied
from paperknife.worlds.world import make_world

from .conftest import opens_with_truth

HOUR_S = 3600.0
UNSEEN = [name for name, family in FAMILIES.items() if family.is_unseen]
SEED = 90_001
"""Seeds of an examination begin at 0: these worlds are none of its."""


def drawn(family, n=12):
    return [FAMILIES[family].draw(np.random.default_rng(SEED + seed)) for seed in range(n)]


def opens_of(family, worlds=2, messages=4_000):
    worlds = [opens_with_truth(make_world(family, messages, SEED + seed)) for seed in range(worlds)]
    return pd.concat(worlds, keys=range(len(worlds)), names=["world"]).reset_index("world")


def share_of_days_passed(opens):
    """Of the days that the log lasts, near enough: worlds of these seeds have opens from first to last."""
    first, last = opens["occurred_at"].min(), opens["occurred_at"].max()
    return (opens["occurred_at"] - first) / (last - first)


@pytest.fixture(scope="module")
def varied_laws():
    return [draw_varied(np.random.default_rng(seed)) for seed in range(150)]


@pytest.mark.parametrize("family", UNSEEN)
def test_unseen_families_are_held_out_and_have_waits_of_a_form_of_their_own(family):
    assert FAMILIES[family].is_held_out
    laws = drawn(family, 4)
    assert {law.people.later.shape for law in laws} == {"frechet"}
    assert {part.shape for law in laws for part in law.apple.at_once.parts} == {"frechet"}


def test_no_other_family_has_waits_of_that_form():
    for name in set(FAMILIES) - set(UNSEEN):
        for law in drawn(name, 3):
            assert law.people.later.shape != "frechet"


@pytest.mark.parametrize(
    ("family", "value"),
    [
        ("hidden_addresses", lambda laws: laws.apple.mode_weights[1] / sum(laws.apple.mode_weights)),
        ("wifi_bound", lambda laws: laws.apple.away_share),
        ("keen_devices", lambda laws: laws.apple.propensity_engagement),
        ("uneven_apple", lambda laws: abs(laws.clients.apple_engagement)),
        ("apple_clicks_more", lambda laws: laws.apple.click_ratio),
        ("apple_clicks_less", lambda laws: -laws.apple.click_ratio),
        ("fleeting_copies", lambda laws: -laws.apple.cache_life.median_s),
        ("old_systems", lambda laws: laws.clients.old_share),
        ("shared_addresses", lambda laws: laws.people.people_per_company),
        ("patchy", lambda laws: laws.log.lost_share),
    ],
)
def test_the_named_law_lies_beyond_what_varied_draws(family, value, varied_laws):
    assert min(map(value, drawn(family))) >= max(map(value, varied_laws))


def test_strangers_have_gaps_as_they_come_and_nothing_else(varied_laws):
    gaps = {laws.log.missing for laws in drawn("strangers", 40)}
    assert len(gaps) > 5
    assert {laws.apple.agent for laws in drawn("strangers", 40)} <= {laws.apple.agent for laws in varied_laws}


def test_hidden_addresses_leave_the_relay_to_people():
    apple = opens_of("hidden_addresses").query("client == 'apple_mail'")
    assert (apple["label"] == "human").mean() > 0.6


def test_the_agent_changes_half_way_to_one_that_nobody_knows(varied_laws):
    known = {laws.apple.agent for laws in varied_laws} | {
        laws.apple.agent for name in set(FAMILIES) - set(UNSEEN) for laws in drawn(name, 3)
    }
    opens = opens_of("agent_changes", worlds=1).query("client == 'apple_mail'")
    new = ~opens["user_agent"].isin(known)
    passed = share_of_days_passed(opens)
    assert not new[passed < 0.4].any()
    assert new[passed > 0.61].all()
    assert APPLE in known


def test_the_relay_moves_half_way():
    opens = opens_of("networks_change", worlds=1).query("client == 'apple_mail'")
    passed = share_of_days_passed(opens)
    before, after = set(opens.loc[passed < 0.4, "ip"]), opens.loc[passed > 0.61, "ip"]
    assert after.isin(before).mean() < 0.25


def test_without_wifi_little_is_fetched_by_day():
    prefetch = opens_of("wifi_bound").query("cause == 'background'")
    minute = prefetch["delay_s"].lt(120).groupby(prefetch["world"]).mean()
    assert (minute < 0.45).all()


def test_at_night_all_that_waited_is_fetched():
    for seed in range(2):
        world = make_world("night_prefetch", 3_000, SEED + seed)
        offset_h = world.laws.people.utc_offset_h
        prefetch = opens_with_truth(world).query("cause == 'background'")
        # A message's later ones await the expiry of its copy.
        prefetch = prefetch.sort_values("occurred_at").drop_duplicates("message_id")
        at_home = (prefetch["occurred_at"] + pd.Timedelta(hours=offset_h)).dt.hour
        crowded = np.bincount(at_home, minlength=24) / len(prefetch)
        assert np.sort(crowded)[-6:].sum() > 0.5


def test_keen_devices_prefetch_for_those_who_read():
    world = make_world("keen_devices", 6_000, SEED)
    opens = opens_with_truth(world)
    read = world.truth_messages.query("client == 'apple_mail'").set_index("message_id")["was_read"]
    prefetched = read.index.isin(opens.loc[opens["cause"] == "background", "message_id"])
    assert prefetched[read].mean() > 1.25 * prefetched[~read].mean()


def people_of(family, seed):
    laws = FAMILIES[family].draw(np.random.default_rng(SEED + seed))
    laws = replace(laws, clients=replace(laws.clients, old_share=0.0))
    return draw_people(np.random.default_rng(seed), laws, 12_000), laws


def test_uneven_apple_differs_by_reading_region_and_company():
    for seed in range(3):
        people, laws = people_of("uneven_apple", seed)
        is_apple = people.client[:, 0] == CLIENTS.index("apple_mail")
        regions = [is_apple[people.region == number].mean() for number in range(3)]
        assert regions[2] < regions[0] < regions[1]
        assert regions[1] - regions[2] > 0.25
        liking = is_apple[people.company >= 0].mean() - is_apple[people.company < 0].mean()
        hosts = 0.15  # what mailbox hosts do by themselves, icloud.com above all
        assert liking * np.sign(laws.clients.apple_company) > 0.3 - hosts
        keen = people.read_logit > np.median(people.read_logit)
        by_reading = is_apple[keen].mean() - is_apple[~keen].mean()
        assert by_reading * np.sign(laws.clients.apple_engagement) > 0.1


@pytest.mark.parametrize(("family", "sign"), [("apple_clicks_more", 1), ("apple_clicks_less", -1)])
def test_apples_users_click_more_or_less_per_read(family, sign):
    log_ratio = []
    for seed, laws in enumerate(drawn(family, 4)):
        # Gateways click for everybody they guard.
        unguarded = replace(laws, machines=replace(laws.machines, company_share=0.0, public_share=0.0))
        world = make_world(family, 6_000, SEED + seed, laws=unguarded)
        clicked = set(world.events.loc[world.events["event_type"] == "click", "message_id"])
        read = world.truth_messages.query("was_read")
        share = read["message_id"].isin(clicked).groupby(read["client"] == "apple_mail").mean()
        log_ratio.append(np.log(share[True] / share[False]))
    assert np.mean(log_ratio) * sign > 0.4


def test_fleeting_copies_are_fetched_again_and_again():
    fetched = opens_of("fleeting_copies").query("client == 'apple_mail'")
    assert fetched["message_id"].duplicated().mean() > 0.35


def test_old_systems_show_their_readings():
    opens = opens_of("old_systems")
    apple = opens[opens["client_is_apple"]]
    assert (apple["client"] == "apple_mail_old").mean() > 0.15
    assert set(apple.loc[apple["client"] == "apple_mail_old", "label"]) == {"human"}


def test_shared_addresses_are_shared():
    shared = {}
    for family in ("shared_addresses", "plain"):
        opens = opens_of(family, worlds=1).query("client in ['outlook_desktop', 'thunderbird', 'webmail']")
        sharing = opens.groupby("ip")["recipient_id"].nunique()
        shared[family] = sharing.reindex(opens["ip"]).gt(1).mean()
    assert shared["shared_addresses"] > shared["plain"] + 0.2


def test_first_opens_only():
    opens = make_world("first_opens_only", 2_000, SEED).events.query("event_type == 'open'")
    assert not opens.drop_duplicates("event_id")["message_id"].duplicated().any()


def test_patchy_logs_have_holes_losses_and_doublings():
    world = make_world("patchy", 3_000, SEED)
    events = world.events
    assert (events["occurred_at"].dt.second == 0).all()
    opens = events[events["event_type"] == "open"]
    assert opens["ip"].isna().mean() > 0.15
    assert opens["user_agent"].isna().mean() > 0.15
    assert events["event_id"].duplicated().any()
    sent = set(events.loc[events["event_type"] == "sent", "message_id"])
    assert 0.05 < 1 - len(sent) / events["message_id"].nunique() < 0.3


def test_late_gateways_look_in_when_people_do():
    opens = opens_of("late_gateways")
    gateway, human = (opens.loc[opens["label"] == label, "delay_s"] for label in ("machine", "human"))
    assert gateway.median() > 0.2 * human.median()
    assert gateway.median() > HOUR_S / 3
