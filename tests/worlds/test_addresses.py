"""Addresses: valid, inside their blocks, and shared as networks share them."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

import numpy as np
import pytest

from paperknife.worlds.addresses import (
    BLOCKS,
    draw_addresses,
    draw_consumer_blocks,
    draw_unlisted_blocks,
)
from paperknife.worlds.plain import plain_laws
from paperknife.worlds.world import make_world

from .conftest import opens_with_truth


@pytest.mark.parametrize("name", BLOCKS)
def test_addresses_lie_in_their_blocks(name):
    networks = [ip_network(block) for block in BLOCKS[name]]
    addresses = draw_addresses(np.random.default_rng(0), BLOCKS[name], 200, together=4)
    assert len(addresses) == 200
    for address in map(ip_address, addresses):
        assert any(address in network for network in networks if network.version == address.version)


def test_addresses_drawn_together_share_a_subnet():
    addresses = draw_addresses(np.random.default_rng(0), BLOCKS["cloud"], 64, together=16)
    assert len({address.rpartition(".")[0] for address in addresses}) <= 4


def test_people_and_unknown_networks_are_in_no_listed_block():
    chance = np.random.default_rng(0)
    listed = [ip_network(block) for name in BLOCKS for block in BLOCKS[name] if ":" not in block]
    for blocks in (draw_consumer_blocks(chance, 200), draw_unlisted_blocks(chance, 100)):
        assert not any(ip_network(block).overlaps(known) for block in blocks for known in listed)


def test_a_share_of_the_relay_is_in_blocks_that_nobody_knows():
    laws = plain_laws()
    networks = replace(laws.networks, relay_new_share=0.4, vpn_share=0.0)
    apple = replace(laws.apple, mode_weights=(1.0, 0.0, 0.0, 0.0), watch_share=0.0)
    world = make_world("plain", 8_000, 4, laws=replace(laws, networks=networks, apple=apple))
    relay = [ip_network(block) for name in ("relay", "relay_v6") for block in BLOCKS[name]]
    ips = opens_with_truth(world).query("client == 'apple_mail'")["ip"].unique()
    known = [any(ip_address(ip) in network for network in relay) for ip in ips]
    assert np.mean(known) == pytest.approx(0.6, abs=0.08)


def test_colleagues_share_their_companys_address(plain_opens):
    people = plain_opens[(plain_opens["client"] == "outlook_desktop")]
    public = {
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "icloud.com",
    }
    at_work = people[~people["recipient_domain"].isin(public)]
    sharing = at_work.groupby("ip")["recipient_id"].nunique()
    assert (sharing > 1).sum() > 10


def test_phones_share_addresses_as_much_as_the_laws_say():
    def people_per_address(phones_per_address):
        laws = plain_laws()
        networks = replace(
            laws.networks,
            phones_per_address=phones_per_address,
            mobile_share=1.0,
            vpn_share=0.0,
            office_share=0.0,
        )
        opens = opens_with_truth(make_world("plain", 4_000, 4, laws=replace(laws, networks=networks)))
        phones = opens[opens["client"] == "android_mail"]
        return phones.groupby("ip")["recipient_id"].nunique().mean()

    assert people_per_address(60) > 1.5 * people_per_address(0.5)
