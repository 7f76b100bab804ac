"""The catalogue of features: what a model sees of an open, computed from the integers of the evidence table.

One vectorised function, `encode`, serves batch scoring, training and single questions alike. A feature is null (NaN)
where what it needs is not there: the model has learned what to do without it. Time spans are logarithms, since a
second matters after two and not after a day; shares are of the last 30 days; nothing here is an id or a position.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd

from paperknife.evidence.columns import AFTERMATH, DELAY_EDGES_S, HISTORY, LOG_HABITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Need = Literal[
    "user_agent", "ip", "clock", "recipient", "domain", "campaign", "log", "aftermath", "time_zone"
]
View = Literal["timing", "message", "client", "network", "recipient", "domain", "log", "clicks", "later"]
Key = Literal["recipient", "domain", "network", "log"]

_HOUR_US: Final = 3_600_000_000
_DAY_US: Final = 24 * _HOUR_US


class Columns:
    """An evidence table's columns as float64 arrays with NaN for null, converted when first asked for."""

    def __init__(self, evidence: pd.DataFrame) -> None:
        self._evidence = evidence
        self._floats: dict[str, Floats] = {}

    def __getitem__(self, name: str) -> Floats:
        if name not in self._floats:
            column = self._evidence[name]
            self._floats[name] = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return self._floats[name]

    def is_one_of(self, name: str, values: Iterable[str]) -> Floats:
        """Return 1 where the text column is one of the values, 0 where it is another, NaN where it is null."""
        column = self._evidence[name]
        return np.where(column.isna(), np.nan, column.isin(list(values)).to_numpy(dtype=np.float64))

    def has_kind(self) -> NDArray[np.bool_]:
        """Return whether each open's client or network is known."""
        known = self._evidence["client_family"].notna() | self._evidence["network_class"].notna()
        return known.to_numpy(dtype=np.bool_)

    def microseconds(self) -> Floats:
        """Return when each open came: microseconds since 1970, UTC."""
        stamps: Floats = (
            self._evidence["occurred_at"].dt.as_unit("us").astype("int64").to_numpy(dtype=np.float64)
        )
        return stamps


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing a model sees of an open.

    Attributes
    ----------
    name : str
    view : str
        The group under which its contribution is explained.
    unit : str
    needs : tuple of str
        What the log must hold; without any of these the feature is null.
    null_means : str
    formula : callable
        From `Columns` to a float64 array, one value an open.
    """

    name: str
    view: View
    unit: str
    needs: tuple[Need, ...]
    null_means: str
    formula: Callable[[Columns], Floats]


def _log_s(microseconds: Floats) -> Floats:
    """Return log10(1 + seconds): 0 for at once, 1.8 for a minute, 3.6 for an hour, 4.9 for a day."""
    logarithm: Floats = np.log10(1 + np.maximum(microseconds, 0) / 1e6)
    return logarithm


def _ratio(part: Floats, whole: Floats) -> Floats:
    shares: Floats = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return shares


def _capped(counts: Floats, most: float) -> Floats:
    capped: Floats = np.minimum(counts, most)
    return capped


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


def _mails(columns: Columns, key: str) -> Floats:
    return np.maximum(columns[f"{key}_sent_n"], columns[f"{key}_delivered_n"])


def _timing() -> list[Feature]:
    return [
        Feature(
            "delay",
            "timing",
            "log10(1 + s)",
            ("clock",),
            "no delivery or send before the open",
            lambda c: _log_s(c["delay_us"]),
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
            lambda c: np.where(np.isnan(c["delay_us"]), _log_s(c["campaign_since_us"]), np.nan),
        ),
        Feature(
            "seen",
            "timing",
            "log10(1 + s)",
            (),
            "never null: how long after the open the evidence looks",
            lambda c: _log_s(c["seen_s"] * 1e6),
        ),
        Feature(
            "delivered_after",
            "timing",
            "log10(1 + s)",
            ("aftermath",),
            "no delivery was logged after the open",
            lambda c: _log_s(c["delivered_after_us"]),
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


def _message() -> list[Feature]:
    first = "the first open of its message"
    return [
        Feature(
            "opens_before",
            "message",
            "count, at most 10",
            (),
            "never null",
            lambda c: _capped(c["message_opens_n"], 10),
        ),
        Feature(
            "since_first_open",
            "message",
            "log10(1 + s)",
            (),
            first,
            lambda c: _log_s(c["since_first_open_us"]),
        ),
        Feature(
            "since_last_open", "message", "log10(1 + s)", (), first, lambda c: _log_s(c["since_last_open_us"])
        ),
        Feature(
            "same_client_before",
            "message",
            "share",
            ("user_agent",),
            f"{first}, or no user agent",
            lambda c: _ratio(c["message_same_client_n"], c["message_opens_n"]),
        ),
        Feature(
            "apple_before",
            "message",
            "share",
            ("user_agent", "ip"),
            first,
            lambda c: _ratio(c["message_apple_n"], c["message_opens_n"]),
        ),
        Feature(
            "clicks_before",
            "clicks",
            "count, at most 10",
            (),
            "never null",
            lambda c: _capped(c["message_clicks_n"], 10),
        ),
        Feature(
            "clean_clicks_before",
            "clicks",
            "count, at most 10",
            (),
            "never null",
            lambda c: _capped(c["message_clean_n"], 10),
        ),
        Feature(
            "since_click",
            "clicks",
            "log10(1 + s)",
            (),
            "no click in the message before",
            lambda c: _log_s(c["since_click_us"]),
        ),
    ]


_CLIENT_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "apple_mail": ("apple_mail",),
    "gmail_proxy": ("gmail_proxy",),
    "gmail_prefetch": ("gmail_prefetch",),
    "yahoo_proxy": ("yahoo_proxy",),
    "mail_app": ("outlook_desktop", "outlook_mobile", "thunderbird", "android_mail", "apple_mail_old"),
    "browser": ("browser_desktop", "browser_mobile", "safari"),
    "script": ("script", "scanner"),
    "no_name": ("empty", "other"),
}

_NETWORK_GROUPS: Final[dict[str, tuple[str, ...]]] = {
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


def _kinds() -> list[Feature]:
    return [
        *(_is_one_of("client", "client_family", "user_agent", *group) for group in _CLIENT_GROUPS.items()),
        *(_is_one_of("network", "network_class", "ip", *group) for group in _NETWORK_GROUPS.items()),
    ]


_KEY_NEEDS: Final[dict[str, Need]] = {
    "recipient": "recipient",
    "domain": "domain",
    "network": "ip",
    "log": "log",
}
_MOST_LOGGED: Final = 10_000
"""Opens beyond which it does not matter how large a log is: its habits are known by then."""


def _known(columns: Columns, key: str) -> Floats:
    """Return how many of a key's opens tell what they are: without user agent and IP they tell nothing."""
    return columns[f"{key}_apple_n"] + columns[f"{key}_visible_n"] + columns[f"{key}_machine_n"]


def _share(key: Key, name: str, part: str, whole: str, *needs: Need) -> Feature:
    return Feature(
        f"{key}_{name}",
        key,
        "share of the last 30 days",
        (_KEY_NEEDS[key], *needs),
        f"no {key} given, or no {whole.replace('_', ' ')} in the last 30 days",
        lambda c: _ratio(c[f"{key}_{part}"], _known(c, key) if whole == "known_n" else c[f"{key}_{whole}"]),
    )


def _count(key: Key, name: str, count: Callable[[Columns], Floats]) -> Feature:
    null_means = f"no {key} given"
    return Feature(
        f"{key}_{name}",
        key,
        "log10(1 + count)",
        (_KEY_NEEDS[key],),
        null_means,
        lambda c: np.log10(1 + count(c)),
    )


def _since(key: Key, name: str, column: str) -> Feature:
    null_means = f"no {key} given, or none in the last 30 days"
    return Feature(
        f"{key}_{name}", key, "log10(1 + s)", (_KEY_NEEDS[key],), null_means, lambda c: _log_s(c[column])
    )


def _habits(key: Key) -> list[Feature]:
    """Return what the opens and clicks of a key look like as a whole."""
    return [
        _share(key, "apple_share", "apple_n", "known_n", "user_agent", "ip"),
        _share(key, "visible_share", "visible_n", "known_n", "user_agent", "ip"),
        _share(key, "machine_share", "machine_n", "known_n", "user_agent", "ip"),
        _share(key, "quick_share", "quick_n", "opens_n", "clock"),
        _share(key, "slow_share", "slow_n", "opens_n", "clock"),
        _share(key, "repeat_share", "repeat_n", "opens_n"),
        _share(key, "clean_rate", "clean_n", "opens_n"),
        _share(key, "clean_share", "clean_n", "clicks_n"),
        _share(key, "prompt_share", "prompt_n", "clean_n"),
    ]


def _shared_share(key: Key) -> Feature:
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
        lambda c: _ratio(c[f"{key}_shared_n"], c[f"{key}_shared_n"] + c[f"{key}_unshared_n"]),
    )


def _open_rate(key: Key) -> Feature:
    return Feature(
        f"{key}_open_rate",
        key,
        "share of the last 30 days, at most 2",
        (_KEY_NEEDS[key],),
        f"no {key} given, or no mail in the last 30 days",
        lambda c: _capped(_ratio(c[f"{key}_opens_n"] - c[f"{key}_repeat_n"], _mails(c, key)), 2),
    )


def _past(key: Literal["recipient", "domain", "network"]) -> list[Feature]:
    features = [
        _count(key, "opens", lambda c: c[f"{key}_opens_n"]),
        *_habits(key),
        _since(key, "since_open", f"{key}_since_open_us"),
        _count(key, "minute_before", lambda c: c[f"{key}_opens_60s_n"]),
    ]
    if key != "network":
        features += [
            _count(key, "mails", lambda c: _mails(c, key)),
            _open_rate(key),
            _since(key, "since_click", f"{key}_since_click_us"),
        ]
    if key == "network":
        features.append(_share(key, "others_share", "others_n", "opens_n", "domain"))
    if key == "domain":
        features.append(_shared_share(key))
    if key != "recipient":
        features.append(_share(key, "recipients_share", "recipients_n", "opens_n"))
    if key == "recipient":
        features.append(_count(key, "replies", lambda c: c["recipient_replies_n"]))
    return features


def _expected_human(columns: Columns) -> Floats:
    """Return the share of Apple's fetches that people caused, by what clicks say: 0 to 1.5, NaN where they say nothing.

    A clean click soon after a load shows a load that a person caused. With c such clicks per visible load, and as many
    clicks per reading behind Apple, Apple's loads have that share times c of them (FACTS.md section 4.2).
    """
    apple = _ratio(columns["log_apple_prompt_n"], columns["log_apple_n"])
    visible = _ratio(columns["log_prompt_n"] - columns["log_apple_prompt_n"], columns["log_visible_n"])
    return _capped(_ratio(apple, visible), 1.5)


def _open_rate_of(columns: Columns, kind: str) -> Floats:
    """Return first opens per mail of recipients whose last open was Apple's, or a visible client's."""
    mails = np.maximum(columns[f"log_{kind}_sent_n"], columns[f"log_{kind}_delivered_n"])
    return _capped(_ratio(columns[f"log_{kind}_firsts_n"], mails), 2)


def _excess_human(columns: Columns) -> Floats:
    """Return visible readers' open rate over Apple's: what is opened more often behind Apple was not all read."""
    return _capped(_ratio(_open_rate_of(columns, "visible"), _open_rate_of(columns, "apple")), 2)


def _delay_share(columns: Columns, kind: str) -> Floats:
    """Return the share of a kind's first fetches that came at a delay like this, half a fetch in each bin beside."""
    bins_n = len(DELAY_EDGES_S) + 1
    share: Floats = (columns[f"log_{kind}_here_n"] + 0.5) / (columns[f"log_{kind}_placed_n"] + bins_n / 2)
    return share


def _delay_ratio(columns: Columns) -> Floats:
    """Return log10 of how much commoner a delay like this is among visible first fetches than among Apple's."""
    ratio: Floats = np.log10(_delay_share(columns, "visible") / _delay_share(columns, "apple"))
    return ratio


_CLICKS_BEFORE: Final = 2.0
"""Clicks that every bin of delay is given at the log's own rate before any is counted, so that one says little."""


def _click_ratio(columns: Columns) -> Floats:
    """Return log10 of how much oftener a click follows at once where a first fetch came at a delay like this.

    A click at once shows a person at the fetch, and people click about as often whenever they read: where prefetches
    are many, such clicks are few. It needs neither user agents nor addresses.
    """
    rate = _click_rate(columns)
    due = columns["log_first_here_n"] * np.where(rate > 0, rate, np.nan)
    ratio: Floats = np.log10((columns["log_prompt_here_n"] + _CLICKS_BEFORE) / (due + _CLICKS_BEFORE))
    return ratio


def _clicks_due(columns: Columns) -> Floats:
    """Return how many clicks at once Apple's first fetches at this delay would have drawn, had people caused them all."""
    return columns["log_apple_here_n"] * np.maximum(_visible_click_rate(columns), 0)


def _clicked_here(columns: Columns) -> Floats:
    """Return the share of people that clicks at once alone expect of Apple's first fetches at this delay: 0 to 1.5."""
    due = _clicks_due(columns)
    before = np.minimum(np.nan_to_num(_expected_human(columns), nan=0.5), 1.0)
    clicks = columns["log_apple_prompt_here_n"] + _CLICKS_BEFORE * before
    return _capped(np.where(due > 0, clicks / (due + _CLICKS_BEFORE), np.nan), 1.5)


def _expected_here(columns: Columns) -> Floats:
    """Return the share of people that clicks and delays together expect of an Apple fetch at this delay: 0 to 1.5."""
    return _capped(_expected_human(columns) * 10 ** _delay_ratio(columns), 1.5)


def _again_share(columns: Columns, look: str, first: str) -> Floats:
    """Return how many later fetches a message gets, so long after its first, per first fetch of its kind."""
    return (columns[f"log_{look}again_here_n"] + 0.5) / (columns[f"log_{first}_placed_n"] + 4.0)


def _again_ratio(columns: Columns) -> Floats:
    """Return log10 of how much commoner a later fetch, so long after the first, is in visible traffic than in Apple's.

    What Apple's devices fetch again more often than visible readers, they fetch because a copy has expired.
    """
    ratio: Floats = np.log10(
        _again_share(columns, "visible_", "visible") / _again_share(columns, "apple_", "apple")
    )
    return ratio


def _again_clicks(columns: Columns, look: str, due_rate: Floats) -> Floats:
    """Return log10 of how much oftener a click follows later fetches, so long after the first, than at a given rate."""
    due = columns[f"log_{look}again_here_n"] * np.where(due_rate > 0, due_rate, np.nan)
    ratio: Floats = np.log10(
        (columns[f"log_{look}again_prompt_here_n"] + _CLICKS_BEFORE) / (due + _CLICKS_BEFORE)
    )
    return ratio


def _click_rate(columns: Columns) -> Floats:
    """Return the clicks at once per first fetch of the log."""
    return _ratio(columns["log_prompt_placed_n"], columns["log_first_placed_n"])


def _visible_click_rate(columns: Columns) -> Floats:
    """Return the clicks at once per visible first fetch."""
    clicks_n = columns["log_prompt_placed_n"] - columns["log_apple_prompt_placed_n"]
    return _ratio(clicks_n, columns["log_visible_placed_n"])


def _again() -> list[Feature]:
    """Return what the log says of later fetches so long after their message's first: copies that expire, or people."""
    first = "its message's first fetch, or no history"
    no_clicks = f"{first}, or no clicks at once in the last 30 days"
    return [
        Feature(
            "log_again_share",
            "log",
            "log10 of a share",
            ("log",),
            first,
            lambda c: np.log10(_again_share(c, "", "first")),
        ),
        Feature(
            "log_again_ratio", "log", "log10 of a ratio", ("log", "user_agent", "ip"), first, _again_ratio
        ),
        Feature(
            "log_again_click_ratio",
            "log",
            "log10 of a ratio",
            ("log",),
            no_clicks,
            lambda c: _again_clicks(c, "", _click_rate(c)),
        ),
        Feature(
            "log_apple_again_click_ratio",
            "log",
            "log10 of a ratio",
            ("log", "user_agent", "ip"),
            no_clicks,
            lambda c: _again_clicks(c, "apple_", _visible_click_rate(c)),
        ),
    ]


def _hour_share(columns: Columns, kind: str) -> Floats:
    """Return the share of a kind that came at an hour of the day like this, with one more in every hour."""
    share: Floats = (columns[f"log_hour_{kind}_near_n"] / 2 + 1) / (
        2 * columns[f"log_hour_{kind}_all_n"] + 24
    )
    return share


def _hours() -> list[Feature]:
    """Return what the log says of an hour of the day: when people read and click, and when devices fetch by themselves.

    Of opens long after delivery: soon after it the hour is the sender's. Recipients of one log live by hours of their
    own, so this says less than a recipient's hours would, but of most recipients behind Apple nothing is known.

    By fits on 600 worlds, the loss of the human stage inside Apple's traffic on calibrating worlds: .4515 with all
    features, .4629 without these, .4580 without those of `_again`, .4656 with neither.
    """

    def feature(name: str, formula: Callable[[Columns], Floats], *needs: Need) -> Feature:
        return Feature(name, "log", "log10 of a ratio", ("log", "time_zone", *needs), "no history", formula)

    return [
        feature(
            "log_hour_ratio",
            lambda c: np.log10(_hour_share(c, "late_visible") / _hour_share(c, "late_apple")),
            "user_agent",
            "ip",
        ),
        feature(
            "log_hour_visible",
            lambda c: np.log10(24 * _hour_share(c, "late_visible")),
            "user_agent",
            "ip",
        ),
        feature("log_hour_clicks", lambda c: np.log10(24 * _hour_share(c, "clean"))),
        feature(
            "log_hour_click_ratio", lambda c: np.log10(_hour_share(c, "clean") / _hour_share(c, "opens"))
        ),
        feature(
            "log_hour_late_click_ratio",
            lambda c: np.log10(_hour_share(c, "clean") / _hour_share(c, "late")),
        ),
    ]


_FETCHES_BEFORE: Final = 3.0
_OPENS_BEFORE: Final = 12.0
"""First fetches over all bins of delay, and opens over all hours, that a kind is given before any is counted: fewer than
the whole log's, since most kinds have few."""


def _kind_delay_share(columns: Columns, whose: str) -> Floats:
    """Return the share of first fetches, of the open's kind or of proxied ones, that came at a delay like this."""
    bins_n = len(DELAY_EDGES_S) + 1
    share: Floats = (columns[f"log_{whose}_here_n"] + _FETCHES_BEFORE / bins_n) / (
        columns[f"log_{whose}_placed_n"] + _FETCHES_BEFORE
    )
    return share


def _kind_hour_share(columns: Columns, whose: str) -> Floats:
    """Return the share of opens, of the open's kind or of proxied ones, that came at an hour of the day like this."""
    share: Floats = (columns[f"log_{whose}_near_n"] / 2 + _OPENS_BEFORE / 24) / (
        2 * columns[f"log_{whose}_opens_n"] + _OPENS_BEFORE
    )
    return share


def _proxied_click_rate(columns: Columns) -> Floats:
    """Return the clicks at once per open through a mail proxy; one in forty where there are none."""
    rate: Floats = (columns["log_proxied_prompt_n"] + 0.5) / (columns["log_proxied_opens_n"] + 20)
    return rate


def _kind_clicks(columns: Columns, due_rate: Floats) -> Floats:
    """Return log10 of how much oftener a click follows at once on an open of this kind than at a given rate."""
    due = columns["log_kind_opens_n"] * due_rate
    ratio: Floats = np.log10((columns["log_kind_prompt_n"] + _CLICKS_BEFORE) / (due + _CLICKS_BEFORE))
    return ratio


def _own_kind() -> list[Feature]:
    """Return what the log says of opens of the same client on the same network, beside those through mail proxies.

    A kind means other things in other logs: a browser at an unknown address is a reader here and a gateway there. Mail
    proxies are readers, so where a kind is opened sooner, at other hours or with fewer clicks than proxied mail, machines
    are behind it, whatever they call themselves; and what calls itself something new has a past too.

    Tried in pandas before they were built, with three columns more (of missing fields and new networks). On 420 worlds,
    of every three one left out: loss of the machine stage .0757 without them and .0741 with (browsers and mail apps at
    unlisted addresses .1116 and .1047), of the human stage .3565 and .3535. Fitted to the same worlds, on 18 families of
    a generator written apart, all opens at the instant: .2355 and .2229.
    """

    def feature(name: str, unit: str, formula: Callable[[Columns], Floats], *needs: Need) -> Feature:
        def of_known(columns: Columns) -> Floats:
            # Null where nothing is known of kinds, as where a model learned with agents and addresses hidden.
            is_of_open = name.startswith("log_kind_")
            is_known = columns.has_kind() if is_of_open else _known(columns, "log") > 0
            return np.where(is_known, formula(columns), np.nan)

        null_means = "no client and no network, or no history" + (", or no clock" if "clock" in needs else "")
        return Feature(name, "log", unit, ("log", "user_agent", "ip", *needs), null_means, of_known)

    ratio, share = "log10 of a ratio", "log10 of a share"
    return [
        feature(
            "log_kind_share", share, lambda c: np.log10((c["log_kind_opens_n"] + 1) / (c["log_opens_n"] + 10))
        ),
        feature(
            "log_proxied_share",
            share,
            lambda c: np.log10((c["log_proxied_opens_n"] + 1) / (c["log_opens_n"] + 10)),
        ),
        feature(
            "log_kind_repeat_share",
            "share",
            lambda c: (c["log_kind_repeat_n"] + 1) / (c["log_kind_opens_n"] + 4),
        ),
        feature("log_kind_reader_click_ratio", ratio, lambda c: _kind_clicks(c, _proxied_click_rate(c))),
        feature(
            "log_kind_click_ratio",
            ratio,
            lambda c: _kind_clicks(c, (c["log_prompt_n"] + 0.5) / (c["log_opens_n"] + 20)),
        ),
        feature(
            "log_kind_clicks_due",
            "log10(1 + count)",
            lambda c: np.log10(1 + c["log_kind_opens_n"] * _proxied_click_rate(c)),
        ),
        feature(
            "log_kind_delay_ratio",
            ratio,
            lambda c: np.log10(_kind_delay_share(c, "kind") / _kind_delay_share(c, "proxied")),
            "clock",
        ),
        feature("log_kind_delay_share", share, lambda c: np.log10(_kind_delay_share(c, "kind")), "clock"),
        feature(
            "log_proxied_delay_share", share, lambda c: np.log10(_kind_delay_share(c, "proxied")), "clock"
        ),
        feature(
            "log_kind_hour_ratio",
            ratio,
            lambda c: np.log10(_kind_hour_share(c, "kind") / _kind_hour_share(c, "proxied")),
            "time_zone",
        ),
        feature(
            "log_hour_proxied", ratio, lambda c: np.log10(24 * _kind_hour_share(c, "proxied")), "time_zone"
        ),
    ]


def _whole_log() -> list[Feature]:
    """Return the habits of the whole log: how much is Apple's, how fast people read, what clicks say of caches and kinds.

    They let one model fit senders of all kinds: with nothing but times, how many opens come at once tells how many of
    them are prefetches; and the share of clicks that a fresh load precedes tells how much a cache hides.
    """
    kinds: tuple[Need, ...] = ("log", "user_agent", "ip")
    no_clicks = "no clean clicks after visible loads in the last 30 days"
    return [
        _count("log", "opens", lambda c: _capped(c["log_opens_n"], _MOST_LOGGED)),
        *_habits("log"),
        _share("log", "visible_quick_share", "visible_quick_n", "visible_n", "clock", "user_agent", "ip"),
        _share("log", "visible_slow_share", "visible_slow_n", "visible_n", "clock", "user_agent", "ip"),
        _share("log", "apple_clean_rate", "apple_clean_n", "apple_n", "user_agent", "ip"),
        _share("log", "apple_prompt_share", "apple_prompt_n", "apple_clean_n", "user_agent", "ip"),
        _share("log", "prompt_rate", "prompt_n", "opens_n"),
        _open_rate("log"),
        _count("log", "prompt_clicks", lambda c: c["log_prompt_n"]),
        Feature(
            "log_apple_open_rate", "log", "share", kinds, "none known", lambda c: _open_rate_of(c, "apple")
        ),
        Feature(
            "log_visible_open_rate",
            "log",
            "share",
            kinds,
            "none known",
            lambda c: _open_rate_of(c, "visible"),
        ),
        Feature("log_excess_human", "log", "ratio", kinds, "none known", _excess_human),
        Feature("log_expected_human", "log", "share", kinds, no_clicks, _expected_human),
        Feature(
            "log_delay_ratio",
            "log",
            "log10 of a ratio",
            (*kinds, "clock"),
            "no clock or no history",
            _delay_ratio,
        ),
        Feature("log_expected_here", "log", "share", (*kinds, "clock"), no_clicks, _expected_here),
        Feature(
            "log_delay_share",
            "log",
            "log10 of a share",
            ("log", "clock"),
            "no clock or no history",
            lambda c: np.log10(_delay_share(c, "first")),
        ),
        Feature("log_click_ratio", "log", "log10 of a ratio", ("log", "clock"), no_clicks, _click_ratio),
        Feature("log_clicked_here", "log", "share", (*kinds, "clock"), no_clicks, _clicked_here),
        Feature(
            "log_clicks_due_here",
            "log",
            "log10(1 + count)",
            (*kinds, "clock"),
            no_clicks,
            lambda c: np.log10(1 + _clicks_due(c)),
        ),
        _shared_share("log"),
        *_again(),
        *_hours(),
        *_own_kind(),
    ]


def _later() -> list[Feature]:
    unseen = "none came within what has been seen"

    def gap(name: str, column: str, *needs: Need) -> Feature:
        return Feature(
            name, "later", "log10(1 + s)", ("aftermath", *needs), unseen, lambda c: _log_s(c[column])
        )

    def count(name: str, column: str, *needs: Need) -> Feature:
        return Feature(
            name,
            "later",
            "count, at most 10",
            ("aftermath", *needs),
            "at the moment of the open",
            lambda c: _capped(c[column], 10),
        )

    return [
        count("later_opens", "later_opens_n"),
        gap("next_open", "next_open_us"),
        count("later_visible", "later_visible_n", "user_agent", "ip"),
        count("later_clicks", "later_clicks_n"),
        count("later_clean_clicks", "later_clean_n"),
        gap("next_click", "next_click_us"),
        gap("next_clean_click", "next_clean_us"),
        Feature(
            "last_open_before_click",
            "later",
            "0 or 1",
            ("aftermath",),
            "no clean click followed",
            lambda c: np.where(
                np.isnan(c["next_clean_us"]), np.nan, 1.0 - (c["next_open_us"] < c["next_clean_us"])
            ),
        ),
        count("later_replies", "later_replies_n"),
        gap("next_reply", "next_reply_us"),
        gap("recipient_next_open", "recipient_next_open_us", "recipient"),
        count("recipient_minute_after", "recipient_later_60s_n", "recipient"),
        gap("recipient_next_clean_click", "recipient_next_clean_us", "recipient"),
        Feature(
            "domain_minute_after",
            "later",
            "log10(1 + count)",
            ("aftermath", "domain"),
            "not seen, or no domain",
            lambda c: np.log10(1 + c["domain_later_60s_n"]),
        ),
        Feature(
            "network_minute_after",
            "later",
            "log10(1 + count)",
            ("aftermath", "ip"),
            "not seen, or no IP",
            lambda c: np.log10(1 + c["network_later_60s_n"]),
        ),
        Feature(
            "network_others_after",
            "later",
            "log10(1 + count)",
            ("aftermath", "ip", "domain"),
            "not seen, no IP or no domain",
            lambda c: np.log10(1 + c["network_later_others_n"]),
        ),
    ]


@cache
def catalogue() -> tuple[Feature, ...]:
    """Return every feature, in the order of the columns that `encode` makes."""
    return (
        *_timing(),
        *_message(),
        *_kinds(),
        *_past("recipient"),
        *_past("domain"),
        *_past("network"),
        *_whole_log(),
        *_later(),
    )


def feature_names() -> tuple[str, ...]:
    """Return the features' names, in order."""
    return tuple(feature.name for feature in catalogue())


def encode(evidence: pd.DataFrame) -> NDArray[np.float32]:
    """Return what a model sees of each open.

    Parameters
    ----------
    evidence : pandas.DataFrame
        From `gather_evidence`, or its like for single questions.

    Returns
    -------
    numpy.ndarray of float32, shape (opens, features)
        Columns in the order of `catalogue`; NaN where a feature is null.
    """
    columns = Columns(evidence)
    matrix = np.empty((len(evidence), len(catalogue())), dtype=np.float32)
    for place, feature in enumerate(catalogue()):
        matrix[:, place] = feature.formula(columns)
    return matrix


def is_evidence(table: object) -> bool:
    """Return whether a table is evidence, and not yet a matrix of features."""
    return isinstance(table, pd.DataFrame) and {"delay_us", "seen_s", "mechanism"} <= set(table.columns)


def masked(matrix: NDArray[np.float32], missing: Iterable[Need]) -> NDArray[np.float32]:
    """Return a copy in which every feature that needs one of the missing things is null.

    Features that live on either the user agent or the IP (whose `needs` hold both) go only when both are missing.
    """
    gone = set(missing)
    either = {"user_agent", "ip"}
    result = matrix.copy()
    for place, feature in enumerate(catalogue()):
        needs = set(feature.needs)
        certain = needs - either if either <= needs else needs
        if certain & gone or (either <= needs and either <= gone):
            result[:, place] = np.nan
    return result


def probe() -> pd.DataFrame:
    """Return a fixed table of made-up evidence that reaches every formula."""
    rows_n = 40
    step = np.arange(rows_n, dtype=np.int64)
    table = pd.DataFrame(
        {
            "occurred_at": pd.to_datetime(1_767_225_600_000_000 + step * 5_000_000_017, unit="us", utc=True),
            "seen_s": (step % 5) * 1234.5,
            "clock_kind": [["delivered", "sent", None][n % 3] for n in step],
            "client_family": [[*sum(_CLIENT_GROUPS.values(), ()), None][n % 17] for n in step],
            "network_class": [[*sum(_NETWORK_GROUPS.values(), ()), None][n % 10] for n in step],
        }
    )
    for place, name in enumerate((*HISTORY, *LOG_HABITS, *AFTERMATH)):
        scale = 7_654_321 if name.endswith("_us") else 1
        numbers = ((step * step + (2 * place + 3) * step + place) % 41) * scale
        table[name] = pd.Series(numbers, dtype="Int64").mask(pd.Series((step + (place + 8) // 9) % 7 == 0))
    return table


def describe() -> pd.DataFrame:
    """Return the catalogue as a table: name, view, unit, needs, null_means."""
    return pd.DataFrame(
        [(f.name, f.view, f.unit, ", ".join(f.needs), f.null_means) for f in catalogue()],
        columns=["name", "view", "unit", "needs", "null_means"],
    )
