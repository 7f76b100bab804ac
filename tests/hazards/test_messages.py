from __future__ import annotations

import pandas as pd
import pytest

from paperknife.hazards.messages import message_table

SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.4 Mobile/15E148 Safari/604.1"
)
START = pd.Timestamp("2026-01-05 09:00", tz="UTC")


def events(*rows):
    """Rows of (event_type, seconds, columns that are known)."""
    return pd.DataFrame(
        [
            {
                "event_id": f"e{n}",
                "event_type": kind,
                "occurred_at": START + pd.Timedelta(seconds=s),
                "message_id": "m",
            }
            | known
            for n, (kind, s, known) in enumerate(rows)
        ]
    )


def no_opens():
    return pd.DataFrame(
        {name: pd.Series([], dtype="str") for name in ("message_id", "client_family", "network_class")}
    )


def one(log, evidence=None):
    table = message_table(log, no_opens() if evidence is None else evidence)
    assert len(table) == 1
    return table.iloc[0]


def seconds(value):
    return (value - START.value // 1_000) / 1e6


def test_the_clock_is_the_delivery_and_else_the_send():
    assert seconds(one(events(("sent", 0, {}), ("delivered", 4, {}))).clock_us) == 4
    assert seconds(one(events(("sent", 3, {}), ("open", 9, {}))).clock_us) == 3
    assert pd.isna(one(events(("open", 9, {}))).clock_us)


def test_a_persons_click_is_clean():
    row = one(
        events(("delivered", 0, {}), ("click", 900, {"user_agent": SAFARI, "ip": "198.51.100.7", "url": "a"}))
    )
    assert seconds(row.clean_us) == 900
    assert pd.isna(row.machine_click_us)


@pytest.mark.parametrize(
    "clicks",
    [
        [("click", 4, {"user_agent": SAFARI})],
        [("click", 900, {"user_agent": "curl/8.5.0"})],
        [("click", 900, {"user_agent": ""})],
        [("click", 900, {"url": "a"}), ("click", 902, {"url": "b"})],
        [("click", 900, {}), ("click", 901, {}), ("click", 902, {})],
        [("click", 900, {"client_family": "script"})],
    ],
)
def test_gateways_clicks_are_not(clicks):
    assert pd.isna(one(events(("delivered", 0, {}), *clicks)).clean_us)


def test_a_person_may_click_one_link_twice_and_click_after_a_gateway():
    twice = one(events(("delivered", 0, {}), ("click", 900, {"url": "a"}), ("click", 901, {"url": "a"})))
    assert seconds(twice.clean_us) == 900
    gateway = [("click", 30, {"url": "a"}), ("click", 31, {"url": "b"})]
    after = one(events(("delivered", 0, {}), *gateway, ("click", 5_000, {"url": "a"})))
    assert (seconds(after.clean_us), seconds(after.machine_click_us), after.clicks_n) == (5_000, 30, 3)


def test_four_columns_are_enough_and_the_message_stands_in_for_its_recipient():
    row = one(events(("open", 9, {}), ("click", 60, {})))
    assert (row.recipient_id, row.has_recipient, row.opens_n) == ("m", False, 1)
    assert pd.isna(row.recipient_domain)
    assert pd.isna(row.campaign_id)
    assert seconds(row.clean_us) == 60
    assert seconds(row.log_ends_us) == 60


def test_opens_are_counted_by_traffic():
    evidence = pd.DataFrame(
        {
            "message_id": ["m", "m", "m"],
            "client_family": ["apple_mail", "outlook_desktop", None],
            "network_class": ["apple_relay", "other", None],
        }
    )
    row = one(events(("delivered", 0, {"recipient_id": "anna"})), evidence)
    assert (row.apple_n, row.visible_n, row.recipient_id) == (1, 1, "anna")
