"""What goes together in the varied family, and what changes on the way: laws drawn given other laws.

Independent draws of every unknown would teach a model that unknowns are independent. Here they are tied: who
reads more reads sooner and clicks more, devices of keen readers sync more, companies have their own liking
for Apple, a product that passes for people does so in more than one way. How strongly is itself drawn per
world, around our guess of the sign. The draws have chance of their own, so that a seed's other laws stay what
they were.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import ndtr, ndtri

from paperknife.worlds.chance import choose, happens, log_uniform
from paperknife.worlds.delays import Delay, Mixture

if TYPE_CHECKING:
    from paperknife.worlds.laws import AppleLaws, ClientLaws, Gateway, Laws, LogLaws, MachineLaws, NetworkLaws

KAPPA: Final = (0.5, 2.0)
SPEED: Final = (0.5, 2.0)
CLICK_RATIO: Final = (0.55, 1.8)
"""Ranges within which the varied family draws what Apple's users do more or less of, log-uniform."""

BACKGROUND_DAYS: Final = (1.5, 8.0)
"""In seven worlds of ten Apple's devices fetch nothing by themselves after so many days: "up to a couple of days", says
FACTS.md, on a vendor's word."""

EAGER: Final = (0.4, 0.95)
"""In a quarter of worlds devices fetch so large a share of images anew when the copy has expired, read or not: how many
fetches a message gets nobody has published."""

DISGUISED: Final = (0.3, 1.0)
"""In a quarter of worlds so large a share of security products passes for people: agents "often human-looking", visits
"sometimes after 30 min or more" (FACTS.md), few clicks, addresses of providers that are seldom seen twice. How many do
nobody has published; who does not look for them counts them as readers."""

_TIE_TO_SPEED: Final = -0.5
_TIE_TO_CLICKS: Final = 0.3
"""Rank correlations over worlds with how much more Apple's users read: our assumption, the sign above all."""


def _tied(value: float, span: tuple[float, float], lead: float, tie: float) -> float:
    """Return a log-uniform value pulled towards a standard normal `lead`, still log-uniform over worlds."""
    low, high = np.log(span)
    own = ndtri(np.clip((np.log(value) - low) / (high - low), 1e-6, 1 - 1e-6))
    share = ndtr(tie * lead + np.sqrt(1 - tie**2) * own)
    return float(np.exp(low + share * (high - low)))


def _tie_apple(rng: np.random.Generator, laws: AppleLaws) -> AppleLaws:
    low, high = np.log(KAPPA)
    lead = float(ndtri(np.clip((np.log(laws.kappa) - low) / (high - low), 1e-6, 1 - 1e-6)))
    has_wifi_rule = happens(rng, 0.5)
    changes = happens(rng, 0.35)
    gives_up = rng.spawn(1)[0]
    ends = happens(gives_up, 0.7)
    background_days = float(np.exp(gives_up.uniform(*np.log(BACKGROUND_DAYS)))) if ends else np.inf
    is_eager = happens(gives_up, 0.25)
    return replace(
        laws,
        background_days=background_days,
        again_share=gives_up.uniform(*EAGER) if is_eager else laws.again_share,
        speed=_tied(laws.speed, SPEED, lead, _TIE_TO_SPEED),
        click_ratio=_tied(laws.click_ratio, CLICK_RATIO, lead, _TIE_TO_CLICKS),
        sync_engagement=float(rng.normal(0.15, 0.2)),
        wifi_share=rng.uniform(0.1, 1.0) if has_wifi_rule else 0.0,
        away_share=rng.uniform(0.2, 0.8),
        agent_from=rng.uniform(0.1, 0.9) if changes else 0.0,
    )


def _tie_clients(rng: np.random.Generator, laws: ClientLaws) -> ClientLaws:
    return replace(
        laws,
        apple_company=float(rng.normal(0, 0.6)),
        old_share=float(np.exp(rng.uniform(np.log(0.005), np.log(0.15)))) if happens(rng, 0.6) else 0.0,
    )


def _disguised(rng: np.random.Generator, gateway: Gateway) -> Gateway:
    """Return a gateway that takes its time, looks like browsers at many addresses, and follows few links."""
    late = rng.uniform(0.3, 1.0)
    slow = Delay(log_uniform(rng, 240, 4 * 3600), rng.uniform(0.5, 1.3))
    return replace(
        gateway,
        network="generic" if happens(rng, 0.7) else gateway.network,
        addresses_n=int(log_uniform(rng, 4, 8000)),
        agent="human_like",
        agents_n=int(log_uniform(rng, 1, 30)),
        delay=Mixture((gateway.delay.parts[0], slow), (1 - late, late)),
        clicks=("none", "one", "all")[choose(rng, (0.45, 0.35, 0.2), 1)[0]],
        click_share=log_uniform(rng, 0.02, 0.5),
        click_lag=Delay(log_uniform(rng, 5, 120), rng.uniform(0.5, 1.3)),
        roams=happens(rng, 0.7),
    )


def _tie_machines(rng: np.random.Generator, laws: MachineLaws) -> MachineLaws:
    if not happens(rng, 0.25):
        return laws
    share, guards = rng.uniform(*DISGUISED), rng.uniform(0.1, 0.7)
    gateways = tuple(
        _disguised(rng, gateway) if happens(rng, share) else gateway for gateway in laws.gateways
    )
    return replace(laws, gateways=gateways, company_share=max(laws.company_share, guards))


def _tie_networks(rng: np.random.Generator, laws: NetworkLaws) -> NetworkLaws:
    changes = happens(rng, 0.08)
    return replace(
        laws,
        relay_changed_share=rng.uniform(0.2, 1.0) if changes else 0.0,
        relay_changed_from=rng.uniform(0.1, 0.9),
    )


def _tie_log(rng: np.random.Generator, laws: LogLaws) -> LogLaws:
    """Return the log's laws with losses; patchy logs are patchy in more than one way."""
    patchy = 0.5 if laws.null_share or laws.null_agent_share else 0.15
    return replace(
        laws,
        lost_share=float(np.exp(rng.uniform(np.log(0.002), np.log(0.1)))) if happens(rng, patchy) else 0.0,
        retold_share=float(np.exp(rng.uniform(np.log(0.002), np.log(0.05)))) if happens(rng, 0.15) else 0.0,
    )


def tie(rng: np.random.Generator, laws: Laws) -> Laws:
    """Return the laws of a world with their ties, and with what changes in its course."""
    return replace(
        laws,
        clients=_tie_clients(rng, laws.clients),
        apple=_tie_apple(rng, laws.apple),
        networks=_tie_networks(rng, laws.networks),
        log=_tie_log(rng, laws.log),
        machines=_tie_machines(rng.spawn(1)[0], laws.machines),
    )
