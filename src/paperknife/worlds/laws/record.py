"""What can be seen of it: addresses, and what the log keeps."""

from __future__ import annotations

from dataclasses import dataclass


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
    relay_changed_share, relay_changed_from : float
        Of relay fetches that come from blocks that no list knows once this share of the log's days has passed.
    relay_rotation_h : float
        How long a person keeps a relay address.
    proxy_new_share : float
        Of Google's, Yahoo's and Microsoft's fetches from blocks that no list knows.
    azure_share : float
        Of Outlook on the web's fetches from Microsoft's cloud and not from its mail networks.
    private_relay_share : float
        Of people whose Safari, where they have one, goes through the relay as well.
    vpn_share : float
        Of people behind a VPN: half in a cloud, half in blocks they share with Apple's relay.
    mobile_share : float
        Of a phone's hours away from home and office.
    phones_per_address : float
        People per address of the phone networks that all phones of a region share.
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
    azure_share: float = 0.0
    phones_per_address: float = 60.0
    relay_changed_share: float = 0.0
    relay_changed_from: float = 1.0


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
    lost_share : float
        Of events of every kind that never reach the log.
    retold_share : float
        Of opens and clicks that the provider tells twice, under an id of its own each time.
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
    lost_share: float = 0.0
    retold_share: float = 0.0
