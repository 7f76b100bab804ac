"""Who the recipients are, how they read, and which clients they use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paperknife.worlds.delays import Delay, Mixture


@dataclass(frozen=True, slots=True)
class Region:
    """Where some of the recipients live: hours ahead of the sender, weight, Apple's log-odds there."""

    offset_h: float
    weight: float
    apple_logit: float


@dataclass(frozen=True, slots=True)
class PeopleLaws:
    """Who the recipients are and how they read.

    Attributes
    ----------
    company_share : float
        Of recipients with a mailbox at a company.
    people_per_company : float
    utc_offset_h : float
        Of the sender.
    regions : tuple of Region
    read_mean, read_concentration : float
        Beta law of a person's chance to read a message.
    appeal_sd : float
        Of campaigns, log-odds.
    chronotype_shift_h, chronotype_sd_h, contrast, weekend_factor : float
        Shape of the weekly rhythm.
    sessions_per_day, sessions_sd : float
        Looks at the mailbox; `sessions_sd` on the log scale, over people.
    at_once_share : float
        Of readings by a person who is awake that follow a notification.
    at_once : Delay
        Seconds from delivery to such a reading.
    later : Delay
        Active hours from delivery to other readings.
    speed_sd : float
        Over people, on the log scale.
    between_s : Delay
        Seconds between two messages read in one session.
    reread_share, reread_again : float
        Of readings that are followed by another one; chance of yet another.
    reread : Mixture
        Seconds to the next reading; beyond half an hour in active time.
    forwarded_share : float
        Of readings after which someone else gets the message.
    clicks_per_read, click_person_sd, click_campaign_sd : float
    click_engagement : float
        How the log-odds of clicking grow with a person's log-odds of reading.
    click_gap : Mixture
        Seconds from the reading to the click.
    click_more : float
        Chance of yet another click; `click_again_s` seconds later.
    click_again_s : Delay
    unsubscribed_share, reply_share : float
        Of readings; replies in one-to-one mail only, `reply_gap` seconds after the reading.
    reply_gap : Delay
    """

    company_share: float
    people_per_company: float
    utc_offset_h: float
    regions: tuple[Region, ...]
    read_mean: float
    read_concentration: float
    appeal_sd: float
    chronotype_shift_h: float
    chronotype_sd_h: float
    contrast: float
    weekend_factor: float
    sessions_per_day: float
    sessions_sd: float
    at_once_share: float
    at_once: Delay
    later: Delay
    speed_sd: float
    between_s: Delay
    reread_share: float
    reread_again: float
    reread: Mixture
    forwarded_share: float
    clicks_per_read: float
    click_person_sd: float
    click_campaign_sd: float
    click_engagement: float
    click_gap: Mixture
    click_more: float
    click_again_s: Delay
    unsubscribed_share: float
    reply_share: float
    reply_gap: Delay


@dataclass(frozen=True, slots=True)
class ClientLaws:
    """Which mail clients people read with, and what the clients show the sender.

    Attributes
    ----------
    apple_share : float
        Of recipients at an average mailbox host.
    apple_host_sd : float
        Over mailbox hosts, log-odds: the share of Apple differs by domain kind.
    apple_engagement : float
        How Apple's log-odds grow with a person's log-odds of reading.
    apple_company : float
        Added to Apple's log-odds at companies, beyond what the mailbox host says.
    old_share : float
        Of Apple Mail users whose system is older than privacy protection: they fetch as they read, directly.
    host_weights : tuple of float
        Of public mailbox hosts, in the order of `paperknife.worlds.clients.PUBLIC_HOSTS`.
    company_host_weights : tuple of float
        In the order of `paperknife.worlds.clients.COMPANY_HOSTS`.
    mix_concentration : float
        How near the world's client mix is to the typical one; small is wild.
    second_share, second_use : float
        Of people with a second client; share of their readings in it.
    blocked_share : float
        Of people at clients that can block images who do; `unblocked_share` of their readings load images
        after all.
    unblocked_share : float
    gmail_again_share : float
        Of later views that Google fetches anew; the first always shows.
    visible_again_share : float
        Of later views in other clients that load the image anew.
    gmail_prefetch_share : float
        Of messages in Gmail clients that Google's machine fetches; `gmail_prefetch_delay` seconds after
        delivery.
    gmail_prefetch_delay : Delay
    gmail_prefetch_keeps : float
        Chance that the fetched copy serves the person's first view, which then stays hidden.
    double_share : float
        Of loads that come twice within seconds.
    load_s : Delay
        Seconds from the reading to the image load.
    phone_share : float
    """

    apple_share: float
    apple_host_sd: float
    apple_engagement: float
    host_weights: tuple[float, ...]
    company_host_weights: tuple[float, ...]
    mix_concentration: float
    second_share: float
    second_use: float
    blocked_share: float
    unblocked_share: float
    gmail_again_share: float
    visible_again_share: float
    gmail_prefetch_share: float
    gmail_prefetch_delay: Delay
    gmail_prefetch_keeps: float
    double_share: float
    load_s: Delay
    phone_share: float
    apple_company: float = 0.0
    old_share: float = 0.0
