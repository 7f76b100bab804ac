from __future__ import annotations

import pandas as pd
import pytest

from paperknife.hazards.traffic import TRAFFIC, traffic


@pytest.mark.parametrize(
    ("client", "network", "expected"),
    [
        ("apple_mail", "apple_relay", "apple"),
        ("apple_mail", None, "apple"),
        (None, "apple_relay", "apple"),
        ("gmail_proxy", "google_proxy", "visible"),
        ("outlook_desktop", "other", "visible"),
        ("script", "other", "machine"),
        ("browser_desktop", "cloud", "other"),
        (None, None, "unknown"),
        ("a family of next year", "other", "other"),
    ],
)
def test_each_pair_belongs_to_one_traffic(client, network, expected):
    evidence = pd.DataFrame({"client_family": [client], "network_class": [network]})
    assert traffic(evidence).tolist() == [expected]
    assert expected in TRAFFIC


def test_rows_keep_their_order_and_none_are_none():
    evidence = pd.DataFrame(
        {"client_family": ["apple_mail", None, "apple_mail"], "network_class": [None] * 3}
    )
    assert traffic(evidence).tolist() == ["apple", "unknown", "apple"]
    assert traffic(evidence.iloc[:0]).tolist() == []


def test_an_address_alone_makes_no_visible_reader():
    # It may be a home, or a relay of Apple's that no table knows yet.
    evidence = pd.DataFrame(
        {"client_family": [None, None, "thunderbird"], "network_class": ["other", "google_proxy", "other"]}
    )
    assert traffic(evidence).tolist() == ["other", "visible", "visible"]
