"""One open asked about live gets the integers that the SQL gives it in a log."""

from __future__ import annotations

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paperknife.events.log import read_events
from paperknife.evidence.history import gather_evidence
from paperknife.evidence.live import Asked, Event, evidence_of

AGENTS = [
    None,
    "",
    "Mozilla/5.0",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.3.1",
    "python-requests/2.31",
]
IPS = [None, "172.225.10.20", "172.225.10.99", "198.18.44.7", "66.249.84.1", "2001:db8:1:2::3"]
BEGIN = 1_772_409_600_000_000  # 2026-03-02T00:00:00Z
HOUR = 3_600_000_000

# Coarse steps, so that ties, bursts, day edges and the thirty-day edge all happen.
moments = st.one_of(
    st.integers(0, 30).map(lambda n: n * 1_000_000),
    st.integers(0, 50).map(lambda n: n * HOUR // 2),
    st.integers(0, 35).map(lambda n: n * 24 * HOUR + n),
)
event = st.builds(
    Event,
    event_id=st.uuids().map(str),
    event_type=st.sampled_from(["sent", "delivered", "open", "open", "click", "reply", "unsubscribe"]),
    at_us=moments.map(lambda n: BEGIN + n),
    message_id=st.sampled_from(["m1", "m2", "m3"]),
    recipient_id=st.sampled_from([None, "r1", "r2"]),
    recipient_domain=st.sampled_from([None, "example.org", "example.com"]),
    campaign_id=st.sampled_from([None, "c1"]),
    sender_id=st.none(),
    ip=st.sampled_from(IPS),
    user_agent=st.sampled_from(AGENTS),
)


def as_log(events):
    rows = [
        {name: getattr(e, name) for name in Event.__slots__ if name != "at_us"}
        | {"occurred_at": pd.Timestamp(e.at_us, unit="us", tz="UTC")}
        for e in events
    ]
    return read_events(pd.DataFrame(rows).astype({"occurred_at": "datetime64[us, UTC]"}))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(event, min_size=1, max_size=30), st.sampled_from(["instant", "1h", "settled"]))
def test_live_equals_the_log_to_the_last_bit(events, horizon):
    opens = [e for e in events if e.event_type == "open"]
    if not opens:
        return
    last_us = max(e.at_us for e in events)
    from_log = gather_evidence(as_log(events), horizon=horizon)
    questions = [
        Asked(opened, events, horizon, last_us)
        for opened in sorted(opens, key=lambda e: (e.at_us, e.event_id))
    ]
    pd.testing.assert_frame_equal(evidence_of(questions), from_log)


def test_a_question_without_history_is_answered():
    opened = Event("e", "open", BEGIN, "m")
    row = evidence_of([Asked(opened, [], "instant", BEGIN)]).iloc[0]
    assert row["message_opens_n"] == 0
    assert row["mechanism"] == "unknown"


def test_a_repeated_id_counts_once():
    opened = Event("e", "open", BEGIN + HOUR, "m")
    twice = [Event("d", "click", BEGIN, "m"), Event("d", "click", BEGIN + 1, "m")]
    row = evidence_of([Asked(opened, twice, "instant", BEGIN + HOUR)]).iloc[0]
    assert row["message_clicks_n"] == 1
