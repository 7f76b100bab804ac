"""Features of the open itself: when it came, where in its message, by which client and network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from paperknife.evidence.formulas.feature import Feature, capped, log_s, quotient

if TYPE_CHECKING:
    from paperknife.evidence.formulas.feature import Columns, Floats, Need, View


_HOUR_US: Final = 3_600_000_000
_DAY_US: Final = 24 * _HOUR_US


def _activity_gap_h(columns: Columns, key: str) -> Floats:
    """Return the hours from the middle of the key's active day, -12 to 12: about 0 at their afternoon, 12 at their night.

    Where a person is active stands on the 24-hour clock face as sums of cosines and sines: their direction is the
    middle of the waking day (a circular mean), whatever the time zone.
    """
    middle = np.arctan2(columns[f"{key}_active_sin"], columns[f"{key}_active_cos"])
    now = 2 * np.pi * np.mod(columns.microseconds(), _DAY_US) / _DAY_US
    gap = np.mod(now - middle + np.pi, 2 * np.pi) - np.pi
    return np.where(columns[f"{key}_active_n"] > 0, gap * 12 / np.pi, np.nan)


def _activity_sure(columns: Columns, key: str) -> Floats:
    """Return how surely the active hours are known: length of the mean direction, shrunk where it rests on little."""
    length = np.hypot(columns[f"{key}_active_sin"], columns[f"{key}_active_cos"]) / 1000
    times_n = columns[f"{key}_active_n"]
    return np.where(times_n > 0, length / (times_n + 3), np.nan)


def timing_features() -> list[Feature]:
    """Return how long after delivery the open came, and at which hour of its recipient and domain."""
    return [
        Feature(
            "delay",
            "timing",
            "log10(1 + s)",
            ("clock",),
            "no delivery or send before the open",
            lambda c: log_s(c["delay_us"]),
        ),
        Feature(
            "is_sent_clock",
            "timing",
            "0 or 1",
            ("clock",),
            "no clock at all",
            lambda c: c.is_one_of("clock_kind", ["sent"]),
        ),
        Feature(
            "campaign_age",
            "timing",
            "log10(1 + s)",
            ("campaign",),
            "no campaign, its first event, or a clock that is better",
            lambda c: np.where(np.isnan(c["delay_us"]), log_s(c["campaign_since_us"]), np.nan),
        ),
        Feature(
            "seen",
            "timing",
            "log10(1 + s)",
            (),
            "never null: how long after the open the evidence looks",
            lambda c: log_s(c["seen_s"] * 1e6),
        ),
        Feature(
            "delivered_after",
            "timing",
            "log10(1 + s)",
            ("aftermath",),
            "no delivery was logged after the open",
            lambda c: log_s(c["delivered_after_us"]),
        ),
        Feature(
            "recipient_hours_off",
            "timing",
            "h",
            ("recipient", "time_zone"),
            "the recipient's hours are not known",
            lambda c: _activity_gap_h(c, "recipient"),
        ),
        Feature(
            "recipient_hours_sure",
            "timing",
            "share",
            ("recipient", "time_zone"),
            "the recipient's hours are not known",
            lambda c: _activity_sure(c, "recipient"),
        ),
        Feature(
            "domain_hours_off",
            "timing",
            "h",
            ("domain", "time_zone"),
            "the domain's hours are not known",
            lambda c: _activity_gap_h(c, "domain"),
        ),
        Feature(
            "domain_hours_sure",
            "timing",
            "share",
            ("domain", "time_zone"),
            "the domain's hours are not known",
            lambda c: _activity_sure(c, "domain"),
        ),
    ]


def message_features() -> list[Feature]:
    """Return what had been seen of the message before."""
    first = "the first open of its message"
    return [
        Feature(
            "opens_before",
            "message",
            "count, at most 10",
            (),
            "never null",
            lambda c: capped(c["message_opens_n"], 10),
        ),
        Feature(
            "since_first_open",
            "message",
            "log10(1 + s)",
            (),
            first,
            lambda c: log_s(c["since_first_open_us"]),
        ),
        Feature(
            "since_last_open", "message", "log10(1 + s)", (), first, lambda c: log_s(c["since_last_open_us"])
        ),
        Feature(
            "same_client_before",
            "message",
            "share",
            ("user_agent",),
            f"{first}, or no user agent",
            lambda c: quotient(c["message_same_client_n"], c["message_opens_n"]),
        ),
        Feature(
            "apple_before",
            "message",
            "share",
            ("user_agent", "ip"),
            first,
            lambda c: quotient(c["message_apple_n"], c["message_opens_n"]),
        ),
        Feature(
            "clicks_before",
            "clicks",
            "count, at most 10",
            (),
            "never null",
            lambda c: capped(c["message_clicks_n"], 10),
        ),
        Feature(
            "clean_clicks_before",
            "clicks",
            "count, at most 10",
            (),
            "never null",
            lambda c: capped(c["message_clean_n"], 10),
        ),
        Feature(
            "since_click",
            "clicks",
            "log10(1 + s)",
            (),
            "no click in the message before",
            lambda c: log_s(c["since_click_us"]),
        ),
    ]


CLIENT_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "apple_mail": ("apple_mail",),
    "gmail_proxy": ("gmail_proxy",),
    "gmail_prefetch": ("gmail_prefetch",),
    "yahoo_proxy": ("yahoo_proxy",),
    "mail_app": ("outlook_desktop", "outlook_mobile", "thunderbird", "android_mail", "apple_mail_old"),
    "browser": ("browser_desktop", "browser_mobile", "safari"),
    "script": ("script", "scanner"),
    "no_name": ("empty", "other"),
}
NETWORK_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "apple_relay": ("apple_relay",),
    "mail_proxy": ("google_proxy", "yahoo_proxy"),
    "scanner": ("scanner",),
    "microsoft": ("microsoft",),
    "cloud": ("cloud", "google"),
    "private": ("private",),
    "elsewhere": ("other",),
}


def _is_one_of(view: View, column: str, need: Need, group: str, values: tuple[str, ...]) -> Feature:
    null_means = "no IP" if need == "ip" else "no user agent"
    return Feature(
        f"{view}_is_{group}", view, "0 or 1", (need,), null_means, lambda c: c.is_one_of(column, values)
    )


def client_and_network_features() -> list[Feature]:
    """Return by what kind of client and network the image was fetched."""
    return [
        *(_is_one_of("client", "client_family", "user_agent", *group) for group in CLIENT_GROUPS.items()),
        *(_is_one_of("network", "network_class", "ip", *group) for group in NETWORK_GROUPS.items()),
    ]
