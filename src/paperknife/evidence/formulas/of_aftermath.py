"""Features of what followed an open, up to the horizon that was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paperknife.evidence.formulas.feature import Feature, capped, log_s

if TYPE_CHECKING:
    from paperknife.evidence.formulas.feature import Need


def later_features() -> list[Feature]:
    """Return what the rest of the message, its recipient, domain and network did after the open."""
    unseen = "none came within what has been seen"

    def gap(name: str, column: str, *needs: Need) -> Feature:
        return Feature(
            name, "later", "log10(1 + s)", ("aftermath", *needs), unseen, lambda c: log_s(c[column])
        )

    def count(name: str, column: str, *needs: Need) -> Feature:
        return Feature(
            name,
            "later",
            "count, at most 10",
            ("aftermath", *needs),
            "at the moment of the open",
            lambda c: capped(c[column], 10),
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
