"""The log pipeline: what goes missing, what gets coarse, what is said twice; never by kind of agent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paperknife.worlds.laws import LogLaws
from paperknife.worlds.plain import plain_laws
from paperknife.worlds.world import make_world

from .conftest import opens_with_truth


def logged(messages=1_500, **changes):
    return make_world("plain", messages, 6, laws=replace(plain_laws(), log=LogLaws(**changes)))


def test_columns_can_be_missing():
    assert not {"ip", "user_agent"} & set(logged(missing=("ip", "user_agent")).events.columns)


@pytest.mark.parametrize("clocks", [(), ("sent",), ("delivered",), ("sent", "delivered")])
def test_clocks_can_be_missing(clocks):
    kinds = set(logged(clocks=clocks).events["event_type"])
    assert kinds & {"sent", "delivered"} == set(clocks)


@pytest.mark.parametrize("resolution_us", [1_000, 1_000_000, 60_000_000])
def test_all_times_are_rounded_down_alike(resolution_us):
    at = logged(resolution_us=resolution_us).events["occurred_at"].astype("int64")
    assert (at % resolution_us == 0).all()


def test_first_opens_only_keeps_the_first_of_each_message():
    world, whole = logged(is_first_open_only=True), logged()
    opens, first = opens_with_truth(world), opens_with_truth(whole).drop_duplicates("message_id")
    assert opens["message_id"].is_unique
    assert len(opens) == len(first) == len(world.truth_opens)
    assert (opens["delay_s"].to_numpy() == first["delay_s"].to_numpy()).mean() > 0.95


def test_fields_can_be_null_in_part():
    world = logged(null_share=0.3, null_agent_share=0.6, null_url_share=1.0)
    visits = world.events[world.events["event_type"].isin(["open", "click"])]
    assert visits["ip"].isna().mean() == pytest.approx(0.3, abs=0.05)
    assert visits["user_agent"].isna().mean() == pytest.approx(0.6, abs=0.05)
    assert visits["url"].isna().all()


def test_addresses_can_be_truncated():
    ips = logged(is_ip_truncated=True).events["ip"].dropna()
    assert ips[ips.str.contains(".", regex=False)].str.endswith(".0").all()
    assert ips[ips.str.contains(":")].str.endswith("::").all()


def test_a_skewed_delivery_clock_makes_opens_seem_early():
    assert (opens_with_truth(logged(delivered_skew_s=3_600.0))["delay_s"] < 0).mean() > 0.2
    assert (opens_with_truth(logged(delivered_skew_s=0.0))["delay_s"] < 0).mean() < 0.1


def test_duplicates_come_in_their_share():
    events = logged(duplicated_share=0.2).events
    assert events["event_id"].duplicated().mean() == pytest.approx(0.2 / 1.2, abs=0.03)


def test_events_of_every_kind_get_lost():
    whole, holed = logged(messages=6_000).events, logged(messages=6_000, lost_share=0.3).events
    left = holed["event_type"].value_counts() / whole["event_type"].value_counts()
    assert left[["sent", "delivered", "open"]].to_numpy() == pytest.approx(0.7, abs=0.03)
    assert left["click"] == pytest.approx(0.7, abs=0.15)


def test_opens_can_be_told_twice_under_ids_of_their_own():
    world = logged(messages=4_000, retold_share=0.2)
    opens = opens_with_truth(world)
    again = opens.duplicated(["message_id", "occurred_at", "ip", "user_agent"])
    assert again.mean() == pytest.approx(0.2 / 1.2, abs=0.03)
    assert opens["event_id"].is_unique
    assert set(opens["event_id"]) == set(world.truth_opens["event_id"])
    assert not world.events[world.events["event_type"] == "sent"]["message_id"].duplicated().any()


def test_the_providers_word_is_a_rule_and_sometimes_wrong():
    opens = opens_with_truth(logged(messages=6_000, has_vendor_verdict=True, vendor_error_share=0.02))
    apple = opens["user_agent"].eq("Mozilla/5.0") & opens["ip"].str.startswith("172.22")
    assert (opens.loc[apple, "vendor_verdict"] == "machine").mean() == pytest.approx(0.98, abs=0.01)
    assert set(opens.loc[apple & (opens["label"] == "human"), "vendor_verdict"]) >= {"machine"}
    assert logged(has_vendor_verdict=False).events["vendor_verdict"].isna().all()


def test_lateness_shows_in_the_time_of_receipt():
    events = logged(missing=(), late_share=0.5).events
    lag_h = (events["received_at"] - events["occurred_at"]).dt.total_seconds() / 3600
    assert lag_h.min() >= 0
    assert (lag_h > 1).mean() == pytest.approx(0.42, abs=0.06)
