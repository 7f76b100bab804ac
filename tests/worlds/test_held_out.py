"""Held-out families go beyond the varied one in the respect that names them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.worlds.agents import APPLE
from paperknife.worlds.families import FAMILIES
from paperknife.worlds.varied import draw_varied
from paperknife.worlds.world import make_world

from .conftest import opens_with_truth


@pytest.fixture(scope="module")
def varied_laws():
    return [draw_varied(np.random.default_rng(seed)) for seed in range(150)]


def drawn(family, n=20):
    return [FAMILIES[family].draw(np.random.default_rng(seed)) for seed in range(n)]


def test_all_but_the_two_to_work_with_are_held_out():
    assert {name for name, family in FAMILIES.items() if not family.is_held_out} == {"varied", "plain"}
    assert len([name for name, family in FAMILIES.items() if not family.is_unseen]) == 22


@pytest.mark.parametrize("family", [name for name, family in FAMILIES.items() if family.is_held_out])
def test_held_out_families_have_waiting_times_of_other_shapes(family):
    laws = drawn(family, 5)
    assert {law.people.later.shape for law in laws}.isdisjoint({"lognormal"})
    assert {part.shape for law in laws for part in law.apple.at_once.parts}.isdisjoint({"lognormal"})


@pytest.mark.parametrize(
    ("family", "value"),
    [
        ("apple_reads_more", lambda laws: laws.apple.kappa),
        ("apple_reads_less", lambda laws: -laws.apple.kappa),
        ("new_relay_networks", lambda laws: laws.networks.relay_new_share),
        ("two_devices", lambda laws: laws.apple.devices_share),
        ("relay_people", lambda laws: laws.networks.private_relay_share),
        ("gateway_heavy", lambda laws: laws.machines.company_share),
        ("apple_heavy", lambda laws: laws.clients.apple_share),
        ("wrong_time_zones", lambda laws: laws.apple.zone_error_share),
    ],
)
def test_the_named_law_lies_beyond_what_varied_draws(family, value, varied_laws):
    assert min(map(value, drawn(family))) >= max(map(value, varied_laws))


def test_the_held_out_agent_is_known_to_no_training_world(varied_laws):
    agents = {laws.apple.agent for laws in drawn("new_apple_agent")}
    assert agents.isdisjoint({APPLE} | {laws.apple.agent for laws in varied_laws})


def prefetch_delay(family):
    worlds = [opens_with_truth(make_world(family, 2_500, seed)) for seed in range(3)]
    return np.nanmedian(np.concatenate([opens.query("label == 'prefetch'")["delay_s"] for opens in worlds]))


def test_fast_prefetches_are_fast_and_slow_ones_slow():
    assert prefetch_delay("fast_prefetch") < 120
    assert prefetch_delay("slow_prefetch") > 3 * 3600


def test_rare_prefetches_leave_apple_to_people():
    opens = opens_with_truth(make_world("rare_prefetch", 4_000, 1)).query("client == 'apple_mail'")
    assert (opens.drop_duplicates("message_id")["label"] == "human").mean() > 0.4


def test_human_like_gateways_take_their_time_and_look_like_browsers():
    worlds = [opens_with_truth(make_world("human_like_gateways", 2_500, seed)) for seed in range(3)]
    fetched = pd.concat(worlds).query("cause == 'gateway'")
    assert len(fetched) > 500
    assert fetched["delay_s"].median() > 240
    assert fetched["user_agent"].str.contains("AppleWebKit|Gecko|Outlook").mean() > 0.99


def test_relay_people_come_through_the_relay():
    opens = opens_with_truth(make_world("relay_people", 4_000, 1)).query("client == 'apple_mail'")
    relayed = opens["ip"].str.startswith(("172.22", "104.28", "146.75", "140.248", "2a02:26f7", "2a04:4e41"))
    assert ((opens["label"] == "human") & relayed).mean() > 0.25


def test_gateway_heavy_logs_are_full_of_machines_and_apple_heavy_ones_of_apple():
    machines = [
        np.mean(
            [(make_world(family, 4_000, seed).truth_opens["label"] == "machine").mean() for seed in (1, 2, 3)]
        )
        for family in ("plain", "gateway_heavy")
    ]
    assert machines[1] > 3 * machines[0]
    assert make_world("apple_heavy", 4_000, 1).truth_messages["client_is_apple"].mean() > 0.9


def test_logs_lack_what_the_family_says():
    assert not {"ip", "user_agent"} & set(make_world("times_only", 300, 1).events.columns)
    assert "ip" not in make_world("no_ip", 300, 1).events.columns
    assert "user_agent" not in make_world("no_user_agent", 300, 1).events.columns
    for seed in range(6):
        assert "delivered" not in set(make_world("no_deliveries", 300, seed).events["event_type"])
    assert make_world("sales_mail", 300, 1).events["campaign_id"].isna().all()
    assert (make_world("minute_rounded", 300, 1).events["occurred_at"].dt.second == 0).all()
    assert len(make_world("tiny", 50_000, 1).truth_messages) <= 450
