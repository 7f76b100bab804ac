"""Nothing later and nobody's name reaches what an open is known by: on a whole log, at every horizon, batch and live.

The other tests of evidence say what each column is. These know no column, so a new one cannot escape them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.events.log import read_events
from paperknife.evidence.features import encode
from paperknife.evidence.history import HORIZONS, gather_horizons
from paperknife.evidence.live import Asked, Event, evidence_of
from paperknife.worlds.world import make_world

SOME = ("instant", "1h", "24h", "7d")


@pytest.fixture(scope="module")
def world():
    return make_world("plain", messages=1_500, seed=6)


@pytest.fixture(scope="module")
def events(world):
    """A log in whole minutes, as some providers tell it: there are ties everywhere."""
    told = world.events.assign(occurred_at=world.events["occurred_at"].dt.floor("min"))
    return told.drop_duplicates("event_id")


@pytest.fixture(scope="module")
def whole(events):
    return gather_horizons(read_events(events), SOME)


@pytest.mark.parametrize("share", [0.35, 0.6, 0.85])
def test_what_comes_after_the_horizon_changes_nothing(events, whole, share):
    cut = events["occurred_at"].sort_values().iloc[int(share * len(events))]
    shortened = gather_horizons(read_events(events[events["occurred_at"] <= cut]), SOME)
    for horizon in SOME:
        table, found = whole[horizon], shortened[horizon]
        is_over = table["occurred_at"] + pd.Timedelta(HORIZONS[horizon], "us") <= cut
        assert is_over.sum() > 50
        expected = table[is_over].reset_index(drop=True)
        found = found[found["event_id"].isin(expected["event_id"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(found, expected)


@pytest.fixture(scope="module")
def known(events):
    rows = events.astype("object").where(events.notna(), None).to_dict("records")
    return [
        Event(
            **{name: row[name] for name in Event.__slots__ if name in row and name != "at_us"},
            at_us=row["occurred_at"].value // 1000,
        )
        for row in rows
    ]


@pytest.fixture(scope="module")
def asked_about(events):
    """Opens in whose minute their message was clicked, or their recipient's or network's mail opened; and some others."""
    opens = events[events["event_type"] == "open"]
    clicked = events.loc[events["event_type"] == "click", ["message_id", "occurred_at"]].drop_duplicates()
    with_click = opens.merge(clicked, on=["message_id", "occurred_at"])["event_id"].head(6)
    assert len(with_click) > 3
    together = [
        opens.loc[opens.duplicated([key, "occurred_at"], keep=False), "event_id"].head(4)
        for key in ("message_id", "recipient_id", "recipient_domain", "ip")
    ]
    return set(pd.concat([with_click, *together, opens["event_id"].iloc[::40]]))


@pytest.mark.parametrize("horizon", SOME)
def test_live_told_of_a_whole_log_sees_what_the_batch_does(whole, known, asked_about, horizon):
    last_us = max(event.at_us for event in known)
    expected = whole[horizon][whole[horizon]["event_id"].isin(asked_about)].reset_index(drop=True)
    by_id = {event.event_id: event for event in known}
    found = evidence_of([Asked(by_id[name], known, horizon, last_us) for name in expected["event_id"]])
    pd.testing.assert_frame_equal(found, expected)


def test_names_and_the_order_of_rows_carry_nothing(events, whole):
    random = np.random.default_rng(3)
    renamed = events.copy()
    for column in ("message_id", "recipient_id", "campaign_id", "sender_id"):
        names = events[column].dropna().unique()
        drawn = [f"{n:x}" for n in random.permutation(len(names)) + 10_000]
        renamed[column] = events[column].map(dict(zip(names, drawn, strict=True)))
    # Ids of events settle which of two opens of one moment comes first: new ones keep their order.
    ids = np.sort(events["event_id"].unique())
    drawn = [f"{n:09d}" for n in np.cumsum(random.integers(1, 9, len(ids)))]
    renamed["event_id"] = events["event_id"].map(dict(zip(ids, drawn, strict=True)))
    again = gather_horizons(read_events(renamed.sample(frac=1, random_state=1)), SOME)
    for horizon in SOME:
        assert encode(again[horizon]).tobytes() == encode(whole[horizon]).tobytes()


def test_columns_that_are_no_evidence_are_not_looked_at(world, events, whole):
    truth = world.truth_opens.set_index("event_id")
    label = events["event_id"].map(truth["label"])
    telling = events.assign(
        vendor_verdict=label.map({"human": "human", "prefetch": "machine", "machine": "machine"}),
        received_at=events["occurred_at"] + pd.to_timedelta(label.eq("human").astype(int), unit="D"),
        source=label.fillna("none"),
        label=label,
        cause=events["event_id"].map(truth["cause"]),
        p_human_posterior=events["event_id"].map(truth["p_human_posterior"]),
    )
    again = gather_horizons(read_events(telling), SOME)
    for horizon in SOME:
        pd.testing.assert_frame_equal(again[horizon], whole[horizon])
