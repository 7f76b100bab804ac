"""Logs are parted by time, with a gap, and what is judged taught nothing."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from paperknife.errors import NothingToJudgeError, PaperknifeError
from paperknife.trials.cases import (
    CASES,
    Case,
    find_case,
    learn_until,
    parted,
    without,
)
from paperknife.worlds.midway import NEW_AGENT


@pytest.fixture(scope="module")
def parts():
    case = Case("plain")
    return parted(case, case.world(1, 2_000))


def test_judged_messages_begin_after_all_that_is_learned_from(parts):
    events = parts.world.events
    messages = events.loc[events["event_id"].isin(parts.judged_ids()), "message_id"].unique()
    assert len(messages) > 50
    assert not set(messages) & set(parts.to_learn["message_id"])
    first = events[events["message_id"].isin(messages)]["occurred_at"].min()
    assert first - parts.to_learn["occurred_at"].max() >= pd.Timedelta(0.9, "D")


def test_after_a_change_all_is_seen_and_the_days_after_are_judged():
    case = find_case("plain, new agent midway")
    parts = parted(case, case.world(1, 1_500))
    assert len(parts.to_learn) == len(parts.world.events)
    agents = parts.world.events.set_index("event_id")["user_agent"]
    judged = agents.loc[parts.judged_ids()]
    assert (judged == NEW_AGENT).mean() > 0.3
    assert not (judged == "Mozilla/5.0").mean() > 0.1
    assert parts.since == learn_until(parts.world.events, 0.5)
    assert len(parts.learned_ids()) > 100
    assert parts.learned_ids().intersection(parts.judged_ids()).empty


def test_every_family_is_a_case_and_its_standing_is_known():
    assert {"plain", "varied", "tiny", "times_only"} <= {case.name for case in CASES}
    assert not find_case("plain").is_held_out
    assert find_case("plain, new networks midway").is_held_out


def test_an_unknown_case_is_named_with_its_like():
    with pytest.raises(PaperknifeError, match="There is no case 'planes' to try.*Did you mean 'plain'"):
        find_case("planes")


def test_a_log_can_lack_a_column(parts):
    assert "ip" not in without(parts.world, "ip").events
    assert len(without(parts.world, "ip", "no such column").events) == len(parts.world.events)


def test_a_sender_of_few_mailings_is_parted_by_messages(parts):
    events = parts.world.events
    first = events.groupby("message_id")["occurred_at"].transform("min")
    early = replace(parts.world, events=events[first < parts.until - pd.Timedelta(5, "D")])
    again = parted(Case("plain"), early)
    assert again.until < parts.until - pd.Timedelta(6, "D")
    assert len(again.judged_ids()) > 50


def test_a_sender_who_sends_all_at_once_leaves_nothing_to_judge(parts):
    events = parts.world.events
    first = events.groupby("message_id")["occurred_at"].transform("min")
    one_day = replace(parts.world, events=events[first < first.min() + pd.Timedelta(1, "D")])
    with pytest.raises(NothingToJudgeError, match="messages were sent within 1 day of each other"):
        parted(Case("plain"), one_day)
