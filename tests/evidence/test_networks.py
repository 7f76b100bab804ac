from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperknife.errors import NetworkListError
from paperknife.evidence.network_lists import import_list
from paperknife.evidence.networks import NETWORK_CLASSES, PRECEDENCE, NetworkRow, NetworkTable, network_keys

if TYPE_CHECKING:
    from pathlib import Path


def row(prefix: str, network_class: str, precision: str = "coarse") -> NetworkRow:
    return NetworkRow(prefix, network_class, "somebody", "somewhere", precision)


@pytest.mark.parametrize(
    ("ip", "network_class"),
    [
        ("172.225.1.1", "apple_relay"),
        ("104.28.40.1", "apple_relay"),
        ("2a02:26f7:c000::1", "apple_relay"),
        ("104.28.200.1", "other"),  # the other half of the /16: people who use Cloudflare's VPN
        ("17.58.1.1", "other"),  # Apple's own network, and not its relay
        ("66.249.84.1", "google_proxy"),
        ("66.249.66.1", "google"),  # Google's crawler, in the next block
        ("98.137.12.1", "yahoo_proxy"),
        ("67.231.152.1", "scanner"),
        ("209.222.82.1", "scanner"),
        ("40.94.20.1", "microsoft"),
        ("40.76.1.1", "microsoft"),  # its cloud, from where Outlook on the web fetches too
        ("52.97.1.1", "microsoft"),
        ("34.201.1.1", "cloud"),
        ("35.190.1.1", "cloud"),
        ("142.250.1.1", "google"),
        ("159.89.1.1", "cloud"),
        ("10.1.2.3", "private"),
        ("172.16.0.1", "private"),
        ("100.64.0.1", "private"),
        ("127.0.0.1", "private"),
        ("::1", "private"),
        ("fe80::1%eth0", "private"),
        ("fd00::1", "private"),
        ("::ffff:66.249.84.1", "google_proxy"),
        ("84.160.1.1", "other"),
        ("2003:c0::1", "other"),
        ("255.255.255.255", "other"),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "other"),
        ("localhost", None),
        ("", None),
        (None, None),
        (float("nan"), None),
    ],
)
def test_built_in_table_knows_well_known_networks(ip: str | None, network_class: str | None) -> None:
    assert NetworkTable.built_in().classify([ip]).tolist() == [network_class]


def test_built_in_rows_name_owner_and_source_and_say_that_they_are_coarse() -> None:
    rows = NetworkTable.built_in().rows
    assert {one.network_class for one in rows} == set(NETWORK_CLASSES) - {"other"}
    assert all(one.owner and len(one.source) > 15 for one in rows)
    assert {one.network_class for one in rows if one.precision == "exact"} == {"private"}
    assert len({one.prefix for one in rows}) == len(rows)


def test_precedence_orders_every_class_that_has_rows() -> None:
    assert sorted(PRECEDENCE) == sorted(set(NETWORK_CLASSES) - {"other"})


def test_takes_every_kind_of_column() -> None:
    ips, classes = ["10.0.0.1", None, "66.249.84.1"], ["private", None, "google_proxy"]
    table = NetworkTable.built_in()
    columns = [
        ips,
        np.array(ips, dtype=object),
        pd.Series(ips),
        pa.array(ips),
        pa.chunked_array([ips[:1], ips[1:]]),
    ]
    for column in columns:
        assert table.classify(column).tolist() == classes
    assert table.classify([]).tolist() == []


PREFIXES = st.builds(
    lambda address, length: str(
        ipaddress.ip_network(f"10.0.{address >> 8}.{address & 255}/{length}", strict=False)
    ),
    st.integers(0, 1023),
    st.integers(22, 32),
) | st.builds(
    lambda address, length: str(ipaddress.ip_network(f"2001:db8::{address:x}/{length}", strict=False)),
    st.integers(0, 1023),
    st.integers(118, 128),
)
ROWS = st.builds(row, PREFIXES, st.sampled_from(PRECEDENCE), st.sampled_from(["coarse", "imported"]))


@given(st.lists(ROWS, max_size=12), st.lists(st.integers(0, 1100), min_size=1, max_size=12))
def test_classifies_as_a_plain_search_through_the_rows_would(
    rows: list[NetworkRow], places: list[int]
) -> None:
    imported = {one.network_class for one in rows if one.precision == "imported"}
    kept = [one for one in rows if one.precision != "coarse" or one.network_class not in imported]
    ips = [f"10.0.{place >> 8}.{place & 255}" for place in places] + [
        f"2001:db8::{place:x}" for place in places
    ]
    expected = []
    for ip in ips:
        holding = [one for one in kept if ipaddress.ip_address(ip) in ipaddress.ip_network(one.prefix)]
        ranks = [PRECEDENCE.index(one.network_class) for one in holding]
        expected.append(PRECEDENCE[min(ranks)] if ranks else "other")
    table = NetworkTable(rows)
    assert table.classify(ips).tolist() == expected
    deciding = [matching[0].network_class if matching else "other" for matching in map(table.explain, ips)]
    assert deciding == expected


def test_an_imported_list_takes_the_place_of_its_classs_coarse_rows(tmp_path: Path) -> None:
    ips = ["172.225.1.1", "172.225.200.1", "104.28.40.1", "203.0.113.9", "66.249.84.1"]
    before = ["apple_relay", "apple_relay", "apple_relay", "other", "google_proxy"]
    assert NetworkTable.load(tmp_path).classify(ips).tolist() == before
    (tmp_path / "list.txt").write_text("172.225.1.0/24\n203.0.113.0/28\n")
    import_list(tmp_path / "list.txt", folder=tmp_path)
    after = ["apple_relay", "other", "other", "apple_relay", "google_proxy"]
    assert NetworkTable.load(tmp_path).classify(ips).tolist() == after


def test_what_only_coarse_rows_covered_falls_to_the_next_class() -> None:
    rows = [
        row("203.0.113.0/24", "apple_relay"),
        row("203.0.113.0/25", "apple_relay", "imported"),
        row("203.0.0.0/16", "cloud"),
    ]
    assert NetworkTable(rows).classify(["203.0.113.1", "203.0.113.200"]).tolist() == ["apple_relay", "cloud"]


def test_explains_with_the_longest_prefix_of_the_deciding_class_first() -> None:
    rows = [
        row("203.0.0.0/16", "cloud"),
        row("203.0.112.0/23", "apple_relay"),
        row("203.0.113.0/24", "apple_relay"),
    ]
    explained = NetworkTable(rows).explain("203.0.113.7:443")
    assert [one.prefix for one in explained] == ["203.0.113.0/24", "203.0.112.0/23", "203.0.0.0/16"]
    assert NetworkTable(rows).explain("198.51.100.1") == []


def test_refuses_to_explain_what_is_no_address_without_repeating_it() -> None:
    with pytest.raises(
        NetworkListError, match=r"^This is no IP address\. Expected one of IPv4 or IPv6"
    ) as caught:
        NetworkTable.built_in().explain("alice@example.com")
    assert "alice" not in str(caught.value)


def test_digest_depends_on_what_the_table_answers_and_on_nothing_else() -> None:
    rows = [row("203.0.113.0/24", "cloud"), row("198.51.100.0/24", "scanner")]
    digest = NetworkTable(rows).digest
    assert NetworkTable(rows[::-1]).digest == digest
    assert NetworkTable(rows[:1]).digest != digest
    assert NetworkTable([row("203.0.113.0/24", "scanner"), rows[1]]).digest != digest
    assert NetworkTable.built_in().digest == NetworkTable.built_in().digest


def test_load_without_lists_is_the_built_in_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERKNIFE_HOME", str(tmp_path))
    assert NetworkTable.load() is NetworkTable.built_in()


def test_load_follows_the_users_lists_as_they_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERKNIFE_HOME", str(tmp_path))
    for prefix in ("203.0.113.0/24", "203.0.113.128/25"):
        (tmp_path / "list.txt").write_text(prefix)
        import_list(tmp_path / "list.txt")
        assert [one.prefix for one in NetworkTable.load().explain("203.0.113.200")] == [prefix]
    assert NetworkTable.load() is NetworkTable.load()


def test_says_when_a_given_folder_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(
        NetworkListError, match=r"There is no folder .*none with network lists\. Leave it out"
    ):
        NetworkTable.load(tmp_path / "none")


@pytest.mark.parametrize(
    ("ip", "key"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("203.0.113.7:443", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("0.0.0.0", "0.0.0.0/24"),  # noqa: S104 - an address, not a socket
        ("2001:db8:1:2::7", "2001:db8:1::/48"),
        ("2001:0db8:0001:ffff::", "2001:db8:1::/48"),
        ("::", "::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("home", None),
        (None, None),
    ],
)
def test_keys_are_the_24_or_48_in_their_shortest_form(ip: str | None, key: str | None) -> None:
    assert network_keys([ip]).tolist() == [key]


@given(
    st.lists(st.ip_addresses(v=4) | st.ip_addresses(v=6).filter(lambda ip: not ip.ipv4_mapped), max_size=10)
)
def test_keys_are_the_networks_that_the_standard_library_names(addresses) -> None:
    keys = [str(ipaddress.ip_network((a, 24 if a.version == 4 else 48), strict=False)) for a in addresses]
    assert network_keys([str(address) for address in addresses]).tolist() == keys
