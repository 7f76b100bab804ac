"""Every open gets a verdict, whatever its log lacks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.errors import RequestError
from paperknife.events.log import read_events
from paperknife.verdicts.files import log_of, verdict_file, write_verdicts
from paperknife.verdicts.scoring import VERDICT_COLUMNS, score
from paperknife.worlds.world import make_world


@pytest.fixture(scope="module")
def world():
    return make_world("plain", messages=1_500, seed=5)


@pytest.fixture(scope="module")
def verdicts(world):
    return score(read_events(world.events))


def opens_of(world):
    opens = world.events[world.events["event_type"] == "open"]
    return sorted(opens["event_id"].unique())


def test_every_open_gets_one_row_and_probabilities_sum_to_one(world, verdicts):
    assert sorted(verdicts["event_id"]) == opens_of(world)
    assert tuple(verdicts.columns) == VERDICT_COLUMNS
    np.testing.assert_allclose(verdicts[["p_human", "p_prefetch", "p_machine"]].sum(axis=1), 1)
    assert verdicts["reasons"].map(len).eq(0).all()


@pytest.mark.parametrize(
    "columns",
    [
        ["event_id", "event_type", "occurred_at", "message_id"],
        ["event_id", "event_type", "occurred_at", "message_id", "recipient_id", "ip"],
        ["event_id", "event_type", "occurred_at", "message_id", "recipient_id", "user_agent"],
    ],
)
@pytest.mark.parametrize("types", [None, ["open"], ["open", "click"]])
def test_columns_and_events_may_be_missing(world, columns, types):
    events = world.events if types is None else world.events[world.events["event_type"].isin(types)]
    scored = score(read_events(events[columns]))
    assert sorted(scored["event_id"]) == opens_of(world)
    np.testing.assert_allclose(scored[["p_human", "p_prefetch", "p_machine"]].sum(axis=1), 1)
    wanted = {"ip": "no_user_agent", "user_agent": "no_ip"}.get(columns[-1], "time_only")
    assert (scored["evidence"] == wanted).mean() > 0.9


def test_row_order_and_ids_carry_nothing(world, verdicts):
    events = world.events.sample(frac=1, random_state=1)
    renamed = events.assign(event_id="x" + events["event_id"].astype(str).str[::-1])
    again = score(read_events(renamed))
    # Opens of one message in one microsecond are numbered by their ids; there are hardly any.
    back = again.assign(event_id=again["event_id"].str[:0:-1]).set_index("event_id")["p_human"]
    expected = verdicts.set_index("event_id")["p_human"]
    assert (back.loc[expected.index] == expected).mean() > 0.999


def test_since_and_until_choose_the_opens_but_not_their_history(verdicts, world):
    middle = verdicts["occurred_at"].quantile(0.5)
    later = score(read_events(world.events), since=middle)
    earlier = score(read_events(world.events), until=middle)
    pd.testing.assert_frame_equal(pd.concat([earlier, later], ignore_index=True), verdicts)


def test_reasons_come_when_asked_for(world):
    scored = score(read_events(world.events), reasons=True)
    assert scored["reasons"].map(len).between(0, 3).all()
    assert scored["reasons"].map(len).gt(0).mean() > 0.95


def test_a_log_without_opens_has_no_verdicts(world):
    scored = score(read_events(world.events[world.events["event_type"] != "open"]))
    assert len(scored) == 0
    assert tuple(scored.columns) == VERDICT_COLUMNS


def test_files_keep_the_table_and_the_way_to_its_log(verdicts, tmp_path):
    (tmp_path / "log").mkdir()
    file = write_verdicts(verdicts, tmp_path / "v.parquet", log=tmp_path / "log")
    assert log_of(file) == tmp_path / "log"
    back = pd.read_parquet(file)
    assert back["event_id"].tolist() == verdicts["event_id"].tolist()
    assert write_verdicts(verdicts, tmp_path / "folder") == tmp_path / "folder" / "verdicts.parquet"
    assert log_of(tmp_path / "folder" / "verdicts.parquet") is None


@pytest.mark.parametrize("name", ["opens.csv", "opens.JSON", "opens.parquet.gz"])
def test_a_path_that_asks_for_another_format_is_refused_and_makes_nothing(tmp_path, name):
    with pytest.raises(RequestError, match=r"\.parquet"):
        verdict_file(tmp_path / name)
    assert not (tmp_path / name).exists()
    (tmp_path / name).mkdir()  # a folder that is there is what it says
    assert verdict_file(tmp_path / name) == tmp_path / name / "verdicts.parquet"
