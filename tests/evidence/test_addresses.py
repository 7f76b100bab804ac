from __future__ import annotations

import ipaddress
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperknife.evidence.addresses import Block, format_prefixes, merge_blocks, pack_addresses, parse_prefix

ADDRESSES = st.ip_addresses(v=4) | st.ip_addresses(v=6)


def as_number(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    return int(address) + (0xFFFF << 32 if address.version == 4 else 0)


@given(st.lists(ADDRESSES, max_size=20))
def test_packs_addresses_as_the_numbers_that_the_standard_library_reads(addresses) -> None:
    packed, is_address = pack_addresses([str(address) for address in addresses])
    assert is_address.all()
    assert [int.from_bytes(one.tobytes().ljust(16, b"\0")) for one in packed] == list(
        map(as_number, addresses)
    )


@given(ADDRESSES, ADDRESSES)
def test_packed_addresses_are_in_the_order_of_their_numbers(one, other) -> None:
    packed, _ = pack_addresses([str(one), str(other)])
    assert bool(packed[0] < packed[1]) == (as_number(one) < as_number(other))


@pytest.mark.parametrize(
    ("written", "bare"),
    [
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:443", "203.0.113.7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
        ("  203.0.113.7\n", "203.0.113.7"),
        ("2001:0DB8:0:0:0:0:0:7", "2001:db8::7"),
    ],
)
def test_reads_the_ways_in_which_logs_write_an_address(written: str, bare: str) -> None:
    packed, is_address = pack_addresses([written, bare])
    assert is_address.all()
    assert packed[0] == packed[1]


@pytest.mark.parametrize(
    "text",
    [
        None,
        float("nan"),
        np.nan,
        3232235777,
        b"203.0.113.7",
        "",
        " ",
        "home",
        "203.0.113",
        "203.0.113.256",
        "203.0.113.07",  # octal to some, decimal to others
        "203.0.113.0/24",
        "203.0.113.7:",
        "203.0.113.7:http",
        "203.0.113.7:65536",
        "203.0.113.7, 198.51.100.1",
        "[2001:db8::7",
        "[2001:db8::7]443",
        "2001:db8::7::1",
        "203.0.113.7\0",
        "２０３.0.113.7",  # noqa: RUF001 - digits outside ASCII
        "\ud800",
        "1" * 100_000,
    ],
)
def test_what_is_no_single_address_is_none(text) -> None:
    packed, is_address = pack_addresses([text, "::"])
    assert is_address.tolist() == [False, True]
    assert len(packed) == 2


@given(st.text(max_size=30))
def test_no_text_raises(text: str) -> None:
    pack_addresses([text, "[" + text, text + ":1", text + "%"])


@given(ADDRESSES, st.data())
def test_prefixes_are_read_and_written_as_the_standard_library_does(address, data) -> None:
    length = data.draw(st.integers(0, address.max_prefixlen))
    network = ipaddress.ip_network(f"{address}/{length}", strict=False)
    block = parse_prefix(str(network))
    assert (block.first, block.last) == (as_number(network[0]), as_number(network[-1]))
    assert block.is_v4 == (network.version == 4) or address.version == 6
    if not block.is_v4 or network.version == 4:
        assert format_prefixes([block]) == [str(network)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no prefix"),
        ("prefix", "no prefix"),
        ("203.0.113.0/33", "no prefix length of 0 to 32"),
        ("2001:db8::/129", "no prefix length of 0 to 128"),
        ("203.0.113.0/", "no prefix length of 0 to 32"),
        ("203.0.113.0/-1", "no prefix length of 0 to 32"),
        ("203.0.113.7/24", "address has bits beyond its prefix length"),
    ],
)
def test_says_what_is_wrong_with_a_prefix(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{problem}$"):
        parse_prefix(text)


def test_a_bare_address_is_a_block_of_one() -> None:
    assert parse_prefix("203.0.113.7").size == 1
    assert parse_prefix("203.0.113.7") == parse_prefix("203.0.113.7/32")


V4_BLOCKS = st.builds(
    lambda start, size: Block((0xFFFF << 32) + start, (0xFFFF << 32) + start + size),
    st.integers(0, 300),
    st.integers(0, 40),
)


@given(st.lists(V4_BLOCKS, max_size=12))
def test_merged_blocks_hold_the_same_addresses_once_and_in_order(blocks: list[Block]) -> None:
    merged = merge_blocks(blocks)
    held = [address for block in merged for address in range(block.first, block.last + 1)]
    assert held == sorted({address for block in blocks for address in range(block.first, block.last + 1)})
    assert all(one.last + 1 < other.first for one, other in pairwise(merged))


@given(st.lists(V4_BLOCKS, max_size=12))
def test_written_prefixes_cover_exactly_the_blocks_and_are_the_fewest(blocks: list[Block]) -> None:
    merged = merge_blocks(blocks)
    prefixes = format_prefixes(merged)
    assert merge_blocks(map(parse_prefix, prefixes)) == merged
    fewest = ipaddress.collapse_addresses(map(ipaddress.ip_network, prefixes))
    assert prefixes == [str(network) for network in fewest]


def test_ipv4_and_ipv6_blocks_that_touch_stay_apart() -> None:
    v4_end, v6_next = Block((0xFFFF << 32) + 2**32 - 1, (0xFFFF << 32) + 2**32 - 1), Block(1 << 48, 1 << 48)
    assert merge_blocks([v6_next, v4_end]) == [v4_end, v6_next]
