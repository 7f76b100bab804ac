"""The words and number formats that the tables on the terminal and the page share."""

from __future__ import annotations

import math
from typing import Final

CLASS_WORDS: Final = {"human": "people", "prefetch": "Apple's prefetch", "machine": "other machines"}
CLASS_NAMES: Final = {name: words[0].upper() + words[1:] for name, words in CLASS_WORDS.items()}

MECHANISM_WORDS: Final = {
    "gmail_prefetch": "Gmail's prefetch",
    "google_proxy": "Gmail's proxy",
    "yahoo_proxy": "Yahoo's proxy",
    "apple_relay": "Apple's relay",
    "scanner": "Security gateway",
    "microsoft": "Microsoft",
    "cloud": "Cloud provider",
    "direct": "Direct",
    "unknown": "Not known",
}

SLICE_WORDS: Final = {
    ("all", "all opens"): "All opens",
    ("apple traffic", "inside"): "Inside Apple's traffic",
    ("apple traffic", "outside"): "Outside Apple's traffic",
    ("evidence", "full"): "IP and user agent known",
    ("evidence", "no_ip"): "No IP",
    ("evidence", "no_user_agent"): "No user agent",
    ("evidence", "time_only"): "Neither IP nor user agent",
    ("recipient", "known"): "Recipient seen before",
    ("recipient", "new"): "Recipient not seen before",
    ("domain", "freemail"): "Freemail domain",
    ("domain", "corporate"): "Corporate domain",
}

METHOD_WORDS: Final = {
    "paperknife": "paperknife",
    "class shares": "Class shares only",
    "ua_exact": "Agent is exactly Mozilla/5.0",
    "ua_and_relay": "Mozilla/5.0, Apple's network",
    "relay_ip": "Apple's network",
    "faster_than_2s": "Opened within 2 s",
    "faster_than_10s": "Opened within 10 s",
    "faster_than_60s": "Opened within 60 s",
    "vendor_verdict": "The provider's own flag",
    "warmbly_like": "Like warmbly",
    "mautic_like": "Like Mautic",
    "mailpoet_like": "Like MailPoet",
    "twenty_like": "Like Twenty",
}


def slice_words(name: str, value: str) -> str:
    """Return what to call a slice.

    Examples
    --------
    >>> slice_words("apple traffic", "inside"), slice_words("mechanism", "scanner")
    ("Inside Apple's traffic", 'Security gateway')
    """
    if name == "mechanism":
        return MECHANISM_WORDS.get(value, value)
    if name == "horizon":
        return f"Horizon {value}"
    return SLICE_WORDS.get((name, value), value)


def figure(value: float, digits: int = 3) -> str:
    """Return a number with fixed decimals, "-" where it is not defined.

    Examples
    --------
    >>> figure(0.8126), figure(float("nan"))
    ('0.813', '-')
    """
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def span(low: float, high: float) -> str:
    """Return an interval as "0.812 to 0.840", "-" where it is not defined."""
    return "-" if math.isnan(low) or math.isnan(high) else f"{low:.3f} to {high:.3f}"


def percent(share: float) -> str:
    """Return a share as whole percent, and "under 1 %" rather than 0 % for what is not nothing.

    Examples
    --------
    >>> percent(0.344), percent(0.004), percent(0.0)
    ('34 %', 'under 1 %', '0 %')
    """
    if math.isnan(share):
        return "-"
    return "under 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"  # noqa: PLR2004 (what rounds to 0)


def percentages(shares: list[float]) -> list[str]:
    """Return shares that sum to 1 as whole percent that sum to 100: the largest remainders are rounded up.

    Examples
    --------
    >>> percentages([0.415, 0.517, 0.068])
    ['41 %', '52 %', '7 %']
    """
    whole = [math.floor(100 * share) for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda i: whole[i] - 100 * shares[i])
    for i in by_remainder[: 100 - sum(whole)]:
        whole[i] += 1
    return ["under 1 %" if n == 0 < share else f"{n} %" for share, n in zip(shares, whole, strict=True)]
