"""Families: named distributions over laws. One to train on, one for the demo, the others held out.

Of those held out some have been looked at (`paperknife.worlds.held_out`), others not yet
(`paperknife.worlds.unseen`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paperknife.errors import PaperknifeError, did_you_mean
from paperknife.worlds import held_out, unseen
from paperknife.worlds.plain import plain_laws
from paperknife.worlds.varied import draw_varied

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from paperknife.worlds.laws import Laws


@dataclass(frozen=True, slots=True)
class Family:
    """A named kind of world.

    Attributes
    ----------
    name, meaning : str
    draw : callable
        Given a random generator, the laws of one world.
    is_held_out : bool
        Never used to fit or tune anything; only to test transfer.
    is_unseen : bool
        Not even looked at while anything was thought out: to be run for a last examination only.
    most_messages : int or None
        Worlds of this family have no more.
    """

    name: str
    meaning: str
    draw: Callable[[np.random.Generator], Laws]
    is_held_out: bool = True
    is_unseen: bool = False
    most_messages: int | None = None


_ALL = (
    Family("varied", "every unknown drawn anew for each world", draw_varied, is_held_out=False),
    Family("plain", "one typical sender, all fields there", lambda _: plain_laws(), is_held_out=False),
    Family("fast_prefetch", "Apple fetches nearly everything within minutes", held_out.fast_prefetch),
    Family("slow_prefetch", "Apple fetches hours to days later", held_out.slow_prefetch),
    Family("rare_prefetch", "Apple prefetches few messages", held_out.rare_prefetch),
    Family("apple_reads_more", "Apple users read more and sooner", held_out.apple_reads_more),
    Family("apple_reads_less", "Apple users read less and later", held_out.apple_reads_less),
    Family("human_like_gateways", "gateways are slow and look like people", held_out.human_like_gateways),
    Family("relay_people", "many people come through Apple's relay", held_out.relay_people),
    Family("new_apple_agent", "Apple Mail has a user agent that no table knows", held_out.new_apple_agent),
    Family(
        "new_relay_networks", "Apple's relay is in blocks that no table knows", held_out.new_relay_networks
    ),
    Family("two_devices", "most Apple users have two devices", held_out.two_devices),
    Family("wrong_time_zones", "recipients and devices in all time zones", held_out.wrong_time_zones),
    Family("times_only", "neither addresses nor user agents", held_out.times_only),
    Family("sales_mail", "one-to-one mail only", held_out.sales_mail),
    Family("tiny", "a few hundred messages", held_out.tiny, most_messages=400),
    Family("no_deliveries", "no delivered events", held_out.no_deliveries),
    Family("minute_rounded", "times in whole minutes", held_out.minute_rounded),
    Family("gateway_heavy", "most companies behind gateways", held_out.gateway_heavy),
    Family("apple_heavy", "nearly everyone in Apple Mail", held_out.apple_heavy),
    Family("no_ip", "no addresses", held_out.no_ip),
    Family("no_user_agent", "no user agents", held_out.no_user_agent),
)

_UNSEEN = (
    ("strangers", "nothing special, but waits of another form", unseen.strangers),
    ("hidden_addresses", "Apple users hide addresses only: no prefetch", unseen.hidden_addresses),
    ("agent_changes", "Apple Mail's user agent changes half-way", unseen.agent_changes),
    ("networks_change", "Apple's relay moves half-way", unseen.networks_change),
    ("wifi_bound", "Apple prefetches on Wi-Fi only", unseen.wifi_bound),
    ("night_prefetch", "Apple prefetches on the charger at night only", unseen.night_prefetch),
    ("keen_devices", "Apple prefetches for those who read", unseen.keen_devices),
    ("uneven_apple", "Apple's share depends on reading, region, company", unseen.uneven_apple),
    ("apple_clicks_more", "Apple users click more per read", unseen.apple_clicks_more),
    ("apple_clicks_less", "Apple users click less per read", unseen.apple_clicks_less),
    ("fleeting_copies", "Apple's copies live for minutes", unseen.fleeting_copies),
    ("old_systems", "many Apple users without privacy protection", unseen.old_systems),
    ("shared_addresses", "people share the addresses of offices and VPNs", unseen.shared_addresses),
    ("first_opens_only", "only the first open of each message", unseen.first_opens_only),
    ("patchy", "whole minutes, holes, losses, opens told twice", unseen.patchy),
    ("late_gateways", "gateways look in when people do", unseen.late_gateways),
)

FAMILIES: Final[dict[str, Family]] = {
    family.name: family
    for family in (
        *_ALL,
        *(Family(name, meaning, draw, is_unseen=True) for name, meaning, draw in _UNSEEN),
    )
}


def find_family(name: str) -> Family:
    """Return the family of a name.

    Raises
    ------
    PaperknifeError
        If there is none.
    """
    if name not in FAMILIES:
        known = ", ".join(FAMILIES)
        raise PaperknifeError(
            f"There is no family '{name}' of worlds.{did_you_mean(name, FAMILIES)} Known: {known}."
        )
    return FAMILIES[name]
