"""A change half-way: from some moment on, Apple Mail has another user agent, or Apple's relay other addresses.

The same people go on doing the same things; only what the log shows of Apple's fetches changes, and no table knows
the new. The families `new_apple_agent` and `new_relay_networks` are new from the first day; this is the day itself.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from paperknife.worlds import agents
from paperknife.worlds.addresses import BLOCKS, draw_unlisted_blocks

if TYPE_CHECKING:
    from paperknife.worlds.world import World

NEW_AGENT: Final = "MailPrivacyFetch/1.0"
"""What Apple Mail calls itself after the change: our invention, like no agent that any table knows."""

_RELAY: Final = tuple(
    ip_network(block) for name in ("relay", "relay_v6", "relay_reserve") for block in BLOCKS[name]
)
_NEW_V6: Final = "2a0e:1c80"
"""A block that was nobody's when this was written."""


def with_new_agent(world: World, since: pd.Timestamp) -> World:
    """Return the world, in which modern Apple Mail calls itself `NEW_AGENT` from a moment on.

    Parameters
    ----------
    world : World
    since : pandas.Timestamp
        UTC.
    """
    events = world.events.copy()
    if "user_agent" in events:
        after = _apple_opens(world, since) & (events["user_agent"] == agents.APPLE)
        events.loc[after, "user_agent"] = NEW_AGENT
    return replace(world, events=events)


def with_new_networks(world: World, since: pd.Timestamp, *, seed: int = 0) -> World:
    """Return the world, in which Apple's relay has addresses in new blocks from a moment on, clicks' included.

    Parameters
    ----------
    world : World
    since : pandas.Timestamp
        UTC.
    seed : int
        Which new blocks.
    """
    events = world.events.copy()
    if "ip" in events:
        behind = events.loc[_apple_opens(world, pd.Timestamp.min.tz_localize("UTC")), "ip"].dropna().unique()
        moves = _moves([ip for ip in behind if _is_relay(ip)], np.random.default_rng([seed, 4111]))
        after = (events["occurred_at"] >= since) & events["ip"].isin(list(moves))
        events.loc[after, "ip"] = events.loc[after, "ip"].map(moves)
    return replace(world, events=events)


def _apple_opens(world: World, since: pd.Timestamp) -> pd.Series:
    """Return which events are Apple Mail's fetches from a moment on, whoever caused them."""
    apple = world.truth_opens.loc[world.truth_opens["client_is_apple"], "event_id"]
    return world.events["event_id"].isin(apple) & (world.events["occurred_at"] >= since)


def _is_relay(ip: str) -> bool:
    address = ip_address(ip)
    return any(address in block for block in _RELAY if block.version == address.version)


def _moves(addresses: list[str], rng: np.random.Generator) -> dict[str, str]:
    """Return a new address for each old one; what shared a subnet (/24 or /48) still does."""
    blocks = [ip_network(block) for block in draw_unlisted_blocks(rng, 12)]
    heads: dict[str, str] = {}
    moves = {}
    for ip in addresses:
        old, _, rest = (
            ip.rpartition(".") if "." in ip else (":".join(ip.split(":")[:3]), "", ip.split(":", 3)[3])
        )
        if old not in heads:
            base = int(blocks[rng.integers(len(blocks))].network_address) + int(rng.integers(16)) * 256
            v4 = f"{base >> 24 & 255}.{base >> 16 & 255}.{base >> 8 & 255}"
            heads[old] = v4 if "." in ip else f"{_NEW_V6}:{rng.integers(65536):x}"
        moves[ip] = f"{heads[old]}{'.' if '.' in ip else ':'}{rest}"
    return moves
