"""Features of what the log fetches again, and at which hours: copies expire and devices charge by night, people sleep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paperknife.evidence.formulas.feature import Feature
from paperknife.evidence.formulas.of_log import CLICKS_BEFORE, click_rate, visible_click_rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from paperknife.evidence.formulas.feature import Columns, Floats, Need


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
        (columns[f"log_{look}again_prompt_here_n"] + CLICKS_BEFORE) / (due + CLICKS_BEFORE)
    )
    return ratio


def again_features() -> list[Feature]:
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
            lambda c: _again_clicks(c, "", click_rate(c)),
        ),
        Feature(
            "log_apple_again_click_ratio",
            "log",
            "log10 of a ratio",
            ("log", "user_agent", "ip"),
            no_clicks,
            lambda c: _again_clicks(c, "apple_", visible_click_rate(c)),
        ),
    ]


def _hour_share(columns: Columns, kind: str) -> Floats:
    """Return the share of a kind that came at an hour of the day like this, with one more in every hour."""
    share: Floats = (columns[f"log_hour_{kind}_near_n"] / 2 + 1) / (
        2 * columns[f"log_hour_{kind}_all_n"] + 24
    )
    return share


def hour_features() -> list[Feature]:
    """Return what the log says of an hour of the day: when people read and click, and when devices fetch by themselves.

    Of opens long after delivery: soon after it the hour is the sender's. Recipients of one log live by hours of their
    own, so this says less than a recipient's hours would, but of most recipients behind Apple nothing is known.

    By fits on 600 worlds, the loss of the human stage inside Apple's traffic on calibrating worlds: .4515 with all
    features, .4629 without these, .4580 without those of `again_features`, .4656 with neither.
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
