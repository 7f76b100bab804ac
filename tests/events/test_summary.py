"""Figures of a log."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from paperknife.events.log import read_events


def test_figures_of_a_small_log():
    rows = [
        ("d1", "delivered", "09:00:00", "m1", "203.0.113.1", "r1", "c1"),
        ("o1", "open", "09:01:00", "m1", "203.0.113.2", "r1", "c1"),
        ("o1", "open", "09:01:00", "m1", "203.0.113.2", "r1", "c1"),
        ("o2", "open", "09:02:00", "m1", None, "r1", "c1"),
        ("s2", "sent", "09:00:00", "m2", None, "r2", None),
        ("o3", "open", "09:05:00.5", "m2", "banana", "r2", None),
        ("o4", "open", "09:03:00", "m3", "203.0.113.4", None, None),
        ("b1", "bounce", "09:03:00", "m4", None, None, None),
    ]
    table = pd.DataFrame(
        rows,
        columns=["event_id", "event_type", "occurred_at", "message_id", "ip", "recipient_id", "campaign_id"],
    )
    table["occurred_at"] = pd.to_datetime("2026-01-31T" + table["occurred_at"] + "Z", format="ISO8601")
    summary = read_events(table).summary()
    assert summary.events_by_type == {
        "sent": 1,
        "delivered": 1,
        "open": 4,
        "click": 0,
        "reply": 0,
        "unsubscribe": 0,
    }
    assert (summary.events_n, summary.rows_n, summary.duplicates_n) == (6, 8, 1)
    assert summary.first_at == datetime(2026, 1, 31, 9, tzinfo=UTC)
    assert summary.last_at == datetime(2026, 1, 31, 9, 5, 0, 500_000, tzinfo=UTC)
    assert (summary.messages_n, summary.recipients_n, summary.campaigns_n) == (3, 2, 1)
    assert summary.opens_with == {
        "ip": 0.5,
        "user_agent": 0,
        "recipient_id": 0.75,
        "recipient_domain": 0,
        "campaign_id": 0.5,
    }
    assert summary.opened_messages_n == 3
    assert summary.delivered_share == pytest.approx(1 / 3)
    assert summary.sent_share == pytest.approx(1 / 3)
    assert summary.clocked_share == pytest.approx(2 / 3)
    assert summary.unknown_types == {"bounce": 1}


def test_shares_of_no_opens_are_not_numbers():
    table = pd.DataFrame({"event_id": ["d"], "event_type": ["delivered"], "message_id": ["m"],
                          "occurred_at": ["2026-01-31T09:00:00Z"]})  # fmt: skip
    summary = read_events(table).summary()
    assert summary.opened_messages_n == 0
    assert pd.isna(summary.opens_with["ip"])
    assert pd.isna(summary.clocked_share)
