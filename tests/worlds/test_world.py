"""What every world promises: the same again for a seed, complete truth, ids that carry nothing."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from paperknife.errors import PaperknifeError
from paperknife.events.log import read_events
from paperknife.events.schema import COLUMN_NAMES, EVENT_TYPES
from paperknife.worlds.families import FAMILIES
from paperknife.worlds.world import make_world, simulate


def test_the_same_seed_gives_the_same_world():
    first, second = (make_world("varied", 2_000, seed=5) for _ in range(2))
    pd.testing.assert_frame_equal(first.events, second.events)
    pd.testing.assert_frame_equal(first.truth_opens, second.truth_opens)
    pd.testing.assert_frame_equal(first.truth_messages, second.truth_messages)
    assert first.laws == second.laws


def test_another_seed_or_family_gives_another_world():
    worlds = [
        make_world(family, 500, seed=seed) for family, seed in [("varied", 1), ("varied", 2), ("no_ip", 1)]
    ]
    assert len({world.laws.people.read_mean for world in worlds}) == 3


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_gives_a_log_whose_opens_are_all_explained(family):
    world = make_world(family, 1_500, seed=3)
    events = world.events.drop_duplicates("event_id")
    opens = events[events["event_type"] == "open"]
    assert len(opens) > 30
    assert world.truth_opens["event_id"].is_unique
    assert set(opens["event_id"]) == set(world.truth_opens["event_id"])
    assert set(world.truth_opens["label"]) <= {"human", "prefetch", "machine"}
    assert world.truth_messages["message_id"].is_unique
    assert set(events["message_id"]) == set(world.truth_messages["message_id"])
    assert set(events.columns) <= set(COLUMN_NAMES)
    assert set(events["event_type"]) <= set(EVENT_TYPES)
    assert str(events["occurred_at"].dtype) == "datetime64[us, UTC]"
    assert len(events) <= 1_500 * 40
    json.dumps(world.laws.as_dict())


def test_a_label_says_what_caused_the_fetch(plain):
    truth = plain.truth_opens
    labels = truth.groupby("cause")["label"].unique().map(set).to_dict()
    assert labels["background"] == {"prefetch"}
    assert labels["reading"] == {"human"}
    assert labels["gateway"] == labels["gmail_prefetch"] == labels["stray_machine"] == {"machine"}
    assert set(truth.loc[truth["label"] == "prefetch", "client"]) == {"apple_mail"}
    through_apple = truth[(truth["client"] == "apple_mail") & (truth["cause"] == "reading")]
    assert set(through_apple["label"]) == {"human"}
    assert len(through_apple) > 500


def test_people_behind_apple_show_the_same_agent_and_networks_as_prefetches(plain_opens):
    apple = plain_opens[plain_opens["client"] == "apple_mail"]
    assert set(apple["user_agent"]) == {"Mozilla/5.0"}
    human, prefetch = (set(apple.loc[apple["label"] == kind, "ip"]) for kind in ("human", "prefetch"))
    assert len(human & prefetch) > 0.5 * len(human)


def test_ids_and_row_order_carry_no_skill(plain, plain_opens):
    is_human = (plain_opens["label"] == "human").to_numpy()
    for column in ("event_id", "message_id", "recipient_id"):
        rank = plain_opens[column].str[:8].map(lambda text: int(text, 16)).to_numpy()
        assert roc_auc_score(is_human, rank) == pytest.approx(0.5, abs=0.015)
    label = plain.truth_opens.set_index("event_id")["label"]
    in_log = plain.events.loc[plain.events["event_type"] == "open", "event_id"].map(label) == "human"
    assert roc_auc_score(in_log, np.arange(len(in_log))) == pytest.approx(0.5, abs=0.015)
    assert roc_auc_score(
        plain.truth_opens["label"] == "human", np.arange(len(plain.truth_opens))
    ) == pytest.approx(0.5, abs=0.015)


def test_duplicates_repeat_whole_rows(plain):
    copies = plain.events[plain.events["event_id"].duplicated(keep=False)]
    assert len(copies) > 0
    assert len(copies.drop_duplicates()) == copies["event_id"].nunique()


def test_the_log_begins_and_ends_within_its_days(plain):
    at = plain.events["occurred_at"]
    assert 30 < (at.max() - at.min()).total_seconds() / 86_400 < 35.01


def test_simulate_writes_a_log_that_can_be_read_and_truth_beside_it(tmp_path):
    world = simulate(tmp_path / "sender", "plain", 1_000, seed=1)
    log = read_events(tmp_path / "sender" / "log")
    assert len(log) == world.events["event_id"].nunique()
    truth_opens = pd.read_parquet(tmp_path / "sender" / "truth_opens.parquet")
    assert {"event_id", "label", "client", "client_is_apple"} <= set(truth_opens.columns)
    truth_messages = pd.read_parquet(tmp_path / "sender" / "truth_messages.parquet")
    assert truth_messages["was_read"].dtype == bool
    assert json.loads((tmp_path / "sender" / "laws.json").read_text())["family"] == "plain"


def test_an_unknown_family_is_refused_with_the_near_name():
    with pytest.raises(
        PaperknifeError, match=r"no family 'plane' of worlds\. Did you mean 'plain'\? Known: varied"
    ):
        make_world("plane", 100)


@pytest.mark.parametrize(
    ("options", "says"),
    [({"messages": 0}, "at least 1 message, got 0"), ({"days": 0.5}, "lasts 1 to 366 days, got 0.5")],
)
def test_numbers_out_of_range_are_refused(options, says):
    with pytest.raises(PaperknifeError, match=says):
        make_world("plain", **{"messages": 100, **options})


@pytest.mark.parametrize("messages", [1, 2, 7])
@pytest.mark.parametrize("family", ["plain", "varied", "sales_mail"])
def test_a_handful_of_messages_is_a_world_too(family, messages):
    world = make_world(family, messages, seed=2)
    assert len(world.truth_opens) == (world.events.drop_duplicates("event_id")["event_type"] == "open").sum()


def test_a_log_that_nothing_reached_is_empty_and_so_is_its_truth():
    worlds = [make_world("times_only", 1, seed=seed, days=1) for seed in range(12)]
    empty = [world for world in worlds if world.events.empty]
    assert empty
    assert all(world.truth_opens.empty and world.truth_messages.empty for world in empty)
