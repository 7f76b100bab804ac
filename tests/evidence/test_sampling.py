"""Some recipients of a large log: their evidence is what the whole log makes it, and the same ones are drawn always."""

from __future__ import annotations

import pandas as pd
import pytest

from paperknife.events.log import read_events
from paperknife.evidence.history import gather_horizons
from paperknife.evidence.sampling import RecipientSample, sample_recipients
from paperknife.hazards.messages import message_table
from paperknife.worlds.world import make_world


@pytest.fixture(scope="module")
def events():
    return make_world("plain", messages=4_000, seed=4).events


@pytest.fixture(scope="module")
def whole(events):
    return gather_horizons(read_events(events), ["instant", "settled"])


def test_the_evidence_of_a_sample_is_what_the_whole_log_makes_it(events, whole):
    log = read_events(events)
    sample = sample_recipients(log, len(whole["settled"]) // 3)
    some = gather_horizons(log, ["instant", "settled"], sample=sample, memory="1GB")
    assert 0.2 < len(some["settled"]) / len(whole["settled"]) < 0.5
    for horizon, table in some.items():
        theirs = whole[horizon][whole[horizon]["recipient_id"].isin(table["recipient_id"])]
        pd.testing.assert_frame_equal(table, theirs.reset_index(drop=True))


def test_within_some_recipients_the_log_is_as_if_it_held_no_others(events, whole):
    log, last = read_events(events), events["occurred_at"].max()
    sample = sample_recipients(log, len(whole["settled"]) // 3)
    within = gather_horizons(log, ["instant", "settled"], within=sample, as_of=last)
    people = set(message_table(log, within["settled"], sample=sample)["recipient_id"])
    theirs = events[events["recipient_id"].isin(people)]
    alone = gather_horizons(read_events(theirs), ["instant", "settled"], as_of=last)
    for horizon, table in within.items():
        pd.testing.assert_frame_equal(table, alone[horizon])
    sampled = whole["settled"]["recipient_id"].isin(people)
    assert (
        within["settled"]["domain_opens_n"].to_numpy() < whole["settled"]["domain_opens_n"][sampled]
    ).any()


def test_all_messages_of_the_sampled_recipients_are_there_opened_or_not(events, whole):
    log = read_events(events)
    sample = sample_recipients(log, len(whole["settled"]) // 3)
    some = gather_horizons(log, ["settled"], sample=sample)["settled"]
    all_messages = message_table(log, whole["settled"])
    messages = message_table(log, some, sample=sample)
    assert set(some["message_id"]) < set(messages["message_id"])
    theirs = all_messages[all_messages["recipient_id"].isin(messages["recipient_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(messages, theirs)
    assert (messages["opens_n"] == 0).mean() > 0.1


def test_a_message_of_several_recipients_stays_with_its_open(events):
    both = events.assign(recipient_id=events["recipient_id"].where(events["event_type"] == "open", "zz"))
    log = read_events(both)
    sample = RecipientSample(0.3)
    some = gather_horizons(log, ["settled"], sample=sample)["settled"]
    messages = message_table(log, some, sample=sample)
    assert len(some)
    assert set(some["message_id"]) <= set(messages["message_id"])
    assert messages["message_id"].is_unique


def test_the_same_recipients_are_drawn_whatever_the_order(events):
    drawn = [
        set(
            gather_horizons(read_events(one), ["instant"], sample=RecipientSample(0.2))["instant"]["event_id"]
        )
        for one in (events, events.sample(frac=1, random_state=1))
    ]
    assert drawn[0] == drawn[1]


def test_a_panel_s_recipients_belong_to_it(events, whole):
    panel = whole["settled"]["event_id"].iloc[:30]
    sample = sample_recipients(read_events(events), 50, always=panel)
    some = gather_horizons(read_events(events), ["settled"], sample=sample)["settled"]
    assert set(panel) <= set(some["event_id"])
    assert len(some) < len(whole["settled"]) / 2


def test_messages_without_a_recipient_are_drawn_each_by_itself(events):
    log = read_events(events.drop(columns="recipient_id"))
    some = gather_horizons(log, ["instant"], sample=RecipientSample(0.25))["instant"]
    everything = gather_horizons(log, ["instant"])["instant"]
    assert 0.15 < len(some) / len(everything) < 0.35
    drawn = some["message_id"].unique()
    assert len(some) == everything["message_id"].isin(drawn).sum()


def test_a_small_log_is_looked_at_whole(events):
    assert sample_recipients(read_events(events), 1_000_000) is None
