"""The laws of the plain family: one typical sender, used by the demo and checked against measurements."""

from __future__ import annotations

from paperknife.worlds.agents import APPLE
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


def plain_laws() -> Laws:
    """Return the laws of a sender with half of its opens in Apple Mail, some companies, moderate gateways.

    Where FACTS.md gives a figure, the law is set to reproduce it; tests/worlds/test_plain.py says how nearly.
    """
    return Laws(
        sending=SendingLaws(
            streams=(
                Stream("newsletter", share=0.75, per_week=3.0, list_share=0.7, hour=10.5, hour_sd=2.5),
                Stream("newsletter", share=0.25, per_week=1.0, list_share=0.7, hour=18.0, hour_sd=2.0),
            ),
            delivery=Mixture((Delay(6.0, 1.0), Delay(900.0, 1.2)), (0.97, 0.03)),
            bounced_share=0.01,
            junk_share=0.03,
            warm_up_days=0.0,
            senders_n=1,
        ),
        people=PeopleLaws(
            company_share=0.3,
            people_per_company=8.0,
            utc_offset_h=-5.0,
            regions=(
                Region(0.0, 0.6, 0.0),
                Region(-1.0, 0.2, 0.0),
                Region(-3.0, 0.15, 0.2),
                Region(6.0, 0.05, -0.3),
            ),
            read_mean=0.3,
            read_concentration=2.2,
            appeal_sd=0.3,
            chronotype_shift_h=0.0,
            chronotype_sd_h=1.2,
            contrast=1.0,
            weekend_factor=0.65,
            sessions_per_day=9.0,
            sessions_sd=0.6,
            at_once_share=0.21,
            at_once=Delay(240.0, 1.3),
            later=Delay(12.0, 1.75),
            speed_sd=0.5,
            between_s=Delay(12.0, 0.9),
            reread_share=0.33,
            reread_again=0.35,
            reread=Mixture(
                (Delay(300.0, 1.3), Delay(4 * 3600.0, 1.2), Delay(40 * 3600.0, 1.0)), (0.35, 0.35, 0.3)
            ),
            forwarded_share=0.004,
            clicks_per_read=0.055,
            click_person_sd=0.8,
            click_campaign_sd=0.4,
            click_engagement=0.15,
            click_gap=Mixture((Delay(14.0, 0.8), Delay(400.0, 1.6)), (0.96, 0.04)),
            click_more=0.25,
            click_again_s=Delay(25.0, 1.1),
            unsubscribed_share=0.002,
            reply_share=0.0,
            reply_gap=Delay(1500.0, 1.4),
        ),
        clients=ClientLaws(
            apple_share=0.34,
            apple_host_sd=0.1,
            apple_engagement=0.05,
            host_weights=(0.5, 0.14, 0.14, 0.08, 0.14),
            company_host_weights=(0.3, 0.5, 0.2),
            mix_concentration=300.0,
            second_share=0.2,
            second_use=0.45,
            blocked_share=0.08,
            unblocked_share=0.15,
            gmail_again_share=0.35,
            visible_again_share=0.8,
            gmail_prefetch_share=0.009,
            gmail_prefetch_delay=Delay(6.0, 1.2),
            gmail_prefetch_keeps=0.3,
            double_share=0.01,
            load_s=Delay(0.9, 0.8),
            phone_share=0.55,
        ),
        apple=AppleLaws(
            mode_weights=(0.9, 0.03, 0.03, 0.04),
            agent=APPLE,
            agent_share=0.0,
            devices_share=0.25,
            second_device_use=0.25,
            propensity_mean=0.72,
            propensity_concentration=2.5,
            propensity_engagement=0.1,
            trigger_weights=(0.3, 0.25, 0.2, 0.15, 0.1),
            trigger_concentration=4.0,
            at_once=Mixture((Delay(40.0, 1.4), Delay(1200.0, 1.2)), (0.6, 0.4)),
            sync_h=1.5,
            sync_sd=1.0,
            night_hour=23.0,
            night_sd_h=1.3,
            charged_share=0.75,
            late=Mixture((Delay(6 * 3600.0, 1.2), Delay(30 * 3600.0, 0.7)), (0.6, 0.4)),
            device_sd=0.7,
            burst_s=Delay(2.0, 1.0),
            zone_error_share=0.02,
            cache_life=Delay(60.0, 0.8),
            is_cache_shared=False,
            again_share=0.06,
            reading_fills=0.95,
            watch_share=0.06,
            watch_prefetch_share=0.05,
            kappa=1.0,
            speed=1.0,
            click_ratio=1.0,
        ),
        machines=MachineLaws(
            company_share=0.4,
            public_share=0.0,
            gateways=(
                _gateway(0.4, "named", "human_like", Delay(9.0, 1.3), clicks="all", click_share=0.35),
                _gateway(0.35, "cloud", "human_like", Delay(45.0, 1.5), clicks="one", click_share=0.3),
                _gateway(0.25, "microsoft", "bare", Delay(600.0, 1.6), clicks="none", click_share=0.0),
            ),
            before_delivery_s=Delay(4.0, 0.8),
            stray_share=0.004,
            stray_delay=Delay(2 * 3600.0, 3.0),
            stray_human_like=0.5,
        ),
        networks=NetworkLaws(
            relay_addresses_n=40,
            cities_n=6,
            relay_v6_share=0.3,
            own_v6_share=0.2,
            relay_new_share=0.03,
            relay_rotation_h=6.0,
            proxy_new_share=0.02,
            azure_share=0.4,
            private_relay_share=0.12,
            vpn_share=0.03,
            mobile_share=0.3,
            office_share=0.6,
        ),
        log=LogLaws(delivered_skew_s=0.4, delivered_jitter_s=0.5, duplicated_share=0.003, late_share=0.01),
    )


def _gateway(
    weight: float, network: str, agent: str, delay: Delay, *, clicks: str, click_share: float
) -> Gateway:
    return Gateway(
        weight=weight,
        network=network,  # type: ignore[arg-type]
        addresses_n=20,
        agent=agent,  # type: ignore[arg-type]
        agents_n=3,
        acts_share=0.6,
        pixel_share=0.8,
        delay=Mixture((delay,), (1.0,)),
        queue_sd=0.4,
        clicks=clicks,  # type: ignore[arg-type]
        click_share=click_share,
        click_lag=Delay(15.0, 1.0),
        rescan_share=0.04,
        rescan=Delay(3 * 3600.0, 1.5),
        follows_clicks=0.1,
    )
