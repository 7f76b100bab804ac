"""The plain family against what has been measured (FACTS.md), and against being too easy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeClassifier

from paperknife.worlds.plain import plain_laws
from paperknife.worlds.world import make_world

from .conftest import opens_with_truth

HOUR_S = 3600.0
MACHINES = ("gateway", "gmail_prefetch", "link_checker")


@pytest.fixture(scope="module")
def visible(plain_opens):
    """Readings that show: people's opens outside Apple Mail."""
    return plain_opens[(plain_opens["label"] == "human") & (plain_opens["client"] != "apple_mail")]


@pytest.fixture(scope="module")
def apple(plain_opens):
    opens = plain_opens[plain_opens["client"] == "apple_mail"].copy()
    opens["since_s"] = opens.groupby("message_id")["occurred_at"].diff().dt.total_seconds().fillna(-1)
    opens["place_n"] = opens.groupby("message_id").cumcount()
    opens["hour"] = opens["occurred_at"].dt.hour + opens["occurred_at"].dt.minute / 60
    opens["is_relay"] = opens["ip"].str.startswith(("172.22", "104.28", "146.75", "140.248", "2a02:26f7"))
    return opens


@pytest.mark.parametrize(
    ("within_h", "share", "tolerance"),
    [(1, 0.215, 0.05), (6, 0.506, 0.06), (24, 0.73, 0.05), (168, 0.93, 0.05)],
)
def test_people_open_as_fast_as_measured_before_privacy_protection(visible, within_h, share, tolerance):
    first = visible.drop_duplicates("message_id")
    assert (first["delay_s"] < within_h * HOUR_S).mean() == pytest.approx(share, abs=tolerance)


def test_readings_fall_on_the_measured_hours(visible):
    hour = visible.drop_duplicates("message_id")["occurred_at"].dt.tz_convert("Etc/GMT+5").dt.hour
    assert hour.isin([9, 10, 11, 12, 14, 15, 16, 17]).mean() == pytest.approx(0.53, abs=0.08)
    assert (hour == 13).mean() == pytest.approx(0.07, abs=0.03)
    assert (hour >= 18).mean() == pytest.approx(0.24, abs=0.06)
    assert (hour <= 8).mean() == pytest.approx(0.16, abs=0.06)


def test_about_a_quarter_of_read_messages_open_again(visible):
    assert visible["message_id"].value_counts().gt(1).mean() == pytest.approx(0.23, abs=0.05)


def test_gmail_prefetches_one_to_six_percent_of_its_opens(plain_opens):
    gmail = plain_opens.loc[plain_opens["client"].isin(["gmail", "gmail_prefetch"]), "client"]
    assert 0.01 < (gmail == "gmail_prefetch").mean() < 0.06


def test_half_of_opens_are_apple_mail(plain_opens):
    assert plain_opens["client_is_apple"].mean() == pytest.approx(0.5, abs=0.08)


def test_clicks_follow_visible_opens_as_measured():
    """Without gateways and Apple Mail: most clicks within a minute, from 6 to 11 % of opened messages."""
    laws = plain_laws()
    clients, people = replace(laws.clients, apple_share=0.01), replace(laws.people, company_share=0.0)
    world = make_world("plain", 30_000, 11, laws=replace(laws, clients=clients, people=people))
    opens = opens_with_truth(world).query("label == 'human'")
    clicks = world.events[world.events["event_type"] == "click"].sort_values("occurred_at")
    clicks = clicks.drop_duplicates("message_id")
    clicked = opens.drop_duplicates("message_id")["message_id"].isin(clicks["message_id"])
    assert 0.06 < clicked.mean() < 0.11

    seen = opens.assign(opened_at=opens["occurred_at"])[["message_id", "occurred_at", "opened_at"]]
    both = pd.merge_asof(clicks, seen, on="occurred_at", by="message_id").dropna(subset="opened_at")
    gap_s = (both["occurred_at"] - both["opened_at"]).dt.total_seconds()
    assert 0.77 < (gap_s < 60).mean() < 0.91


def test_caches_hide_many_readings_behind_apple(plain, plain_opens):
    """Of Apple messages read, most show no fetch that the reading caused: it is what makes the task hard."""
    seen = set(plain_opens.loc[plain_opens["label"] == "human", "message_id"])
    read = plain.truth_messages.query("was_read and client == 'apple_mail'")["message_id"]
    assert 0.3 < 1 - read.isin(seen).mean() < 0.9


def test_machines_are_a_small_part_and_visit_sooner_than_people(plain_opens):
    machine = plain_opens["label"] == "machine"
    assert 0.03 < machine.mean() < 0.2
    assert plain_opens.loc[machine, "client"].isin(MACHINES).all()
    assert plain_opens.loc[machine, "delay_s"].median() < 600


@pytest.mark.parametrize("feature", ["delay_s", "hour", "since_s", "place_n", "is_relay"])
def test_no_single_feature_settles_apple_traffic(apple, feature):
    skill = roc_auc_score(apple["label"] == "human", apple[feature])
    assert max(skill, 1 - skill) < 0.9


def test_a_shallow_tree_does_not_settle_apple_traffic(apple):
    features = apple[["delay_s", "hour", "since_s", "place_n", "is_relay"]].astype("float64")
    is_human = (apple["label"] == "human").to_numpy()
    fit_on = (apple["message_id"].str[0] < "8").to_numpy()
    tree = DecisionTreeClassifier(max_depth=3, min_samples_leaf=50, random_state=0)
    tree.fit(features[fit_on], is_human[fit_on])
    skill = roc_auc_score(is_human[~fit_on], tree.predict_proba(features[~fit_on])[:, 1])
    assert 0.55 < skill < 0.93


def test_prefetches_and_readings_behind_apple_overlap_in_time(apple):
    first = apple.drop_duplicates("message_id")
    human, prefetch = (first.loc[first["label"] == kind, "delay_s"] for kind in ("human", "prefetch"))
    assert human.quantile(0.2) < prefetch.quantile(0.5) < human.quantile(0.8)


@pytest.mark.parametrize("client", ["apple_mail", "gateway"])
def test_clock_digits_and_address_digits_tell_nothing(plain_opens, client):
    """Neither the fraction of a second nor the last byte of an address differs between kinds of agent."""
    mine = (plain_opens["client"] == client).to_numpy()
    fraction = plain_opens["occurred_at"].dt.microsecond
    assert roc_auc_score(mine, fraction) == pytest.approx(0.5, abs=0.02)
    assert np.histogram(fraction[mine], 10, (0, 1_000_000))[0].min() > 0.08 * mine.sum()
