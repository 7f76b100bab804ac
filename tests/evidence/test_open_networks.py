"""Through which network each open came: by its own address, whatever the log's other events say."""

from __future__ import annotations

import pandas as pd

from paperknife.events.log import read_events
from paperknife.evidence.history import gather_evidence
from paperknife.evidence.open_networks import open_networks


def log_of(**columns):
    at = pd.to_datetime(
        ["2026-01-01T10:00Z", "2026-01-01T10:01Z", "2026-01-01T10:02Z", "2026-01-01T10:03Z"], utc=True
    )
    events = pd.DataFrame(
        {
            "event_id": ["o1", "o2", "o3", "c1"],
            "message_id": ["m1", "m1", "m2", "m2"],
            "event_type": ["open", "open", "open", "click"],
            "occurred_at": at,
            **columns,
        }
    )
    return read_events(events)


def test_each_open_has_the_network_of_its_address():
    log = log_of(ip=["203.0.113.7", "2001:db8:1:2::7", None, "198.51.100.1"])
    evidence = gather_evidence(log)
    found = open_networks(log, evidence)
    assert found.index.equals(evidence.index)
    by_open = found.set_axis(evidence["event_id"])
    assert by_open[["o1", "o2"]].tolist() == ["203.0.113.0/24", "2001:db8:1::/48"]
    assert pd.isna(by_open["o3"])


def test_a_log_without_addresses_has_none():
    log = log_of()
    assert open_networks(log, gather_evidence(log)).isna().all()
