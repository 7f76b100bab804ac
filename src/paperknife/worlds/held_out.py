"""Held-out families: worlds unlike any to train on in one respect, and with waiting times of other shapes.

Each starts from a draw of the varied family, gives every log-normal waiting time another form with the same
median and about the same width, and then goes beyond what `varied` draws in the one respect that names it.
Nothing may be fitted or tuned on them: they test what a model does where its assumptions end.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from paperknife.worlds.chance import happens, log_uniform
from paperknife.worlds.delays import Delay, Mixture
from paperknife.worlds.laws import Laws, Region, Stream
from paperknife.worlds.varied import draw_gateway, draw_people_laws, draw_sending, draw_varied

if TYPE_CHECKING:
    from collections.abc import Callable

    from paperknife.worlds.delays import Shape

_HOUR_S: Final = 3600.0
_NEW_AGENT: Final = "AppleMail/19.2 (privacy; like Gecko)"
_SPREAD_OF_SHAPE: Final[dict[Shape, float]] = {
    "weibull": np.sqrt(6) / np.pi,
    "loglogistic": np.sqrt(3) / np.pi,
    "loguniform": np.sqrt(3),
    "frechet": np.sqrt(6) / np.pi,
}
"""Turns a log-normal's spread into that of a shape with the same standard deviation of the logarithm."""


_SHAPES: Final[tuple[Shape, ...]] = ("weibull", "loglogistic", "loguniform")


def reshape(rng: np.random.Generator, laws: Any, *, shapes: tuple[Shape, ...] = _SHAPES) -> Any:
    """Return the laws with every log-normal waiting time given another shape of the same median and width."""
    if isinstance(laws, Delay):
        shape = shapes[rng.integers(0, len(shapes))]
        return Delay(laws.median_s, laws.spread * _SPREAD_OF_SHAPE[shape], shape)
    if isinstance(laws, tuple):
        return tuple(reshape(rng, part, shapes=shapes) for part in laws)
    if is_dataclass(laws) and not isinstance(laws, type):
        return replace(
            laws,
            **{field.name: reshape(rng, getattr(laws, field.name), shapes=shapes) for field in fields(laws)},
        )
    return laws


def with_all_columns(laws: Laws) -> Laws:
    """Return the laws with a log that has every column, filled, and all opens."""
    log = replace(
        laws.log,
        missing=(),
        clocks=("sent", "delivered"),
        null_share=0.0,
        null_agent_share=0.0,
        is_first_open_only=False,
    )
    return replace(laws, log=log)


def enough_apple(laws: Laws) -> Laws:
    """Return the laws with at least so much of Apple Mail that what it does can be tested."""
    share = max(laws.clients.apple_share, 0.3)
    return replace(laws, clients=replace(laws.clients, apple_share=share))


def _start(rng: np.random.Generator) -> Laws:
    """Return varied laws of other shapes, with a log that has every column."""
    return with_all_columns(reshape(rng, draw_varied(rng)))


def _apple(rng: np.random.Generator, **changes: Any) -> Laws:
    laws = enough_apple(_start(rng))
    return replace(laws, apple=replace(laws.apple, **changes))


def fast_prefetch(rng: np.random.Generator) -> Laws:
    """Return laws under which Apple fetches nearly everything within seconds to minutes."""
    quick = Delay(log_uniform(rng, 0.8, 15), rng.uniform(0.6, 1.4), "weibull")
    slower = Delay(log_uniform(rng, 20, 300), rng.uniform(0.3, 0.7), "loglogistic")
    return _apple(
        rng,
        trigger_weights=(1.0, 0.0, 0.0, 0.0, 0.0),
        trigger_concentration=1000.0,
        at_once=Mixture((quick, slower), (rng.uniform(0.5, 1.0), 0.3)),
        device_sd=rng.uniform(0.0, 0.6),
        propensity_mean=rng.uniform(0.85, 0.98),
    )


def slow_prefetch(rng: np.random.Generator) -> Laws:
    """Return laws under which Apple fetches hours to days later, without any visible trigger."""
    some = Delay(_HOUR_S * log_uniform(rng, 4, 14), rng.uniform(0.5, 1.0), "weibull")
    days = Delay(_HOUR_S * log_uniform(rng, 20, 60), rng.uniform(0.2, 0.5), "loglogistic")
    return _apple(
        rng,
        trigger_weights=(0.0, 0.0, rng.uniform(0.0, 0.3), 0.0, 1.0),
        trigger_concentration=1000.0,
        late=Mixture((some, days), (1.0, rng.uniform(0.3, 1.5))),
        propensity_mean=rng.uniform(0.5, 0.95),
    )


def rare_prefetch(rng: np.random.Generator) -> Laws:
    """Return laws under which Apple prefetches few messages: most of its fetches are people."""
    return _apple(
        rng, propensity_mean=rng.uniform(0.03, 0.25), propensity_concentration=log_uniform(rng, 1, 6)
    )


def apple_reads_more(rng: np.random.Generator) -> Laws:
    """Return laws under which Apple's users read far more, and sooner, than others."""
    return _apple(rng, kappa=rng.uniform(2.2, 3.5), speed=rng.uniform(0.3, 0.8))


def apple_reads_less(rng: np.random.Generator) -> Laws:
    """Return laws under which Apple's users read far less, and later, than others."""
    return _apple(rng, kappa=rng.uniform(0.2, 0.45), speed=rng.uniform(1.2, 2.5))


def human_like_gateways(rng: np.random.Generator) -> Laws:
    """Return laws under which gateways take their time, look like browsers, and follow a link or none."""
    laws = _start(rng)
    gateways = tuple(
        replace(
            draw_gateway(rng),
            network="generic",
            agent="human_like",
            delay=Mixture(
                (Delay(log_uniform(rng, 240, 2.5 * _HOUR_S), rng.uniform(0.5, 0.9), "loglogistic"),), (1.0,)
            ),
            clicks="one" if happens(rng, 0.5) else "none",
            click_share=rng.uniform(0.05, 0.3),
            click_lag=Delay(log_uniform(rng, 8, 60), rng.uniform(0.5, 1.0), "weibull"),
        )
        for _ in range(rng.integers(2, 6))
    )
    people = replace(laws.people, company_share=rng.uniform(0.6, 1.0))
    machines = replace(laws.machines, company_share=rng.uniform(0.3, 0.6), gateways=gateways)
    return replace(laws, people=people, machines=machines)


def relay_people(rng: np.random.Generator) -> Laws:
    """Return laws under which Apple's relay carries people: hidden addresses, Private Relay, VPNs."""
    laws = _apple(rng, mode_weights=(rng.uniform(0.25, 0.5), rng.uniform(0.4, 0.7), 0.05, 0.05))
    networks = replace(
        laws.networks,
        private_relay_share=rng.uniform(0.6, 0.95),
        vpn_share=rng.uniform(0.15, 0.3),
        relay_new_share=0.0,
    )
    return replace(laws, networks=networks)


def new_apple_agent(rng: np.random.Generator) -> Laws:
    """Return laws under which Apple Mail calls itself something that no table knows."""
    return _apple(rng, agent=_NEW_AGENT, agent_share=rng.uniform(0.9, 1.0))


def new_relay_networks(rng: np.random.Generator) -> Laws:
    """Return laws under which nearly all of Apple's relay is in blocks that no table knows."""
    laws = _apple(rng)
    return replace(laws, networks=replace(laws.networks, relay_new_share=rng.uniform(0.85, 1.0)))


def two_devices(rng: np.random.Generator) -> Laws:
    """Return laws under which most Apple users have two devices that fetch on their own, many a watch too."""
    return _apple(
        rng,
        devices_share=rng.uniform(0.85, 1.0),
        second_device_use=rng.uniform(0.3, 0.6),
        is_cache_shared=False,
        watch_share=rng.uniform(0.2, 0.5),
    )


def wrong_time_zones(rng: np.random.Generator) -> Laws:
    """Return laws under which recipients live by odd hours all over the world, their devices elsewhere still."""
    laws = _apple(rng, zone_error_share=rng.uniform(0.4, 0.9), night_sd_h=rng.uniform(2.5, 5.0))
    own = laws.people.utc_offset_h
    regions = tuple(
        Region(zone - own, rng.uniform(0.5, 1.5), rng.normal(0, 0.5)) for zone in range(-10, 13, 2)
    )
    people = replace(laws.people, regions=regions, chronotype_sd_h=rng.uniform(3.0, 6.0))
    return replace(laws, people=people)


def _gap(*columns: str) -> Callable[[np.random.Generator], Laws]:
    def draw(rng: np.random.Generator) -> Laws:
        laws = _start(rng)
        return replace(laws, log=replace(laws.log, missing=columns))

    return draw


times_only = _gap("ip", "user_agent", "vendor_verdict")
no_ip = _gap("ip")
no_user_agent = _gap("user_agent")


def sales_mail(rng: np.random.Generator) -> Laws:
    """Return laws of one-to-one mail alone: fast readers, replies, no campaigns."""
    laws = _start(rng)
    sending = reshape(rng, draw_sending(rng, "sales"))
    only = Stream(
        "one_to_one",
        per_week=log_uniform(rng, 0.4, 3),
        read_logit=rng.uniform(0.3, 2.0),
        speed=log_uniform(rng, 0.1, 0.5),
        click_ratio=log_uniform(rng, 0.3, 1.5),
        links_n=int(rng.integers(1, 4)),
    )
    people = replace(reshape(rng, draw_people_laws(rng, "sales")), reply_share=rng.uniform(0.03, 0.3))
    return replace(laws, sending=replace(sending, streams=(only,)), people=people)


def no_deliveries(rng: np.random.Generator) -> Laws:
    """Return laws under which the log has no deliveries, and in half of worlds no sendings either."""
    laws = _start(rng)
    return replace(laws, log=replace(laws.log, clocks=("sent",) if happens(rng, 0.5) else ()))


def minute_rounded(rng: np.random.Generator) -> Laws:
    """Return laws under which the log's times are whole minutes."""
    laws = _start(rng)
    return replace(laws, log=replace(laws.log, resolution_us=60_000_000))


def gateway_heavy(rng: np.random.Generator) -> Laws:
    """Return laws of mail to companies of which most sit behind gateways that look into most messages."""
    laws = _start(rng)
    gateways = tuple(
        replace(reshape(rng, draw_gateway(rng)), acts_share=rng.uniform(0.8, 1.0)) for _ in range(5)
    )
    people = replace(laws.people, company_share=rng.uniform(0.9, 1.0))
    machines = replace(laws.machines, company_share=rng.uniform(0.7, 0.95), gateways=gateways)
    return replace(laws, people=people, machines=machines)


def apple_heavy(rng: np.random.Generator) -> Laws:
    """Return laws under which nearly everyone reads in Apple Mail, so hardly anyone shows how people read."""
    laws = _start(rng)
    return replace(
        laws, clients=replace(laws.clients, apple_share=rng.uniform(0.95, 0.99), apple_host_sd=0.2)
    )


def tiny(rng: np.random.Generator) -> Laws:
    """Return laws of a small sender, of whom a few hundred messages are all there is."""
    return _start(rng)
