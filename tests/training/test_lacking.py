"""A log without its agents or addresses teaches as well: the same opens, the same lessons, less to go by."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.evaluation.metrics import auc, log_loss
from paperknife.events.log import read_events
from paperknife.evidence.features import feature_names
from paperknife.evidence.history import gather_horizons
from paperknife.model.bundle import load_model
from paperknife.model.masking import columns_of
from paperknife.training import choice
from paperknife.training.choice import Lessons, choose
from paperknife.training.lacking import gather_lacking, rows_lacking
from paperknife.training.rows import HORIZON_SHARES
from paperknife.training.train import train
from paperknife.worlds.world import make_world

BOTH = ("user_agent", "ip")


@pytest.fixture(scope="module")
def world():
    return make_world("plain", messages=4_000, seed=21)


@pytest.fixture(scope="module")
def tables(world):
    return gather_horizons(read_events(world.events), HORIZON_SHARES)


@pytest.fixture(scope="module")
def lacking(world, tables):
    return gather_lacking(read_events(world.events), tables["settled"])


def test_each_field_is_taken_away_by_itself_and_both_together(lacking):
    shown = [
        [one.tables["settled"][name].notna().any() for name in ("client_family", "network_class")]
        for one in lacking
    ]
    assert shown == [[False, True], [True, False], [False, False]]


@pytest.mark.parametrize(("absent", "ways_n"), [(("ip",), 1), (("user_agent",), 1), (BOTH, 0)])
def test_what_a_log_does_not_have_is_not_taken_away(world, absent, ways_n):
    log = read_events(world.events.drop(columns=list(absent)).head(2_000))
    assert len(gather_lacking(log, gather_horizons(log, ["settled"])["settled"])) == ways_n


def test_rows_show_the_opens_that_were_asked_and_nothing_of_the_field(tables, lacking):
    opens = np.arange(100, 300)
    for one, fields in zip(lacking, (("user_agent",), ("ip",), BOTH), strict=True):
        rows = rows_lacking(one, opens, 500, np.random.default_rng(0))
        assert len(rows.open_n) == 500
        assert set(rows.open_n) == set(opens)
        assert np.isnan(rows.matrix[:, list(columns_of(fields))]).mean() > 0.9
        delay = feature_names().index("delay")
        settled = tables["settled"]["delay_us"].to_numpy(dtype=float, na_value=np.nan)[rows.open_n]
        known = ~np.isnan(settled) & ~np.isnan(rows.matrix[:, delay])
        assert np.corrcoef(np.log(1e6 + settled[known]), rows.matrix[known, delay])[0, 1] > 0.95


def test_of_a_large_log_some_recipients_are_looked_at(world, tables, monkeypatch):
    monkeypatch.setattr("paperknife.training.lacking.MOST_OPENS", 500)
    (first, *_) = gather_lacking(read_events(world.events), tables["settled"])
    settled = first.tables["settled"]
    assert 250 < len(settled) < 900
    pd.testing.assert_series_equal(
        settled["event_id"].reset_index(drop=True),
        tables["settled"]["event_id"].iloc[first.open_n].reset_index(drop=True),
    )


def test_a_model_of_a_whole_log_answers_better_once_fields_are_gone(world):
    log = read_events(world.events)
    trained, start = train(log, threads=1).model, load_model()
    bare = gather_horizons(read_events(world.events.drop(columns=list(BOTH))), ["instant"])["instant"]
    label = world.truth_opens.set_index("event_id")["label"].loc[bare["event_id"]]
    human = label.eq("human").to_numpy()
    before, after = (model.predict(bare)[:, 0] for model in (start, trained))
    assert auc(human, after) > auc(human, before) + 0.01
    assert log_loss(human, after) < log_loss(human, before) - 0.01


def test_what_was_chosen_on_later_messages_is_grown_again_from_all(tables, lacking, monkeypatch):
    settled = tables["settled"]
    prior = load_model().predict(settled)
    is_later = np.arange(len(settled)) > 0.7 * len(settled)
    taught = np.column_stack([prior[:, 0] * 0.5, prior[:, 1] + prior[:, 0] * 0.5, prior[:, 2]])
    lessons = Lessons(
        tables,
        taught,
        np.ones((len(settled), 2)),
        is_later,
        pd.factorize(settled["message_id"])[0] % 2,
        lacking,
    )
    seen = []
    grow = choice._grown

    def spy(begin, rows, *rest):
        seen.append(set(rows.open_n))
        return grow(begin, rows, *rest)

    monkeypatch.setattr(choice, "_grown", spy)
    told = []
    chosen = choose(
        load_model(), lessons, pd.RangeIndex(len(settled)), random_state=0, threads=1, tell=told.append
    )
    assert chosen.name == "retrained"
    first, second = seen
    assert first == set(np.flatnonzero(~is_later))
    assert second == set(range(len(settled)))
    assert "Fitting to all messages" in told
    assert len({model.model_id for model in (chosen.model, *chosen.twins)}) == 3
