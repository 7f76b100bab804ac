from __future__ import annotations

import pandas as pd
import pytest

from paperknife.evaluation.opens import describe_opens
from paperknife.events.log import read_events

START = pd.Timestamp("2026-03-02T08:00Z")


def event(event_id, event_type, minutes, message="m1", **columns):
    at = START + pd.Timedelta(minutes=minutes)
    return {
        "event_id": event_id,
        "event_type": event_type,
        "occurred_at": at,
        "message_id": message,
        **columns,
    }


def described(*rows):
    return describe_opens(read_events(pd.DataFrame(rows))).set_index("event_id")


def test_clock_is_the_latest_delivery_at_or_before_the_open():
    opens = described(
        event("s", "sent", 0),
        event("d1", "delivered", 1),
        event("d2", "delivered", 5),
        event("o0", "open", 0.5),
        event("o1", "open", 5),
        event("o2", "open", 7),
        event("d3", "delivered", 9),
    )
    assert opens["delay_s"].to_dict() == {"o0": 30.0, "o1": 0.0, "o2": 120.0}


def test_clock_is_the_send_where_nothing_was_delivered_and_null_without_either():
    opens = described(event("s", "sent", 0), event("o1", "open", 2), event("o2", "open", 2, message="m2"))
    assert opens.loc["o1", "delay_s"] == 120
    assert pd.isna(opens.loc["o2", "delay_s"])


def test_recipients_are_new_on_their_first_message_and_known_on_the_next():
    opens = described(
        event("d1", "delivered", 0, recipient_id="anna"),
        event("o1", "open", 600, recipient_id="anna"),
        event("d2", "delivered", 60, message="m2", recipient_id="anna"),
        event("o2", "open", 61, message="m2", recipient_id="anna"),
        event("o3", "open", 62, message="m3"),
    )
    assert opens.loc[["o1", "o2"], "is_known"].tolist() == [False, True]
    assert pd.isna(opens.loc["o3", "is_known"])


@pytest.mark.parametrize(
    ("columns", "is_apple"),
    [
        ({"user_agent": "Mozilla/5.0", "ip": "93.184.216.34"}, True),
        ({"user_agent": "curl/8.1", "ip": "172.224.240.1"}, True),
        ({"user_agent": "curl/8.1", "ip": "93.184.216.34"}, False),
        ({"client_family": "apple_mail"}, True),
        ({"network_class": "apple_relay"}, True),
    ],
)
def test_apple_is_told_by_agent_or_network_also_when_both_were_forgotten(columns, is_apple):
    assert described(event("o", "open", 0, **columns)).loc["o", "is_apple"] == is_apple


def test_other_agents_of_a_message_are_seen_and_unknown_where_no_agent_is():
    opens = described(
        event("o1", "open", 0, user_agent="Mozilla/5.0"),
        event("o2", "open", 9, user_agent="Mozilla/5.0 (via ggpht.com GoogleImageProxy)"),
        event("o3", "open", 0, message="m2", user_agent="Mozilla/5.0"),
        event("o4", "open", 0, message="m3"),
    )
    assert opens.loc[["o1", "o2", "o3"], "has_other_agent"].tolist() == [True, True, False]
    assert pd.isna(opens.loc["o4", "has_other_agent"])
