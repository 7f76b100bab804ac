"""A log without its agents or addresses teaches as well: the same opens, the same lessons, less to go by."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.errors import RequestError
from paperknife.evaluation.metrics import log_loss
from paperknife.events.log import read_events
from paperknife.evidence.features import feature_names
from paperknife.evidence.history import gather_horizons
from paperknife.model.masking import columns_of
from paperknife.training.rows import HORIZON_SHARES
from paperknife.training.train import train
from paperknife.training.without_fields import gather_without, rows_without
from paperknife.worlds.world import make_world

BOTH = ("user_agent", "ip")


@pytest.fixture(scope="module")
def world():
    return make_world("plain", messages=4_000, seed=21)


@pytest.fixture(scope="module")
def tables(world):
    return gather_horizons(read_events(world.events), HORIZON_SHARES)


@pytest.fixture(scope="module")
def without(world, tables):
    return gather_without(read_events(world.events), tables["settled"])


def test_each_field_is_taken_away_by_itself_and_both_together(without):
    shown = [
        [one.tables["settled"][name].notna().any() for name in ("client_family", "network_class")]
        for one in without
    ]
    assert shown == [[False, True], [True, False], [False, False]]


@pytest.mark.parametrize(("absent", "ways_n"), [(("ip",), 1), (("user_agent",), 1), (BOTH, 0)])
def test_what_a_log_does_not_have_is_not_taken_away(world, absent, ways_n):
    log = read_events(world.events.drop(columns=list(absent)).head(2_000))
    assert len(gather_without(log, gather_horizons(log, ["settled"])["settled"])) == ways_n


def test_rows_show_the_opens_that_were_asked_and_nothing_of_the_field(tables, without):
    opens = np.arange(100, 300)
    for one, fields in zip(without, (("user_agent",), ("ip",), BOTH), strict=True):
        rows = rows_without(one, opens, 300, np.random.default_rng(0))
        assert len(rows.open_n) == 300
        assert set(rows.open_n) == set(opens)
        assert np.isnan(rows.matrix[:, list(columns_of(fields))]).mean() > 0.9
        delay = feature_names().index("delay")
        settled = tables["settled"]["delay_us"].to_numpy(dtype=float, na_value=np.nan)[rows.open_n]
        known = ~np.isnan(settled) & ~np.isnan(rows.matrix[:, delay])
        assert np.corrcoef(np.log(1e6 + settled[known]), rows.matrix[known, delay])[0, 1] > 0.95


def test_of_a_large_log_some_recipients_are_looked_at(world, tables, monkeypatch):
    monkeypatch.setattr("paperknife.training.without_fields.MOST_OPENS", 500)
    (first, *_) = gather_without(read_events(world.events), tables["settled"])
    settled = first.tables["settled"]
    assert 250 < len(settled) < 900
    times = ["event_id", "occurred_at", "delay_us"]
    theirs = tables["instant"].iloc[first.open_n].reset_index(drop=True)
    pd.testing.assert_frame_equal(first.tables["instant"][times], theirs[times])


def test_it_teaches_to_do_without_the_fields(world, monkeypatch):
    first = world.events.groupby("message_id")["occurred_at"].transform("min")
    until = first.quantile(0.6)
    log = read_events(world.events[world.events["occurred_at"] < until])
    taught = train(log, threads=1)
    monkeypatch.setattr("paperknife.training.train.gather_without", lambda *_, **__: [])
    untaught = train(log, threads=1)
    assert taught.params["kept"] == untaught.params["kept"] == "retrained"
    bare = gather_horizons(read_events(world.events.drop(columns=list(BOTH))), ["instant"])["instant"]
    later = world.events.loc[first >= until, "event_id"]
    bare = bare[bare["event_id"].isin(later)]
    label = world.truth_opens.set_index("event_id")["label"].loc[bare["event_id"]]
    human = label.eq("human").to_numpy()
    without, hidden = (log_loss(human, one.model.predict(bare)[:, 0]) for one in (taught, untaught))
    assert without < hidden - 0.001  # not much is left to gain: the default model learned so itself


def test_a_field_that_no_log_can_lack_is_refused(world):
    with pytest.raises(RequestError, match="cannot be taken to lack 'device'; it can be user_agent or ip"):
        gather_horizons(read_events(world.events.head(50)), ["instant"], missing=["device"])
