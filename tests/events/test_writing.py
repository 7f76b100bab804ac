"""Writing logs: typed, whole or not at all."""

from __future__ import annotations

import pandas as pd
import pyarrow.parquet as pq
import pytest

from paperknife.errors import LogError
from paperknife.events.log import write_events

EVENTS = pd.DataFrame(
    {
        "event_id": [2, 1, 1],
        "event_type": "open",
        "occurred_at": pd.to_datetime(["2026-01-31T09:00:00.5Z"] * 3),
        "message_id": "m",
        "note": "not canonical",
    }
)


def test_parquet_has_the_schemas_types_the_rows_order_and_its_duplicates(tmp_path):
    path = write_events(EVENTS, tmp_path / "new" / "log.parquet")
    table = pq.read_table(path)
    assert table.column_names == ["event_id", "event_type", "occurred_at", "message_id"]
    assert str(table.schema.field("occurred_at").type) == "timestamp[us, tz=UTC]"
    assert table["event_id"].to_pylist() == ["2", "1", "1"]
    assert [file.name for file in path.parent.iterdir()] == ["log.parquet"]


@pytest.mark.parametrize("suffix", ["csv", "ndjson"])
def test_text_formats_write_times_in_utc_with_microseconds(tmp_path, suffix):
    assert "2026-01-31T09:00:00.500000Z" in write_events(EVENTS, tmp_path / f"log.{suffix}").read_text()


def test_an_unknown_suffix_is_refused(tmp_path):
    with pytest.raises(
        LogError, match=r"Cannot write events to log.xlsx: expected a name that ends in .parquet, .csv"
    ):
        write_events(EVENTS, tmp_path / "log.xlsx")


def test_a_table_that_is_no_log_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(LogError, match="lacks column 'message_id'"):
        write_events(EVENTS.drop(columns="message_id"), tmp_path / "log.parquet")
    assert list(tmp_path.iterdir()) == []
