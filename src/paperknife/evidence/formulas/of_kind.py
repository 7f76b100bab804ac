"""Features of an open's own kind in its log: the same client on the same network, beside what mail proxies open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from paperknife.evidence.columns import DELAY_EDGES_S
from paperknife.evidence.formulas.feature import Feature, known
from paperknife.evidence.formulas.of_log import CLICKS_BEFORE

if TYPE_CHECKING:
    from collections.abc import Callable

    from paperknife.evidence.formulas.feature import Columns, Floats, Need


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
    ratio: Floats = np.log10((columns["log_kind_prompt_n"] + CLICKS_BEFORE) / (due + CLICKS_BEFORE))
    return ratio


def own_kind_features() -> list[Feature]:
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
            is_known = columns.has_kind() if is_of_open else known(columns, "log") > 0
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
