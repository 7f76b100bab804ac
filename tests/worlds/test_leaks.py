"""No field of a simulated log tells people from prefetches but by what they do: ids, clocks and holes are alike.

Each test compares frequencies by class, and gives a false alarm in one of a million worlds.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, chi2_contingency

from paperknife.worlds.laws import LogLaws
from paperknife.worlds.plain import plain_laws
from paperknife.worlds.world import make_world

from .conftest import opens_with_truth

NEVER = 1e-6


def told(seed=12, messages=20_000, **log):
    """Return a plain world whose log has every column."""
    return make_world(
        "plain", messages, seed, laws=replace(plain_laws(), log=LogLaws(**{"missing": (), **log}))
    )


@pytest.fixture(scope="module")
def opens():
    return opens_with_truth(told()).drop_duplicates("event_id")


def chance(label, value):
    """Return the chance of so uneven a table of values by label, were they independent."""
    table = pd.crosstab(np.asarray(label), np.asarray(value))
    return 1.0 if table.shape[1] < 2 else chi2_contingency(table).pvalue


@pytest.mark.parametrize("column", ["event_id", "message_id", "recipient_id"])
def test_no_letter_of_an_id_tells_who_opened(opens, column):
    some = opens.drop_duplicates(column)  # one open each: people have habits
    letters_n = some[column].str.len()
    assert letters_n.min() == letters_n.max()
    for place in range(letters_n.max()):
        assert chance(some["label"], some[column].str[place]) > NEVER, place


def test_neither_the_place_of_a_row_nor_the_order_of_ids_tells():
    world = told()
    rows = world.events[world.events["event_type"] == "open"].merge(world.truth_opens, on="event_id")
    for place in (np.arange(len(rows)), rows["event_id"].rank()):
        assert chance(rows["label"], pd.qcut(place, 8)) > NEVER


def test_times_are_as_fine_for_all(opens):
    us = opens["occurred_at"].dt.as_unit("us").astype("int64")
    for step in (10, 1_000, 1_000_000):
        assert chance(opens["label"], us % step == 0) > NEVER
        assert chance(opens["label"], us % step // max(step // 10, 1)) > NEVER


def test_what_is_received_late_is_late_for_all(opens):
    lag = (opens["received_at"] - opens["occurred_at"]).dt.total_seconds()
    some = lag.notna()
    assert some.sum() > 1_000
    assert chance(opens["label"][some], pd.qcut(lag[some], 8, duplicates="drop")) > NEVER


def test_the_source_of_all_rows_is_one():
    assert set(told(messages=1_000).events["source"]) == {"simulation"}


@pytest.mark.parametrize("of", ["address", "block"])
def test_no_address_of_apples_is_of_prefetches_alone(opens, of):
    some = opens[(opens["client"] == "apple_mail") & opens["cause"].isin(["reading", "background"])]
    is_human = some["label"] == "human"
    assert min(is_human.sum(), (~is_human).sum()) > 500
    v4 = some["ip"].where(~some["ip"].str.contains(":")).str.rpartition(".")[0]
    of_each = is_human.groupby(some["ip"] if of == "address" else v4).agg(["sum", "size"])
    # Cities read more or less, but none half as often as all do.
    alone = binom.cdf(of_each["sum"], of_each["size"], is_human.mean() / 2)
    assert (alone * len(of_each) > NEVER).all()


def test_fields_are_null_and_events_told_twice_whoever_caused_them():
    world = told(seed=6, null_share=0.3, null_agent_share=0.3, retold_share=0.2, duplicated_share=0.2)
    opens = opens_with_truth(world)
    for column in ("ip", "user_agent"):
        assert 0.1 < opens[column].isna().mean() < 0.6
        assert chance(opens["label"], opens[column].isna()) > NEVER
    is_retold = opens.duplicated(["message_id", "occurred_at", "ip", "user_agent"], keep=False)
    is_copied = world.events["event_id"].value_counts().reindex(opens["event_id"]).to_numpy() > 1
    for is_again in (is_retold, is_copied):
        assert is_again.mean() > 0.1
        assert chance(opens["label"], is_again) > NEVER


def test_events_of_all_classes_get_lost_alike():
    whole, holed = (told(seed=6, lost_share=share).truth_opens["label"] for share in (0.0, 0.3))
    were = whole.value_counts()
    left = holed.value_counts() / were
    assert ((left - 0.7).abs() < 5 * np.sqrt(0.3 * 0.7 / were)).all()
