"""What a mail client and a network together say of an event: its mechanism, and who stands behind it.

One small table, made once, that the SQL joins and the live path looks up: so both mean the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import pandas as pd

from paperknife.evidence.clients import CLIENT_FAMILIES
from paperknife.evidence.mechanism import mechanism
from paperknife.evidence.networks import NETWORK_CLASSES

VISIBLE_FAMILIES: Final = frozenset(
    {
        "gmail_proxy",
        "yahoo_proxy",
        "outlook_desktop",
        "outlook_mobile",
        "thunderbird",
        "android_mail",
        "apple_mail_old",
        "browser_desktop",
        "browser_mobile",
        "safari",
    }
)
"""Clients whose image loads follow a person's reading (FACTS.md section 2): no cache stands between."""

_MACHINE_FAMILIES: Final = frozenset({"gmail_prefetch", "scanner", "script"})
_MACHINE_CLICK_FAMILIES: Final = _MACHINE_FAMILIES | {"empty", "apple_mail", "gmail_proxy", "yahoo_proxy"}
"""No person clicks with these: a genuine Apple Mail click carries a full Safari agent (FACTS.md section 3)."""

_MACHINE_CLICK_NETWORKS: Final = frozenset({"scanner", "cloud", "microsoft", "google_proxy", "yahoo_proxy"})
"""On clicks, unlike on opens, dropping these networks is safe (FACTS.md section 2)."""

_PROXY_FAMILIES: Final = frozenset({"gmail_proxy", "yahoo_proxy"})
_PROXY_NETWORKS: Final = frozenset({"google_proxy", "yahoo_proxy"})

MOST_KINDS: Final = 1_024
"""More than there are: microseconds since a message began times this, plus a kind's number, sorts by time, then kind."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What one (client family, network class) pair means.

    Attributes
    ----------
    client_family, network_class : str or None
        None where the agent or the address is not known.
    mechanism : str
        The road the fetch came by, see `mechanism`.
    is_apple : bool
        Apple traffic: the client is Apple Mail or the network Apple's relay.
    is_visible : bool
        A client that shows readings as they happen, outside Apple traffic and known machines.
    is_machine : bool
        A known machine that is not Apple's.
    is_click_machine : bool
        A click of this kind was no person's.
    is_proxied : bool
        A visible client that loads through its provider's proxy: readers, since gateways do not come that way. The agent
        may be forged, so a network that is known and no provider's does not count; one in no table may be a new range.
    number : int
        Its place in `kinds`.
    """

    client_family: str | None
    network_class: str | None
    mechanism: str
    is_apple: bool
    is_visible: bool
    is_machine: bool
    is_click_machine: bool
    is_proxied: bool
    number: int


@cache
def kinds() -> dict[tuple[str | None, str | None], Kind]:
    """Return every pair of client family and network class (None included) with its `Kind`."""
    pairs = [(client, network) for client in (None, *CLIENT_FAMILIES) for network in (None, *NETWORK_CLASSES)]
    clients = np.array([client for client, _ in pairs], dtype=object)
    networks = np.array([network for _, network in pairs], dtype=object)
    roads = mechanism(clients, networks)
    return {
        pair: _kind(*pair, str(road), number)
        for number, (pair, road) in enumerate(zip(pairs, roads, strict=True))
    }


def _kind(client: str | None, network: str | None, road: str, number: int) -> Kind:
    is_machine = road in {"scanner", "gmail_prefetch"} or client in _MACHINE_FAMILIES
    is_apple = client == "apple_mail" or road == "apple_relay"
    looks_visible = client in VISIBLE_FAMILIES or (
        client is None and network in {"google_proxy", "yahoo_proxy", "other"}
    )
    is_visible = looks_visible and not is_apple and not is_machine and network != "cloud"
    return Kind(
        client_family=client,
        network_class=network,
        mechanism=road,
        is_apple=is_apple and not is_machine,
        is_visible=is_visible,
        is_machine=is_machine,
        is_click_machine=client in _MACHINE_CLICK_FAMILIES or network in _MACHINE_CLICK_NETWORKS,
        is_proxied=is_visible
        and (
            network in _PROXY_NETWORKS
            or (client in _PROXY_FAMILIES and network in {None, "private", "google", "other"})
        ),
        number=number,
    )


def kinds_table() -> pd.DataFrame:
    """Return `kinds` as a table for SQL: keys with '' for null, then the fields of `Kind`."""
    rows = [
        {
            "client_key": kind.client_family or "",
            "network_key": kind.network_class or "",
            "client_family": kind.client_family,
            "network_class": kind.network_class,
            "mechanism": kind.mechanism,
            "is_apple": kind.is_apple,
            "is_visible": kind.is_visible,
            "is_machine": kind.is_machine,
            "is_click_machine": kind.is_click_machine,
            "is_proxied": kind.is_proxied,
            "kind_n": kind.number,
        }
        for kind in kinds().values()
    ]
    return pd.DataFrame(rows)
