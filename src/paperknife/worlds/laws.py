"""The laws of one world: every quantity that differs between senders or that nobody has measured.

A family (`paperknife.worlds.families`) draws one `Laws` per world; the agents obey it and know nothing else.
The same object, as JSON, says afterwards what was drawn. Shares and probabilities are in [0, 1].
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from paperknife.worlds.delays import Delay, Mixture


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of mail that the sender sends.

    Attributes
    ----------
    kind : {"newsletter", "one_to_one", "transactional"}
        Newsletters go to a list at once; one-to-one mail leaves one by one in working hours, in sequences,
        without a campaign; transactional flows run for ever, triggered by what the recipient does.
    share : float
        Of the world's messages.
    per_week : float
        Newsletters: campaigns a week. One-to-one: steps of a sequence a week. Transactional: messages a week
        and person.
    list_share : float
        Of all recipients that one campaign reaches.
    hour, hour_sd : float
        Local hour of the sender at which campaigns start.
    spread : Delay
        How long a batch takes to leave, seconds.
    is_local_hour : bool
        Sent at the recipient's local hour instead of the sender's.
    is_workdays_only : bool
    read_logit : float
        Added to the log-odds of reading.
    speed : float
        Multiplies reading delays.
    click_ratio : float
        Multiplies clicks per read.
    links_n : int
        Most links in a message.
    flows_n : int
        Transactional: kinds of message, each with a campaign id of its own.
    """

    kind: Literal["newsletter", "one_to_one", "transactional"]
    share: float = 1.0
    per_week: float = 2.0
    list_share: float = 0.8
    hour: float = 9.5
    hour_sd: float = 2.0
    spread: Delay = field(default_factory=lambda: Delay(300.0, 1.0))
    is_local_hour: bool = False
    is_workdays_only: bool = True
    read_logit: float = 0.0
    speed: float = 1.0
    click_ratio: float = 1.0
    links_n: int = 8
    flows_n: int = 4


@dataclass(frozen=True, slots=True)
class SendingLaws:
    """How mail leaves and arrives.

    Attributes
    ----------
    streams : tuple of Stream
    delivery : Mixture
        Seconds from sending to delivery.
    bounced_share, junk_share : float
        Of messages.
    warm_up_days : float
        How long the sender has been sending before the log begins.
    senders_n : int
        Of one-to-one mail.
    """

    streams: tuple[Stream, ...]
    delivery: Mixture
    bounced_share: float
    junk_share: float
    warm_up_days: float
    senders_n: int


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


@dataclass(frozen=True, slots=True)
class AppleLaws:
    """How Apple Mail fetches images, and how its users differ from others.

    Attributes
    ----------
    mode_weights : tuple of float
        Of privacy settings, in the order of `paperknife.worlds.apple.MODES`.
    agent : str
        User agent of Apple Mail's fetches.
    agent_share : float
        Of Apple users whose device sends `agent`; the others send exactly Mozilla/5.0.
    devices_share : float
        Of Apple users with a second device that fetches on its own.
    second_device_use : float
        Share of their readings on it.
    propensity_mean, propensity_concentration : float
        Beta law over devices of the chance that a message is prefetched at all.
    propensity_engagement : float
        How its log-odds grow with the owner's log-odds of reading: a mailbox in use syncs more.
    trigger_weights : tuple of float
        What starts a prefetch, in the order of `paperknife.worlds.apple.TRIGGERS`.
    trigger_concentration : float
        Dirichlet law over devices around those weights; large is equal devices.
    at_once : Mixture
        Seconds from delivery, for the trigger of that name; also the lag inside a burst's start.
    sync_h, sync_sd : float
        Median over devices of the hours between two syncs, and its log-scale deviation.
    night_hour, night_sd_h, charged_share : float
        Local hour of plugging in, its deviation over nights, chance that a device is plugged in on a night.
    late : Mixture
        Seconds from delivery, for the trigger of that name.
    device_sd : float
        Log-scale deviation over devices of the delays above.
    burst_s : Delay
        Seconds between the fetches of waiting messages in one burst.
    zone_error_share : float
        Of devices whose clock runs in another time zone than their owner lives in.
    cache_life : Delay
        Hours that a fetched copy serves readings.
    is_cache_shared : bool
        One cache per account instead of one per device.
    again_share : float
        Of prefetches that the device repeats once the copy has expired.
    reading_fills : float
        Chance that the load of a reading fills the cache; where it does not, a background fetch may follow.
    watch_share, watch_prefetch_share : float
        Of Apple users with a watch, which fetches with its own address; of messages it fetches unasked.
    kappa, speed, click_ratio : float
        Apple users against others: hazard of reading, delay of reading, clicks per reading.
    """

    mode_weights: tuple[float, ...]
    agent: str
    agent_share: float
    devices_share: float
    second_device_use: float
    propensity_mean: float
    propensity_concentration: float
    propensity_engagement: float
    trigger_weights: tuple[float, ...]
    trigger_concentration: float
    at_once: Mixture
    sync_h: float
    sync_sd: float
    night_hour: float
    night_sd_h: float
    charged_share: float
    late: Mixture
    device_sd: float
    burst_s: Delay
    zone_error_share: float
    cache_life: Delay
    is_cache_shared: bool
    again_share: float
    reading_fills: float
    watch_share: float
    watch_prefetch_share: float
    kappa: float
    speed: float
    click_ratio: float


@dataclass(frozen=True, slots=True)
class Gateway:
    """One security product, as set up at some domains.

    Attributes
    ----------
    weight : float
        Of domains behind a gateway that have this one.
    network : {"named", "cloud", "microsoft", "generic"}
    addresses_n : int
    agent : {"human_like", "script", "named", "bare", "empty"}
    agents_n : int
    acts_share : float
        Of messages it looks into.
    pixel_share : float
        Of those whose tracking image it fetches.
    delay : Mixture
        Seconds from the arrival at the gateway to the first fetch. It arrives before the delivery is logged.
    queue_sd : float
        Log-scale deviation that all messages of a campaign to one domain share.
    clicks : {"all", "one", "none"}
    click_share : float
        Of messages looked into whose links it follows.
    click_lag : Delay
        Seconds from its first fetch to its first click.
    rescan_share : float
        Of messages looked into again later, `rescan` seconds on.
    rescan : Delay
    follows_clicks : float
        Share of the person's clicks that it checks first, fetching the image as well half the time.
    """

    weight: float
    network: Literal["named", "cloud", "microsoft", "generic"]
    addresses_n: int
    agent: Literal["human_like", "script", "named", "bare", "empty"]
    agents_n: int
    acts_share: float
    pixel_share: float
    delay: Mixture
    queue_sd: float
    clicks: Literal["all", "one", "none"]
    click_share: float
    click_lag: Delay
    rescan_share: float
    rescan: Delay
    follows_clicks: float


@dataclass(frozen=True, slots=True)
class MachineLaws:
    """Gateways, and stray machines (archivers, link checkers, previews) that visit any message at any time.

    `company_share` and `public_share` are the shares of company domains and of public mailboxes behind a
    gateway; `stray_share` is of messages, `stray_delay` seconds after delivery, `stray_human_like` the share
    with a browser's agent.
    """

    company_share: float
    public_share: float
    gateways: tuple[Gateway, ...]
    before_delivery_s: Delay
    stray_share: float
    stray_delay: Delay
    stray_human_like: float


@dataclass(frozen=True, slots=True)
class NetworkLaws:
    """Where fetches and clicks come from.

    Attributes
    ----------
    relay_addresses_n : int
        Of Apple's relay per city; `cities_n` cities a region.
    cities_n : int
    relay_v6_share, own_v6_share : float
    relay_new_share : float
        Of relay fetches from blocks that no list knows.
    relay_rotation_h : float
        How long a person keeps a relay address.
    proxy_new_share : float
        Of Google's, Yahoo's and Microsoft's fetches from blocks that no list knows.
    private_relay_share : float
        Of Apple users whose browser goes through the relay as well.
    vpn_share : float
        Of people behind a VPN: half in a cloud, half in blocks they share with Apple's relay.
    mobile_share : float
        Of a phone's hours away from home and office.
    office_share : float
        Of a company's people who sit behind its one to three addresses in working hours.
    """

    relay_addresses_n: int
    cities_n: int
    relay_v6_share: float
    own_v6_share: float
    relay_new_share: float
    relay_rotation_h: float
    proxy_new_share: float
    private_relay_share: float
    vpn_share: float
    mobile_share: float
    office_share: float


@dataclass(frozen=True, slots=True)
class LogLaws:
    """What the provider's log keeps of all that happens, and how badly.

    Attributes
    ----------
    missing : tuple of str
        Columns that the log does not have.
    clocks : tuple of str
        Which of `sent` and `delivered` it records.
    null_share : float
        Of opens and clicks without an address; `null_agent_share` without a user agent; `null_url_share`
        without a URL.
    null_agent_share, null_url_share : float
    is_ip_truncated : bool
        The last byte of IPv4 addresses, and all but the first 48 bits of IPv6 ones, are zeroed for privacy.
    resolution_us : int
        Times are rounded down to this.
    delivered_skew_s, delivered_jitter_s : float
        Constant and random error of the delivery clock.
    duplicated_share : float
    is_first_open_only : bool
    has_vendor_verdict : bool
    vendor_error_share : float
    vendor_quick_s : float
        The provider calls an open sooner after delivery a machine's.
    late_share : float
        Of events that reach us hours late, where `received_at` is kept.
    """

    missing: tuple[str, ...] = ("received_at",)
    clocks: tuple[str, ...] = ("sent", "delivered")
    null_share: float = 0.0
    null_agent_share: float = 0.0
    null_url_share: float = 0.0
    is_ip_truncated: bool = False
    resolution_us: int = 1
    delivered_skew_s: float = 0.0
    delivered_jitter_s: float = 0.0
    duplicated_share: float = 0.0
    is_first_open_only: bool = False
    has_vendor_verdict: bool = True
    vendor_error_share: float = 0.02
    vendor_quick_s: float = 2.0
    late_share: float = 0.01


@dataclass(frozen=True, slots=True)
class Laws:
    """All laws of one world."""

    sending: SendingLaws
    people: PeopleLaws
    clients: ClientLaws
    apple: AppleLaws
    machines: MachineLaws
    networks: NetworkLaws
    log: LogLaws

    def as_dict(self) -> dict[str, Any]:
        """Return the laws as nested dictionaries and lists, ready for JSON."""
        return asdict(self)
