from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperknife.evidence.clients import CLIENT_FAMILIES
from paperknife.evidence.kinds import MOST_KINDS, kinds
from paperknife.evidence.mechanism import MECHANISMS, mechanism
from paperknife.evidence.networks import NETWORK_CLASSES, NetworkTable


def road(client: str | None, network: str | None) -> str:
    return mechanism(np.array([client], dtype=object), np.array([network], dtype=object))[0]


@pytest.mark.parametrize(
    ("client", "network", "expected"),
    [
        ("gmail_prefetch", "google_proxy", "gmail_prefetch"),
        ("gmail_proxy", "google_proxy", "google_proxy"),
        ("gmail_proxy", "apple_relay", "google_proxy"),
        (None, "google_proxy", "google_proxy"),
        ("yahoo_proxy", "other", "yahoo_proxy"),
        ("browser_desktop", "yahoo_proxy", "yahoo_proxy"),
        ("apple_mail", "apple_relay", "apple_relay"),
        ("safari", "apple_relay", "apple_relay"),
        ("scanner", "apple_relay", "apple_relay"),
        ("scanner", "other", "scanner"),
        ("browser_desktop", "scanner", "scanner"),
        ("browser_desktop", "microsoft", "microsoft"),
        ("outlook_desktop", "microsoft", "microsoft"),
        ("script", "cloud", "cloud"),
        ("browser_desktop", "google", "cloud"),
        ("apple_mail", "other", "direct"),
        ("empty", "other", "direct"),
        (None, "other", "direct"),
    ],
)
def test_the_first_rule_that_fits_decides(client: str | None, network: str | None, expected: str) -> None:
    assert road(client, network) == expected


@pytest.mark.parametrize("network", [None, "private"])
@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ("gmail_prefetch", "gmail_prefetch"),
        ("gmail_proxy", "google_proxy"),
        ("yahoo_proxy", "yahoo_proxy"),
        ("scanner", "scanner"),
        ("outlook_desktop", "direct"),
        ("outlook_mobile", "direct"),
        ("thunderbird", "direct"),
        ("android_mail", "direct"),
        ("apple_mail_old", "direct"),
        ("apple_mail", "unknown"),
        ("browser_desktop", "unknown"),
        ("safari", "unknown"),
        ("script", "unknown"),
        ("empty", "unknown"),
        (None, "unknown"),
    ],
)
def test_without_a_public_address_only_the_agent_tells(
    client: str | None, network: str | None, expected: str
) -> None:
    assert road(client, network) == expected


def test_every_mechanism_can_come_out_and_nothing_else() -> None:
    pairs = [(client, network) for client in (*CLIENT_FAMILIES, None) for network in (*NETWORK_CLASSES, None)]
    clients, networks = (np.array(column, dtype=object) for column in zip(*pairs, strict=True))
    assert set(mechanism(clients, networks)) == set(MECHANISMS)


@given(
    st.lists(st.tuples(st.sampled_from([*CLIENT_FAMILIES, None]), st.sampled_from([*NETWORK_CLASSES, None])))
)
def test_rows_do_not_see_each_other(pairs: list[tuple[str | None, str | None]]) -> None:
    clients = np.array([client for client, _ in pairs], dtype=object)
    networks = np.array([network for _, network in pairs], dtype=object)
    assert mechanism(clients, networks).tolist() == [road(client, network) for client, network in pairs]


@pytest.mark.parametrize("null", [None, float("nan"), pd.NA, "a word outside the vocabulary"])
def test_every_kind_of_null_and_unknown_words_count_as_null(null) -> None:
    assert road(null, null) == "unknown"
    assert road("gmail_proxy", null) == "google_proxy"
    assert road(null, "cloud") == "cloud"


@pytest.mark.parametrize("ip", ["40.94.20.1", "52.97.1.1", "20.40.1.1", "52.170.3.4", "4.150.1.1"])
def test_outlook_on_the_web_reads_from_all_of_microsofts_networks(ip):
    network = NetworkTable.built_in().classify([ip])[0]
    kind = kinds()["browser_desktop", network]
    assert (kind.mechanism, kind.is_visible, kind.is_machine) == ("microsoft", True, False)
    assert kind.is_click_machine  # nobody clicks from there


def test_a_mail_proxy_is_known_by_its_network_or_by_an_agent_that_no_other_network_gives_the_lie():
    proxied = {pair for pair, kind in kinds().items() if kind.is_proxied}
    assert {("gmail_proxy", "google_proxy"), ("gmail_proxy", None), ("yahoo_proxy", "other")} <= proxied
    assert {network for _, network in proxied} <= {
        None,
        "private",
        "google",
        "google_proxy",
        "yahoo_proxy",
        "other",
    }
    assert not any(kinds()[pair].is_apple or kinds()[pair].is_machine for pair in proxied)


def test_a_kinds_number_is_its_own_and_small():
    numbers = [kind.number for kind in kinds().values()]
    assert len(set(numbers)) == len(numbers)
    assert max(numbers) < MOST_KINDS
