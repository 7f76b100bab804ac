"""What must hold before a row is read, all problems in one message."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from paperknife.errors import LogError
from paperknife.events.log import read_events

GOOD = {
    "event_id": ["e"],
    "event_type": ["open"],
    "occurred_at": ["2026-01-31T09:00:00Z"],
    "message_id": ["m"],
}


def test_missing_columns_are_named_with_what_was_found_and_the_near_names():
    table = pd.DataFrame(
        {"eventid": ["e"], "type": ["open"], "occurred_at": GOOD["occurred_at"], "Message_ID": ["m"]}
    )
    with pytest.raises(LogError) as caught:
        read_events(table)
    said = str(caught.value)
    assert "lacks columns 'event_id', 'event_type', 'message_id'" in said
    assert "(found: eventid, type, occurred_at, Message_ID)" in said
    assert "for 'event_id': Did you mean 'eventid'" in said
    assert "for 'message_id': Did you mean 'Message_ID'" in said


def test_every_problem_of_every_part_is_listed(tmp_path):
    pq.write_table(
        pa.table({**GOOD, "occurred_at": pa.array([1], pa.timestamp("us"))}), tmp_path / "naive.parquet"
    )
    (tmp_path / "short.csv").write_text("event_id,event_type,occurred_at\ne,open,1769850000\n")
    with pytest.raises(LogError) as caught:
        read_events(tmp_path)
    said = str(caught.value)
    assert "column 'occurred_at' of" in said
    assert "naive.parquet (Parquet) is a timestamp without a time zone" in said
    assert "short.csv lacks column 'message_id'" in said
    assert "short.csv (CSV) holds numbers, not times: write it as 2026-01-31T09:00:00Z" in said


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (
            pd.to_datetime(["2026-01-31 09:00:00"]),
            "is a timestamp without a time zone: write it as 2026-01-31T09:00",
        ),
        (["2026-01-31T09:00:00"], "holds times without a time zone: write it as 2026-01-31T09:00:00Z"),
        (["2026-01-31 09:00:00.123"], "holds times without a time zone"),
        (["1769850000"], "holds numbers, not times"),
        ([1769850000], r"is of type int64, not a time: .*pd\.to_datetime\(column, unit='s', utc=True\)"),
        ([1769850000.5], "is of type double, not a time"),
        ([True], "is of type bool, not a time"),
    ],
)
@pytest.mark.parametrize("column", ["occurred_at", "received_at"])
def test_times_without_a_zone_and_numbers_are_refused(column, times, message):
    table = pd.DataFrame(GOOD).assign(**{column: times})
    with pytest.raises(LogError, match=message) as caught:
        read_events(table)
    assert f"column '{column}' of the table" in str(caught.value)


def test_a_few_bad_times_are_bad_rows_and_no_problem_of_the_structure():
    times = ["2026-01-31T09:00:00Z"] * 60 + ["2026-01-31T09:00:00"]
    table = pd.DataFrame(
        {"event_id": range(61), "event_type": "open", "occurred_at": times, "message_id": "m"}
    )
    assert read_events(table).summary().quarantined == {"occurred_at has no time zone": 1}


def test_a_table_without_rows_has_no_events():
    with pytest.raises(LogError, match="the table holds no events"):
        read_events(pd.DataFrame(GOOD).astype({"occurred_at": "datetime64[us, UTC]"}).iloc[:0])


def test_no_address_of_a_header_that_is_data_is_shown(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("alice@example.org,open,1\nbob@example.org,open,2\n")
    with pytest.raises(LogError, match="found: <address>, open, 1"):
        read_events(path)


def test_ndjson_keys_are_known_at_once(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text(
        '{"event_id": "e", "event_type": "open", "message_id": "m", "occurred_at": "2026-01-31T09:00:00Z", "agent": 1}'
    )
    log = read_events(path)
    assert log.columns == ("event_id", "event_type", "occurred_at", "message_id")
    assert log.other_columns == ("agent",)
