"""Families that nobody has looked at: the last examination, never to be used for fitting or tuning anything.

The families of `paperknife.worlds.held_out` were fitted to nothing either, but figures on them were looked at
while features were thought out, so they can no longer tell how a model does where nobody looked. These can,
as long as the rule is kept: run them once a release, report what comes, and if a figure disappoints, do not
mend it with these worlds. Whoever has to look at one of them moves it to `held_out` and writes a new one here.

Each starts from a draw of the varied family as the held-out ones do, with waiting times of a form that no
other family has (Frechet: most are short, a few very long, and none is at once), and then goes beyond what
`varied` draws, or leaves it, in what names it. Several break what the labels without truth assume: that
Apple's users click as often per read, that who owns Apple's devices does not depend on who reads, that
prefetching does not depend on reading.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from paperknife.worlds.chance import happens, log_uniform
from paperknife.worlds.delays import Delay, Mixture
from paperknife.worlds.held_out import enough_apple, reshape, with_all_columns
from paperknife.worlds.laws import Region
from paperknife.worlds.varied import draw_varied

if TYPE_CHECKING:
    import numpy as np

    from paperknife.worlds.laws import Laws

_LATER_AGENT: Final = "MailCore/24.1 (image loader)"
_ONLY_NIGHT: Final = (0.0, 0.0, 1.0, 0.0, 0.0)
_SIDES: Final = (-1.0, 1.0)


def _start(rng: np.random.Generator) -> Laws:
    return with_all_columns(reshape(rng, draw_varied(rng), shapes=("frechet",)))


def _apple(rng: np.random.Generator, **changes: Any) -> Laws:
    laws = enough_apple(_start(rng))
    return replace(laws, apple=replace(laws.apple, **changes))


def strangers(rng: np.random.Generator) -> Laws:
    """Return laws with nothing special but the form of their waiting times; gaps in the log as they come."""
    laws: Laws = reshape(rng, draw_varied(rng), shapes=("frechet",))
    return laws


def hidden_addresses(rng: np.random.Generator) -> Laws:
    """Return laws under which most Apple users hide their address only: their fetches are readings."""
    return _apple(rng, mode_weights=(rng.uniform(0.0, 0.06), 1.0, 0.02, 0.02))


def agent_changes(rng: np.random.Generator) -> Laws:
    """Return laws under which Apple Mail changes its user agent half-way to one that no table knows."""
    return _apple(rng, agent=_LATER_AGENT, agent_share=1.0, agent_from=rng.uniform(0.4, 0.6))


def networks_change(rng: np.random.Generator) -> Laws:
    """Return laws under which Apple's relay moves half-way to networks that no table knows."""
    laws = _apple(rng)
    networks = replace(
        laws.networks,
        relay_new_share=0.0,
        relay_changed_share=rng.uniform(0.9, 1.0),
        relay_changed_from=rng.uniform(0.4, 0.6),
    )
    return replace(laws, networks=networks)


def wifi_bound(rng: np.random.Generator) -> Laws:
    """Return laws under which all devices wait for Wi-Fi, from which they are away most of the day."""
    return _apple(rng, wifi_share=1.0, away_share=rng.uniform(0.85, 0.98))


def night_prefetch(rng: np.random.Generator) -> Laws:
    """Return laws under which devices prefetch on the charger at night only."""
    return _apple(
        rng,
        trigger_weights=_ONLY_NIGHT,
        trigger_concentration=1000.0,
        charged_share=rng.uniform(0.5, 1.0),
        propensity_mean=rng.uniform(0.5, 0.95),
    )


def keen_devices(rng: np.random.Generator) -> Laws:
    """Return laws under which devices prefetch, and soon, for those who read, and hardly for others."""
    return _apple(
        rng,
        propensity_engagement=rng.uniform(1.1, 1.8),
        sync_engagement=rng.uniform(0.8, 1.3),
        propensity_mean=rng.uniform(0.3, 0.6),
    )


def uneven_apple(rng: np.random.Generator) -> Laws:
    """Return laws under which who owns Apple's devices depends on reading, region and company."""
    laws = enough_apple(_start(rng))
    clients = replace(
        laws.clients,
        apple_share=rng.uniform(0.3, 0.7),
        apple_engagement=rng.choice(_SIDES) * rng.uniform(0.8, 1.3),
        apple_company=rng.choice(_SIDES) * rng.uniform(1.8, 2.6),
    )
    regions = (
        Region(0.0, rng.uniform(0.5, 1.0), 0.0),
        Region(float(rng.integers(-6, -2)), rng.uniform(0.5, 1.0), 1.8),
        Region(float(rng.integers(3, 8)), rng.uniform(0.5, 1.0), -1.8),
    )
    people = replace(laws.people, regions=regions, company_share=rng.uniform(0.3, 0.7))
    return replace(laws, clients=clients, people=people)


def apple_clicks_more(rng: np.random.Generator) -> Laws:
    """Return laws under which Apple's users click far more per read, which looks like reading more."""
    return _apple(rng, click_ratio=rng.uniform(2.2, 3.5))


def apple_clicks_less(rng: np.random.Generator) -> Laws:
    """Return laws under which Apple's users click far less per read, which looks like reading less."""
    return _apple(rng, click_ratio=rng.uniform(0.2, 0.4))


def fleeting_copies(rng: np.random.Generator) -> Laws:
    """Return laws under which Apple's copies live for minutes, and devices fetch anew again and again."""
    return _apple(
        rng,
        cache_life=Delay(log_uniform(rng, 0.01, 0.04), rng.uniform(0.2, 1.0), "frechet"),
        again_share=rng.uniform(0.5, 0.8),
        reading_fills=rng.uniform(0.0, 0.5),
    )


def old_systems(rng: np.random.Generator) -> Laws:
    """Return laws under which many Apple users have a system older than privacy protection."""
    laws = enough_apple(_start(rng))
    return replace(laws, clients=replace(laws.clients, old_share=rng.uniform(0.35, 0.7)))


def shared_addresses(rng: np.random.Generator) -> Laws:
    """Return laws under which people share addresses: big companies, mobile networks, exits of VPNs."""
    laws = _start(rng)
    people = replace(
        laws.people, company_share=rng.uniform(0.5, 0.8), people_per_company=log_uniform(rng, 80, 300)
    )
    networks = replace(
        laws.networks,
        office_share=rng.uniform(0.96, 1.0),
        mobile_share=rng.uniform(0.65, 0.9),
        vpn_share=rng.uniform(0.15, 0.4),
    )
    return replace(laws, people=people, networks=networks)


def first_opens_only(rng: np.random.Generator) -> Laws:
    """Return laws of a feed that tells the first open of a message only."""
    laws = _start(rng)
    return replace(laws, log=replace(laws.log, is_first_open_only=True))


def patchy(rng: np.random.Generator) -> Laws:
    """Return laws of a log in whole minutes with holes, losses, and opens told twice."""
    laws = _start(rng)
    log = replace(
        laws.log,
        resolution_us=60_000_000,
        null_share=rng.uniform(0.2, 0.6),
        null_agent_share=rng.uniform(0.2, 0.6),
        null_url_share=rng.uniform(0.2, 1.0),
        lost_share=rng.uniform(0.1, 0.25),
        duplicated_share=rng.uniform(0.02, 0.1),
        retold_share=rng.uniform(0.02, 0.1),
        delivered_jitter_s=log_uniform(rng, 1, 20),
    )
    return replace(laws, log=log)


def late_gateways(rng: np.random.Generator) -> Laws:
    """Return laws under which gateways look in when people do: hours later, and never follow a link first."""
    laws = _start(rng)
    late = Mixture((Delay(3600.0 * log_uniform(rng, 0.5, 6), rng.uniform(0.4, 0.8), "frechet"),), (1.0,))
    gateways = tuple(
        replace(
            gateway,
            network="generic",
            agent="human_like",
            delay=late,
            clicks="none",
            rescan_share=rng.uniform(0.2, 0.5),
            follows_clicks=rng.uniform(0.4, 0.8) if happens(rng, 0.5) else 0.0,
        )
        for gateway in laws.machines.gateways
    )
    people = replace(laws.people, company_share=rng.uniform(0.5, 0.9))
    machines = replace(laws.machines, company_share=rng.uniform(0.3, 0.6), gateways=gateways)
    return replace(laws, people=people, machines=machines)
