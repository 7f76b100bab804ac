"""Times and addresses as text: which are understood, and as what."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta, timezone

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paperknife.events.casting import IP_PATTERN
from paperknife.events.log import read_events


def read_times(texts):
    table = pd.DataFrame(
        {"event_id": range(len(texts)), "event_type": "open", "message_id": "m", "occurred_at": texts}
    )
    got = read_events(table, max_bad_share=0).to_pandas().astype({"event_id": int}).sort_values("event_id")
    return got["occurred_at"].tolist()


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T09:00:00Z",
        "2026-01-31t09:00:00z",
        "2026-01-31 09:00:00 UTC",
        "2026-01-31T09:00Z",
        "2026-01-31T10:00:00+01:00",
        "2026-01-31T10:00:00+0100",
        "2026-01-31 10:00:00+01",
        "2026-01-31 14:30:00 +05:30",
        "2026-01-31T09:00:00.0000009Z",
        "  2026-01-31T09:00:00.000000Z ",
        "2026-01-31T09:00:00-00:00",
    ],
)
def test_ways_to_write_nine_o_clock(text):
    assert read_times([text]) == [pd.Timestamp("2026-01-31T09:00:00Z")]


@settings(max_examples=5, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.datetimes(datetime(2001, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - the zone is drawn beside it
            st.integers(-14 * 60, 14 * 60),
        ),
        min_size=1,
        max_size=200,
    )
)
def test_every_iso_time_with_an_offset_is_read_to_the_microsecond(drawn):
    moments = [moment.replace(tzinfo=timezone(timedelta(minutes=offset))) for moment, offset in drawn]
    assert read_times([moment.isoformat() for moment in moments]) == [
        pd.Timestamp(m.astimezone(UTC)) for m in moments
    ]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.one_of(st.ip_addresses().map(str), st.text(alphabet="0123456789abf:.", max_size=30)), max_size=60
    )
)
def test_the_address_pattern_agrees_with_the_standard_library(texts):
    def is_address(text):
        try:
            ipaddress.ip_address(text)
        except ValueError:
            return False
        return True

    connection = duckdb.connect()
    matched = connection.execute(
        "SELECT [regexp_full_match(t, ?) FOR t IN ?::VARCHAR[]]", [IP_PATTERN, texts]
    ).fetchall()[0][0]
    for text, found in zip(texts, matched, strict=True):
        # Leading zeros in IPv4 are read by some systems and refused by others: they count as no harm.
        if not any(part.startswith("0") and len(part) > 1 for part in text.split(".")) or ":" in text:
            assert found == is_address(text), text
    connection.close()
