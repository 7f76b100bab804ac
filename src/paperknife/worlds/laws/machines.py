"""What fetches without anyone reading: Apple's devices, security gateways and stray machines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from paperknife.worlds.delays import Delay, Mixture


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
    agent_from : float
        Share of the log's days after which they do; until then they send Mozilla/5.0 as well.
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
    sync_engagement : float
        How much shorter that is, on the log scale, per log-odds of reading: devices in use sync more.
    wifi_share : float
        Of devices whose background fetches (but for those at night or when the mail app opens) wait for Wi-Fi.
    away_share : float
        Of spans of three daytime hours that a device spends away from Wi-Fi.
    background_days : float
        Days after delivery from which a device fetches no more by itself; opening the mail app may still start it.
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
    agent_from: float = 0.0
    sync_engagement: float = 0.0
    wifi_share: float = 0.0
    away_share: float = 0.0
    background_days: float = math.inf


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
    roams : bool
        Whether each visit comes from any of its addresses, as any of its agents, or a domain's from a few that stay.
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
    roams: bool = False


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
