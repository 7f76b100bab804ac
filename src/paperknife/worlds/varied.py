"""The laws of the varied family: every unknown is drawn anew for each world, widely.

This is what the default model learns from (domain randomisation), so it must hold more than the truth, not a
guess at it. Where a figure has been measured (FACTS.md) the draw is centred there; where nothing is known it
is centred on nothing, log-uniform over what seems possible. Ranges are our assumption.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from paperknife.worlds.agents import APPLE
from paperknife.worlds.chance import happens, log_uniform
from paperknife.worlds.delays import Delay, Mixture
from paperknife.worlds.laws import (
    AppleLaws,
    ClientLaws,
    Gateway,
    Laws,
    LogLaws,
    MachineLaws,
    NetworkLaws,
    PeopleLaws,
    Region,
    SendingLaws,
    Stream,
)
from paperknife.worlds.ties import CLICK_RATIO, KAPPA, SPEED, tie

if TYPE_CHECKING:
    from collections.abc import Sequence

Business = Literal["consumers", "companies", "sales", "service"]

_HOUR_S = 3600.0
_APPLE_AGENTS = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "Mozilla/5.0 AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "Mail/3826.400.131 CFNetwork/1568.300.101 Darwin/24.2.0",
)
"""What Apple Mail might send instead of the bare string in some worlds; the held-out family uses yet another."""


def one_of(rng: np.random.Generator, options: Sequence[str], weights: Sequence[float]) -> str:
    """Return one of the options."""
    return str(rng.choice(np.array(options, dtype=object), p=np.asarray(weights) / np.sum(weights)))


def sometimes(rng: np.random.Generator, share: float, low: float, high: float) -> float:
    """Return a log-uniform number in a share of worlds, else 0."""
    return log_uniform(rng, low, high) if happens(rng, share) else 0.0


def _weights(rng: np.random.Generator, centre: Sequence[float], concentration: float) -> tuple[float, ...]:
    drawn = rng.dirichlet(np.asarray(centre) / np.sum(centre) * concentration + 0.02)
    return tuple(float(weight) for weight in drawn)


def _delay(rng: np.random.Generator, low: float, high: float, spread: tuple[float, float]) -> Delay:
    return Delay(log_uniform(rng, low, high), rng.uniform(*spread))


def draw_varied(rng: np.random.Generator) -> Laws:
    """Return the laws of one world of the varied family."""
    business: Business = one_of(rng, ("consumers", "companies", "sales", "service"), (0.45, 0.28, 0.14, 0.13))  # type: ignore[assignment]
    laws = Laws(
        sending=draw_sending(rng, business),
        people=draw_people_laws(rng, business),
        clients=draw_client_laws(rng),
        apple=draw_apple(rng),
        machines=draw_machines(rng, business),
        networks=draw_network_laws(rng),
        log=draw_log(rng),
    )
    return tie(rng.spawn(1)[0], laws)


def _draw_stream(rng: np.random.Generator, kind: str) -> Stream:
    is_news = kind == "newsletter"
    per_week = {
        "newsletter": log_uniform(rng, 0.4, 10),
        "one_to_one": log_uniform(rng, 0.4, 3),
        "transactional": log_uniform(rng, 0.5, 6),
    }[kind]
    return Stream(
        kind,  # type: ignore[arg-type]
        per_week=per_week,
        list_share=rng.uniform(0.25, 1.0),
        hour=float(rng.choice([8, 10, 10, 12, 15, 18, 20]) + rng.normal(0, 1.5)) % 24,
        hour_sd=log_uniform(rng, 0.3, 5),
        spread=_delay(rng, 10, 3 * _HOUR_S, (0.2, 1.2)),
        is_local_hour=happens(rng, 0.12),
        is_workdays_only=happens(rng, 0.6),
        read_logit=0.0 if is_news else rng.uniform(0.0, 1.5),
        speed=1.0 if is_news else log_uniform(rng, 0.2, 1.0),
        click_ratio=1.0 if is_news else log_uniform(rng, 0.3, 2.5),
        links_n=int(rng.integers(1, 16)) if is_news else int(rng.integers(1, 5)),
        flows_n=int(rng.integers(1, 7)),
    )


def draw_sending(rng: np.random.Generator, business: Business) -> SendingLaws:
    """Return how a sender sends; one in four sends mail of a second kind too."""
    main = {
        "consumers": "newsletter",
        "companies": "newsletter",
        "sales": "one_to_one",
        "service": "transactional",
    }
    kinds, share = [main[business]], 1.0
    if happens(rng, 0.25):
        kinds.append(one_of(rng, ("newsletter", "one_to_one", "transactional"), (1, 1, 1)))
        share = rng.uniform(0.4, 0.9)
    streams = []
    for place, kind in enumerate(kinds):
        streams.append(replace(_draw_stream(rng, kind), share=share if place == 0 else 1 - share))
    late = rng.uniform(0.0, 0.08)
    return SendingLaws(
        streams=tuple(streams),
        delivery=Mixture(
            (_delay(rng, 0.7, 40, (0.4, 1.4)), _delay(rng, 120, 3600, (0.6, 1.5))), (1 - late, late)
        ),
        bounced_share=log_uniform(rng, 0.001, 0.06),
        junk_share=log_uniform(rng, 0.003, 0.25),
        warm_up_days=rng.uniform(1, 8) if happens(rng, 0.4) else 0.0,
        senders_n=int(log_uniform(rng, 1, 40)),
    )


def _draw_regions(rng: np.random.Generator, own_offset_h: float) -> tuple[Region, ...]:
    others = rng.integers(0, 6)
    home = 1.0 if others == 0 else rng.uniform(0.3, 0.97)
    regions = [Region(0.0, home, 0.0)]
    weights = rng.dirichlet(np.full(max(others, 1), 0.8)) * (1 - home)
    for weight in weights[:others]:
        zone = rng.integers(-11, 13) if happens(rng, 0.6) else own_offset_h + rng.integers(-3, 4)
        half = 0.5 if happens(rng, 0.06) else 0.0
        regions.append(Region(float(zone - own_offset_h + half), float(weight), float(rng.normal(0, 0.7))))
    return tuple(regions)


def draw_people_laws(rng: np.random.Generator, business: Business) -> PeopleLaws:
    """Return who the recipients are and how they read."""
    own_offset_h = float(rng.choice([-8, -7, -6, -5, -4, -3, 0, 1, 1, 2, 3, 5.5, 8, 9, 10]))
    company = {"consumers": (0.0, 0.25), "companies": (0.5, 1.0), "sales": (0.6, 1.0), "service": (0.0, 0.7)}[
        business
    ]
    reread_near = rng.uniform(0.1, 0.6)
    reread_far = rng.uniform(0.05, 0.5)
    quick_clicks = rng.uniform(0.84, 0.99)
    return PeopleLaws(
        company_share=rng.uniform(*company),
        people_per_company=log_uniform(rng, 1.5, 60),
        utc_offset_h=own_offset_h,
        regions=_draw_regions(rng, own_offset_h),
        read_mean=float(np.clip(rng.beta(3, 6), 0.06, 0.8)),
        read_concentration=log_uniform(rng, 0.7, 8),
        appeal_sd=rng.uniform(0.05, 0.7),
        chronotype_shift_h=rng.normal(0, 0.8),
        chronotype_sd_h=rng.uniform(0.4, 2.5),
        contrast=log_uniform(rng, 0.5, 1.6),
        weekend_factor=rng.uniform(0.1, 0.7) if business in ("companies", "sales") else rng.uniform(0.4, 1.3),
        sessions_per_day=log_uniform(rng, 1.5, 25),
        sessions_sd=rng.uniform(0.3, 1.0),
        at_once_share=rng.uniform(0.02, 0.45),
        at_once=_delay(rng, 45, 1500, (0.7, 1.7)),
        later=_delay(rng, 3.0, 36.0, (1.4, 2.5)),
        speed_sd=rng.uniform(0.1, 1.0),
        between_s=_delay(rng, 3, 60, (0.5, 1.3)),
        reread_share=rng.uniform(0.1, 0.55),
        reread_again=rng.uniform(0.1, 0.5),
        reread=Mixture(
            (
                _delay(rng, 20, 1200, (0.8, 1.6)),
                _delay(rng, _HOUR_S, 12 * _HOUR_S, (0.7, 1.5)),
                _delay(rng, 20 * _HOUR_S, 90 * _HOUR_S, (0.6, 1.2)),
            ),
            (reread_near, 1.0, reread_far),
        ),
        forwarded_share=log_uniform(rng, 0.0005, 0.02),
        clicks_per_read=log_uniform(rng, 0.01, 0.25),
        click_person_sd=rng.uniform(0.2, 1.4),
        click_campaign_sd=rng.uniform(0.05, 0.9),
        click_engagement=rng.uniform(-0.1, 0.4),
        click_gap=Mixture(
            (_delay(rng, 6, 26, (0.6, 1.1)), _delay(rng, 100, 2400, (0.9, 2.0))),
            (quick_clicks, 1 - quick_clicks),
        ),
        click_more=rng.uniform(0.05, 0.5),
        click_again_s=_delay(rng, 6, 120, (0.7, 1.5)),
        unsubscribed_share=log_uniform(rng, 0.0003, 0.01),
        reply_share=log_uniform(rng, 0.005, 0.2),
        reply_gap=_delay(rng, 120, 2 * _HOUR_S, (0.8, 1.8)),
    )


def draw_client_laws(rng: np.random.Generator) -> ClientLaws:
    """Return which clients people use."""
    return ClientLaws(
        apple_share=rng.uniform(0.06, 0.95),
        apple_host_sd=rng.uniform(0.0, 1.0),
        apple_engagement=rng.normal(0, 0.2),
        host_weights=_weights(rng, (0.45, 0.15, 0.15, 0.1, 0.15), log_uniform(rng, 2, 20)),
        company_host_weights=_weights(rng, (0.3, 0.5, 0.2), log_uniform(rng, 2, 12)),
        mix_concentration=log_uniform(rng, 3, 200),
        second_share=rng.uniform(0.0, 0.3),
        second_use=rng.uniform(0.05, 0.5),
        blocked_share=rng.uniform(0.0, 0.25),
        unblocked_share=rng.uniform(0.0, 0.4),
        gmail_again_share=rng.uniform(0.02, 1.0),
        visible_again_share=rng.uniform(0.4, 1.0),
        gmail_prefetch_share=log_uniform(rng, 0.002, 0.04),
        gmail_prefetch_delay=_delay(rng, 1.5, 60, (0.6, 1.8)),
        gmail_prefetch_keeps=rng.uniform(0.0, 0.8),
        double_share=log_uniform(rng, 0.001, 0.06),
        load_s=_delay(rng, 0.3, 3.0, (0.4, 1.1)),
        phone_share=rng.uniform(0.2, 0.85),
    )


def draw_apple(rng: np.random.Generator) -> AppleLaws:
    """Return how Apple Mail fetches: of all laws the least known, so the most varied."""
    protected = rng.uniform(0.6, 0.99) if happens(rng, 0.8) else rng.uniform(0.2, 0.7)
    others = rng.dirichlet([1.0, 1.0, 1.0]) * (1 - protected)
    is_new = happens(rng, 0.12)
    near = rng.uniform(0.2, 0.95)
    soon = rng.uniform(0.2, 0.9)
    return AppleLaws(
        mode_weights=(protected, float(others[0]), float(others[1]), float(others[2])),
        agent=str(rng.choice(np.array(_APPLE_AGENTS, dtype=object))) if is_new else APPLE,
        agent_share=rng.uniform(0.1, 1.0) if is_new else 0.0,
        devices_share=rng.uniform(0.0, 0.7),
        second_device_use=rng.uniform(0.05, 0.5),
        propensity_mean=float(np.clip(rng.beta(2.0, 1.0), 0.08, 0.99)),
        propensity_concentration=log_uniform(rng, 1.0, 30),
        propensity_engagement=float(rng.normal(0.1, 0.25)),
        trigger_weights=_weights(rng, (0.3, 0.24, 0.2, 0.12, 0.14), log_uniform(rng, 2, 15)),
        trigger_concentration=log_uniform(rng, 1.0, 30),
        at_once=Mixture(
            (_delay(rng, 4, 240, (0.7, 1.8)), _delay(rng, 300, 5400, (0.6, 1.6))), (near, 1 - near)
        ),
        sync_h=log_uniform(rng, 0.15, 12),
        sync_sd=rng.uniform(0.3, 1.4),
        night_hour=float(rng.uniform(20.5, 26.5)) % 24,
        night_sd_h=rng.uniform(0.3, 2.5),
        charged_share=rng.uniform(0.3, 0.98),
        late=Mixture(
            (
                _delay(rng, _HOUR_S, 12 * _HOUR_S, (0.6, 1.6)),
                _delay(rng, 15 * _HOUR_S, 60 * _HOUR_S, (0.3, 0.9)),
            ),
            (soon, 1 - soon),
        ),
        device_sd=rng.uniform(0.0, 1.3),
        burst_s=_delay(rng, 0.3, 12, (0.5, 1.4)),
        zone_error_share=rng.uniform(0.0, 0.1),
        cache_life=_delay(rng, 0.05, 4, (0.2, 1.2))
        if happens(rng, 0.15)
        else _delay(rng, 4, 400, (0.2, 1.2)),
        is_cache_shared=happens(rng, 0.4),
        again_share=rng.uniform(0.0, 0.4),
        reading_fills=1.0 if happens(rng, 0.6) else rng.uniform(0.0, 1.0),
        watch_share=rng.uniform(0.0, 0.2),
        watch_prefetch_share=rng.uniform(0.0, 0.3),
        kappa=log_uniform(rng, *KAPPA),
        speed=log_uniform(rng, *SPEED),
        click_ratio=log_uniform(rng, *CLICK_RATIO),
    )


def draw_gateway(rng: np.random.Generator) -> Gateway:
    """Return one security product with a temperament of its own."""
    # Some look only when a queue or a sandbox lets them: FACTS.md has "sometimes after 30 min or more".
    chance = rng.spawn(1)[0]
    late = rng.uniform(0.0, 0.4) if happens(chance, 0.85) else rng.uniform(0.4, 1.0)
    clicks = one_of(rng, ("all", "one", "none"), (0.45, 0.25, 0.3))
    return Gateway(
        weight=log_uniform(rng, 0.1, 1),
        network=one_of(rng, ("named", "cloud", "microsoft", "generic"), (0.3, 0.35, 0.12, 0.23)),  # type: ignore[arg-type]
        addresses_n=int(log_uniform(rng, 2, 4000)),
        agent=one_of(rng, ("human_like", "script", "named", "bare", "empty"), (0.55, 0.12, 0.08, 0.15, 0.1)),  # type: ignore[arg-type]
        agents_n=int(rng.integers(1, 8)),
        acts_share=rng.uniform(0.15, 1.0),
        pixel_share=rng.uniform(0.3, 1.0),
        delay=Mixture(
            (_delay(rng, 0.8, 90, (0.5, 1.6)), _delay(rng, 300, 3 * _HOUR_S, (0.6, 1.6))), (1 - late, late)
        ),
        queue_sd=rng.uniform(0.0, 1.0),
        clicks=clicks,  # type: ignore[arg-type]
        click_share=rng.uniform(0.05, 1.0),
        click_lag=_delay(rng, 1, 120, (0.4, 1.5)),
        rescan_share=sometimes(rng, 0.5, 0.01, 0.3),
        rescan=_delay(rng, 600, 24 * _HOUR_S, (0.6, 1.6)),
        follows_clicks=sometimes(rng, 0.5, 0.02, 0.6),
        roams=happens(chance, 0.35),
    )


def draw_machines(rng: np.random.Generator, business: Business) -> MachineLaws:
    """Return which gateways guard which domains, and the stray machines."""
    company_share = 0.0 if happens(rng, 0.12) else rng.uniform(0.02, 0.65)
    if business in ("consumers", "service"):
        company_share *= 0.7
    return MachineLaws(
        company_share=company_share,
        public_share=sometimes(rng, 0.15, 0.002, 0.05),
        gateways=tuple(draw_gateway(rng) for _ in range(rng.integers(1, 8))),
        before_delivery_s=_delay(rng, 0.5, 40, (0.3, 1.0)),
        stray_share=log_uniform(rng, 0.0005, 0.03),
        stray_delay=_delay(rng, 600, 12 * _HOUR_S, (1.5, 3.5)),
        stray_human_like=rng.uniform(0.1, 0.9),
    )


def draw_network_laws(rng: np.random.Generator) -> NetworkLaws:
    """Return where fetches and clicks come from."""
    chance = rng.spawn(1)[0]
    return NetworkLaws(
        relay_addresses_n=int(log_uniform(rng, 6, 250)),
        cities_n=int(rng.integers(2, 15)),
        relay_v6_share=rng.uniform(0.0, 0.8),
        own_v6_share=rng.uniform(0.0, 0.5),
        relay_new_share=rng.uniform(0.0, (0.0, 0.15, 0.4)[int(rng.choice(3, p=[0.45, 0.3, 0.25]))]),
        relay_rotation_h=log_uniform(rng, 0.2, 72),
        proxy_new_share=rng.uniform(0.0, 0.3) if happens(rng, 0.4) else 0.0,
        azure_share=_azure_share(chance),
        phones_per_address=log_uniform(chance, 0.3, 120),  # few of a carrier's millions, or a town
        private_relay_share=rng.uniform(0.0, 0.45),
        vpn_share=log_uniform(rng, 0.005, 0.12),
        mobile_share=rng.uniform(0.1, 0.6),
        office_share=rng.uniform(0.2, 0.95),
    )


def _azure_share(rng: np.random.Generator) -> float:
    """Return how much of Outlook on the web comes from Microsoft's cloud: nobody has said, from none to all."""
    return float(np.clip(rng.uniform(-0.25, 1.15), 0.0, 1.0))


_GAPS: tuple[tuple[str, ...], ...] = (
    (),
    ("ip",),
    ("user_agent",),
    ("ip", "user_agent"),
    ("recipient_id",),
    ("recipient_domain",),
    ("campaign_id",),
    (
        "recipient_id",
        "recipient_domain",
        "campaign_id",
        "ip",
        "user_agent",
        "url",
        "vendor_verdict",
        "source",
        "sender_id",
        "received_at",
    ),
)
_GAP_WEIGHTS = (0.56, 0.08, 0.08, 0.1, 0.05, 0.05, 0.04, 0.04)


def draw_log(rng: np.random.Generator) -> LogLaws:
    """Return what the log keeps: in half of worlds all fields, else one of the gaps that real feeds have."""
    gap = _GAPS[int(rng.choice(len(_GAPS), p=_GAP_WEIGHTS))]
    more = tuple(
        name for name in ("received_at", "sender_id", "source") if happens(rng, 0.5) and name not in gap
    )
    clocks = (("sent", "delivered"), ("delivered",), ("sent",), ())[
        int(rng.choice(4, p=[0.45, 0.35, 0.13, 0.07]))
    ]
    has_verdict = "vendor_verdict" not in gap and happens(rng, 0.6)
    return LogLaws(
        missing=gap + more,
        clocks=clocks,
        null_share=sometimes(rng, 0.2, 0.005, 0.4),
        null_agent_share=sometimes(rng, 0.2, 0.005, 0.4),
        null_url_share=sometimes(rng, 0.2, 0.01, 1.0),
        is_ip_truncated=happens(rng, 0.05),
        resolution_us=int(rng.choice([1, 1_000, 1_000_000, 60_000_000], p=[0.22, 0.25, 0.46, 0.07])),
        delivered_skew_s=float(rng.normal(0, 3))
        if happens(rng, 0.5)
        else float(rng.standard_t(2) * 20) * happens(rng, 0.3),
        delivered_jitter_s=sometimes(rng, 0.4, 0.05, 5),
        duplicated_share=sometimes(rng, 0.5, 0.001, 0.05),
        is_first_open_only=happens(rng, 0.07),
        has_vendor_verdict=has_verdict,
        vendor_error_share=log_uniform(rng, 0.002, 0.1),
        vendor_quick_s=log_uniform(rng, 0.5, 30),
        late_share=sometimes(rng, 0.5, 0.002, 0.1),
    )
