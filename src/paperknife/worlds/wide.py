"""The varied family as worlds are drawn from it: in half of them unknowns lie further out than their ranges say.

A range is our guess at what is possible, and a sender may well be outside it. So in half of worlds every law is carried
on beyond itself, away from another draw of the same law: what is common stays common, no end of a range is the end, and
no respect is singled out. Gateways are often one vendor's, so in some worlds they are all of one kind.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from paperknife.worlds.chance import happens
from paperknife.worlds.varied import draw_varied

if TYPE_CHECKING:
    from paperknife.worlds.laws import Gateway, Laws

_WIDE_SHARE: Final = 0.5
_FURTHEST: Final = 1.2
"""Of worlds that are carried on; by how much of the way from the other draw, at most: our assumptions."""

_ONE_VENDOR_SHARE: Final = 0.25
"""Of worlds in which all gateways look and act alike."""

_PARTS: Final = ("people", "clients", "apple", "machines", "networks")
"""Laws that are carried on. How a sender sends, and what its log keeps, are no unknowns of nature."""

_SHARES: Final = frozenset(
    {
        "company_share",
        "apple_share",
        "second_share",
        "second_use",
        "blocked_share",
        "unblocked_share",
        "devices_share",
        "second_device_use",
        "propensity_mean",
        "charged_share",
        "wifi_share",
        "away_share",
        "zone_error_share",
        "again_share",
        "reading_fills",
        "watch_share",
        "watch_prefetch_share",
        "at_once_share",
        "reread_share",
        "read_mean",
        "clicks_per_read",
        "relay_new_share",
        "private_relay_share",
        "vpn_share",
        "mobile_share",
        "office_share",
        "acts_share",
        "pixel_share",
        "click_share",
        "rescan_share",
        "follows_clicks",
        "stray_share",
    }
)
_SCALES: Final = frozenset(
    {
        "median_s",
        "propensity_concentration",
        "trigger_concentration",
        "sync_h",
        "background_days",
        "kappa",
        "speed",
        "click_ratio",
        "sessions_per_day",
        "read_concentration",
        "people_per_company",
        "relay_rotation_h",
        "contrast",
    }
)
_WEIGHTS: Final = frozenset({"mode_weights", "trigger_weights", "weights"})

_LOWEST, _HIGHEST = 0.002, 0.995
"""Shares are never carried to certainty."""
_FACTOR: Final = 4.0
"""A scale is carried on half as far, as it has no ends that slow it, and by no more than this factor."""
_LEAST_WEIGHT: Final = 0.002


def draw_wide(rng: np.random.Generator) -> Laws:
    """Return the laws of one world of the varied family, in half of worlds carried on beyond its ranges."""
    laws = draw_varied(rng)
    own, other = rng.spawn(2)
    if happens(own, _WIDE_SHARE):
        laws = carried_on(laws, draw_varied(other), own)
    if laws.machines.gateways and happens(own, _ONE_VENDOR_SHARE):
        laws = replace(laws, machines=replace(laws.machines, gateways=_of_one_vendor(laws.machines.gateways)))
    return laws


def carried_on(laws: Laws, other: Laws, rng: np.random.Generator) -> Laws:
    """Return laws carried on beyond themselves, away from another draw, each part by a stretch of its own.

    Parameters
    ----------
    laws, other : Laws
    rng : numpy.random.Generator
    """
    return replace(
        laws,
        **{
            part: _carried(getattr(laws, part), getattr(other, part), part, rng.uniform(0.0, _FURTHEST))
            for part in _PARTS
        },
    )


def _carried(law: Any, other: Any, name: str, by: float) -> Any:
    if is_dataclass(law) and not isinstance(law, type):
        return replace(
            law,
            **{
                field.name: _carried(getattr(law, field.name), getattr(other, field.name), field.name, by)
                for field in fields(law)
            },
        )
    if name in _WEIGHTS and len(law) == len(other):
        return _weights_on(law, other, by)
    if isinstance(law, tuple):
        partners = [other[place % len(other)] for place in range(len(law))] if other else law
        return tuple(_carried(one, partner, name, by) for one, partner in zip(law, partners, strict=True))
    if name in _SHARES and _is_between(law, 1.0) and _is_between(other, 1.0):
        return float(np.clip(1 / (1 + np.exp(-_further(_logit(law), _logit(other), by))), _LOWEST, _HIGHEST))
    if name in _SCALES and _is_between(law, np.inf) and _is_between(other, np.inf):
        return law * float(np.clip((law / other) ** (by / 2), 1 / _FACTOR, _FACTOR))
    return law


def _weights_on(law: tuple[float, ...], other: tuple[float, ...], by: float) -> tuple[float, ...]:
    """Return weights whose contrasts are carried on, summing to what they did."""
    own, others = (np.log(np.maximum(weights, _LEAST_WEIGHT)) for weights in (law, other))
    drawn = np.where(np.asarray(law) > 0, np.exp(_further(own, others, by)), 0.0)
    if drawn.sum() == 0:
        return law
    return tuple(float(weight) for weight in drawn / drawn.sum() * sum(law))


def _further(here: Any, there: Any, by: float) -> Any:
    return here + by * (here - there)


def _logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


def _is_between(value: float, end: float) -> bool:
    return 0.0 < value < end


def _of_one_vendor(gateways: tuple[Gateway, ...]) -> tuple[Gateway, ...]:
    """Return gateways that come from one kind of network, call themselves and act as the first does."""
    first = gateways[0]
    return tuple(
        replace(
            gateway,
            network=first.network,
            agent=first.agent,
            clicks=first.clicks,
            delay=first.delay,
            click_lag=first.click_lag,
        )
        for gateway in gateways
    )
