"""Reading logs: the same events come out, whatever the format, the order, the duplicates or the split into files."""

from __future__ import annotations

import gc
import json
import random

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paperknife.errors import LogError
from paperknife.events.log import read_events, write_events
from paperknife.events.schema import COLUMN_NAMES

ROWS = [
    {"event_id": "d1", "event_type": "delivered", "occurred_at": "2026-01-31T09:00:00Z", "message_id": "m1"},
    {"event_id": "o1", "event_type": "open", "occurred_at": "2026-01-31T09:00:07.250001Z", "message_id": "m1",
     "ip": "203.0.113.9", "user_agent": "Mozilla/5.0", "recipient_id": "alice", "recipient_domain": "Example.ORG"},
    {"event_id": "c1", "event_type": "click", "occurred_at": "2026-01-31T10:00:30+01:00", "message_id": "m1",
     "ip": "2001:db8::1", "url": "https://example.org/?a=1,2"},
]  # fmt: skip


def log_of(rows, **options):
    table = pd.DataFrame(rows)
    return read_events(table, **options)


def ids(log):
    return log.to_pandas()["event_id"].tolist()


def test_a_table_becomes_all_canonical_columns_typed_and_in_time_order():
    log = log_of(ROWS)
    table = log.to_pandas()
    assert tuple(table.columns) == COLUMN_NAMES
    assert log.columns == ("event_id", "event_type", "occurred_at", "message_id", "recipient_id",
                           "recipient_domain", "ip", "user_agent", "url")  # fmt: skip
    assert str(table["occurred_at"].dtype) == "datetime64[us, UTC]"
    assert str(table["received_at"].dtype) == "datetime64[us, UTC]"
    assert str(table["is_ambiguous"].dtype) == "boolean"
    assert table["event_id"].tolist() == ["d1", "o1", "c1"]
    assert table["occurred_at"].tolist() == [
        pd.Timestamp("2026-01-31T09:00:00Z"),
        pd.Timestamp("2026-01-31T09:00:07.250001Z"),
        pd.Timestamp("2026-01-31T09:00:30Z"),
    ]
    assert table["recipient_domain"].tolist()[1] == "example.org"
    assert table["ip"].tolist()[1:] == ["203.0.113.9", "2001:db8::1"]
    assert len(log) == 3


def test_the_view_in_a_connection_is_typed_and_outlives_the_log():
    connection = duckdb.connect()
    log_of(ROWS).register(connection, "log_events")
    gc.collect()
    described = connection.execute("DESCRIBE log_events").fetchall()
    assert [row[0] for row in described] == list(COLUMN_NAMES)
    assert {row[0]: row[1] for row in described}["occurred_at"] == "TIMESTAMP WITH TIME ZONE"
    assert connection.execute("SELECT count(*) FROM log_events").fetchall() == [(3,)]
    connection.close()


def test_four_columns_are_enough():
    four = [
        {name: row[name] for name in ("event_id", "event_type", "occurred_at", "message_id")} for row in ROWS
    ]
    table = log_of(four).to_pandas()
    assert len(table) == 3
    assert table["ip"].isna().all()


@pytest.mark.parametrize("suffix", ["parquet", "csv", "ndjson"])
def test_formats_agree(tmp_path, suffix):
    path = write_events(pd.DataFrame(ROWS), tmp_path / f"log.{suffix}")
    pd.testing.assert_frame_equal(read_events(path).to_pandas(), log_of(ROWS).to_pandas())


def test_an_arrow_table_with_nanoseconds_and_integer_ids_is_cut_to_microseconds_and_made_text():
    table = pa.table(
        {
            "event_id": [2**53 + 1],
            "event_type": ["open"],
            "occurred_at": pa.array([1_767_225_600_123_456_999], pa.timestamp("ns", tz="Europe/Berlin")),
            "message_id": pa.array([7], pa.int32()),
            "is_ambiguous": [True],
        }
    )
    row = read_events(table).to_pandas().iloc[0]
    assert row["event_id"] == "9007199254740993"
    assert row["message_id"] == "7"
    assert row["occurred_at"] == pd.Timestamp(1_767_225_600_123_456, unit="us", tz="UTC")
    assert row["is_ambiguous"]


def test_integer_ids_that_pandas_made_floats_join_with_the_rest():
    rows = pd.DataFrame(ROWS).assign(recipient_id=[12, None, 13])
    assert read_events(rows).to_pandas()["recipient_id"].tolist()[0] == "12"


def test_later_changes_to_the_frame_do_not_reach_the_log():
    rows = pd.DataFrame(ROWS)
    log = read_events(rows)
    rows.loc[:, "event_id"] = "changed"
    assert ids(log) == ["d1", "o1", "c1"]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), parts=st.integers(1, 4), copies=st.integers(0, 5))
def test_order_duplicates_and_split_do_not_matter(tmp_path_factory, seed, parts, copies):
    draw = random.Random(seed)
    rows = [
        {**ROWS[n % 3], "event_id": f"e{n}", "received_at": f"2026-02-01T00:00:0{n % 9}Z", "url": None}
        for n in range(8)
    ]
    # Duplicates that differ: the earliest received_at must win, and among equals the smallest hash.
    rows += [{**rows[n], "ip": f"203.0.113.{n}", "received_at": f"2026-02-01T00:00:0{n}Z"} for n in range(4)]
    expected = log_of(rows).to_pandas()
    shuffled = rows + draw.choices(rows, k=copies)
    draw.shuffle(shuffled)
    folder = tmp_path_factory.mktemp("split")
    for part in range(parts):
        lines = shuffled[part::parts]
        if lines:
            path = folder / str(part) / "part.ndjson"
            path.parent.mkdir()
            path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    pd.testing.assert_frame_equal(read_events(folder).to_pandas(), expected)


def test_of_duplicates_the_earliest_received_stays_and_one_that_does_not_say_loses():
    late = {**ROWS[1], "received_at": "2026-02-02T00:00:00Z", "ip": "203.0.113.2"}
    early = {**ROWS[1], "received_at": "2026-02-01T00:00:00Z", "ip": "203.0.113.1"}
    silent = {**ROWS[1], "ip": "203.0.113.3"}
    log = log_of([late, silent, early])
    assert log.to_pandas()["ip"].tolist() == ["203.0.113.1"]
    assert log.summary().duplicates_n == 2


def test_what_is_neither_path_nor_table_is_refused():
    with pytest.raises(LogError, match="Cannot read a dict as an event log; expected a path"):
        read_events({"event_id": []})


def test_a_share_that_is_none_is_refused():
    with pytest.raises(LogError, match=r"max_bad_share is 5; expected a share from 0 to 1"):
        log_of(ROWS, max_bad_share=5)


def test_a_column_named_twice_is_refused():
    table = pd.DataFrame([["e", "open", "2026-01-31T09:00:00Z", "m", "n"]])
    table.columns = ["event_id", "event_type", "occurred_at", "message_id", "message_id"]
    with pytest.raises(LogError, match="The table names column 'message_id' more than once"):
        read_events(table)
