"""The labels on whole logs that lack something: they abstain and say so, and never raise."""

from __future__ import annotations

import pandas as pd
import pytest

from paperknife.events.log import read_events
from paperknife.evidence.history import gather_evidence
from paperknife.evidence.networks import NetworkTable
from paperknife.hazards.messages import message_table
from paperknife.labels.soft_labels import soft_labels
from paperknife.worlds.world import make_world

FOUR = ["event_id", "event_type", "occurred_at", "message_id"]


@pytest.fixture(scope="module")
def events():
    return make_world("plain", 1_200, seed=3).events


ODD = {
    "whole": lambda events: events,
    "four columns": lambda events: events[FOUR],
    "opens only": lambda events: events[events["event_type"] == "open"],
    "no clicks": lambda events: events[events["event_type"] != "click"],
    "one campaign, no recipients": lambda events: events.drop(columns=["recipient_id"]).assign(
        campaign_id="c"
    ),
    "one open": lambda events: events[events["event_type"] == "open"].head(1),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_logs_are_labelled_or_abstained_on(events, name):
    log = read_events(ODD[name](events).reset_index(drop=True))
    networks = NetworkTable.built_in()
    evidence = gather_evidence(log, networks=networks)
    messages = message_table(log, evidence, networks=networks)
    labels = soft_labels(evidence, messages)
    opens = labels.opens
    assert opens["event_id"].tolist() == evidence["event_id"].tolist()
    assert opens["h"].dropna().between(0, 1).all()
    assert (opens.loc[opens["h"].isna(), "h_weight"] == 0).all()
    assert opens[["h_weight", "m_weight"]].notna().all().all()
    codes = {gate.code for gate in labels.diagnostics.gates}
    missing = {
        "four columns": "no-kinds",
        "opens only": "no-clock",
        "one campaign, no recipients": "no-recipients",
    }
    assert missing.get(name, "few-opens" if len(evidence) < 300 else "few-dates") in codes


def test_row_order_carries_nothing(events):
    networks = NetworkTable.built_in()

    def labelled(table):
        log = read_events(table.reset_index(drop=True))
        evidence = gather_evidence(log, networks=networks)
        return soft_labels(evidence, message_table(log, evidence, networks=networks)).opens.set_index(
            "event_id"
        )

    straight, shuffled = labelled(events), labelled(events.sample(frac=1.0, random_state=1))
    pd.testing.assert_frame_equal(straight, shuffled.loc[straight.index], rtol=1e-9)
