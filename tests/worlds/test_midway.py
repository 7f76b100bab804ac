"""From a moment on Apple's fetches look otherwise, and nothing else does."""

from __future__ import annotations

import numpy as np
import pytest

from paperknife.evidence.clients import client_families
from paperknife.evidence.networks import NetworkTable
from paperknife.worlds.midway import NEW_AGENT, with_new_agent, with_new_networks
from paperknife.worlds.world import make_world


@pytest.fixture(scope="module")
def world():
    return make_world("plain", 3_000, seed=5)


@pytest.fixture(scope="module")
def since(world):
    return world.events["occurred_at"].quantile(0.5)


def apple_opens(world, events):
    apple = world.truth_opens.loc[world.truth_opens["client_is_apple"], "event_id"]
    return events["event_id"].isin(apple)


def test_only_apples_agent_changes_and_only_from_then_on(world, since):
    events = with_new_agent(world, since).events
    changed = events["user_agent"].ne(world.events["user_agent"]) & events["user_agent"].notna()
    assert changed.sum() > 100
    assert (events.loc[changed, "user_agent"] == NEW_AGENT).all()
    assert (events.loc[changed, "occurred_at"] >= since).all()
    assert apple_opens(world, events)[changed].all()
    assert list(client_families(np.array([NEW_AGENT], dtype=object))) != ["apple_mail"]
    columns = [name for name in events.columns if name != "user_agent"]
    assert events[columns].equals(world.events[columns])


def test_whoever_caused_them_all_of_apples_opens_change(world, since):
    events = with_new_agent(world, since).events
    truth = world.truth_opens.set_index("event_id")
    is_bare = world.events["user_agent"].eq("Mozilla/5.0") & (events["occurred_at"] >= since)
    is_apples = is_bare & events["event_id"].map(truth["client"]).eq("apple_mail")
    label = events.loc[is_apples, "event_id"].map(truth["label"])
    assert set(label) >= {"human", "prefetch"}
    assert events.loc[is_apples, "user_agent"].eq(NEW_AGENT).all()


def test_only_the_relays_addresses_change_and_no_table_knows_the_new(world, since):
    events = with_new_networks(world, since).events
    changed = events["ip"].ne(world.events["ip"]) & events["ip"].notna()
    table = NetworkTable.built_in()
    before, after = (
        table.classify(frame.loc[changed, "ip"].to_numpy(dtype=object)) for frame in (world.events, events)
    )
    assert changed.sum() > 100
    assert (events.loc[changed, "occurred_at"] >= since).all()
    assert (np.asarray(before) == "apple_relay").mean() > 0.9
    assert "apple_relay" not in set(after)
    later = events["occurred_at"] >= since
    fetched = events.loc[later & apple_opens(world, events), "ip"].dropna().to_numpy(dtype=object)
    assert (np.asarray(table.classify(fetched)) == "apple_relay").mean() < 0.05


def test_what_shared_a_subnet_still_does(world, since):
    events = with_new_networks(world, since).events
    moved = events["ip"].ne(world.events["ip"]) & world.events["ip"].str.contains(".", regex=False)
    old = world.events.loc[moved, "ip"].str.rpartition(".")[0]
    new = events.loc[moved, "ip"].str.rpartition(".")[0]
    assert new.groupby(old).nunique().max() == 1


def test_a_log_without_the_column_stays_as_it_was(world, since):
    from dataclasses import replace

    bare = replace(world, events=world.events.drop(columns=["user_agent", "ip"]))
    assert with_new_agent(bare, since).events.equals(bare.events)
    assert with_new_networks(bare, since).events.equals(bare.events)
