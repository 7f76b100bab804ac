"""Features of the past: the last 30 days of a recipient, a domain, a network, or, where asked so, the whole log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from paperknife.evidence.formulas.feature import Feature, capped, known, log_s, mails, quotient

if TYPE_CHECKING:
    from collections.abc import Callable

    from paperknife.evidence.formulas.feature import Columns, Floats, Key, Need


_KEY_NEEDS: Final[dict[str, Need]] = {
    "recipient": "recipient",
    "domain": "domain",
    "network": "ip",
    "log": "log",
}


def share_feature(key: Key, name: str, part: str, whole: str, *needs: Need) -> Feature:
    """Return the feature of what share one count is of another."""
    return Feature(
        f"{key}_{name}",
        key,
        "share of the last 30 days",
        (_KEY_NEEDS[key], *needs),
        f"no {key} given, or no {whole.replace('_', ' ')} in the last 30 days",
        lambda c: quotient(c[f"{key}_{part}"], known(c, key) if whole == "known_n" else c[f"{key}_{whole}"]),
    )


def count_feature(key: Key, name: str, count: Callable[[Columns], Floats]) -> Feature:
    """Return the feature of how many there were, on a log scale."""
    null_means = f"no {key} given"
    return Feature(
        f"{key}_{name}",
        key,
        "log10(1 + count)",
        (_KEY_NEEDS[key],),
        null_means,
        lambda c: np.log10(1 + count(c)),
    )


def since_feature(key: Key, name: str, column: str) -> Feature:
    """Return the feature of how long ago the last one was, on a log scale."""
    null_means = f"no {key} given, or none in the last 30 days"
    return Feature(
        f"{key}_{name}", key, "log10(1 + s)", (_KEY_NEEDS[key],), null_means, lambda c: log_s(c[column])
    )


def habit_features(key: Key) -> list[Feature]:
    """Return what the opens and clicks of a key look like as a whole."""
    return [
        share_feature(key, "apple_share", "apple_n", "known_n", "user_agent", "ip"),
        share_feature(key, "visible_share", "visible_n", "known_n", "user_agent", "ip"),
        share_feature(key, "machine_share", "machine_n", "known_n", "user_agent", "ip"),
        share_feature(key, "quick_share", "quick_n", "opens_n", "clock"),
        share_feature(key, "slow_share", "slow_n", "opens_n", "clock"),
        share_feature(key, "repeat_share", "repeat_n", "opens_n"),
        share_feature(key, "clean_rate", "clean_n", "opens_n"),
        share_feature(key, "clean_share", "clean_n", "clicks_n"),
        share_feature(key, "prompt_share", "prompt_n", "clean_n"),
    ]


def shared_share_feature(key: Key) -> Feature:
    """Return how much of a key's visible traffic came through networks that other domains had used before it.

    A domain all of whose mail is opened through such networks stands behind a gateway, even where one of the gateway's
    addresses was never seen before.
    """
    return Feature(
        f"{key}_shared_share",
        key,
        "share of the last 30 days",
        (_KEY_NEEDS[key], "ip", "domain"),
        f"no {key} given, or no visible open with an IP and a domain in the last 30 days",
        lambda c: quotient(c[f"{key}_shared_n"], c[f"{key}_shared_n"] + c[f"{key}_unshared_n"]),
    )


def open_rate_feature(key: Key) -> Feature:
    """Return the feature of first opens per mail."""
    return Feature(
        f"{key}_open_rate",
        key,
        "share of the last 30 days, at most 2",
        (_KEY_NEEDS[key],),
        f"no {key} given, or no mail in the last 30 days",
        lambda c: capped(quotient(c[f"{key}_opens_n"] - c[f"{key}_repeat_n"], mails(c, key)), 2),
    )


def past_features(key: Literal["recipient", "domain", "network"]) -> list[Feature]:
    """Return what a recipient, a domain or a network did before the open."""
    features = [
        count_feature(key, "opens", lambda c: c[f"{key}_opens_n"]),
        *habit_features(key),
        since_feature(key, "since_open", f"{key}_since_open_us"),
        count_feature(key, "minute_before", lambda c: c[f"{key}_opens_60s_n"]),
    ]
    if key != "network":
        features += [
            count_feature(key, "mails", lambda c: mails(c, key)),
            open_rate_feature(key),
            since_feature(key, "since_click", f"{key}_since_click_us"),
        ]
    if key == "network":
        features.append(share_feature(key, "others_share", "others_n", "opens_n", "domain"))
    if key == "domain":
        features.append(shared_share_feature(key))
    if key != "recipient":
        features.append(share_feature(key, "recipients_share", "recipients_n", "opens_n"))
    if key == "recipient":
        features.append(count_feature(key, "replies", lambda c: c["recipient_replies_n"]))
    return features
