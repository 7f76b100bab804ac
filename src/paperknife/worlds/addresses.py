"""Internet addresses: where each kind of fetch and click comes from.

The blocks are stated here and not shared with the classifier's table. They are coarse: a world draws a few
addresses from each, some of them from blocks that nobody lists, and puts some people inside blocks that look
like Apple's.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, ip_network
from typing import TYPE_CHECKING, Final

import numpy as np

from paperknife.worlds.chance import Bools, Floats, Ints, choose, keyed_uniform
from paperknife.worlds.rhythm import DAY_S, HOUR_S, WEEK_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paperknife.worlds.laws import NetworkLaws
    from paperknife.worlds.people import People
    from paperknife.worlds.texts import Texts

BLOCKS: Final[dict[str, dict[str, float]]] = {
    # Apple's egress by operator: Akamai 66.5 %, Cloudflare 18.5 %, Fastly 15 % of IPv4 (FACTS.md section 1).
    "relay": {
        "172.224.224.0/19": 0.03,
        "172.225.0.0/16": 0.42,
        "172.226.0.0/16": 0.215,
        "104.28.32.0/19": 0.06,
        "104.28.64.0/18": 0.1,
        "104.28.128.0/20": 0.025,
        "146.75.128.0/17": 0.1,
        "140.248.0.0/19": 0.05,
    },
    # Other blocks of the same operators, which Apple may take into use.
    "relay_reserve": {
        "172.224.0.0/17": 1,
        "146.75.0.0/17": 0.5,
        "140.248.128.0/17": 0.5,
        "2a09:bac3::/32": 0.5,
    },
    "relay_v6": {
        "2a02:26f7::/32": 0.9,
        "2a04:4e41::/32": 0.06,
        "2606:54c0::/32": 0.02,
        "2a09:bac2::/32": 0.02,
    },
    "relay_neighbours": {"104.28.0.0/16": 0.8, "146.75.0.0/16": 0.1, "172.225.0.0/16": 0.1},
    "google": {
        "66.249.80.0/20": 0.6,
        "66.102.0.0/20": 0.15,
        "64.233.160.0/19": 0.05,
        "72.14.192.0/18": 0.05,
        "74.125.208.0/20": 0.15,
    },
    "yahoo": {
        "98.136.0.0/14": 0.3,
        "67.195.0.0/16": 0.2,
        "74.6.0.0/16": 0.2,
        "66.163.160.0/19": 0.1,
        "87.248.96.0/19": 0.1,
        "188.125.64.0/19": 0.1,
    },
    "microsoft": {
        "40.92.0.0/14": 0.3,
        "52.96.0.0/14": 0.3,
        "104.47.0.0/17": 0.1,
        "20.190.128.0/18": 0.2,
        "13.104.0.0/14": 0.1,
    },
    # Microsoft's cloud: Outlook on the web fetches from there as well, and so do many gateways.
    "azure": {
        "20.0.0.0/9": 0.35,
        "20.184.0.0/13": 0.15,
        "40.64.0.0/12": 0.1,
        "40.112.0.0/13": 0.1,
        "13.64.0.0/11": 0.1,
        "52.160.0.0/11": 0.1,
        "4.144.0.0/12": 0.05,
        "104.40.0.0/13": 0.05,
    },
    "named": {
        "67.231.144.0/20": 1,
        "148.163.128.0/19": 1,
        "208.84.64.0/22": 0.5,
        "205.139.110.0/23": 1,
        "207.211.30.0/23": 1,
        "64.235.144.0/20": 1,
        "209.222.80.0/21": 0.5,
        "68.232.128.0/19": 1,
        "216.71.128.0/19": 0.5,
        "67.219.240.0/20": 0.5,
        "216.82.240.0/20": 0.5,
        "85.158.136.0/21": 0.5,
        "150.70.0.0/16": 0.5,
    },
    "cloud": {
        "3.208.0.0/12": 1,
        "18.204.0.0/14": 1,
        "34.192.0.0/12": 1,
        "54.144.0.0/12": 1,
        "35.172.0.0/14": 0.5,
        "34.64.0.0/10": 0.7,
        "35.184.0.0/13": 0.5,
        "20.36.0.0/14": 0.7,
        "52.224.0.0/11": 0.5,
        "164.90.128.0/18": 0.3,
        "167.99.0.0/16": 0.3,
        "51.68.0.0/16": 0.3,
        "95.216.0.0/16": 0.3,
        "65.108.0.0/16": 0.3,
        "129.146.0.0/16": 0.2,
    },
}
"""Block -> weight, by who fetches from it. Scanner vendors, mail proxies and clouds: their published ranges,
thinned."""

_AT_DESK_SHARE: Final = 0.85
"""Of working hours that people with an office spend there: our assumption."""

_CONSUMER_FIRST_BYTES: Final = (
    24,
    62,
    71,
    73,
    76,
    77,
    78,
    79,
    80,
    81,
    83,
    87,
    88,
    89,
    90,
    92,
    93,
    94,
    109,
    121,
    122,
)
_CONSUMER_FIRST_BYTES_2: Final = (123, 124, 125, 174, 176, 178, 186, 187, 189, 190, 201, 212, 213, 217)
_CONSUMER_V6: Final = (
    "2a01:e0a::/32",
    "2003:c0::/32",
    "2601:200::/32",
    "2a00:23c0::/32",
    "2804:14c::/32",
    "2405:200::/32",
)
_UNLISTED_FIRST_BYTES: Final = (5, 31, 37, 45, 91, 103, 141, 152, 156, 161, 185, 193, 194)


def draw_addresses(
    rng: np.random.Generator, blocks: dict[str, float], n: int, *, together: int = 1
) -> list[str]:
    """Return `n` addresses from weighted blocks; about `together` of them share a subnet (/24 or /48)."""
    starts = [_start_of(block) for block in blocks]  # parsed once: a world draws tens of thousands of groups
    groups = max(1, -(-n // together))
    block_of = choose(rng, list(blocks.values()), groups)
    addresses = []
    for group, block in enumerate(block_of.tolist()):
        first, subnets_n, head = starts[block]
        wanted = min(together, n - group * together)
        if not head:
            base = first + int(rng.integers(0, subnets_n)) * 256
            hosts = rng.integers(0, 256, wanted).tolist()
            subnet = f"{base >> 24 & 255}.{base >> 16 & 255}.{base >> 8 & 255}"
            addresses += [f"{subnet}.{host}" for host in hosts]
        else:
            third = f"{rng.integers(0, 65536):x}"
            low = rng.integers(1, 65536, (wanted, 3)).tolist()
            addresses += [f"{head}:{third}:{a:x}::{b:x}:{c:x}" for a, b, c in low]
    return addresses


def _start_of(block: str) -> tuple[int, int, str]:
    """Return an IPv4 block's first address and how many /24 it has, or an IPv6 block's first 32 bits as text."""
    network = ip_network(block)
    if isinstance(network, IPv4Network):
        return int(network.network_address), max(1, network.num_addresses // 256), ""
    return 0, 0, ":".join(network.network_address.exploded.split(":")[:2]).replace(":0", ":")


def draw_consumer_blocks(rng: np.random.Generator, n: int) -> dict[str, float]:
    """Return `n` /16 blocks of internet providers with Zipf-like weights."""
    first = rng.choice(_CONSUMER_FIRST_BYTES + _CONSUMER_FIRST_BYTES_2, n)
    return {
        f"{a}.{b}.0.0/16": 1 / (i + 3)
        for i, (a, b) in enumerate(zip(first, rng.integers(0, 256, n), strict=True))
    }


def draw_unlisted_blocks(rng: np.random.Generator, n: int) -> dict[str, float]:
    """Return `n` /20 blocks that no list of relays, proxies or clouds knows."""
    first = rng.choice(_UNLISTED_FIRST_BYTES, n)
    rest = zip(first, rng.integers(0, 256, n), rng.integers(0, 16, n) * 16, strict=True)
    return {f"{a}.{b}.{c}.0/20": 1.0 for a, b, c in rest}


def _mixed(
    rng: np.random.Generator, parts: Sequence[tuple[float, dict[str, float]]], n: int, together: int
) -> list[str]:
    """Return `n` addresses, from each of several sets of blocks in proportion to its share."""
    which = choose(rng, [share for share, _ in parts], n)
    pools = [
        draw_addresses(rng, blocks, int((which == i).sum()), together=together)
        for i, (_, blocks) in enumerate(parts)
    ]
    mixed = np.empty(n, dtype=object)
    for i, pool in enumerate(pools):
        mixed[which == i] = pool
    return list(mixed)


_MOST_PHONE_ADDRESSES = 20_000
"""A region's: more would only cost memory."""


@dataclass(frozen=True, slots=True)
class Networks:
    """The addresses of one world, as codes of `Texts`.

    Attributes
    ----------
    laws : NetworkLaws
    salt : int
    relay, relay_later : ndarray (cities, addresses) of int64
        Until the relay's networks change at `relay_changed_at`, and from then on.
    relay_changed_at : float
    homes : ndarray (people, 2) of int64
        Before and after the person's address changed, at `moved_at`.
    moved_at : ndarray (people,) of float64
    mobiles : ndarray (regions, addresses) of int64
        Shared by many phones.
    offices : ndarray (companies, 3) of int64
    vpns : ndarray of int64
    google, yahoo, microsoft : ndarray of int64
    strays : ndarray of int64
        Of machines that belong to nobody's gateway.
    """

    laws: NetworkLaws
    salt: int
    relay: Ints
    relay_later: Ints
    relay_changed_at: float
    homes: Ints
    moved_at: Floats
    mobiles: Ints
    offices: Ints
    vpns: Ints
    google: Ints
    yahoo: Ints
    microsoft: Ints
    strays: Ints

    def relayed(self, people: People, person: Ints, at: Floats) -> Ints:
        """Return the relay's address for each person at a time: their city's, kept for some hours."""
        slot = np.floor(at / (self.laws.relay_rotation_h * HOUR_S) + keyed_uniform(self.salt, person))
        pick = keyed_uniform(self.salt + 2, person, slot.astype(np.int64)) * self.relay.shape[1]
        place = people.city[person], pick.astype(np.int64)
        code = np.where(at < self.relay_changed_at, self.relay[place], self.relay_later[place])
        return np.asarray(code, dtype=np.int64)

    def own(self, people: People, person: Ints, at: Floats, on_phone: Bools) -> Ints:
        """Return each person's own address at a time.

        The company's in working hours, a mobile one on the way, else home; always an exit's for users of a VPN.
        """
        hour_slot = np.floor(at / HOUR_S).astype(np.int64)
        local = at + people.offset_s[person]
        is_work_time = (local % WEEK_S < 5 * DAY_S) & (np.abs(local % DAY_S - 13 * HOUR_S) < 4.5 * HOUR_S)
        company = people.company[person]
        at_office = (company >= 0) & is_work_time & people.has_office[person]
        at_office &= keyed_uniform(self.salt + 3, person, hour_slot) < _AT_DESK_SHARE
        on_the_way = on_phone & (keyed_uniform(self.salt + 4, person, hour_slot) < self.laws.mobile_share)
        half_day = np.floor(at / (12 * HOUR_S)).astype(np.int64)
        cell = (keyed_uniform(self.salt + 5, person, half_day) * self.mobiles.shape[1]).astype(np.int64)
        desk = (keyed_uniform(self.salt + 6, person) * self.offices.shape[1]).astype(np.int64)
        code = self.homes[person, (at > self.moved_at[person]).astype(np.int64)]
        code = np.where(on_the_way, self.mobiles[people.region[person], cell], code)
        code = np.where(at_office, self.offices[np.maximum(company, 0), desk], code)
        exit_ = self.vpns[(keyed_uniform(self.salt + 7, person, half_day) * len(self.vpns)).astype(np.int64)]
        return np.asarray(np.where(people.has_vpn[person], exit_, code), dtype=np.int64)

    def browser(self, people: People, person: Ints, at: Floats, on_phone: Bools, in_safari: Bools) -> Ints:
        """Return the address of each person's browser: their own, or Safari's under Private Relay the relay's."""
        own = self.own(people, person, at, on_phone)
        hidden = people.has_private_relay[person] & in_safari
        return np.where(hidden, self.relayed(people, person, at), own)


def _change(
    rng: np.random.Generator, laws: NetworkLaws, texts: Texts, relay: Ints, blocks: dict[str, float]
) -> Ints:
    """Return the relay's addresses after its change: some replaced by ones from other blocks."""
    if not laws.relay_changed_share:
        return relay
    replaced = rng.random(len(relay)) < laws.relay_changed_share
    later = relay.copy()
    later[replaced] = texts.add(draw_addresses(rng, blocks, int(replaced.sum()), together=4))
    return later


def draw_networks(
    rng: np.random.Generator,
    laws: NetworkLaws,
    texts: Texts,
    *,
    people: People,
    start_s: float,
    span_s: float,
) -> Networks:
    """Return the addresses of a world whose log spans `span_s` seconds from `start_s`."""
    n = len(people.region)
    cities = int(people.city.max()) + 1
    regions = int(people.region.max()) + 1
    companies = int(people.company.max()) + 1
    consumer, unlisted = draw_consumer_blocks(rng, 150), draw_unlisted_blocks(rng, 12)
    consumer_v6 = dict.fromkeys(_CONSUMER_V6, 1.0)

    known = 1 - laws.relay_new_share
    relay_parts = [
        (known * (1 - laws.relay_v6_share), BLOCKS["relay"]),
        (known * laws.relay_v6_share, BLOCKS["relay_v6"]),
        (laws.relay_new_share, unlisted | BLOCKS["relay_reserve"]),
    ]
    own_parts = [(1 - laws.own_v6_share, consumer), (laws.own_v6_share, consumer_v6)]

    def proxy(name: str, size: int, beside: str = "", beside_share: float = 0.0) -> Ints:
        listed = 1 - laws.proxy_new_share
        parts = [(listed * (1 - beside_share), BLOCKS[name]), (laws.proxy_new_share, unlisted)]
        if beside:
            parts.append((listed * beside_share, BLOCKS[beside]))
        return texts.add(_mixed(rng, parts, size, 8))

    relay = texts.add(_mixed(rng, relay_parts, cities * laws.relay_addresses_n, 4))
    later = _change(rng.spawn(1)[0], laws, texts, relay, unlisted | BLOCKS["relay_reserve"])
    mobile_n = min(max(3, int(n / laws.phones_per_address)), _MOST_PHONE_ADDRESSES)
    offices = texts.add(draw_addresses(rng, consumer, max(companies, 1) * 3, together=3)).reshape(-1, 3)
    vpn_n = max(2, n // 300)
    vpn = texts.add(_mixed(rng, [(0.5, BLOCKS["cloud"]), (0.5, BLOCKS["relay_neighbours"])], vpn_n, 2))
    return Networks(
        laws=laws,
        salt=int(rng.integers(2**62)),
        relay=relay.reshape(cities, -1),
        relay_later=later.reshape(cities, -1),
        relay_changed_at=start_s + laws.relay_changed_from * span_s,
        homes=texts.add(_mixed(rng, own_parts, 2 * n, 1)).reshape(n, 2),
        moved_at=rng.uniform(-span_s, 2 * span_s, n),
        mobiles=texts.add(_mixed(rng, own_parts, regions * mobile_n, 4)).reshape(regions, -1),
        offices=offices,
        vpns=vpn,
        google=proxy("google", 200),
        yahoo=proxy("yahoo", 60),
        microsoft=proxy("microsoft", 120, "azure", laws.azure_share),
        strays=texts.add(_mixed(rng, [(0.7, BLOCKS["cloud"]), (0.2, unlisted), (0.1, consumer)], 60, 1)),
    )
