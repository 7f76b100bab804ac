"""Features of the log as a whole: how much is Apple's, how fast people read, what clicks say of delays and caches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from paperknife.evidence.columns import DELAY_EDGES_S
from paperknife.evidence.formulas.feature import Feature, capped, quotient
from paperknife.evidence.formulas.of_past import (
    count_feature,
    habit_features,
    open_rate_feature,
    share_feature,
    shared_share_feature,
)

if TYPE_CHECKING:
    from paperknife.evidence.formulas.feature import Columns, Floats, Need


_MOST_LOGGED: Final = 10_000
"""Opens beyond which it does not matter how large a log is: its habits are known by then."""


def _expected_human(columns: Columns) -> Floats:
    """Return the share of Apple's fetches that people caused, by what clicks say: 0 to 1.5, NaN where they say nothing.

    A clean click soon after a load shows a load that a person caused. With c such clicks per visible load, and as many
    clicks per reading behind Apple, Apple's loads have that share times c of them (FACTS.md section 4.2).
    """
    apple = quotient(columns["log_apple_prompt_n"], columns["log_apple_n"])
    visible = quotient(columns["log_prompt_n"] - columns["log_apple_prompt_n"], columns["log_visible_n"])
    return capped(quotient(apple, visible), 1.5)


def _open_rate_of(columns: Columns, kind: str) -> Floats:
    """Return first opens per mail of recipients whose last open was Apple's, or a visible client's."""
    mails = np.maximum(columns[f"log_{kind}_sent_n"], columns[f"log_{kind}_delivered_n"])
    return capped(quotient(columns[f"log_{kind}_firsts_n"], mails), 2)


def _excess_human(columns: Columns) -> Floats:
    """Return visible readers' open rate over Apple's: what is opened more often behind Apple was not all read."""
    return capped(quotient(_open_rate_of(columns, "visible"), _open_rate_of(columns, "apple")), 2)


def _delay_share(columns: Columns, kind: str) -> Floats:
    """Return the share of a kind's first fetches that came at a delay like this, half a fetch in each bin beside."""
    bins_n = len(DELAY_EDGES_S) + 1
    share: Floats = (columns[f"log_{kind}_here_n"] + 0.5) / (columns[f"log_{kind}_placed_n"] + bins_n / 2)
    return share


def _delay_ratio(columns: Columns) -> Floats:
    """Return log10 of how much commoner a delay like this is among visible first fetches than among Apple's."""
    ratio: Floats = np.log10(_delay_share(columns, "visible") / _delay_share(columns, "apple"))
    return ratio


CLICKS_BEFORE: Final = 2.0
"""Clicks that every bin of delay is given at the log's own rate before any is counted, so that one says little."""


def _click_ratio(columns: Columns) -> Floats:
    """Return log10 of how much oftener a click follows at once where a first fetch came at a delay like this.

    A click at once shows a person at the fetch, and people click about as often whenever they read: where prefetches
    are many, such clicks are few. It needs neither user agents nor addresses.
    """
    rate = click_rate(columns)
    due = columns["log_first_here_n"] * np.where(rate > 0, rate, np.nan)
    ratio: Floats = np.log10((columns["log_prompt_here_n"] + CLICKS_BEFORE) / (due + CLICKS_BEFORE))
    return ratio


def _clicks_due(columns: Columns) -> Floats:
    """Return how many clicks at once Apple's first fetches at this delay would have drawn, had people caused them all."""
    return columns["log_apple_here_n"] * np.maximum(visible_click_rate(columns), 0)


def _clicked_here(columns: Columns) -> Floats:
    """Return the share of people that clicks at once alone expect of Apple's first fetches at this delay: 0 to 1.5."""
    due = _clicks_due(columns)
    before = np.minimum(np.nan_to_num(_expected_human(columns), nan=0.5), 1.0)
    clicks = columns["log_apple_prompt_here_n"] + CLICKS_BEFORE * before
    return capped(np.where(due > 0, clicks / (due + CLICKS_BEFORE), np.nan), 1.5)


def _expected_here(columns: Columns) -> Floats:
    """Return the share of people that clicks and delays together expect of an Apple fetch at this delay: 0 to 1.5."""
    return capped(_expected_human(columns) * 10 ** _delay_ratio(columns), 1.5)


def click_rate(columns: Columns) -> Floats:
    """Return the clicks at once per first fetch of the log."""
    return quotient(columns["log_prompt_placed_n"], columns["log_first_placed_n"])


def visible_click_rate(columns: Columns) -> Floats:
    """Return the clicks at once per visible first fetch."""
    clicks_n = columns["log_prompt_placed_n"] - columns["log_apple_prompt_placed_n"]
    return quotient(clicks_n, columns["log_visible_placed_n"])


def whole_log_features() -> list[Feature]:
    """Return the habits of the whole log: how much is Apple's, how fast people read, what clicks say of caches and kinds.

    They let one model fit senders of all kinds: with nothing but times, how many opens come at once tells how many of
    them are prefetches; and the share of clicks that a fresh load precedes tells how much a cache hides.
    """
    kinds: tuple[Need, ...] = ("log", "user_agent", "ip")
    no_clicks = "no clean clicks after visible loads in the last 30 days"
    return [
        count_feature("log", "opens", lambda c: capped(c["log_opens_n"], _MOST_LOGGED)),
        *habit_features("log"),
        share_feature(
            "log", "visible_quick_share", "visible_quick_n", "visible_n", "clock", "user_agent", "ip"
        ),
        share_feature(
            "log", "visible_slow_share", "visible_slow_n", "visible_n", "clock", "user_agent", "ip"
        ),
        share_feature("log", "apple_clean_rate", "apple_clean_n", "apple_n", "user_agent", "ip"),
        share_feature("log", "apple_prompt_share", "apple_prompt_n", "apple_clean_n", "user_agent", "ip"),
        share_feature("log", "prompt_rate", "prompt_n", "opens_n"),
        open_rate_feature("log"),
        count_feature("log", "prompt_clicks", lambda c: c["log_prompt_n"]),
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
        shared_share_feature("log"),
    ]
